"""What gives away that a place in the order is not what it says."""
