"""§2.2 step 2 — the filters and cells of the list of operating states."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_appbuilder.models.filters import BaseFilter
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import or_, select
from sqlalchemy.orm import Query

from app.analysis.views.choice_filters import ChoiceQuick, TextQuick
from app.kernel.db import db
from app.kernel.formatters import MISSING, hundredths, pill
from app.kernel.list_filters import Quick, like_pattern
from app.kernel.sql_lots import lots
from app.master.views.catalogues import shown_name
from app.models import Customer, CustomerProblem, CustomerState, OperatingState, ProblemCode
from app.portal_context import working_month
from app.security.personal_data import searchable

PROBLEMS_SHOWN = 2


class OfWorkingMonth(BaseFilter):
    """The states of the month in the top bar."""

    name = _l("Month")
    arg_name = "working_month"

    def apply(self, query: Query[Any], value: Any) -> Query[Any]:
        return query.filter(CustomerState.month == working_month())


class CustomerContains(BaseFilter):
    """value: a part of the customer's name, code or phone."""

    name = _l("Customer")

    def apply(self, query: Query[Any], value: str) -> Query[Any]:
        pattern = like_pattern(value)
        columns = searchable(Customer.name, Customer.code, Customer.phone)
        return query.filter(
            CustomerState.customer.has(
                or_(*(column.ilike(pattern, escape="\\") for column in columns))
            )
        )


class HasProblem(BaseFilter):
    """value: names of problem codes, any of which the customer has."""

    name = _l("Problem")

    def apply(self, query: Query[Any], value: tuple[str, ...]) -> Query[Any]:
        having = select(CustomerProblem.customer_id).where(
            CustomerProblem.company_id == CustomerState.company_id,
            CustomerProblem.month == CustomerState.month,
            CustomerProblem.code.in_([ProblemCode[name] for name in value]),
        )
        return query.filter(CustomerState.customer_id.in_(having.correlate(CustomerState)))


class InState(BaseFilter):
    """value: ids of operating states."""

    name = _l("Operating state")

    def apply(self, query: Query[Any], value: tuple[str, ...]) -> Query[Any]:
        return query.filter(CustomerState.operating_state_id.in_([int(key) for key in value]))


class Unscored(BaseFilter):
    """Customers whose ability scores are missing or incomplete."""

    name = _l("Ability not scored")

    def apply(self, query: Query[Any], value: Any) -> Query[Any]:
        return query.filter(CustomerState.ability_score.is_(None), CustomerState.is_new.is_(False))


def problem_choices() -> list[tuple[str, Any]]:
    return [(code.name, code.label) for code in ProblemCode]


def state_choices() -> list[tuple[str, Any]]:
    rows = db.session.scalars(
        select(OperatingState).order_by(OperatingState.sort, OperatingState.code)
    )
    return [(str(row.id), shown_name(row)) for row in rows]


STATE_FILTERS: list[Quick] = [
    TextQuick("customer", "contains", _l("Name, code or phone"), filter_class=CustomerContains),
    Quick("territory", "relation", label=_l("Territory")),
    ChoiceQuick(
        "state", "enum", _l("Operating state"), filter_class=InState, choices=state_choices
    ),
    ChoiceQuick("problem", "enum", _l("Problem"), filter_class=HasProblem, choices=problem_choices),
    Quick("unscored", "flag", _l("Ability not scored"), filter_class=Unscored, shows_count=True),
    Quick("status", "enum"),
    Quick("effect_band", "enum", more=True),
    Quick("ability_band", "enum", more=True),
    Quick("is_problem", "boolean", more=True),
    Quick("is_new", "boolean", more=True),
]


def state_cell(state: OperatingState | None) -> Any:
    """The operating state as a pill; problem states are warned of."""
    if state is None:
        return MISSING
    tone = "bad" if state.is_problem else "ok" if state.effect_band else "info"
    return pill(shown_name(state), tone)


class ExplainedScore(int):
    """A score in hundredths of a point that knows where its explanation is."""

    url: str
    label: str

    @classmethod
    def of(cls, value: int | None, url: str, label: str) -> ExplainedScore | None:
        if value is None:
            return None
        score = cls(value)
        score.url, score.label = url, label
        return score


def score_cell(score: int | None) -> Any:
    """The score in points, leading to its explanation."""
    if not isinstance(score, ExplainedScore):
        return hundredths(score)
    return Markup('<a class="figure-link" href="{}" data-explain="{}">{}</a>').format(
        score.url, score.label, hundredths(score)
    )


def problem_words(codes: Iterable[ProblemCode]) -> list[str]:
    return [str(code.label) for code in codes]


def problems_cell(codes: tuple[ProblemCode, ...]) -> Any:
    """The first problems and how many more there are; all of them on hovering."""
    if not codes:
        return MISSING
    words = problem_words(codes)
    shown = "、".join(words[:PROBLEMS_SHOWN])
    rest = len(words) - PROBLEMS_SHOWN
    if rest > 0:
        shown = _("%(shown)s and %(rest)d more", shown=shown, rest=rest)
    return Markup('<span title="{}">{}</span>').format("、".join(words), shown)


def problems_of(rows: Iterable[CustomerState]) -> dict[int, tuple[ProblemCode, ...]]:
    """State id → the codes of its customer and month, each once, in the order of the code list."""
    wanted = {(row.customer_id, row.month): row.id for row in rows}
    found: dict[int, set[ProblemCode]] = {key: set() for key in wanted.values()}
    months = {month for _customer, month in wanted}
    for lot in lots({customer for customer, _month in wanted}):
        for customer_id, month, code in db.session.execute(
            select(CustomerProblem.customer_id, CustomerProblem.month, CustomerProblem.code)
            .where(CustomerProblem.customer_id.in_(lot), CustomerProblem.month.in_(months))
            .distinct()
        ):
            key = wanted.get((customer_id, month))
            if key is not None:
                found[key].add(code)
    order = {code: position for position, code in enumerate(ProblemCode)}
    return {key: tuple(sorted(codes, key=order.__getitem__)) for key, codes in found.items()}
