"""Import directions, read from the source without importing it (docs/architecture.md).

A rule names modules by path pattern and says what they may, or may not, import. Rules are data;
planted violations prove that each of them bites.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

import pytest

pytestmark = pytest.mark.pure

ROOT = Path(__file__).resolve().parents[2]
MOST_LINES = 400
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base"}

PURE_KERNEL = (
    "app.kernel.exact",
    "app.kernel.period",
    "app.kernel.quantity",
    "app.kernel.errors",
)
STAGES = (
    "analysis",
    "evaluation",
    "exchange",
    "execution",
    "help",
    "home",
    "improvement",
    "jobs",
    "master",
    "organisation",
    "plan",
    "workflow",
)
STATEMENTS = ("insert", "update", "delete", "text", "literal_column", "bindparam")


@dataclass(frozen=True)
class Rule:
    """Modules matching ``where`` (not ``but``) import only ``may`` and stdlib, never ``never``.

    A name covers itself and everything below it; ``*`` matches within a name; ``{stage}`` is the
    folder of the module below app/. ``inside`` may be imported inside functions only.
    """

    reason: str
    where: tuple[str, ...]
    but: tuple[str, ...] = ()
    may: tuple[str, ...] | None = None
    never: tuple[str, ...] = field(default=())
    inside: tuple[str, ...] = ()

    def covers(self, path: str) -> bool:
        return matches_any(path, self.where) and not matches_any(path, self.but)

    def refuses(self, path: str, imported: str, *, deferred: bool) -> bool:
        stage = path.split("/")[1] if path.count("/") > 1 else ""
        if deferred and any(is_below(imported, name) for name in self.inside):
            return False
        if any(is_below(imported, name.format(stage=stage)) for name in self.never):
            return True
        if self.may is None or imported.split(".", maxsplit=1)[0] in sys.stdlib_module_names:
            return False
        return not any(is_below(imported, name.format(stage=stage)) for name in self.may)


def matches_any(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(path, pattern) for pattern in patterns)


def is_below(name: str, pattern: str) -> bool:
    """``app.plan.views.Week`` is below ``app.*.views``."""
    names, patterns = name.split("."), pattern.split(".")
    return len(names) >= len(patterns) and all(map(fnmatch, names, patterns))


RULES = (
    Rule(
        "periods, quantities and errors are plain Python: usable and testable anywhere",
        where=tuple(name.replace(".", "/") + ".py" for name in PURE_KERNEL),
        may=PURE_KERNEL,
        inside=("flask_babel.gettext",),
    ),
    Rule(
        "rules are the specification: pure functions over plain values",
        where=("app/*/rules.py", "app/*/rules_*.py", "app/*/rules/*.py"),
        # Parameters and calendar rules are as pure, and common to all stages.
        # Evaluation and improvement judge as the analysis did: one home of the judgement.
        may=(
            *PURE_KERNEL,
            "app.{stage}.rules*",
            "app.master.rules*",
            # Plain data as well: what the rules of the board speak about.
            "app.workflow.steps",
            "app.analysis.rules.indicators",
            "app.analysis.rules.judgement",
        ),
    ),
    Rule(
        "the workflow's tables and state machine are plain data",
        where=("app/workflow/machine.py", "app/workflow/steps.py", "app/workflow/step_help.py"),
        may=(*PURE_KERNEL, "app.workflow.machine", "app.workflow.steps"),
    ),
    Rule(
        "entities know tables, not screens; organisation and master data are common ground, "
        "another stage is known by table and class name only",
        where=("app/*/models.py", "app/*/models/*.py"),
        may=(
            "sqlalchemy",
            "flask_appbuilder",
            "app.kernel",
            "app.{stage}.models",
            "app.organisation.models",
            "app.master.models",
        ),
    ),
    Rule(
        "entities are imported from the registry app.models, so that all of them are loaded",
        where=("app/*.py",),
        # The registry says whose rows whom, so what enforces that cannot import the registry.
        # The staging tables of imports are made from the sheets and belong to the registry.
        but=(
            "app/models.py",
            "app/*/models.py",
            "app/*/models/*.py",
            "app/security/*.py",
            "app/exchange/sheets*.py",
        ),
        never=("app.*.models",),
    ),
    Rule(
        "steps meet only through tables, and run without a web request",
        where=("app/*/step_*.py", "app/*/statements/*.py"),
        may=(
            "sqlalchemy",
            "app.models",
            "app.kernel",
            "app.{stage}.rules*",
            "app.{stage}.statements",
            "app.master.rules*",
            "app.workflow.steps",
            # What is to be said at a visit: a question of the plan and of its execution.
            "app.plan.statements.visit_content",
            "app.plan.rules.visit_content",
        ),
        never=("app.kernel.base_view", "app.kernel.form_fields", "app.kernel.list_*"),
    ),
    Rule(
        "the kernel serves every stage and knows none",
        where=("app/kernel/*.py",),
        never=("app.views", *(f"app.{name}" for name in STAGES)),
        # The export button of every list.
        inside=("app.exchange.export.export_list",),
    ),
    Rule(
        "security guards every stage and knows the organisation only",
        where=("app/security/*.py",),
        never=tuple(f"app.{name}" for name in STAGES if name != "organisation"),
        # The export button of the permission matrix.
        inside=(
            "app.exchange.export_columns.ExportColumn",
            "app.exchange.export_workbook.ExportWorkbook",
            "app.exchange.sent_file.sent_file",
        ),
    ),
    Rule(
        "views read and write through the session, which enforces the row scope; Core does not",
        where=("app/*views.py", "app/*/views/*.py", "app/*_view.py", "app/*screens.py"),
        never=(
            *(f"sqlalchemy.{name}" for name in STATEMENTS),
            "sqlalchemy.sql",
            "sqlalchemy.dialects",
            "app.*.step_*",
        ),
    ),
    Rule(
        "only the factory registers views, and only the page frame reads the menu",
        where=("app/*.py",),
        but=("app/__init__.py", "app/portal_context.py"),
        never=("app.views",),
    ),
    Rule(
        "what differs between databases has one home",
        where=("app/*.py",),
        but=("app/kernel/dialect.py",),
        never=("sqlalchemy.dialects", "psycopg"),
    ),
    Rule(
        "spreadsheets are read and written in the exchange, where they are made safe",
        where=("app/*.py",),
        # Seed files are part of the release, not input.
        but=("app/exchange/*.py", "app/kernel/seed_file.py"),
        never=("xlsxwriter", "python_calamine", "openpyxl", "csv"),
    ),
    Rule(
        "made-up companies stay out of real ones",
        where=("app/*.py",),
        but=("app/demo/*.py", "app/commands.py"),
        never=("app.demo",),
    ),
    Rule(
        "the portal does not depend on its tests and tools",
        where=("app/*.py", "config.py", "run.py", "gunicorn_conf.py"),
        never=("tests", "tools", "benchmarks", "pytest", "hypothesis", "playwright"),
    ),
)


def imports(source: str, path: str) -> Iterator[tuple[int, str, bool]]:
    """(line, full name, whether inside a function) of everything a module imports."""
    package = path.removesuffix(".py").split("/")[:-1]
    tree = ast.parse(source)
    functions = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    deferred = {id(node) for function in functions for node in ast.walk(function)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, id(node) in deferred
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}", id(node) in deferred


def violations(source: str, path: str) -> list[str]:
    found = [
        f"{path}:{line} imports {name}: {rule.reason}"
        for line, name, deferred in imports(source, path)
        for rule in RULES
        if rule.covers(path) and rule.refuses(path, name, deferred=deferred)
    ]
    stem = Path(path).stem
    if stem in EMPTY_NAMES or Path(path).parent.name in EMPTY_NAMES:
        found.append(f"{path}: a name that says nothing about its content")
    lines = source.count("\n")
    if lines > MOST_LINES:
        found.append(f"{path}: {lines} lines, at most {MOST_LINES}; split it by subject")
    return found


def own_files() -> list[Path]:
    folders = ("app", "tests", "tools", "benchmarks")
    return [*ROOT.glob("*.py"), *(path for name in folders for path in (ROOT / name).rglob("*.py"))]


def test_import_directions_names_and_sizes():
    found = []
    for path in own_files():
        found += violations(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())
    assert found == []


def test_templates_and_scripts_are_small_too():
    files = [
        path
        for suffix in ("html", "js", "css")
        for path in (ROOT / "app").rglob(f"*.{suffix}")
        if "vendor" not in path.parts
    ]
    long = {
        path.relative_to(ROOT).as_posix(): lines
        for path in files
        if (lines := path.read_text(encoding="utf-8").count("\n")) > MOST_LINES
    }
    assert long == {}


PLANTED = [
    ("app/kernel/period.py", "from flask import g"),
    ("app/kernel/errors.py", "from app.kernel.db import db"),
    ("app/kernel/errors.py", "from flask_babel import gettext"),
    ("app/security/row_scope.py", "from app.master.models.customer import Customer"),
    ("app/organisation/models.py", "from app.plan.models import WeekPlan"),
    ("app/plan/rules.py", "import sqlalchemy"),
    ("app/plan/rules/bands.py", "from app.analysis.rules import x"),
    ("app/workflow/machine.py", "from app.models import Customer"),
    ("app/plan/models.py", "from app.analysis.models import Questionnaire"),
    ("app/plan/models/visit.py", "from flask import request"),
    ("app/plan/flow.py", "from app.master.models.customer import Customer"),
    ("app/plan/step_08_month_plan.py", "from flask import g"),
    ("app/plan/step_08_month_plan.py", "from app.plan import step_07_service_strategy"),
    ("app/execution/step_11_daily_visit.py", "from app.plan.statements.week_days import rows"),
    ("app/plan/step_08_month_plan.py", "def f():\n    from app.plan.views import V"),
    ("app/kernel/base_view.py", "from app.master.calendar import workdays"),
    ("app/plan/views.py", "from sqlalchemy import select, update"),
    ("app/plan/views/week.py", "from sqlalchemy.sql import text"),
    ("app/plan/views.py", "from app.plan import step_08_month_plan"),
    ("app/plan/flow.py", "from app.views import MENU"),
    ("app/plan/step_08_month_plan.py", "from sqlalchemy.dialects.sqlite import insert"),
    ("app/plan/flow.py", "import xlsxwriter"),
    ("app/master/seeding.py", "from app.demo.plan import Dates"),
    ("app/jobs/runner.py", "from tests.conftest import served"),
    ("app/jobs/__init__.py", "from ..plan.models import WeekPlan"),
    ("app/plan/utils.py", "x = 1"),
    ("app/common/week.py", "x = 1"),
    ("tests/plan/test_long.py", "x = 1\n" * (MOST_LINES + 1)),
]


@pytest.mark.parametrize(("path", "source"), PLANTED)
def test_a_planted_violation_is_found(path: str, source: str):
    assert violations(source, path)


def test_every_rule_has_a_planted_violation():
    found = [line for path, source in PLANTED for line in violations(source, path)]
    assert [rule.reason for rule in RULES if not any(rule.reason in line for line in found)] == []


ALLOWED = [
    ("app/kernel/quantity.py", "from fractions import Fraction\nfrom app.kernel.errors import X"),
    ("app/plan/rules.py", "from app.kernel.period import Month"),
    ("app/plan/models.py", "from sqlalchemy.orm import Mapped\nfrom app.kernel.db import db"),
    ("app/plan/step_08_month_plan.py", "from app.models import Customer\nimport sqlalchemy as sa"),
    ("app/plan/views.py", "from sqlalchemy import select\nfrom app.models import Customer"),
    ("app/execution/step_11_daily_visit.py", "from app.plan.statements.visit_content import x"),
    ("app/kernel/dialect.py", "from sqlalchemy.dialects import postgresql"),
    ("app/exchange/workbook.py", "import xlsxwriter, csv"),
]


@pytest.mark.parametrize(("path", "source"), ALLOWED)
def test_what_is_right_is_left_alone(path: str, source: str):
    assert violations(source, path) == []
