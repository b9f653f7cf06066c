"""Fixtures of the planning steps: fresh tables, and the people of the demo company."""

from tests.analysis.conftest import connection  # noqa: F401
from tests.analysis.demo_visitors import demo, stored, territory, visitor  # noqa: F401
from tests.analysis.early_month import early  # noqa: F401
from tests.plan.submitted_plan import draft, place, plan  # noqa: F401
