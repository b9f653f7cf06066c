"""Pages of the planning stage."""
