"""HTTP: one router per noun, and the pages."""
