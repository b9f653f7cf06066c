"""Rules of the planning stage: pure functions."""
