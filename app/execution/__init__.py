"""Execution: §2.2 steps 11 and 12."""
