"""The people of the demo company, as in the tests of the master data."""

from tests.master.conftest import change, demo, person, stored

__all__ = ["change", "demo", "person", "stored"]
