"""Days that can be played, as data: what a planner writes down, checked word by word."""
