"""§2.2 step 1 — the filters and cells of the list of customers' direct needs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_appbuilder.models.filters import BaseFilter
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Query

from app.analysis.views.choice_filters import ChoiceQuick
from app.kernel.db import db
from app.kernel.errors import N_
from app.kernel.formatters import MISSING, pill
from app.kernel.labels import LabelledEnum
from app.kernel.list_filters import Quick
from app.master.views.catalogues import shown_name
from app.models import (
    Customer,
    CustomerStatus,
    NeedOption,
    Questionnaire,
    QuestionnaireAnswer,
    QuestionnaireSource,
    QuestionnaireStatus,
)
from app.portal_context import working_month

NEEDS_SHOWN = 3


class AnswerState(LabelledEnum):
    """The tabs: how far a customer's answers of the month are."""

    MISSING = ("missing", N_("Not answered"))
    OPEN = ("open", N_("Not confirmed"))
    CONFIRMED = ("confirmed", N_("Confirmed"))
    NO_NEED = ("no_need", N_("No need"))


def _form(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """The customer has a form of the working month that meets the conditions."""
    return exists(
        select(Questionnaire.id).where(
            Questionnaire.company_id == Customer.company_id,
            Questionnaire.customer_id == Customer.id,
            Questionnaire.month == working_month(),
            *conditions,
        )
    )


def _answered(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """The form has an answer whose need meets the conditions."""
    return exists(
        select(QuestionnaireAnswer.need_option_id)
        .join(NeedOption, NeedOption.id == QuestionnaireAnswer.need_option_id)
        .where(
            QuestionnaireAnswer.company_id == Questionnaire.company_id,
            QuestionnaireAnswer.questionnaire_id == Questionnaire.id,
            *conditions,
        )
    )


def answer_conditions() -> dict[AnswerState, ColumnElement[bool]]:
    """What each state asks of a customer."""
    return {
        AnswerState.MISSING: ~_form(),
        AnswerState.OPEN: _form(Questionnaire.status == QuestionnaireStatus.OPEN),
        AnswerState.CONFIRMED: _form(Questionnaire.status == QuestionnaireStatus.CONFIRMED),
        AnswerState.NO_NEED: _form(_answered(~NeedOption.strategies.any())),
    }


class Valid(BaseFilter):
    """Valid customers; for earlier months also others who have a form."""

    name = _l("Status")
    arg_name = "valid"

    def apply(self, query: Query[Any], value: Any) -> Query[Any]:
        return query.filter(Customer.status == CustomerStatus.ACTIVE)


class InAnswerState(BaseFilter):
    """value: names of `AnswerState`."""

    name = _l("Answers")

    def apply(self, query: Query[Any], value: tuple[str, ...]) -> Query[Any]:
        conditions = answer_conditions()
        return query.filter(or_(*(conditions[AnswerState[name]] for name in value)))


class FromSource(BaseFilter):
    """value: names of `QuestionnaireSource`."""

    name = _l("Source")

    def apply(self, query: Query[Any], value: tuple[str, ...]) -> Query[Any]:
        sources = [QuestionnaireSource[name] for name in value]
        return query.filter(_form(Questionnaire.source.in_(sources)))


class Needs(BaseFilter):
    """value: codes of needs, any of which was ticked."""

    name = _l("Need")

    def apply(self, query: Query[Any], value: tuple[str, ...]) -> Query[Any]:
        return query.filter(_form(_answered(NeedOption.code.in_(value))))


def answer_choices() -> list[tuple[str, Any]]:
    return AnswerState.choices()


def source_choices() -> list[tuple[str, Any]]:
    return QuestionnaireSource.choices()


def need_choices() -> list[tuple[str, Any]]:
    """By code: platform administrators see several companies' catalogues."""
    rows = db.session.scalars(select(NeedOption).order_by(NeedOption.sort, NeedOption.code))
    return list({row.code: f"{row.code} {shown_name(row)}" for row in rows}.items())


NEEDS_FILTERS: list[Quick] = [
    Quick("name", "contains", label=_l("Name, code or phone"), also=("code", "phone")),
    Quick("territory", "relation", label=_l("Territory")),
    ChoiceQuick(
        "answers", "enum", _l("Answers"), filter_class=InAnswerState, choices=answer_choices
    ),
    ChoiceQuick("source", "enum", _l("Source"), filter_class=FromSource, choices=source_choices),
    Quick("order_mode", "enum"),
    ChoiceQuick("need", "enum", _l("Need"), filter_class=Needs, choices=need_choices),
    Quick("business_type", "enum", more=True),
    Quick("line", "contains", more=True),
]


def needs_words(form: Questionnaire | None) -> list[str]:
    """The ticked needs in the order of the questionnaire."""
    if form is None:
        return []
    answers = sorted(form.answers, key=lambda answer: (answer.need.sort, answer.need.code))
    return [f"{answer.need.code} {shown_name(answer.need)}" for answer in answers]


def needs_cell(words: Iterable[str]) -> Any:
    """The first needs and how many more there are; all of them on hovering."""
    words = list(words)
    if not words:
        return MISSING
    shown = "、".join(words[:NEEDS_SHOWN])
    rest = len(words) - NEEDS_SHOWN
    if rest > 0:
        shown = _("%(shown)s and %(rest)d more", shown=shown, rest=rest)
    return Markup('<span title="{}">{}</span>').format("、".join(words), shown)


def state_of(form: Questionnaire | None) -> AnswerState:
    """The tab a customer stands under; "no need" is a further one, not another state."""
    if form is None:
        return AnswerState.MISSING
    if form.status is QuestionnaireStatus.CONFIRMED:
        return AnswerState.CONFIRMED
    return AnswerState.OPEN


def answer_state_cell(state: AnswerState) -> Any:
    tones = {"MISSING": "mute", "OPEN": "warn", "CONFIRMED": "ok"}
    return pill(state.label, tones.get(state.name, "info"))
