"""§2.2 step 1 — which month a form counts for, and what an extraction may replace."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from app.kernel.period import Month


def month_of_form(sent_on: dt.date, cutoff_day: int) -> Month:
    """The month a form counts for, sent on this Asia/Shanghai date.

    Sent by the cut-off day's end it counts for the next month; a late form for the one after.
    """
    return Month.of(sent_on).shift(1 if sent_on.day <= cutoff_day else 2)


def may_extract(today: dt.date, month: Month, cutoff_day: int) -> bool:
    """Whether the forms for `month` are complete: its cut-off day is over or being closed."""
    return today >= month.previous.first_day.replace(day=cutoff_day)


@dataclass(frozen=True, slots=True)
class Form:
    """A customer's form as it comes from the platform. `sent_at` is Asia/Shanghai local time."""

    form_no: str
    customer_code: str
    sent_at: dt.datetime
    answers: Mapping[str, str | None]
    """Need code → details or None."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored for a customer and month."""

    is_confirmed: bool
    is_edited: bool
    is_from_platform: bool
    submitted_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class RejectedForm:
    """A form that cannot be taken; `reason` is "customer", "answer", "empty" or "late"."""

    form: Form
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Extraction:
    """What an extraction does: customer code → form to write; kept; rejected."""

    write: dict[str, Form]
    kept: tuple[str, ...]
    rejected: tuple[RejectedForm, ...]


def plan_extraction(
    forms: Iterable[Form],
    stored: Mapping[str, Stored],
    customers: Collection[str],
    offered: Collection[str],
    month: Month,
    cutoff_day: int,
) -> Extraction:
    """The last valid form of each customer for `month`; running twice changes nothing.

    Confirmed, edited and hand-written answers stay. A form sent after the cut-off belongs to a
    later month and is left for that month's extraction.
    """
    latest: dict[str, Form] = {}
    rejected = []
    for form in forms:
        reason, detail = _objection(form, customers, offered, month, cutoff_day)
        if reason:
            rejected.append(RejectedForm(form, reason, detail))
            continue
        present = latest.get(form.customer_code)
        if present is None or (form.sent_at, form.form_no) > (present.sent_at, present.form_no):
            latest[form.customer_code] = form
    write, kept = {}, []
    for code, form in latest.items():
        before = stored.get(code)
        if before is None or is_replaceable(before):
            write[code] = form
        else:
            kept.append(code)
    return Extraction(write, tuple(sorted(kept)), tuple(rejected))


def _objection(
    form: Form,
    customers: Collection[str],
    offered: Collection[str],
    month: Month,
    cutoff_day: int,
) -> tuple[str, str]:
    if form.customer_code not in customers:
        return "customer", form.customer_code
    if month_of_form(form.sent_at.date(), cutoff_day) != month:
        return "late", form.sent_at.date().isoformat()
    if not form.answers:
        return "empty", ""
    unknown = sorted(set(form.answers) - set(offered))
    return ("answer", " ".join(unknown)) if unknown else ("", "")


def is_replaceable(stored: Stored) -> bool:
    """Whether an extraction or an import may put other answers in the place of these."""
    return stored.is_from_platform and not stored.is_confirmed and not stored.is_edited


def may_unconfirm(*, is_confirmed: bool, is_plan_submitted: bool) -> bool:
    """已确认→未确认 is open only while no service plan of the month was submitted."""
    return is_confirmed and not is_plan_submitted
