"""A database with the portal's tables only, and the demo company's visitors."""

from tests.analysis.conftest import connection  # noqa: F401
