"""Messages to drivers: texts, the outbox, the gateways."""
