"""What the API changes: each by the function the pages use, so there is one rule. No commits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.execution import follow_ups
from app.kernel.errors import N_, OutOfScope, PlanningError
from app.master import customer_changes, product_changes
from app.master.rules_customer import MAINTAINED_FIELDS
from app.models import Customer, FollowUp, Product, VisitPlan
from app.plan import visit_plans
from app.security.identity import has_role
from app.security.permissions import RoleName

Values = Mapping[str, Any]


def change_customer(session: Session, item: Customer, values: Values) -> Customer:
    """Administrators change the fields of the form, everybody else those people maintain."""
    is_administrator = has_role(RoleName.ADMINISTRATOR)
    words = {name: str(Customer.__table__.c[name].info["label"]) for name in values}
    refused = next((name for name in values if name not in MAINTAINED_FIELDS), None)
    if refused is not None and not is_administrator:
        raise PlanningError(
            N_("Your role may not change: %(fields)s."), field=refused, fields=words[refused]
        )
    _set(item, values)
    if not is_administrator and item.visit_mode is None:
        raise PlanningError(N_("The visit mode has not been maintained yet."), field="visit_mode")
    customer_changes.check_change(item, is_administrator=is_administrator, words=words)
    session.flush()
    return item


def change_product(session: Session, item: Product, values: Values) -> Product:
    """The key-brand flag and the tar content."""
    _set(item, values)
    product_changes.check_change(item)
    session.flush()
    return item


def begin_follow_up(session: Session, values: Values) -> FollowUp:
    """One written without a visit."""
    customer = _customer(session, values["customer_id"])
    item = FollowUp(
        kind=values["kind"], text=values["text"].strip(), due_date=values.get("due_date")
    )
    follow_ups.begin(session, item, customer, values.get("owner_id"))
    session.add(item)
    session.flush()
    return item


def change_follow_up(session: Session, item: FollowUp, values: Values) -> FollowUp:
    """Who, until when, how far, and the answer."""
    before = item.status
    _set(item, values)
    follow_ups.change_state(item, before)
    session.flush()
    return item


def plan_visit(session: Session, values: Values) -> VisitPlan:
    """A visit by hand on a day of the future."""
    customer = _customer(session, values["customer_id"])
    customer_id, day = customer.id, values["date"]
    visit_plans.lock_territory(session, customer.territory_id)
    result = visit_plans.add_visits(session, [customer], day)
    if result.refused:
        raise result.refused[0]
    found = session.scalar(
        select(VisitPlan).where(VisitPlan.customer_id == customer_id, VisitPlan.date == day)
    )
    if found is None:
        raise OutOfScope
    return found


def move_visit(session: Session, item: VisitPlan, values: Values) -> VisitPlan:
    """Another day for a planned visit."""
    if "date" not in values:
        return item
    visit_plans.lock_territory(session, item.territory_id)
    result = visit_plans.move_visits(session, [item], values["date"])
    if result.refused:
        raise result.refused[0]
    return item


def _customer(session: Session, customer_id: int) -> Customer:
    """Errors: `OutOfScope` for a foreign one as for none at all."""
    found = session.scalar(select(Customer).where(Customer.id == customer_id))
    if found is None:
        raise OutOfScope(field="customer_id")
    return found


def _set(item: Any, values: Values) -> None:
    for name, value in values.items():
        setattr(item, name, value)
