"""Which company a settings page shows: one's own, or the one a platform administrator picked."""

from __future__ import annotations

from flask import abort, request
from sqlalchemy import select

from app.kernel.db import db
from app.kernel.list_request import ascii_integer
from app.models import Company
from app.security.row_scope import current_scope


def offered_companies() -> list[Company]:
    """The companies to choose from; empty for people who belong to one."""
    if current_scope().company_id is not None:
        return []
    return list(db.session.scalars(select(Company).order_by(Company.code)))


def chosen_company() -> Company:
    """The company named by `company` in form or URL, else one's own or the first.

    A missing or foreign company is a 404, as is a portal without any.
    """
    text = request.form.get("company") or request.args.get("company")
    statement = select(Company).order_by(Company.code).limit(1)
    if text:
        statement = statement.where(Company.id == ascii_integer(text))
    company = db.session.scalars(statement).first()
    if company is None:
        abort(404)
    return company
