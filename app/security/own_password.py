"""The present password of the person of the request: its field, and whether it was the right one."""

from __future__ import annotations

from typing import Any

from flask import g
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import PasswordField
from wtforms.validators import InputRequired, Length

from app.kernel.db import db
from app.models import PortalUser
from app.security.login import authenticate

FIELD = {"class": "form-control"}


def present_user() -> PortalUser:
    """The person; FAB may have put Flask-Login's stand-in in the place of the record."""
    person: Any = g.user
    user: PortalUser = getattr(person, "_get_current_object", lambda: person)()
    return user


def present_password() -> Any:
    """The field of a form that asks who is there."""
    return PasswordField(
        _l("Present password"),
        validators=[InputRequired(_l("Please enter your present password.")), Length(max=512)],
        render_kw={**FIELD, "autocomplete": "current-password"},
    )


def is_right(field: Any) -> bool:
    """Whether the field holds the person's password; guessing is slowed down as at login. The
    field says so when it does not. Ends the session's transaction.
    """
    user = present_user()
    if authenticate(db.session(), user.username, field.data or "") == user.id:
        return True
    field.errors = [
        _("The password is not right, or there were too many attempts. Try again later.")
    ]
    return False
