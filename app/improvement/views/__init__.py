"""Pages of the improvement stage."""
