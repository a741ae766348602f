"""What needs somebody's eye: one kind of alert, and what of a border raises it. Pure."""
