"""§2.2 steps 3 and 4 — what a brand target and a list of target customers must satisfy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.kernel.errors import N_
from app.kernel.period import Month

MOST_PERCENT = 10_000
MOST_ACTIVE_PERCENT = 20_000


@dataclass(frozen=True, slots=True)
class MonthRange:
    """From a month to a month, both included."""

    first: Month
    last: Month

    def overlaps(self, other: MonthRange) -> bool:
        return self.first <= other.last and other.first <= self.last

    def covers(self, month: Month) -> bool:
        return self.first <= month <= self.last


@dataclass(frozen=True, slots=True)
class TargetDraft:
    """Targets of one product; rates in hundredths of a percent, None = none."""

    product_id: int
    months: MonthRange
    listing: int | None = None
    active: int | None = None
    stockout: int | None = None
    repurchase: int | None = None


@dataclass(frozen=True, slots=True)
class TargetProblem:
    """Why a draft is refused: its product, the field and a msgid with placeholders."""

    product_id: int
    field: str
    msgid: str
    months: tuple[str, ...] = ()


def uncovered_months(months: MonthRange, focus: Iterable[MonthRange]) -> list[Month]:
    """Months in which the product is not among the watched products."""
    ranges = list(focus)
    return [
        month
        for month in months.first.through(months.last)
        if not any(row.covers(month) for row in ranges)
    ]


def target_problems(
    draft: TargetDraft,
    focus: Iterable[MonthRange],
    others: Iterable[MonthRange],
    completed: Iterable[Month],
) -> list[TargetProblem]:
    """Everything wrong with a draft; empty when it can be saved.

    `focus`: when the product is watched in the department; `others`: ranges of the territory's
    other targets of the product; `completed`: months whose brand analysis is completed.
    """
    problems: list[TargetProblem] = []

    def add(field: str, msgid: str, months: Iterable[Month] = ()) -> None:
        keys = tuple(month.key for month in months)
        problems.append(TargetProblem(draft.product_id, field, msgid, keys))

    if draft.months.last < draft.months.first:
        add("to_month", N_("The last month is before the first."))
        return problems
    if missing := uncovered_months(draft.months, focus):
        add("product", N_("Not a watched product in %(months)s."), missing)
    if any(draft.months.overlaps(other) for other in others):
        add("from_month", N_("The product has a target in some of these months already."))
    used = sorted(month for month in completed if draft.months.covers(month))
    if used:
        add("from_month", N_("The brand analysis of %(months)s is completed."), used)
    limits = {
        "listing": MOST_PERCENT,
        "active": MOST_ACTIVE_PERCENT,
        "stockout": MOST_PERCENT,
        "repurchase": MOST_PERCENT,
    }
    values = {name: getattr(draft, name) for name in limits}
    for name, value in values.items():
        if value is not None and not 0 <= value <= limits[name]:
            add(name, N_("The target lies outside the possible values."))
    if all(value is None for value in values.values()):
        add("listing", N_("Enter at least one target."))
    return problems


def is_locked(months: MonthRange, completed: Iterable[Month]) -> bool:
    """A target used in a completed analysis is not changed any more."""
    return any(months.covers(month) for month in completed)
