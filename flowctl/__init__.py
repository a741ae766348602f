"""The controller: what is known of the trucks, what is decided, and who is told."""
