"""Positions on their way in: formats, screening, the durable stream, the ingest worker."""
