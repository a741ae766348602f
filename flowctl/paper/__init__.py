"""The order on paper: what is printed each hour, and what happened by it, entered afterwards."""
