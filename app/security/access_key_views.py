"""Access keys for machines: made by an administrator for a user, shown once, revoked."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import flash, g
from flask_appbuilder.actions import action
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_appbuilder.security.sqla.models import ApiKey
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import DateField, SelectField, StringField
from wtforms.validators import DataRequired, InputRequired, Length

from app.kernel.base_view import PlanningView
from app.kernel.db import db
from app.kernel.errors import N_, PlanningError
from app.kernel.formatters import local_time, pill
from app.kernel.list_filters import Quick
from app.kernel.period import local_today, start_of, utc_now
from app.kernel.related_choices import RelatedChoices
from app.kernel.relation_field import RelationField
from app.models import PortalUser
from app.security.access_keys import KeyPurpose, new_key, purposes

FIELD = {"class": "form-control"}
LONGEST_DAYS = 730
USUAL_DAYS = 365


def key_state(key: ApiKey) -> Any:
    """Whether a key still opens something."""
    if key.revoked_on is not None or not key.active:
        return pill(_("Revoked"), "bad")
    if key.expires_on is not None and key.expires_on <= utc_now():
        return pill(_("Expired"), "mute")
    return pill(_("Valid"), "ok")


def people() -> RelatedChoices:
    """Active users in scope."""
    return RelatedChoices(db.session(), PortalUser, criteria=(PortalUser.active.is_(True),))


class AccessKeyView(PlanningView):
    """Keys of the own company's users."""

    datamodel = SQLAInterface(ApiKey)
    route_base = "/access-keys"
    class_permission_name = "ApiKey"
    list_title = _l("Access keys")
    entity_label = _l("access key")
    hint = _l(
        "With a key another system reads or sends data without a person. A key can do what both its "
        "purpose and its user's roles allow."
    )
    empty_hint = _l("Make a key for each system, so that one can be revoked.")
    list_columns = ["name", "owner", "purpose", "state", "created_on", "expires_on", "last_used_on"]
    card_columns = ["name", "owner", "state", "expires_on"]
    show_columns = [
        "name", "owner", "purpose", "state", "created_on", "expires_on", "revoked_on",
        "last_used_on",
    ]  # fmt: skip
    add_columns = ["name", "person", "purpose", "valid_until"]
    order_columns = ["name", "created_on", "expires_on", "last_used_on"]
    base_order = ("id", "desc")
    filter_bar = [Quick("name", "contains")]
    extra_labels = {
        "name": _l("Name"),
        "owner": _l("User"),
        "person": _l("User"),
        "purpose": _l("Purpose"),
        "state": _l("State"),
        "created_on": _l("Created at"),
        "expires_on": _l("Valid until"),
        "valid_until": _l("Valid until"),
        "revoked_on": _l("Revoked at"),
        "last_used_on": _l("Last used"),
    }
    formatters_columns = {
        "created_on": local_time,
        "expires_on": local_time,
        "revoked_on": local_time,
        "last_used_on": local_time,
        "state": key_state,
        "purpose": lambda key: "、".join(str(purpose.label) for purpose in purposes(key.scopes)),
    }
    has_history = True
    base_permissions = ["can_read", "can_create", "can_update"]
    exclude_route_methods = {"download", "edit", "delete", "bulk_edit", "export", "select"}

    def __init__(self, **options: Any) -> None:
        self.add_form_extra_fields = {
            "name": StringField(
                _l("Name"),
                validators=[InputRequired(_l("Please enter a name.")), Length(max=100)],
                description=_l("Which system uses it, e.g. marketing system, night run"),
                render_kw={**FIELD, "autocomplete": "off"},
            ),
            "person": RelationField(
                _l("User"),
                choices=people,
                column="person",
                endpoint="",
                allow_blank=False,
                remote=False,
                validators=[DataRequired(_l("Please choose a value."))],
                description=_l("The key acts for this user; best one made for the system"),
            ),
            "purpose": SelectField(
                _l("Purpose"),
                choices=[(purpose.value, purpose.label) for purpose in KeyPurpose],
                default=KeyPurpose.IMPORT.value,
                description=_l("A key for reading cannot write, whatever its user may do"),
                render_kw=FIELD,
            ),
            "valid_until": DateField(
                _l("Valid until"),
                validators=[InputRequired()],
                default=lambda: local_today() + dt.timedelta(days=USUAL_DAYS),
                description=_l("The last day included; at most two years"),
                render_kw=FIELD,
            ),
        }
        super().__init__(**options)

    def annotate(self, rows: list[ApiKey]) -> None:
        """The users' names; FAB's own link would load another class of the same table."""
        names = {
            user.id: user.display_name
            for user in db.session.scalars(
                select(PortalUser).where(PortalUser.id.in_([row.user_id for row in rows]))
            )
        }
        for row in rows:
            row.owner = names.get(row.user_id, "")

    def column_value(self, item: ApiKey, path: str) -> Any:
        if path in ("state", "purpose"):
            return item
        if path == "owner" and "owner" not in item.__dict__:
            self.annotate([item])
        return super().column_value(item, path)

    def pre_add(self, item: ApiKey) -> None:
        person = item.__dict__.pop("person")
        last_day = item.__dict__.pop("valid_until")
        scopes = item.__dict__.pop("purpose")
        today = local_today()
        if not today <= last_day <= today + dt.timedelta(days=LONGEST_DAYS):
            raise PlanningError(
                N_("Choose a day between today and in two years."), field="valid_until"
            )
        end = start_of(last_day + dt.timedelta(days=1))
        made, clear = new_key(person.id, item.name, scopes, end)
        for name in ("key_hash", "lookup_hash", "key_prefix", "user_id", "scopes", "expires_on"):
            setattr(item, name, getattr(made, name))
        item.active = True
        item.created_on = utc_now()
        g.clear_key = clear

    def post_add_redirect(self) -> Any:
        """The key in clear, this once; it is kept nowhere."""
        return self.render_template(
            "security/access_key_created.html",
            title=_("The new access key"),
            clear_key=g.pop("clear_key"),
            cancel_url=self.get_redirect(),
        )

    @action(
        "revoke",
        _l("Revoke"),
        _l("Revoke the chosen keys? The systems that use them are shut out at once."),
        icon="fa-ban",
        single=True,
        multiple=True,
    )
    def revoke(self, items: Any) -> None:
        """End keys at once and for good."""
        for key in items if isinstance(items, list) else [items]:
            if key.revoked_on is None:
                key.active = False
                key.revoked_on = utc_now()
        db.session.commit()
        flash(_("Revoked."), "success")
