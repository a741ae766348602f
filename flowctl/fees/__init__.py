"""What a crossing costs, as data: schedules, and the amount due with its reasons. Pure."""
