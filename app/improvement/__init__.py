"""Improvement: §2.2 step 14."""
