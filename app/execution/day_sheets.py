"""§2.2 step 11 — the printed day sheet 日拜访记录表: who is on it, what it says, what was printed.

Printing keeps the visit content as it was printed (`DailySheet`, `DailySheetLine`); everything
else on the paper is the present state. The caller commits.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.execution import step_11_daily_visit as step
from app.execution.rules import SheetChange, sheet_changes
from app.execution.visit_days import Content, ToTell, content_of
from app.kernel.actor import current_actor
from app.kernel.errors import N_, PlanningError
from app.kernel.period import Month, utc_now
from app.kernel.scope import Scope
from app.models import (
    Customer,
    DailySheet,
    DailySheetLine,
    Territory,
    UnvisitedReason,
    VisitMode,
    VisitOutcome,
)
from app.plan.rules.visit_content import ContentGap
from app.plan.statements.visit_content import content_rows

MOST_SHEETS = 60
"""Sheets of one print job: five days of twelve territories."""
LONGEST_CONTENT = 700


class TooManySheets(PlanningError):
    """A print job has a limit, or the browser gives up on it."""

    msgid = N_("At most %(most)d sheets can be printed at once; choose fewer days or territories.")


class NothingToPrint(PlanningError):
    """Nobody of the chosen days can be on a sheet."""

    msgid = N_("There is no customer for a sheet on these days. The reasons are listed below.")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Why a planned customer is on no sheet."""

    customer_id: int
    code: str
    name: str
    gap: ContentGap


@dataclass(slots=True)
class PlannedSheet:
    """A territory's day before printing: customers on it in route order with their content.

    `printed` is the number of the last print, 0 = never printed.
    """

    territory: Territory
    date: dt.date
    customers: dict[int, list[Content]] = field(default_factory=dict)
    places: dict[int, int] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    revision: int = 0
    printed: int = 0

    @property
    def is_unplanned(self) -> bool:
        """No visit is planned at all."""
        return not self.customers and not self.left_out


@dataclass(frozen=True, slots=True)
class Sales:
    """Sales of the month before: cartons, those of the month before it, products, last order."""

    cartons: int = 0
    earlier_cartons: int = 0
    width: int = 0
    last_order: dt.date | None = None


@dataclass(frozen=True, slots=True)
class LastVisit:
    date: dt.date
    outcome: VisitOutcome
    reason: UnvisitedReason | None


@dataclass(slots=True)
class SheetRow:
    """A customer on paper. `content` as it was printed; empty = no open strategy."""

    customer: Customer
    place: int
    content: list[str]
    sales: Sales = field(default_factory=Sales)
    last_visit: LastVisit | None = None
    state: tuple[str, str | None] | None = None
    to_tell: list[ToTell] = field(default_factory=list)
    change: SheetChange | None = None

    @property
    def mode(self) -> VisitMode | None:
        return self.customer.visit_mode


@dataclass(slots=True)
class PrintedSheet:
    """A sheet ready for paper; `removed`: customers of the earlier print who are gone."""

    sheet: DailySheet
    rows: list[SheetRow]
    removed: list[Customer]

    @property
    def changed(self) -> list[SheetRow]:
        return [row for row in self.rows if row.change is not None]


def planned_sheets(
    session: Session, territories: Sequence[Territory], dates: Collection[dt.date]
) -> list[PlannedSheet]:
    """One entry per territory and date, by date, then territory."""
    sheets = {
        (territory.id, day): PlannedSheet(territory, day)
        for day in sorted(set(dates))
        for territory in territories
    }
    by_company: dict[int, list[int]] = defaultdict(list)
    for territory in territories:
        by_company[territory.company_id].append(territory.id)
    for company_id, ids in by_company.items():
        for row in session.connection().execute(content_rows(Scope.of(company_id, ids), dates)):
            sheet = sheets[row.territory_id, row.date]
            sheet.revision = max(sheet.revision, row.revision or 0)
            gap = ContentGap[row.reason] if row.reason else None
            if gap is not None and gap.leaves_out:
                sheet.left_out.append(
                    LeftOut(row.customer_id, row.customer_code, row.customer_name, gap)
                )
                continue
            content = sheet.customers.setdefault(row.customer_id, [])
            sheet.places.setdefault(row.customer_id, len(sheet.places) + 1)
            if row.item_id is not None:
                content.append(content_of(row))
    numbers = session.execute(
        select(DailySheet.territory_id, DailySheet.date, func.max(DailySheet.number))
        .where(
            DailySheet.territory_id.in_([territory.id for territory in territories]),
            DailySheet.date.in_(set(dates)),
        )
        .group_by(DailySheet.territory_id, DailySheet.date)
    )
    for territory_id, day, number in numbers:
        sheets[territory_id, day].printed = number
    return list(sheets.values())


def content_words(item: Content) -> str:
    """An item as it stands on paper and in the snapshot."""
    words = f"{item.code} {item.name}" + (f": {item.details}" if item.details else "")
    return words[:LONGEST_CONTENT]


def print_sheets(
    session: Session, territories: Sequence[Territory], dates: Collection[dt.date]
) -> list[DailySheet]:
    """Keep what the sheets say. Errors: `TooManySheets`, `NothingToPrint`."""
    if len(territories) * len(set(dates)) > MOST_SHEETS:
        raise TooManySheets(most=MOST_SHEETS)
    made = []
    now, user_id = utc_now(), current_actor().user_id
    for planned in planned_sheets(session, territories, dates):
        if not planned.customers:
            continue
        sheet = DailySheet(
            company_id=planned.territory.company_id,
            territory_id=planned.territory.id,
            date=planned.date,
            number=planned.printed + 1,
            plan_version=planned.revision,
            printed_at=now,
            printed_by=user_id,
            customers=len(planned.customers),
        )
        session.add(sheet)
        session.flush()
        session.add_all(_lines(sheet, planned))
        made.append(sheet)
    if not made:
        raise NothingToPrint
    session.flush()
    return made


def _lines(sheet: DailySheet, planned: PlannedSheet) -> Iterable[DailySheetLine]:
    for customer_id, items in planned.customers.items():
        entries = [(item.item_id, content_words(item)) for item in items] or [(0, "")]
        for item_id, words in entries:
            yield DailySheetLine(
                company_id=sheet.company_id,
                sheet_id=sheet.id,
                customer_id=customer_id,
                item_id=item_id,
                sequence=planned.places[customer_id],
                content=words,
            )


def printed_sheets(session: Session, sheet_ids: Collection[int]) -> list[PrintedSheet]:
    """Sheets in scope with everything the paper shows, by date and territory."""
    sheets = session.scalars(
        select(DailySheet)
        .join(Territory, Territory.id == DailySheet.territory_id)
        .where(DailySheet.id.in_(sheet_ids))
        .order_by(DailySheet.date, Territory.code, DailySheet.number)
    )
    return [_printed(session, sheet) for sheet in sheets]


def _stored_lines(session: Session, sheet_id: int) -> dict[int, tuple[int, list[str]]]:
    """Customer → (place, texts in the order of the strategies)."""
    found: dict[int, tuple[int, list[str]]] = {}
    for line in session.scalars(
        select(DailySheetLine)
        .where(DailySheetLine.sheet_id == sheet_id)
        .order_by(DailySheetLine.sequence, DailySheetLine.content)
    ):
        _place, texts = found.setdefault(line.customer_id, (line.sequence, []))
        if line.item_id:
            texts.append(line.content)
    return found


def _printed(session: Session, sheet: DailySheet) -> PrintedSheet:
    lines = _stored_lines(session, sheet.id)
    earlier = session.scalar(
        select(DailySheet.id).where(
            DailySheet.territory_id == sheet.territory_id,
            DailySheet.date == sheet.date,
            DailySheet.number == sheet.number - 1,
        )
    )
    changes: dict[int, SheetChange] = {}
    if earlier is not None:
        before = _stored_lines(session, earlier)
        changes = sheet_changes(
            {key: (place, frozenset(texts)) for key, (place, texts) in before.items()},
            {key: (place, frozenset(texts)) for key, (place, texts) in lines.items()},
        )
    customers = {
        customer.id: customer
        for customer in session.scalars(
            select(Customer).where(Customer.id.in_(lines.keys() | changes.keys()))
        )
    }
    rows = [
        SheetRow(customers[key], place, texts, change=changes.get(key))
        for key, (place, texts) in lines.items()
        if key in customers
    ]
    _add_facts(session, sheet, rows)
    removed = [
        customers[key]
        for key, change in changes.items()
        if change is SheetChange.REMOVED and key in customers
    ]
    return PrintedSheet(sheet, rows, sorted(removed, key=lambda customer: customer.code))


def _add_facts(session: Session, sheet: DailySheet, rows: Sequence[SheetRow]) -> None:
    """Sales, last visit, operating state and answers of the sheet's customers."""
    scope, month = Scope.of(sheet.company_id, [sheet.territory_id]), Month.of(sheet.date)
    by_id = {row.customer.id: row for row in rows}
    execute = session.connection().execute
    orders = {
        row.customer_id: row.order_date for row in execute(step.last_orders(scope, by_id.keys()))
    }
    for customer_id, day in orders.items():
        by_id[customer_id].sales = Sales(last_order=day)
    for found in execute(step.sales_facts(scope, by_id.keys(), month)):
        by_id[found.customer_id].sales = Sales(
            found.cartons, found.earlier_cartons, found.width, orders.get(found.customer_id)
        )
    for found in execute(step.last_visits(scope, by_id.keys(), sheet.date)):
        by_id[found.customer_id].last_visit = LastVisit(
            found.date, found.outcome, found.unvisited_reason
        )
    for found in execute(step.operating_states(scope, by_id.keys(), month)):
        by_id[found.customer_id].state = (found.name, found.name_en)
    for found in execute(step.answers_to_tell(scope, by_id.keys())):
        by_id[found.customer_id].to_tell.append(ToTell(found.id, found.text, found.answer or ""))
