"""§2.2 steps 7, 8, 12–14 — the approval desk: what waits for a market manager, and how it stands.

Records are read through the session and so within the row scope; the numbers about them come from
`app.workflow.statements.approval_facts`, the verdict from `app.workflow.rules_policy`.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, func, literal, or_, select, union_all
from sqlalchemy.orm import Session, joinedload

from app import models
from app.kernel.errors import N_
from app.kernel.period import Month, local_today
from app.kernel.scope import Scope
from app.master.calendar import calendar_overrides
from app.master.parameters import current_parameters
from app.models import PortalUser, Territory, VisitFrequency
from app.plan.rules.capacity import Capacity, Demand, capacity
from app.plan.rules.visit_dates_weeks import work_span
from app.workflow import rules_policy as policy
from app.workflow.flow import Person, held_territories, record_of, submitters
from app.workflow.machine import APPROVE, APPROVE_RESULT, DECIDE, RETURN, RETURN_RESULT
from app.workflow.statements import approval_facts as facts_of

MOST_ENTRIES = 200
"""Entries of the inbox shown at once, oldest first."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Something to decide on: records of `kind` in `state`. `approve` empty = only to be read."""

    name: str
    kind: str
    state: str
    label: str
    approve: str
    give_back: str
    prefix: str = ""


SUBJECTS: Mapping[str, Subject] = {
    subject.name: subject
    for subject in (
        Subject("plan", "ServicePlan", "SUBMITTED", N_("Service strategies"), APPROVE, RETURN),
        Subject("month", "MonthPlan", "SUBMITTED", N_("Month plan"), APPROVE, RETURN),
        Subject(
            "result", "ServicePlan", "RESULT_SUBMITTED", N_("Result of the strategies"),
            APPROVE_RESULT, RETURN_RESULT, "result_",
        ),
        Subject("week", "WeekSummary", "SUBMITTED", N_("Week summary"), "", RETURN),
        Subject("summary", "MonthSummary", "SUBMITTED", N_("Month summary"), "", RETURN),
    )
}  # fmt: skip


@dataclass(slots=True)
class Entry:
    """A submitted record as the desk shows it. `days` since it was submitted, local dates."""

    subject: Subject
    record: Any
    territory: Territory
    submitted_at: dt.datetime | None
    submitted_by: str
    days: int
    is_own: bool
    facts: Any = None
    checks: tuple[policy.Check, ...] = ()
    capacity: Capacity | None = field(default=None, repr=False)

    @property
    def key(self) -> str:
        """“month-12”: how the URL names it."""
        return f"{self.subject.name}-{self.record.id}"

    @property
    def month(self) -> Month:
        month: Month = self.record.month
        return month

    @property
    def is_clean(self) -> bool:
        return policy.is_clean(self.checks)

    @property
    def may_be_approved_together(self) -> bool:
        return bool(self.subject.approve) and self.is_clean and not self.is_own


@dataclass(frozen=True, slots=True)
class Inbox:
    """`counts`: subject → how many wait altogether; `entries` are at most `MOST_ENTRIES`."""

    entries: list[Entry]
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def clean(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.may_be_approved_together]


def decidable(person: Person) -> tuple[Subject, ...]:
    """The subjects the person's roles decide on."""
    return tuple(
        subject for subject in SUBJECTS.values() if (DECIDE, subject.kind) in person.permissions
    )


def inbox(session: Session, person: Person, only: str = "") -> Inbox:
    """What waits for the person: decisions before what is only to be read, oldest first.

    Of one subject only, when `only` names it.
    """
    counts = waiting_counts(session, person)
    records = [
        (subject, record)
        for subject in decidable(person)
        if only in ("", subject.name)
        for record in session.scalars(
            _waiting(subject, select(_entity(subject)))
            .options(joinedload(_entity(subject).territory).joinedload(Territory.department))
            .order_by(getattr(_entity(subject), f"{subject.prefix}submitted_at"))
            .limit(MOST_ENTRIES)
        )
    ]
    found = entries_of(session, person, records)
    found.sort(key=lambda each: (not each.subject.approve, str(each.submitted_at or ""), each.key))
    return Inbox(found[:MOST_ENTRIES], counts)


def waiting_counts(session: Session, person: Person) -> dict[str, int]:
    """Subject → how many records wait for the person; one statement."""
    subjects = decidable(person)
    if not subjects:
        return {}
    counts = [_waiting(subject, _count(subject)) for subject in subjects]
    return {row[0]: row[1] for row in session.execute(union_all(*counts))}


def _count(subject: Subject) -> Any:
    return select(literal(subject.name), func.count(_entity(subject).id))


def entry(session: Session, person: Person, key: str) -> Entry | None:
    """The entry of a key as `Entry.key` writes it; None when it does not wait (any more).

    Errors: `OutOfScope` for a record outside of the row scope.
    """
    name, _dash, number = key.partition("-")
    subject = SUBJECTS.get(name)
    if subject is None or subject not in decidable(person) or not number.isdecimal():
        return None
    record = record_of(subject.kind, session, int(number[:18]))
    if record.status.name != subject.state:
        return None
    return entries_of(session, person, [(subject, record)])[0]


def _entity(subject: Subject) -> Any:
    return getattr(models, subject.kind)


def _waiting(subject: Subject, statement: Select[Any]) -> Select[Any]:
    """Limited to what waits: a summary until the market manager has said a word."""
    entity = _entity(subject)
    statement = statement.where(entity.status == subject.state)
    if not subject.approve:
        statement = statement.where(or_(entity.comment.is_(None), entity.comment == ""))
    return statement


# ---------------------------------------------------------------------- facts and checks


def entries_of(
    session: Session, person: Person, records: Iterable[tuple[Subject, Any]]
) -> list[Entry]:
    """Entries with their facts; a handful of statements per company and month."""
    records = list(records)
    held = held_territories(session, person.user_id) if person.user_id else frozenset()
    names = _names(session, {_submitter(subject, record) for subject, record in records})
    today = local_today()
    found = []
    for subject, record in records:
        at = getattr(record, f"{subject.prefix}submitted_at")
        found.append(
            Entry(
                subject,
                record,
                record.territory,
                at,
                names.get(_submitter(subject, record), ""),
                (today - local_today(at)).days if at else 0,
                person.user_id in submitters(record) or record.territory_id in held,
            )
        )
    groups: dict[tuple[int, Month], list[Entry]] = defaultdict(list)
    for each in found:
        groups[each.record.company_id, each.record.month].append(each)
    for (company_id, month), group in groups.items():
        _Judge(session, company_id, month).judge(group)
    return found


def _submitter(subject: Subject, record: Any) -> int | None:
    submitted_by: int | None = getattr(record, f"{subject.prefix}submitted_by")
    return submitted_by


def _names(session: Session, ids: Collection[int | None]) -> dict[int | None, str]:
    wanted = [key for key in ids if key is not None]
    users = session.scalars(select(PortalUser).where(PortalUser.id.in_(wanted)))
    return {user.id: user.display_name for user in users}


class _Judge:
    """Gives the entries of a company and month their facts and checks."""

    def __init__(self, session: Session, company_id: int, month: Month) -> None:
        self.session = session
        self.company_id = company_id
        self.month = month

    def judge(self, group: Sequence[Entry]) -> None:
        territories = {each.record.territory_id for each in group}
        scope = Scope.of(self.company_id, territories)
        plans = [each for each in group if each.subject.kind == "ServicePlan"]
        months = [each for each in group if each.subject.kind == "MonthPlan"]
        weeks = [each for each in group if each.subject.name == "week"]
        basis = (
            self._rows(facts_of.basis_facts(scope, self.month, territories))
            if plans or months
            else {}
        )
        if plans:
            self._judge_plans(scope, plans, basis)
        if months:
            self._judge_months(scope, months, basis)
        if weeks:
            rows = self._rows(facts_of.judgement_facts(scope, _ids(weeks)))
            for each in weeks:
                each.facts = policy.SummaryFacts(**rows[each.record.id])
                each.checks = policy.summary_checks(each.facts)
        for each in group:
            if each.subject.name == "summary":
                each.facts = policy.SummaryFacts()

    def _rows(self, statement: Select[Any]) -> dict[int, dict[str, int]]:
        rows = self.session.connection().execute(statement).mappings()
        return {
            row["id"]: {name: int(value) for name, value in row.items() if name != "id"}
            for row in rows
        }

    def _judge_plans(
        self, scope: Scope, plans: Sequence[Entry], basis: Mapping[int, Mapping[str, int]]
    ) -> None:
        rows = self._rows(facts_of.item_facts(scope, _ids(plans)))
        for each in plans:
            each.facts = policy.StrategyFacts(
                has_target=each.record.satisfaction_target is not None,
                **rows[each.record.id],
                **basis.get(each.record.territory_id, {}),
            )
            is_plan = each.subject.name == "plan"
            each.checks = (policy.plan_checks if is_plan else policy.result_checks)(each.facts)

    def _judge_months(
        self, scope: Scope, plans: Sequence[Entry], basis: Mapping[int, Mapping[str, int]]
    ) -> None:
        ids = _ids(plans)
        rows = self._rows(facts_of.key_facts(scope, ids))
        territories = scope.territory_ids or ()
        drafts = self._rows(facts_of.draft_analyses(scope, self.month.previous, territories))
        demands = self._demands(scope, ids)
        parameters = current_parameters(self.session, self.company_id)
        overrides = calendar_overrides(self.session, self.company_id, *work_span(self.month))
        for each in plans:
            numbers = rows[each.record.id]
            load = capacity(
                self.month,
                overrides,
                demands.get(each.record.id, {}),
                numbers["key_customers"],
                parameters,
            )
            each.capacity = load
            each.facts = policy.MonthFacts(
                **numbers,
                needed=load.needed,
                room=load.room,
                short_weeks=len(load.short_weeks),
                key_limit=parameters.key_share_warning_percent,
                is_outdated=each.record.is_outdated,
                stale=basis.get(each.record.territory_id, {}).get("stale", 0),
                draft_analyses=drafts.get(each.record.territory_id, {}).get("drafts", 0),
            )
            each.checks = policy.month_checks(each.facts)

    def _demands(self, scope: Scope, ids: Collection[int]) -> dict[int, dict[str, Demand]]:
        counts: dict[int, dict[str, dict[VisitFrequency, int]]] = {}
        for row in self.session.connection().execute(facts_of.visit_demand(scope, ids)):
            by_market = counts.setdefault(row.plan_id, {})
            by_market.setdefault(row.market_type.name, {})[row.frequency] = row.customers
        return {
            plan_id: {market: _demand(numbers) for market, numbers in markets.items()}
            for plan_id, markets in counts.items()
        }


def _demand(numbers: Mapping[VisitFrequency, int]) -> Demand:
    return Demand(
        numbers.get(VisitFrequency.WEEKLY, 0),
        numbers.get(VisitFrequency.SEMIMONTHLY, 0),
        numbers.get(VisitFrequency.MONTHLY, 0),
    )


def _ids(entries: Iterable[Entry]) -> list[int]:
    return [each.record.id for each in entries]


def neighbours(entries: Sequence[Entry], key: str) -> Iterator[str]:
    """Keys of the entry after this one, or before it when it is the last."""
    keys = [each.key for each in entries]
    if key in keys:
        place = keys.index(key)
        yield from (*keys[place + 1 :], *reversed(keys[:place]))
