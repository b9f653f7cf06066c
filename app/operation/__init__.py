"""What whoever runs the portal needs: backup and restore, the move to PostgreSQL, scaling out."""
