"""Pages of the master data, one file per subject."""
