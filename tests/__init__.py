"""Tests; folders mirror app/. Fixtures are in conftest.py, databases in database.py."""
