"""Help on every page: what it is for, from whom, by when, and where it leads."""
