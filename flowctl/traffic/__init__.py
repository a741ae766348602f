"""What the gates and roads are doing: capacity learned from what was seen, travel, arrivals."""
