"""Evaluation: §2.2 step 13."""
