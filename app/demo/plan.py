"""What the demo companies contain: sizes, dates and the built-in stories, as plain data.

Everything is generated from the company's code and the reference date alone, so two runs with
the same date give the same rows.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from app.kernel.period import Month
from app.kernel.seed_file import read_seed

SEED_FOLDER = Path(__file__).parent / "seed"


@dataclass(frozen=True, slots=True)
class SmallCompany:
    """A company whose sales lines are generated one by one."""

    code: str
    customers_per_territory: int
    months: int
    has_stories: bool = False


@dataclass(frozen=True, slots=True)
class BulkCompany:
    """A company made by set-based statements, for measuring.

    `products_per_customer`: rows per customer and month of the roll-up; `line_months`: the last
    so many months also have order lines that add up to the roll-up.
    """

    code: str
    departments: int
    territories: int
    customers: int
    products: int
    months: int
    products_per_customer: int
    line_months: int


SIZES: dict[str, tuple[SmallCompany | BulkCompany, ...]] = {
    "small": (
        SmallCompany("YUNHE", customers_per_territory=120, months=15, has_stories=True),
        SmallCompany("LINJIANG", customers_per_territory=8, months=2),
    ),
    "city": (BulkCompany("CITY", 10, 100, 30_000, 300, 13, 20, 2),),
    "province": (BulkCompany("PROVINCE", 50, 1000, 300_000, 300, 1, 4, 0),),
}

FAILING_FROM = 2
"""The stories start this many months before the month of the reference date."""


@dataclass(frozen=True, slots=True)
class ProductStory:
    """Why a product turns abnormal; `territory` None = everywhere. docs/demo.md tells them."""

    product: str
    kind: str
    territory: str | None = None


STORIES: tuple[ProductStory, ...] = (
    ProductStory("Y018", "shortage"),
    ProductStory("Y020", "overstocked"),
    ProductStory("Y013", "replaced", "YH-A2"),
    ProductStory("Y009", "replacing", "YH-A2"),
    ProductStory("Y016", "badly_stocked", "YH-B1"),
)

KEY_PRODUCTS = ("Y013", "Y016", "Y018", "Y020", "Y025")
KEY_PRODUCT_ADDED = "Y015"
KEY_PRODUCT_ADDED_MONTHS_AGO = 3
UNMAPPED_PRODUCTS = ("Y024", "Y034", "Y041")
PRODUCTS_WITHOUT_TAR = ("Y034", "Y040")

SPRING_FESTIVALS: tuple[dt.date, ...] = tuple(
    dt.date.fromisoformat(text)
    for text in (
        "2024-02-10", "2025-01-29", "2026-02-17", "2027-02-06", "2028-01-26", "2029-02-13",
        "2030-02-03", "2031-01-23", "2032-02-11", "2033-01-31", "2034-02-19", "2035-02-08",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dates:
    """The demo's calendar, counted back from the reference date."""

    reference: dt.date

    @property
    def month(self) -> Month:
        """The running month; its sales end the day before the reference date."""
        return Month.of(self.reference)

    def ago(self, months: int) -> Month:
        return self.month.shift(-months)

    def mid_of(self, months_ago: int) -> dt.date:
        return self.ago(months_ago).first_day + dt.timedelta(days=14)

    def sales_months(self, months: int) -> tuple[Month, ...]:
        """`months` complete months and the running one."""
        return tuple(self.ago(months).through(self.month))


def season_percent(day: dt.date) -> int:
    """How much is sold on a day, 100 = usual: a peak before the Spring Festival, a dip after."""
    for festival in SPRING_FESTIVALS:
        days = (festival - day).days
        if 0 <= days <= 14:
            return 170
        if 14 < days <= 35:
            return 135
        if -21 <= days < 0:
            return 62
    return {5: 105, 7: 92, 8: 95, 9: 118, 10: 106, 12: 108}.get(day.month, 100)


def seed_rows(name: str, company: str | None = None) -> list[dict[str, str]]:
    """A file of app/demo/seed, limited to the rows of a company."""
    rows = read_seed(SEED_FOLDER / f"{name}.csv")
    return [row for row in rows if company is None or row["company"] == company]


def words(kind: str) -> list[str]:
    """The words a name is put together from."""
    return next(row["words"].split() for row in seed_rows("words") if row["kind"] == kind)
