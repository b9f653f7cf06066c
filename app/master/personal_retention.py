"""Every night, personal data of people the company no longer deals with is removed.

Set-based, company by company, and harmless to do again: what is empty is not touched. The change
log tells that a value went, not which; older entries hold traces only (docs/privacy.md).
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import delete, insert, not_, or_, select, update

from app.jobs.job_context import JobContext, Outcome
from app.kernel.actor import current_actor
from app.kernel.errors import N_
from app.kernel.period import Month, start_of
from app.kernel.sql_lots import lots
from app.models import (
    ChangeAction,
    ChangeLog,
    Customer,
    CustomerStatus,
    NoticeChannel,
    NoticeDelivery,
    PortalUser,
)
from app.organisation.placeholder_mail import WITHOUT_MAIL, placeholder_mail
from app.security.change_log import entity_name
from app.security.personal_data import HIDDEN

CLEARED = N_("Personal data of %(customers)s customers and %(people)s people removed.")

_customer, _user = Customer.__table__, PortalUser.__table__
_channel, _delivery = NoticeChannel.__table__, NoticeDelivery.__table__


def months_before(day: dt.date, months: int) -> dt.date:
    """The same day so many months earlier, or the last one of a shorter month."""
    month = Month.of(day).shift(-months)
    last = calendar.monthrange(month.year, month.month)[1]
    return dt.date(month.year, month.month, min(day.day, last))


def remove_old_personal_data(context: JobContext) -> Outcome:
    """Job: customers closed, and people deactivated, for `PORTAL_PERSONAL_DATA_MONTHS` months."""
    months: int = context.app.config["PORTAL_PERSONAL_DATA_MONTHS"]
    if not months:
        return Outcome()
    before = months_before(context.day, months)
    customers, people = _clear_customers(context, before), _clear_people(context, before)
    return Outcome(
        customers + people, CLEARED, {"customers": f"{customers:,}", "people": f"{people:,}"}
    )


def _clear_customers(context: JobContext, before: dt.date) -> int:
    connection, table = context.session.connection(), _customer.c
    rows = {
        row.id: row
        for row in connection.execute(
            select(table.id, table.code, table.name, table.phone, table.owner).where(
                table.company_id == context.company_id,
                table.status == CustomerStatus.CANCELLED,
                table.close_date < before,
                or_(table.phone.is_not(None), table.owner.is_not(None)),
            )
        )
    }
    for lot in lots(rows):
        _log(
            context,
            Customer,
            (
                (row.id, f"{row.code} {row.name}", {"phone": row.phone, "owner": row.owner})
                for row in map(rows.__getitem__, lot)
            ),
        )
        connection.execute(
            update(_customer)
            .where(table.company_id == context.company_id, table.id.in_(lot))
            .values(
                phone=None,
                owner=None,
                version=table.version + 1,
                updated_at=context.moment,
                updated_by=current_actor().user_id,
            )
        )
    return len(rows)


def _clear_people(context: JobContext, before: dt.date) -> int:
    """An account records no day of its deactivation; its last change of any kind is not earlier."""
    connection, table = context.session.connection(), _user.c
    rows = {
        row.id: row
        for row in connection.execute(
            select(_user).where(
                table.company_id == context.company_id,
                not_(table.active),
                table.changed_on < start_of(before),
                or_(table.phone.is_not(None), table.email.not_like(f"%@{WITHOUT_MAIL}")),
            )
        )
    }
    for lot in lots(rows):
        people = [rows[key] for key in lot]
        _log(
            context,
            PortalUser,
            (
                (
                    row.id,
                    f"{row.last_name}{row.first_name}",
                    {
                        "phone": row.phone,
                        "email": None if row.email.endswith(f"@{WITHOUT_MAIL}") else row.email,
                    },
                )
                for row in people
            ),
        )
        for row in people:  # each has an address of its own that leads nowhere
            connection.execute(
                update(_user)
                .where(table.company_id == context.company_id, table.id == row.id)
                .values(phone=None, email=placeholder_mail(row.username), changed_on=row.changed_on)
            )
        channels = select(_channel.c.id).where(_channel.c.user_id.in_(lot))
        connection.execute(delete(_delivery).where(_delivery.c.channel_id.in_(channels)))
        connection.execute(delete(_channel).where(_channel.c.user_id.in_(lot)))
    return len(rows)


def _log(
    context: JobContext,
    model: type[Any],
    records: Iterable[tuple[int, str, Mapping[str, str | None]]],
) -> None:
    """One entry per record: (id, its name, the values that go)."""
    actor = current_actor()
    context.session.connection().execute(
        insert(ChangeLog.__table__),
        [
            {
                "company_id": context.company_id,
                "at": context.moment,
                "user_id": actor.user_id,
                "user_name": actor.name,
                "source": actor.source,
                "reason": actor.reason,
                "entity": entity_name(model),
                "record_id": key,
                "record_label": name[:200],
                "action": ChangeAction.CHANGED,
                "changes": {
                    column: [HIDDEN, None] for column, value in values.items() if value is not None
                },
            }
            for key, name, values in records
        ],
    )
