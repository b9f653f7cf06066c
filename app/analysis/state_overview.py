"""§2.2 step 2 — how far each territory is, and the statistics 片区统计, read within the row scope."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from app.analysis.computation import newest_sales_batch
from app.analysis.work_area import WorkArea
from app.kernel.quantity import Ratio
from app.kernel.sql import count_if
from app.models import (
    BusinessType,
    Customer,
    CustomerState,
    CustomerStatus,
    MarketType,
    OperatingState,
    StateRun,
    StateStatus,
    Territory,
)

DONE = (StateStatus.GENERATED, StateStatus.STALE)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far step 2 is in a territory, or in several together (`territory` None)."""

    territory: Territory | None = None
    run: StateRun | None = None
    active: int = 0
    computed: int = 0
    new: int = 0
    scored: int = 0
    generated: int = 0
    stale: int = 0
    problems: int = 0

    @property
    def rated(self) -> int:
        """Customers that need ability scores."""
        return self.computed - self.new

    @property
    def unscored(self) -> int:
        return self.rated - self.scored

    @property
    def status(self) -> StateStatus:
        """The least advanced of the customers'; generated ones that changed make it stale."""
        if not self.computed:
            return StateStatus.NOT_COMPUTED
        if self.stale or 0 < self.generated < self.computed:
            return StateStatus.STALE
        if self.generated:
            return StateStatus.GENERATED
        return StateStatus.COMPUTED if self.unscored else StateStatus.EVALUATED

    @property
    def is_generated(self) -> bool:
        return self.status in DONE

    @property
    def is_list_outdated(self) -> bool:
        """Customers opened, closed or moved since the effect was computed."""
        return bool(self.computed) and self.active != self.computed


def progress_by_territory(session: Session, area: WorkArea) -> list[Progress]:
    """One entry per territory of the area, in three statements."""
    active = dict(
        session.execute(
            select(Customer.territory_id, func.count(Customer.id))
            .where(Customer.status == CustomerStatus.ACTIVE, Customer.territory_id.in_(area.ids))
            .group_by(Customer.territory_id)
        ).all()
    )
    state = CustomerState
    rows = session.execute(
        select(
            state.territory_id,
            func.count(state.id),
            count_if(state.is_new.is_(True)),
            count_if(and_(state.is_new.is_(False), state.ability_score.is_not(None))),
            count_if(state.status.in_(DONE)),
            count_if(state.status == StateStatus.STALE),
            count_if(state.is_problem.is_(True)),
        )
        .where(state.month == area.month, state.territory_id.in_(area.ids))
        .group_by(state.territory_id)
    )
    counts = {row[0]: tuple(int(value) for value in row[1:]) for row in rows}
    runs = {
        run.territory_id: run
        for run in session.scalars(
            select(StateRun).where(
                StateRun.month == area.month, StateRun.territory_id.in_(area.ids)
            )
        )
    }
    return [
        Progress(
            territory,
            runs.get(territory.id),
            active.get(territory.id, 0),
            *counts.get(territory.id, (0,) * 6),
        )
        for territory in area.shown
    ]


def together(entries: Sequence[Progress]) -> Progress:
    """The sum of several territories."""
    names = ("active", "computed", "new", "scored", "generated", "stale", "problems")
    only = entries[0] if len(entries) == 1 else None
    return Progress(
        only.territory if only else None,
        only.run if only else None,
        **{name: sum(getattr(entry, name) for entry in entries) for name in names},
    )


def has_newer_sales(session: Session, entries: Iterable[Progress]) -> bool:
    """Whether sales were imported after the effect was computed (「数据已更新」)."""
    newest: dict[int, int | None] = {}
    for entry in entries:
        if entry.run is None or entry.run.computed_at is None:
            continue
        company = entry.run.company_id
        if company not in newest:
            newest[company] = newest_sales_batch(session.connection(), company)
        if newest[company] != entry.run.data_batch_id:
            return True
    return False


@dataclass(slots=True)
class Share:
    """A line of the statistics: customers, and sums of scores in hundredths.

    `key`: the name of the business or market type that the line is about.
    """

    label: str
    customers: int = 0
    of: int = 0
    effect_sum: int = 0
    effect_count: int = 0
    ability_sum: int = 0
    ability_count: int = 0
    is_problem: bool = False
    state_id: int | None = None
    key: str = ""

    def add(self, counts: Sequence[int]) -> None:
        self.customers += counts[0]
        self.effect_sum += counts[1]
        self.effect_count += counts[2]
        self.ability_sum += counts[3]
        self.ability_count += counts[4]

    @property
    def percent(self) -> Any:
        return Ratio(self.customers, self.of).percent(1)

    @property
    def effect(self) -> Any:
        """Average effect score in points; None without scores."""
        return Ratio(self.effect_sum, self.effect_count * 10_000).percent(1)

    @property
    def ability(self) -> Any:
        return Ratio(self.ability_sum, self.ability_count * 10_000).percent(1)


@dataclass(slots=True)
class Statistics:
    """片区统计: by state, by business type and by market type, and state × either."""

    total: Share
    states: list[Share] = field(default_factory=list)
    business_types: list[Share] = field(default_factory=list)
    market_types: list[Share] = field(default_factory=list)
    crossed: dict[tuple[int | None, str], int] = field(default_factory=dict)
    """(state id, name of business or market type) → customers."""


def statistics(session: Session, area: WorkArea, words: Any = str) -> Statistics:
    """Count, share and average scores of the area, from one statement.

    `words` names a state; states without customers are listed too, with 0.
    """
    state = CustomerState
    rows = session.execute(
        select(
            state.operating_state_id,
            Customer.business_type,
            Customer.market_type,
            func.count(state.id),
            func.coalesce(func.sum(state.effect_score), 0),
            func.count(state.effect_score),
            func.coalesce(func.sum(state.ability_score), 0),
            func.count(state.ability_score),
        )
        .join(state.customer)
        .where(state.month == area.month, state.territory_id.in_(area.ids))
        .group_by(state.operating_state_id, Customer.business_type, Customer.market_type)
    ).all()
    result = Statistics(Share(""))
    companies = {territory.company_id for territory in area.shown}
    by_state: dict[int | None, Share] = {
        entry.id: Share(words(entry), is_problem=entry.is_problem, state_id=entry.id)
        for entry in session.scalars(
            select(OperatingState)
            .where(OperatingState.company_id.in_(companies))
            .order_by(OperatingState.sort, OperatingState.code)
        )
    }
    by_business = {member: Share(str(member.label), key=member.name) for member in BusinessType}
    by_market = {member: Share(str(member.label), key=member.name) for member in MarketType}
    for state_id, business, market, *sums in rows:
        counts = [int(value or 0) for value in sums]
        lines = (
            result.total,
            by_state.setdefault(state_id, Share("")),
            by_business[business],
            by_market[market],
        )
        for line in lines:
            line.add(counts)
        for name in (business.name, market.name):
            key = (state_id, name)
            result.crossed[key] = result.crossed.get(key, 0) + counts[0]
    result.states = list(by_state.values())
    result.business_types = [line for line in by_business.values() if line.customers]
    result.market_types = [line for line in by_market.values() if line.customers]
    for line in (result.total, *result.states, *result.business_types, *result.market_types):
        line.of = result.total.customers
    return result
