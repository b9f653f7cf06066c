"""Showing a customer's phone number once to somebody who sees it masked; each time is logged."""

from __future__ import annotations

from typing import Any

from flask import make_response
from flask_appbuilder import expose, has_access
from werkzeug.wrappers import Response

from app.kernel.actor import current_actor
from app.kernel.period import utc_now
from app.kernel.record_pages import RecordPages
from app.models import ChangeAction, ChangeLog, Customer
from app.security.personal_data import is_masked


class PhoneReveal(RecordPages):
    """The button "Show the phone number" of a customer's page. See `PlanningView`."""

    def show_page(self, pk: str, item: Any, **values: Any) -> str:
        hides = bool(item.phone) and is_masked(Customer, "phone")
        return super().show_page(pk, item, hides_phone=hides, **values)

    @expose("/phone/<pk>", methods=["POST"])
    @has_access
    def phone(self, pk: str) -> Response:
        """The customer's page with the whole number, in this answer only.

        Whoever may read the customer may ask; the change log tells that they did, and the number
        is sent only when that is written.
        """
        item = self.scoped_item(pk)
        number = item.phone
        if number and is_masked(Customer, "phone"):
            self._log_showing(item)
            self.datamodel.session.commit()
        answer = make_response(self.show_page(pk, self.scoped_item(pk), revealed_phone=number))
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def _log_showing(self, item: Any) -> None:
        actor = current_actor()
        self.datamodel.session.add(
            ChangeLog(
                company_id=item.company_id,
                at=utc_now(),
                user_id=actor.user_id,
                user_name=actor.name,
                source=actor.source,
                reason=None,
                entity=Customer.__name__,
                record_id=item.id,
                record_label=str(item)[:200],
                action=ChangeAction.SHOWN,
                changes={"phone": [None, None]},
            )
        )
