"""Zone membership over time turned into visits, with hysteresis and dwell."""
