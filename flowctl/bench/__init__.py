"""What this machine can do, measured against a comparator in the same run."""
