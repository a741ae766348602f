"""Drivers, gates and days that could be real, played against the production rules."""
