"""What a truck must pass at a gate, as data: stages, who confirms them, what they unlock. Pure."""
