"""Whole days at full gates as machine code: the same trucks, rules and moments as `World`'s."""
