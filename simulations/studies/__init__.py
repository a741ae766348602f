"""Studies of simulated days: runs of many replications, comparisons, sweeps, searches."""
