"""Trips, drivers, accounts: the only room that holds personal data."""
