"""Statements that several steps of the planning stage share."""
