"""§2.2 step 11 — the day on the phone: today's visits, recording one, an unplanned one, overview."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from flask import abort, flash, jsonify, redirect, request, url_for
from flask_appbuilder import BaseView, expose, has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.wrappers import Response

from app.analysis.views.asked_place import asked_area
from app.analysis.work_area import WorkArea
from app.execution import daily_visits, visit_days
from app.execution.daily_visits import VisitConflict, VisitEntry, VisitIncomplete
from app.execution.rules import marks_are_open
from app.execution.views import visit_words as words
from app.execution.views.visit_request import (
    asked_day,
    customer_or_404,
    day_or_404,
    posted_entry,
)
from app.execution.visit_days import DayVisit
from app.kernel.db import db
from app.kernel.errors import PlanningError
from app.kernel.list_filters import like_pattern
from app.kernel.period import local_today
from app.kernel.scope import Scope
from app.models import Customer, CustomerStatus, PortalUser, UnvisitedReason
from app.portal_context import can
from app.request_lifecycle import wants_json

FOUND_CUSTOMERS = 20
ATTEMPTS = 2


class DailyVisitView(BaseView):
    """今天的拜访 and the record of one visit."""

    route_base = "/daily-visits"
    default_view = "index"
    class_permission_name = "DailyVisit"
    base_permissions = ["can_read", "can_update", "can_export"]
    method_permission_name: Mapping[str, str] = {
        "index": "read",
        "record": "read",
        "unplanned": "update",
        "save": "update",
    }
    title = _l("Daily visit records")
    hint = _l(
        "The day's customers in route order. Print the sheet before leaving; record every visit "
        "here or by the QR code on the sheet. Without a connection, records wait on this device."
    )

    # ------------------------------------------------------------------ the day

    @expose("/")
    @has_access
    def index(self) -> Any:
        """Today, or ``day``; several territories are for the overview."""
        area, day = asked_area(), asked_day()
        if area.chosen is None and not can("update", "DailyVisit"):
            return redirect(url_for("VisitDayView.index", day=day.isoformat()))
        visits = self._visits(area, day)
        planned = [visit for visit in visits if visit.is_planned]
        return self.render_template(
            "execution/visit_day.html",
            title=self.title,
            hint=self.hint,
            area=area,
            day=day,
            today=local_today(),
            day_words=words.day_words(day),
            before=(day - dt.timedelta(days=1)).isoformat(),
            after=(day + dt.timedelta(days=1)).isoformat(),
            visits=visits,
            planned=len(planned),
            visited=sum(visit.is_visited for visit in visits),
            missed=sum(visit.is_missed for visit in visits),
            open=sum(visit.is_open for visit in planned),
            minutes=sum(visit.record.minutes or 0 for visit in visits if visit.record),
            **self._form_values(),
        )

    @staticmethod
    def _visits(area: WorkArea, day: dt.date) -> list[DayVisit]:
        companies = {territory.company_id for territory in area.shown}
        return [
            visit
            for company_id in sorted(companies)
            for visit in visit_days.visits_of_day(db.session(), Scope.of(company_id, area.ids), day)
        ]

    def _form_values(self) -> dict[str, Any]:
        """What the form of a visit needs besides the visit."""
        return {
            "words": words,
            "reasons": UnvisitedReason.choices(),
            "may_write": can("update", "DailyVisit"),
            "marks_are_open": marks_are_open,
            "new_key": lambda: str(uuid4()),
            "earliest_move": max(local_today(), local_today() + dt.timedelta(days=1)).isoformat(),
        }

    # ------------------------------------------------------------------ one visit

    @expose("/record/<customer>/<day>", methods=["GET"])
    @has_access
    def record(self, customer: str, day: str) -> Any:
        """The pre-filled record of a customer's day; where the QR code of the sheet leads."""
        return self._record_page(customer_or_404(customer), day_or_404(day))

    def _record_page(
        self,
        customer: Customer,
        day: dt.date,
        refusal: PlanningError | None = None,
        entry: VisitEntry | None = None,
    ) -> Any:
        visit = visit_days.visit_of(db.session(), customer, day)
        theirs = visit.record if isinstance(refusal, VisitConflict) else None
        page = self.render_template(
            "execution/visit_record.html",
            title=customer.name,
            visit=visit,
            day=day,
            day_words=words.day_words(day),
            refusal=None if refusal is None else refusal.message(),
            faults=_fault_words(refusal),
            typed=request.form if refusal is not None else None,
            theirs=[] if theirs is None else words.record_values(theirs, _author(theirs)),
            **self._form_values(),
        )
        return (page, refusal.status) if refusal is not None else page

    @expose("/save/<customer>/<day>", methods=["POST"])
    @has_access
    def save(self, customer: str, day: str) -> Any:
        """Record a visit; answers a script with JSON, a browser with a page.

        Two phones that send at the same moment meet at the database: the later one tries again
        and finds the other's record.
        """
        date = day_or_404(day)
        for attempt in range(1, ATTEMPTS + 1):
            shop = customer_or_404(customer)
            entry: VisitEntry | None = None
            try:
                entry = posted_entry(date)
                saved = daily_visits.save(db.session(), shop, entry)
                db.session.commit()
            except (IntegrityError, StaleDataError):
                db.session.rollback()
                if attempt == ATTEMPTS:
                    raise
                continue
            except PlanningError as refusal:
                db.session.rollback()
                if refusal.status == 404:
                    abort(404)
                shop = customer_or_404(customer)
                if wants_json():
                    return _refused(refusal, shop, date)
                return self._record_page(shop, date, refusal, entry)
            if wants_json():
                visit = visit_days.visit_of(db.session(), shop, date)
                return jsonify(_settled(visit, saved.fate.value))
            flash(_("%(name)s: the visit is recorded.", name=shop.name), "success")
            return redirect(
                url_for(
                    "DailyVisitView.index", day=date.isoformat(), q_territory=shop.territory_id
                ),
                303,
            )
        raise AssertionError("unreachable")

    @expose("/unplanned")
    @has_access
    def unplanned(self) -> str:
        """Choose any own customer for a visit nobody planned."""
        area, day = asked_area(), asked_day()
        text = request.args.get("find", "").strip().replace("\x00", "")[:100]
        query = select(Customer).where(
            Customer.territory_id.in_(area.ids), Customer.status == CustomerStatus.ACTIVE
        )
        if text:
            pattern = like_pattern(text)
            query = query.where(
                or_(
                    Customer.name.ilike(pattern, escape="\\"),
                    Customer.code.ilike(pattern, escape="\\"),
                    Customer.address.ilike(pattern, escape="\\"),
                )
            )
        found = db.session.scalars(query.order_by(Customer.code).limit(FOUND_CUSTOMERS + 1)).all()
        return self.render_template(
            "execution/visit_unplanned.html",
            title=_("Visit without a plan"),
            area=area,
            day=day,
            day_words=words.day_words(day),
            find=text,
            customers=found[:FOUND_CUSTOMERS],
            has_more=len(found) > FOUND_CUSTOMERS,
        )


def _author(record: Any) -> PortalUser | None:
    return None if record.recorded_by is None else db.session.get(PortalUser, record.recorded_by)


def _fault_words(refusal: PlanningError | None) -> dict[str, str]:
    """Field → message."""
    if isinstance(refusal, VisitIncomplete):
        return {name: _(msgid) for name, msgid in refusal.faults.items()}
    return {}


def _refused(refusal: PlanningError, customer: Customer, day: dt.date) -> Response:
    body: dict[str, Any] = {"error": refusal.message(), "faults": _fault_words(refusal)}
    if isinstance(refusal, VisitConflict):
        stored = daily_visits.record_of(db.session(), customer, day)
        if stored is not None:
            body["theirs"] = words.record_values(stored, _author(stored))
            body["version"] = stored.version
    answer: Response = jsonify(body)
    answer.status_code = refusal.status
    return answer


def _settled(visit: DayVisit, state: str) -> dict[str, Any]:
    """What the script shows after a record arrived."""
    word, tone = words.status_words(visit)
    return {
        "state": state,
        "version": visit.version,
        "word": word,
        "pill": str(words.status_pill(visit)),
        "tone": tone,
        "is_visited": visit.is_visited,
    }
