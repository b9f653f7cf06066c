"""REST API `/api/v1/…` for other systems: one table of resources, access keys, problem JSON."""
