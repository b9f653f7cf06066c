"""Who may do what to which rows: grants, row scope, log of changes, the security manager."""
