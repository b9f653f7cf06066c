"""The approval desk: what a person changed in a submitted record, row by row.

The market manager reads departures from the proposal, not the proposal: rows as the rules made
them are only counted. Read through the session, so within the row scope.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from app.kernel.formatters import MISSING, enum_word, hundredths, number, plain
from app.master.views.catalogues import shown_name
from app.models import (
    Customer,
    ItemMark,
    ItemSource,
    KeyCustomer,
    KeyCustomerReason,
    MonthSummaryFigure,
    PlannedFrequency,
    ProblemCode,
    RowOrigin,
    ServiceStrategy,
    StrategyItem,
    WeekSummaryLine,
)
from app.workflow.approvals import Entry

MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table: `what` in a word with its tone, then the cells."""

    what: str
    tone: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` are at most `MOST_ROWS`; `is_cut` says that there are more."""

    title: str
    heads: tuple[str, ...]
    rows: list[Row]
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Details:
    """What the page shows below the checks: texts (label, text) and tables."""

    texts: list[tuple[str, str]]
    tables: list[Table]


def details_of(session: Session, entry: Entry) -> Details:
    """Everything about an entry that a person wrote or changed."""
    record = entry.record
    if entry.subject.name == "plan":
        return Details([], [_changed_items(session, record.id)])
    if entry.subject.name == "result":
        return Details([], [_undone_items(session, record.id), _temporary(session, record.id)])
    if entry.subject.name == "month":
        texts = _texts(record, ("last_problems", "focus", "visit_notes"))
        return Details(texts, [_keys(session, record.id), _frequencies(session, record.id)])
    if entry.subject.name == "week":
        texts = _texts(record, ("arrangement_text", "effect_text"))
        return Details(texts, [_judgements(session, record.id)])
    texts = _texts(
        record, ("visit_text", "analysis_text", "plan_text", "experience", "shortcomings")
    )
    return Details(texts, [_figures(session, record.id)])


def _texts(record: Any, names: tuple[str, ...]) -> list[tuple[str, str]]:
    columns = type(record).__table__.c
    return [
        (str(columns[name].info["label"]), text)
        for name in names
        if (text := getattr(record, name))
    ]


def _table(title: str, heads: tuple[str, ...], rows: list[Row]) -> Table:
    return Table(title, heads, rows[:MOST_ROWS], len(rows) > MOST_ROWS)


def _items(session: Session, plan_id: int, condition: Any) -> list[Any]:
    """(item, customer, strategy) of a plan, direct needs first."""
    return list(
        session.execute(
            select(StrategyItem, Customer, ServiceStrategy)
            .join(
                Customer,
                and_(
                    Customer.company_id == StrategyItem.company_id,
                    Customer.id == StrategyItem.customer_id,
                ),
            )
            .join(ServiceStrategy, ServiceStrategy.id == StrategyItem.strategy_id)
            .where(StrategyItem.plan_id == plan_id, condition)
            .order_by(
                (StrategyItem.source == ItemSource.DIRECT).desc(),
                Customer.code,
                ServiceStrategy.code,
                StrategyItem.sequence,
            )
            .limit(MOST_ROWS + 1)
        )
    )


def _changed_items(session: Session, plan_id: int) -> Table:
    item = StrategyItem
    departs = and_(
        item.source != ItemSource.TEMPORARY,
        or_(
            item.is_removed.is_(True),
            item.generated_content.is_(None),
            item.content != item.generated_content,
        ),
    )
    rows = [_changed_row(*row) for row in _items(session, plan_id, departs)]
    heads = (_("Customer"), _("Service strategy"), _("As proposed"), _("As submitted"))
    return _table(_("Changed by hand"), heads, rows)


def _changed_row(item: StrategyItem, customer: Customer, strategy: ServiceStrategy) -> Row:
    name = f"{strategy.code} {shown_name(strategy)}"
    proposed, content = plain(item.generated_content), plain(item.content)
    if item.is_removed:
        is_need = item.source is ItemSource.DIRECT
        return Row(
            _("Need removed") if is_need else _("Removed"),
            "bad" if is_need else "warn",
            (customer.name, name, proposed, MISSING),
        )
    if item.generated_content is None:
        return Row(_("Added"), "info", (customer.name, name, MISSING, content))
    return Row(_("Changed"), "warn", (customer.name, name, proposed, content))


def _undone_items(session: Session, plan_id: int) -> Table:
    item = StrategyItem
    is_open = and_(
        item.source != ItemSource.TEMPORARY,
        item.is_removed.is_(False),
        item.mark == ItemMark.OPEN,
    )
    rows = [
        Row(
            enum_word(item.source),
            "warn" if item.source is ItemSource.DIRECT else "mute",
            (
                customer.name,
                f"{strategy.code} {shown_name(strategy)}",
                enum_word(item.undone_reason),
                plain(item.undone_note),
            ),
        )
        for item, customer, strategy in _items(session, plan_id, is_open)
    ]
    heads = (_("Customer"), _("Service strategy"), _("Not done because"), _("Remark"))
    return _table(_("Not done"), heads, rows)


def _temporary(session: Session, plan_id: int) -> Table:
    rows = [
        Row(
            enum_word(item.mark),
            "info",
            (
                customer.name,
                f"{strategy.code} {shown_name(strategy)}",
                plain(item.content),
                str(item.done_on or MISSING),
            ),
        )
        for item, customer, strategy in _items(
            session, plan_id, StrategyItem.source == ItemSource.TEMPORARY
        )
    ]
    heads = (_("Customer"), _("Service strategy"), _("Content"), _("Done on"))
    return _table(_("Temporary tasks"), heads, rows)


def _keys(session: Session, plan_id: int) -> Table:
    """Key customers a person added or removed, with the reasons of the proposal."""
    key = KeyCustomer
    found = session.execute(
        select(key, Customer)
        .join(Customer, and_(Customer.company_id == key.company_id, Customer.id == key.customer_id))
        .where(
            key.plan_id == plan_id, or_(key.is_removed.is_(True), key.origin == RowOrigin.MANUAL)
        )
        .order_by(key.is_removed.desc(), Customer.code)
        .limit(MOST_ROWS + 1)
    ).all()
    reasons = _reasons(session, plan_id, [row.customer_id for row, _customer in found])
    rows = [
        Row(
            _("Removed") if row.is_removed else _("Added"),
            "warn" if row.is_removed else "info",
            (
                f"{customer.code} {customer.name}",
                reasons.get(row.customer_id, MISSING),
                plain(row.note),
            ),
        )
        for row, customer in found
    ]
    heads = (_("Customer"), _("Proposed because"), _("Remark"))
    return _table(_("Key customers changed by hand"), heads, rows)


def _reasons(session: Session, plan_id: int, customer_ids: list[int]) -> dict[int, str]:
    """Customer → why the rules proposed it: kinds of reason, each with its problems in words."""
    reason = KeyCustomerReason
    found: dict[int, dict[str, list[str]]] = {}
    for row in session.scalars(
        select(reason)
        .where(reason.plan_id == plan_id, reason.customer_id.in_(customer_ids))
        .order_by(reason.kind, reason.code)
    ):
        words = found.setdefault(row.customer_id, {}).setdefault(enum_word(row.kind), [])
        known = ProblemCode.__members__.get(row.code)
        if known is not None and (word := enum_word(known)) not in words:
            words.append(word)
    return {
        customer_id: "; ".join(
            f"{kind}: {', '.join(words)}" if words else kind for kind, words in kinds.items()
        )
        for customer_id, kinds in found.items()
    }


def _frequencies(session: Session, plan_id: int) -> Table:
    row = PlannedFrequency
    found = session.execute(
        select(row, Customer)
        .join(Customer, and_(Customer.company_id == row.company_id, Customer.id == row.customer_id))
        .where(
            row.plan_id == plan_id,
            row.origin == RowOrigin.MANUAL,
            row.frequency != row.generated,
        )
        .order_by(row.rank, Customer.code)
        .limit(MOST_ROWS + 1)
    )
    rows = [
        Row(
            _("Changed"),
            "info" if frequency.note else "warn",
            (
                f"{customer.code} {customer.name}",
                enum_word(frequency.generated),
                enum_word(frequency.frequency),
                plain(frequency.note),
            ),
        )
        for frequency, customer in found
    ]
    heads = (_("Customer"), _("As proposed"), _("As submitted"), _("Reason for the change"))
    return _table(_("Frequencies changed by hand"), heads, rows)


def _judgements(session: Session, summary_id: int) -> Table:
    lines = session.scalars(
        select(WeekSummaryLine).where(WeekSummaryLine.summary_id == summary_id)
    ).all()
    rows = [
        Row(
            enum_word(line.final_status),
            "mute" if line.final_status is line.system_status else "warn",
            (
                enum_word(line.indicator),
                hundredths(line.target),
                enum_word(line.system_status),
                plain(line.override_reason),
            ),
        )
        for line in lines
    ]
    heads = (_("Indicator"), _("Month target"), _("Judgement of the system"), _("Reason"))
    return _table(_("Judgement"), heads, rows)


def _figures(session: Session, summary_id: int) -> Table:
    figures = session.scalars(
        select(MonthSummaryFigure).where(MonthSummaryFigure.summary_id == summary_id)
    ).all()
    rows = [
        Row(
            _share(figure.numerator, figure.denominator),
            "mute",
            (enum_word(figure.figure), number(figure.numerator), number(figure.denominator)),
        )
        for figure in figures
    ]
    heads = (_("Figure"), _("Numerator"), _("Denominator"))
    return _table(_("Figures"), heads, rows)


def _share(numerator: int | None, denominator: int | None) -> str:
    if not denominator or numerator is None:
        return MISSING
    return f"{100 * numerator // denominator}%"
