"""The bulletin of a day: its figures, and the forms in which people and programs read them."""
