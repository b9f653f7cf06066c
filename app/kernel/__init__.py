"""What every stage needs: periods, quantities, errors, labels, the database and the base view."""
