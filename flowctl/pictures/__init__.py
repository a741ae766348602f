"""Pictures of a day as PNG files; matplotlib is imported when one is drawn."""
