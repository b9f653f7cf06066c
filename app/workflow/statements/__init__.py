"""Set-based questions of the approval desk."""
