"""Entities of the planning stage, one file per subject."""
