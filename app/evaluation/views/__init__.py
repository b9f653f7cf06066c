"""Pages of the evaluation stage."""
