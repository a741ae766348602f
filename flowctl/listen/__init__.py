"""Positions from message brokers: a message is acknowledged once its fix is on disk."""
