"""`BENCHMARKS`: every job with its contenders, sizes and goal, one row per job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Role(Enum):
    """What a contender stands for in the table."""

    PORTAL = "portal"
    RIVAL = "rival"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to do the job: the function `function` of the job's module.

    `packages`: whose versions the table names. `beside`: the contender it is measured against, the
    job's first one if empty.
    `is_in_server`: the work is done by a PostgreSQL server, so wall time counts, not ours.
    """

    name: str
    function: str
    role: Role = Role.RIVAL
    packages: tuple[str, ...] = ()
    beside: str = ""
    is_in_server: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """`amounts`: size → how much, in `unit` (0: what the demo company of the size has). The module `benchmarks.<name>` has

    * `prepare(case)`, which makes the input once, and
    * one function `(case) -> Work` per contender.
    """

    meaning: str
    unit: str
    amounts: Mapping[str, int]
    contenders: tuple[Contender, ...]
    goal: str


SIZES = ("small", "city", "province")

DEMO_CUSTOMERS = {"small": 240, "city": 30_000, "province": 300_000}
"""Customers of the largest demo company of each size."""

BENCHMARKS: Mapping[str, Job] = {
    "export_rows": Job(
        meaning="a list of 12 columns written as an Excel file",
        unit="rows",
        amounts={"small": 2_000, "city": 50_000, "province": 1_000_000},
        contenders=(
            Contender("portal", "portal", Role.PORTAL, ("XlsxWriter",)),
            Contender("pandas", "pandas", packages=("pandas", "openpyxl")),
            Contender("openpyxl write-only", "openpyxl", packages=("openpyxl",)),
            Contender("XlsxWriter default", "xlsxwriter_default", packages=("XlsxWriter",)),
            Contender("rustpy-xlsxwriter", "rustpy", Role.LIMIT, ("rustpy-xlsxwriter",)),
            Contender("csv", "csv_file", Role.LIMIT),
        ),
        goal="≤ 1.5 × the fastest writer of workbooks, memory flat",
    ),
    "import_sales": Job(
        meaning="a csv file of a month's sales lines checked, compared and written with its sums",
        unit="lines",
        amounts={"small": 2_000, "city": 100_000, "province": 1_000_000},
        contenders=(
            Contender("portal, SQLite", "portal", Role.PORTAL),
            Contender("ORM loop, SQLite", "orm_loop"),
            Contender("Core executemany, SQLite", "executemany"),
            Contender("pandas to_sql, SQLite", "pandas", packages=("pandas",)),
            Contender("parsing only", "parse_only", Role.LIMIT),
            Contender("portal, PostgreSQL", "portal", Role.PORTAL, ("psycopg",), is_in_server=True),
            Contender(
                "Core executemany, PostgreSQL",
                "executemany",
                beside="portal, PostgreSQL",
                is_in_server=True,
            ),
            Contender(
                "pandas to_sql, PostgreSQL",
                "pandas",
                packages=("pandas", "psycopg"),
                beside="portal, PostgreSQL",
                is_in_server=True,
            ),
        ),
        goal="≥ 100,000 lines/s into SQLite, ≥ 80,000 lines/s into PostgreSQL, memory flat",
    ),
    "read_xlsx": Job(
        meaning="all rows of an Excel file of 9 columns read",
        unit="rows",
        amounts={"small": 2_000, "city": 200_000, "province": 1_000_000},
        contenders=(
            Contender("portal", "portal", Role.PORTAL, ("python-calamine",)),
            Contender("openpyxl read-only", "openpyxl", packages=("openpyxl",)),
            Contender("pandas + calamine", "pandas", packages=("pandas", "python-calamine")),
            Contender("fastexcel", "fastexcel", Role.LIMIT, ("fastexcel", "polars")),
            Contender("unzipping only", "unzip", Role.LIMIT),
        ),
        goal="≤ 3.5 s for 200,000 rows",
    ),
    "monthly_analysis": Job(
        meaning="steps 2, 5 and 6 of one month for a whole company, results written back",
        unit="customers",
        # The small company has customers that moved, which the rivals do not follow.
        amounts={size: DEMO_CUSTOMERS[size] for size in ("city", "province")},
        contenders=(
            Contender("portal", "portal", Role.PORTAL),
            Contender("pandas", "pandas", packages=("pandas", "numpy")),
        ),
        goal="≥ 2 × faster than pandas, < 200 MB",
    ),
    "customer_effect": Job(
        meaning="the operating effect (step 2) of a whole company, scores written back",
        unit="customers",
        amounts={size: DEMO_CUSTOMERS[size] for size in ("city", "province")},
        contenders=(
            Contender("portal", "portal", Role.PORTAL),
            Contender("ORM loop", "orm_loop"),
            Contender("pandas", "pandas", packages=("pandas",)),
            Contender("polars", "polars", packages=("polars",)),
            Contender("DuckDB, its own file", "duckdb", Role.LIMIT, ("duckdb",)),
        ),
        goal="≥ 30 × faster than the ORM loop, ≥ 2 × than pandas, ≤ 2.2 × DuckDB, < 200 MB",
    ),
    "month_planning": Job(
        meaning="steps 7, 8 and 9 of one month for a whole company, plans written",
        unit="customers",
        amounts=DEMO_CUSTOMERS,
        contenders=(
            Contender("portal", "portal", Role.PORTAL),
            Contender("pandas, steps 7 and 8", "pandas", packages=("pandas", "numpy")),
            Contender("one object per visit, step 9", "records"),
        ),
        goal="not slower than pandas, less memory",
    ),
    "customer_list": Job(
        meaning="list pages of customers, 25 rows of 12 columns",
        unit="customers",
        amounts=DEMO_CUSTOMERS,
        contenders=(
            Contender("portal", "portal", Role.PORTAL, ("Flask-AppBuilder", "Flask")),
            Contender("stock Flask-AppBuilder", "stock_fab", packages=("Flask-AppBuilder",)),
            Contender("Flask-Admin", "flask_admin", packages=("Flask-Admin",)),
            Contender("Django admin", "django_admin", packages=("Django",)),
            Contender("bare Flask", "bare_flask", Role.LIMIT, ("Flask",)),
        ),
        goal="< 100 ms and ≤ 12 statements",
    ),
    "search": Job(
        meaning="customers found by part of a name, initials, code or phone, all questions in turn",
        unit="customers",
        amounts={"small": 3_000, "city": 30_000, "province": 300_000},
        contenders=(
            Contender("portal, best eight", "portal", Role.PORTAL),
            Contender("ilike on three columns", "contains"),
            Contender("FTS5 trigrams", "trigrams"),
            Contender("portal, panel of the page", "page", Role.PORTAL),
        ),
        goal="every question below 100 ms, page included, at 300,000 customers",
    ),
    "visit_days": Job(
        meaning="the visits of one customer manager spread over 20 days",
        unit="customers",
        amounts={"small": 40, "city": 200, "province": 400},
        contenders=(
            Contender("portal", "portal", Role.PORTAL),
            Contender("CP-SAT, at most 5 s", "cp_sat", packages=("ortools",)),
        ),
        goal="< 50 ms, days level within ±1",
    ),
    "growth": Job(
        meaning="the monthly analysis and list pages with 1, 3 and 10 times the customers",
        unit="customers at 1 ×",
        amounts={"small": 100, "city": 3_000},
        contenders=(
            *(
                Contender(f"analysis {factor} ×", f"analysis_{factor}", Role.PORTAL)
                for factor in (1, 3, 10)
            ),
            *(
                Contender(f"list {factor} ×", f"list_{factor}", Role.PORTAL, beside="list 1 ×")
                for factor in (1, 3, 10)
            ),
        ),
        goal="nothing worse than linear, list pages flat",
    ),
    "load": Job(
        meaning=(
            "people clicking every 5 to 15 s (80 % lists, 15 % forms saved, 5 % exports) on "
            "gunicorn, people and server on one machine"
        ),
        unit="people",
        amounts={"small": 10, "city": 200},
        contenders=(
            Contender("gunicorn, SQLite", "sqlite", Role.PORTAL, ("gunicorn", "locust")),
            Contender(
                "gunicorn, PostgreSQL",
                "postgresql",
                Role.PORTAL,
                ("psycopg",),
                is_in_server=True,
            ),
        ),
        goal="no failure, no “database is locked”",
    ),
}
