"""Pure geometry: zones, membership, projections, roads. Reads no file, no clock, no network."""
