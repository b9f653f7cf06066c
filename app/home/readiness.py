"""Whether the data allow a work month to begin: one table of checks, each with its remedy (§1, §2.2)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.home import readiness_rows as rows_of
from app.kernel.errors import N_
from app.kernel.formatters import number
from app.kernel.list_widgets import view_url
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.portal_context import can, month_label
from app.security.permissions import RoleName

Rows = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the check holds, and how it stands in words."""

    is_ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the table. `name`, `why` and `group` are msgids; `endpoint` with `values` is
    where it is mended, shown to those who may read `entity`; `by` is the role that mends it.
    `needed` False = the month can begin without, something is lost.
    """

    code: str
    group: str
    name: str
    why: str
    endpoint: str
    entity: str
    by: RoleName
    judge: Callable[[Rows, Month], Verdict]
    values: Mapping[str, Any] = field(default_factory=dict)
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    """A check as it stands, in words."""

    code: str
    group: str
    text: str
    why: str
    detail: str
    is_ok: bool
    needed: bool
    by: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Readiness:
    """All checks of a month; `missing` are needed ones that do not hold."""

    month: Month
    lines: tuple[Line, ...]

    @property
    def done(self) -> int:
        return sum(line.is_ok for line in self.lines)

    @property
    def missing(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if not line.is_ok and line.needed)

    @property
    def open(self) -> tuple[Line, ...]:
        """What does not hold, needed first."""
        lines = [line for line in self.lines if not line.is_ok]
        return tuple(sorted(lines, key=lambda line: not line.needed))

    @property
    def groups(self) -> list[tuple[str, list[Line]]]:
        found: dict[str, list[Line]] = {}
        for line in self.lines:
            found.setdefault(line.group, []).append(line)
        return list(found.items())


def _of(rows: Rows, kind: str) -> tuple[Any, int, int, int, int]:
    row = rows.get(kind)
    return rows_of.EMPTY if row is None else (row.text, row.n1, row.n2, row.n3, row.n4)


def _sales(rows: Rows, month: Month) -> Verdict:
    last, places, _cartons, *_rest = _of(rows, "sales")
    if not places:
        return Verdict(
            is_ok=False, detail=_("no sales of %(month)s", month=month_label(month.previous))
        )
    all_places = _of(rows, "territory")[1]
    covered = _("%(done)s of %(all)s territories", done=number(places), all=number(all_places))
    if not last:
        return Verdict(places >= all_places, covered + " · " + _("imported by month"))
    return Verdict(places >= all_places, covered + " · " + _("last order day %(day)s", day=last))


def _calendar(rows: Rows, month: Month) -> Verdict:
    _text, official, by_hand, *_rest = _of(rows, "calendar")
    if official or by_hand:
        words = _(
            "official calendar of %(year)s, %(count)s days set by hand in the month",
            year=month.year,
            count=number(by_hand),
        )
        return Verdict(is_ok=bool(official), detail=words)
    return Verdict(
        is_ok=False,
        detail=_("the official calendar of %(year)s is not known: weekends only", year=month.year),
    )


def _snapshot(rows: Rows, month: Month) -> Verdict:
    _text, before, now, *_rest = _of(rows, "snapshot")
    words = _(
        "%(before)s key brands kept for %(analysed)s, %(now)s for %(month)s",
        before=number(before),
        analysed=month_label(month.previous),
        now=number(now),
        month=month_label(month),
    )
    return Verdict(before > 0 and now > 0, words)


def _complete(kind: str, place: int) -> Callable[[Rows, Month], Verdict]:
    """All of `n1` without those that lack something (`place`)."""

    def judge(rows: Rows, _month: Month) -> Verdict:
        found = _of(rows, kind)
        of, missing = found[1], found[place]
        words = _("%(done)s of %(all)s", done=number(of - missing), all=number(of))
        return Verdict(of > 0 and not missing, words)

    return judge


def _some(kind: str, place: int = 1) -> Callable[[Rows, Month], Verdict]:
    """At least one entry."""

    def judge(rows: Rows, _month: Month) -> Verdict:
        count = _of(rows, kind)[place]
        return Verdict(count > 0, _("%(count)s in use", count=number(count)))

    return judge


def _version(kind: str, place: int) -> Callable[[Rows, Month], Verdict]:
    """A version holds in the month."""

    def judge(rows: Rows, _month: Month) -> Verdict:
        found = _of(rows, kind)
        if not found[1]:
            return Verdict(is_ok=False, detail=_("none"))
        return Verdict(is_ok=True, detail=_("version %(number)s", number=found[place]))

    return judge


DATA, PEOPLE = N_("Sales and calendar"), N_("Territories and customers")
PRODUCTS, METHOD = N_("Products"), N_("Method")
ADMIN, MARKET = RoleName.ADMINISTRATOR, RoleName.MARKET_MANAGER
SELLER, BRAND = RoleName.CUSTOMER_MANAGER, RoleName.BRAND_MANAGER

CHECKS: tuple[Check, ...] = (
    Check(
        "sales", DATA, N_("Sales of the analysed month"),
        N_("Steps 2, 5 and 6 read them."),
        "ImportView.list", "ImportBatch", ADMIN, _sales,
    ),
    Check(
        "calendar", DATA, N_("Work calendar"),
        N_("Visits, due days and the progress of the month follow it."),
        "WorkCalendarView.index", "CalendarDay", ADMIN, _calendar,
    ),
    Check(
        "holders", PEOPLE, N_("Every territory has a primary holder"),
        N_("Nobody plans or visits there until someone is assigned."),
        "TerritoryView.list", "Territory", ADMIN, _complete("territory", 2),
        {"q_without_holder": "1"},
    ),
    Check(
        "managers", PEOPLE, N_("Every department has a market manager"),
        N_("Without one nobody approves the plans."),
        "DepartmentView.list", "Department", ADMIN, _complete("department", 3),
    ),
    Check(
        "modes", PEOPLE, N_("Every customer has a visit mode"),
        N_("They are left out of week arrangements and daily visit sheets."),
        "CustomerView.list", "Customer", SELLER, _complete("customer", 2),
        {"q_visit_mode_missing": "1", "q_status": "ACTIVE"},
    ),
    Check(
        "lines", PEOPLE, N_("Every customer has a visit line"),
        N_("Week arrangements group the visits of a day by line."),
        "CustomerView.list", "Customer", SELLER, _complete("customer", 3),
        {"q_line_missing": "1", "q_status": "ACTIVE"}, needed=False,
    ),
    Check(
        "categories", PRODUCTS, N_("Every product has a category"),
        N_("They are missing from every figure by category."),
        "CategoryProductView.list", "CategoryProduct", BRAND, _complete("product", 2),
        {"q_category_missing": "1"}, needed=False,
    ),
    Check(
        "tar", PRODUCTS, N_("Every product has a tar content"),
        N_("They are missing from the tar analyses."),
        "NewProductView.list", "Product", BRAND, _complete("product", 3),
        {"q_tar_tenths_missing": "1"}, needed=False,
    ),
    Check(
        "key_brands", PRODUCTS, N_("Key brands are chosen"),
        N_("Growth and share of key brands cannot be calculated."),
        "ProductView.list", "Product", BRAND, _some("product", 4), {"q_is_key": "1"},
    ),
    Check(
        "snapshot", PRODUCTS, N_("Key brands of the month are kept"),
        N_("Growth compares the products that carry the flag in the month."),
        "ProductView.list", "Product", ADMIN, _snapshot, {"q_is_key": "1"},
    ),
    Check(
        "watched", PRODUCTS, N_("Every department has watched products for the month"),
        N_("Brand targets can only be set for watched products."),
        "FocusProductView.list", "FocusProduct", MARKET, _complete("department", 2),
    ),
    Check(
        "questionnaire", METHOD, N_("A questionnaire holds in the month"),
        N_("Direct needs are entered and extracted by it."),
        "NeedOptionView.list", "NeedOption", ADMIN, _version("questionnaire", 2),
    ),
    Check(
        "parameters", METHOD, N_("Parameters are in force"),
        N_("Every calculation keeps the version it was made with."),
        "ParameterView.index", "Parameter", ADMIN, _version("parameters", 1),
    ),
    Check(
        "strategies", METHOD, N_("Service strategies are in the catalogue"),
        N_("Needs, states and problems call for them."),
        "ServiceStrategyView.list", "ServiceStrategy", ADMIN, _some("service_strategy"),
    ),
    Check(
        "needs", METHOD, N_("Needs are in the catalogue"),
        N_("Customers choose from them."),
        "NeedOptionView.list", "NeedOption", ADMIN, _some("need_option"),
    ),
    Check(
        "ability", METHOD, N_("The ability scoring sheet has items"),
        N_("Step 2 scores customers by them."),
        "AbilityItemView.list", "AbilityItem", ADMIN, _some("ability_item"),
    ),
    Check(
        "reasons", METHOD, N_("Problem reasons are in the catalogue"),
        N_("Abnormal figures are explained by them."),
        "ProblemReasonView.list", "ProblemReason", ADMIN, _some("problem_reason"), needed=False,
    ),
    Check(
        "returns", METHOD, N_("Return reasons are in the catalogue"),
        N_("A return of a plan needs a reason."),
        "ReturnReasonView.list", "ReturnReason", ADMIN, _some("return_reason"), needed=False,
    ),
)  # fmt: skip


def readiness(session: Session, scope: Scope, month: Month, today: dt.date) -> Readiness:
    """Every check for the scope; one statement."""
    rows = rows_of.read(session, scope, month, today)
    return Readiness(month, tuple(_line(check, rows, month) for check in CHECKS))


def _line(check: Check, rows: Rows, month: Month) -> Line:
    verdict = check.judge(rows, month)
    view, _dot, method = check.endpoint.partition(".")
    return Line(
        check.code,
        _(check.group),
        _(check.name),
        _(check.why),
        verdict.detail,
        verdict.is_ok,
        check.needed,
        str(check.by.label),
        view_url(view, method, **check.values) if can("read", check.entity) else None,
    )
