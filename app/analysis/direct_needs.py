"""§2.2 step 1 for pages: answers by hand, confirming, progress; within the present person's area.

Connects the statements of the step with the session and writes the change log, which statements
bypass. The caller commits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.analysis import step_01_direct_needs
from app.analysis.statements.questionnaires import MonthForm, form_of
from app.analysis.work_area import WorkArea
from app.kernel.actor import current_actor
from app.kernel.errors import N_, PlanningError, StaleVersion
from app.kernel.period import Month, utc_now
from app.kernel.scope import Scope
from app.kernel.sql_lots import lots
from app.models import (
    ChangeAction,
    ChangeLog,
    Customer,
    NeedOption,
    Questionnaire,
    QuestionnaireAnswer,
    QuestionnaireStatus,
    Territory,
)

LONGEST_TEXT = 500


class NoAnswer(PlanningError):
    """A form without an answer says nothing."""

    msgid = N_("Tick at least one need; “no need” is an answer too.")


class NoNeedWithNeeds(PlanningError):
    """The answer “no need” beside a need contradicts itself."""

    msgid = N_("“No need” excludes every other answer.")


@dataclass(frozen=True, slots=True)
class NeedsProgress:
    """A territory's forms of a month: valid customers, forms entered, forms confirmed."""

    territory: Territory
    customers: int
    entered: int
    confirmed: int

    @property
    def missing(self) -> int:
        return self.customers - self.entered

    @property
    def open(self) -> int:
        return self.entered - self.confirmed


def progress(session: Session, area: WorkArea) -> list[NeedsProgress]:
    """One entry per territory of the area."""
    found: dict[int, tuple[int, int, int]] = {}
    for company_id in sorted({territory.company_id for territory in area.shown}):
        scope = Scope.of(company_id, area.ids)
        for row in session.connection().execute(
            step_01_direct_needs.progress_rows(scope, area.month)
        ):
            found[row.territory_id] = (row.customers, row.entered, row.confirmed)
    return [
        NeedsProgress(territory, *found.get(territory.id, (0, 0, 0))) for territory in area.shown
    ]


def offer(session: Session, company_id: int, month: Month) -> MonthForm:
    """The questionnaire in force for the month."""
    return form_of(session.connection(), company_id, month)


def no_need_ids(session: Session, company_id: int) -> frozenset[int]:
    """The answers that call for nothing: "no need"."""
    return frozenset(
        session.scalars(
            select(NeedOption.id).where(
                NeedOption.company_id == company_id, ~NeedOption.strategies.any()
            )
        )
    )


def forms_of(
    session: Session, month: Month, customer_ids: Collection[int]
) -> dict[int, Questionnaire]:
    """Customer id → the form of the month with its answers, read afresh: statements write them."""
    found: dict[int, Questionnaire] = {}
    for lot in lots(customer_ids):
        for form in session.scalars(
            select(Questionnaire)
            .where(Questionnaire.month == month, Questionnaire.customer_id.in_(lot))
            .options(selectinload(Questionnaire.answers).joinedload(QuestionnaireAnswer.need))
            .execution_options(populate_existing=True)
        ):
            found[form.customer_id] = form
    return found


def save(
    session: Session,
    customer: Customer,
    month: Month,
    answers: Mapping[int, str | None],
    remark: str | None,
    version: int,
) -> None:
    """Write a customer's answers by hand; `version` is the form's the page showed, 0 for none.

    Errors: `NoAnswer`, `NoNeedWithNeeds`, `StaleVersion`, `AnswersConfirmed`, `AnswersRefused`,
    `OutOfScope`.
    """
    if not answers:
        raise NoAnswer(field="needs")
    alone = no_need_ids(session, customer.company_id)
    if len(answers) > 1 and alone & set(answers):
        raise NoNeedWithNeeds(field="needs")
    before = forms_of(session, month, [customer.id]).get(customer.id)
    if (before.version if before is not None else 0) != version:
        raise StaleVersion
    old = answer_words(before)
    step_01_direct_needs.save_answers(
        session.connection(),
        Scope.of(customer.company_id, [customer.territory_id]),
        month,
        customer.id,
        {need: _text(details) for need, details in answers.items()},
        _text(remark),
        utc_now(),
        current_actor().user_id,
    )
    after = forms_of(session, month, [customer.id])[customer.id]
    changes = {}
    if old != (new := answer_words(after)):
        changes["answers"] = [old, new]
    action = ChangeAction.CREATED if before is None else ChangeAction.CHANGED
    _log(session, after, customer, action, changes)


def _text(value: str | None) -> str | None:
    text = (value or "").replace("\x00", "").strip()[:LONGEST_TEXT]
    return text or None


def answer_words(form: Questionnaire | None) -> list[str]:
    """The answers as the log keeps them."""
    if form is None:
        return []
    return sorted(
        f"{answer.need.code} {answer.need.name}" + (f": {answer.details}" if answer.details else "")
        for answer in form.answers
    )


@dataclass(frozen=True, slots=True)
class StatusChange:
    """How a bulk confirmation went: `missing` customers have no answers at all, `held` answers
    stay confirmed because the service plan they went into was submitted.
    """

    changed: int
    unchanged: int
    missing: int
    held: int = 0


def set_confirmed(
    session: Session,
    month: Month,
    customers: Collection[Customer],
    *,
    confirmed: bool,
    submitted_territories: Collection[int] = (),
) -> StatusChange:
    """Confirm the forms of these customers, or withdraw the confirmation.

    `submitted_territories`: those whose service plan of the month is no draft; what a submitted
    plan was made from is not withdrawn.
    """
    forms = forms_of(session, month, [customer.id for customer in customers])
    by_id = {customer.id: customer for customer in customers}
    wanted = QuestionnaireStatus.CONFIRMED if confirmed else QuestionnaireStatus.OPEN
    changing = [form for form in forms.values() if form.status is not wanted]
    unchanged = len(forms) - len(changing)
    if not confirmed:
        changing = [form for form in changing if form.territory_id not in submitted_territories]
    held = len(forms) - unchanged - len(changing)
    now, user_id = utc_now(), current_actor().user_id
    changed = 0
    for company_id in sorted({form.company_id for form in changing}):
        own = [form for form in changing if form.company_id == company_id]
        scope = Scope.of(company_id, {form.territory_id for form in own})
        ids = [form.id for form in own]
        if confirmed:
            changed += step_01_direct_needs.confirm(
                session.connection(), scope, month, ids, now, user_id
            )
        else:
            changed += step_01_direct_needs.unconfirm(
                session.connection(), scope, month, ids, now, submitted_territories
            )
    for form in changing:
        words = {"status": [form.status.name, wanted.name]}
        _log(session, form, by_id[form.customer_id], ChangeAction.CHANGED, words)
    return StatusChange(changed, unchanged, len(customers) - len(forms), held)


def _log(
    session: Session,
    form: Questionnaire,
    customer: Customer,
    action: ChangeAction,
    changes: Mapping[str, object],
) -> None:
    """The statements of the step write past the session, so the log is kept here."""
    if not changes:
        return
    actor = current_actor()
    session.add(
        ChangeLog(
            company_id=form.company_id,
            user_id=actor.user_id,
            user_name=actor.name,
            source=actor.source,
            reason=actor.reason,
            entity="Questionnaire",
            record_id=form.id,
            record_label=_("%(customer)s, %(month)s", customer=customer, month=form.month.key)[
                :200
            ],
            action=action,
            changes=dict(changes),
        )
    )
