"""Pages of the analysis stage."""
