"""Scenarios fitted to stored days."""
