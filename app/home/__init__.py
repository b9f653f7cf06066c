"""The home page: work, figures and the month's readiness, for each role what it answers for."""
