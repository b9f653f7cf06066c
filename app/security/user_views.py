"""The users page: who may log in, as what, and where they work today."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from flask import flash, g, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_appbuilder.actions import action
from flask_appbuilder.forms import DynamicForm
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_appbuilder.security.decorators import permission_name
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import BooleanField, PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired, Length, Optional, Regexp

from app.kernel.base_view import PlanningView
from app.kernel.db import db
from app.kernel.edit_conflict import BASE_FIELD, read_snapshot, snapshot
from app.kernel.formatters import local_time
from app.kernel.list_filters import Quick
from app.kernel.period import local_today, utc_now
from app.kernel.related_choices import RelatedChoices
from app.models import Department, PortalUser, Territory, TerritoryAssignment
from app.organisation.placeholder_mail import WITHOUT_MAIL, placeholder_mail
from app.security import second_factor
from app.security.accounts import set_password, unlock
from app.security.password_rules import WeakPassword
from app.security.quick_inputs import ChoiceQuick, GivenChoices
from app.security.user_fields import (
    HoldsTerritory,
    RoleChoices,
    RolesField,
    WorksIn,
    places,
    role_words,
)

FIELD = {"class": "form-control"}


class InitialPasswordForm(DynamicForm):
    """A password that its owner must change at the next login."""

    new = PasswordField(
        _l("Initial password"),
        validators=[InputRequired(_l("Please enter a new password."))],
        description=_l("The person is asked for a password of their own at the next login."),
        render_kw={**FIELD, "autocomplete": "new-password"},
    )
    again = PasswordField(
        _l("New password again"),
        validators=[EqualTo("new", message=_l("The two new passwords differ."))],
        render_kw={**FIELD, "autocomplete": "new-password"},
    )


def shown_mail(address: str | None) -> str:
    """An e-mail address, nothing for the filled-in ones."""
    return "" if not address or address.endswith(WITHOUT_MAIL) else address


class UserView(GivenChoices, PlanningView):
    """Users of the own company; of all companies for platform administrators."""

    datamodel = SQLAInterface(PortalUser)
    route_base = "/users"
    class_permission_name = "User"
    list_title = _l("Users")
    entity_label = _l("user")
    hint = _l("Users are deactivated, not deleted: their work stays under their name.")
    list_columns = [
        "display_name", "username", "employee_no", "roles", "duties", "active", "last_login",
        "company",
    ]  # fmt: skip
    card_columns = ["display_name", "roles", "duties", "active"]
    order_columns = ["username", "employee_no", "active", "last_login"]
    base_order = ("username", "asc")
    export_columns = [
        "display_name", "username", "employee_no", "phone", "roles", "duties", "active",
        "last_login", "company",
    ]  # fmt: skip
    show_columns = [
        "display_name", "username", "employee_no", "phone", "email", "company", "roles", "duties",
        "active", "must_change_password", "locked_until", "last_login",
    ]  # fmt: skip
    add_columns = [
        "username", "last_name", "first_name", "employee_no", "phone", "email", "company", "roles",
        "initial_password",
    ]  # fmt: skip
    edit_columns = [
        "last_name", "first_name", "employee_no", "phone", "email", "company", "roles", "active",
    ]  # fmt: skip
    filter_bar = [
        Quick("username", "contains", label=_l("Name or number"),
              also=("last_name", "first_name", "employee_no")),
        Quick("roles", "relation"),
        ChoiceQuick("department", "relation", label=_l("Department today"),
                    filter_class=WorksIn, choices=lambda: places(Department)),
        ChoiceQuick("territory", "relation", label=_l("Territory today"),
                    filter_class=HoldsTerritory, choices=lambda: places(Territory)),
        Quick("active", "boolean"),
    ]  # fmt: skip
    search_columns = ["company", "must_change_password"]
    extra_labels = {
        "display_name": _l("Name"),
        "username": _l("User name"),
        "last_name": _l("Family name"),
        "first_name": _l("Given name"),
        "email": _l("E-mail"),
        "roles": _l("Roles"),
        "duties": _l("Works today in"),
        "active": _l("May log in"),
        "last_login": _l("Last login"),
        "initial_password": _l("Initial password"),
    }
    description_columns = {
        "company": _l("Empty = platform administrator, who sees every company"),
        "active": _l("An inactive user cannot log in; running sessions end at once"),
    }
    formatters_columns = {
        "last_login": local_time,
        "locked_until": lambda at: local_time(at if at and at > utc_now() else None),
    }
    tones = {"active": {"True": "ok", "False": "mute"}}
    has_history = True
    exclude_route_methods = {"download", "delete", "bulk_edit"}
    method_permission_name = {"password": "update"}

    def __init__(self, **options: Any) -> None:
        roles = RolesField(_l("Roles"), validators=[InputRequired(_l("Choose at least one role."))])
        mail = StringField(
            _l("E-mail"),
            validators=[
                Optional(),
                Length(max=200),
                Regexp(r"[^@\s]+@[^@\s]+\.[^@\s]+$", message=_l("Please enter an e-mail address.")),
            ],
            filters=[shown_mail],
            render_kw={**FIELD, "autocomplete": "off", "inputmode": "email"},
        )
        self.validators_columns = {
            "username": [
                Length(min=2, max=64),
                Regexp(r"[\w.@-]+$", message=_l("Letters, digits and . _ - @ are possible.")),
            ]
        }
        self.add_form_extra_fields = {
            "roles": roles,
            "email": mail,
            "initial_password": PasswordField(
                _l("Initial password"),
                validators=[InputRequired(_l("Please enter a new password."))],
                description=_l(
                    "The person is asked for a password of their own at the next login."
                ),
                render_kw={**FIELD, "autocomplete": "new-password"},
            ),
        }
        self.edit_form_extra_fields = {
            "roles": roles,
            "email": mail,
            "active": BooleanField(
                _l("May log in"),
                description=self.description_columns["active"],
            ),
        }
        super().__init__(**options)

    # ------------------------------------------------------------------ lists

    def related_choices(self, column: str) -> RelatedChoices:
        if column == "roles":
            return RoleChoices(db.session(), self.datamodel.get_related_model(column))
        return super().related_choices(column)

    def column_value(self, item: PortalUser, path: str) -> Any:
        """Roles in words; duties are put on the rows of a list by `annotate`."""
        if path == "roles":
            return role_words(item.roles)
        if path == "email":
            return shown_mail(item.email)
        if path == "duties" and "duties" not in item.__dict__:
            self.annotate([item])
        return super().column_value(item, path)

    def annotate(self, rows: list[Any]) -> None:
        """Where each person works today: departments headed and territories held."""
        ids = [row.id for row in rows]
        duties: dict[int, list[str]] = defaultdict(list)
        user_id: Any
        for user_id, name in db.session.execute(
            select(Department.manager_id, Department.name)
            .where(Department.manager_id.in_(ids))
            .order_by(Department.code)
        ):
            duties[user_id].append(name)
        today = local_today()
        for user_id, name in db.session.execute(
            select(TerritoryAssignment.user_id, Territory.name)
            .join(Territory)
            .where(
                TerritoryAssignment.user_id.in_(ids),
                TerritoryAssignment.valid_from <= today,
                TerritoryAssignment.valid_to.is_(None) | (TerritoryAssignment.valid_to >= today),
            )
            .order_by(Territory.code)
        ):
            duties[user_id].append(name)
        for row in rows:
            row.duties = "、".join(duties[row.id])

    # ------------------------------------------------------------------ forms

    def hidden_fields(self, role: str) -> frozenset[str]:
        """Within a company, everybody belongs to it."""
        return frozenset({"company"} if g.row_scope.company_id is not None else ())

    def pre_add(self, item: PortalUser) -> None:
        item.active = True
        self._fill_mail(item)
        password = item.__dict__.pop("initial_password", None) or ""
        set_password(item, password, is_initial=True, field="initial_password")

    def pre_update(self, item: PortalUser) -> None:
        self._fill_mail(item)

    @staticmethod
    def _fill_mail(item: PortalUser) -> None:
        if not item.email:
            item.email = placeholder_mail(item.username)

    def _is_stale(self, item: Any) -> bool:
        """FAB's user has no version: compare what the form was filled with."""
        base = read_snapshot(request.form.get(BASE_FIELD))
        names = [name for name in self.edit_columns if name in base]
        stored = self.edit_form(formdata=None, obj=item)
        return bool(base) and read_snapshot(snapshot(stored, names)) != {
            name: base[name] for name in names
        }

    # ------------------------------------------------------------------ passwords and locks

    @action(
        "set_password", _l("Set an initial password"), icon="fa-key", single=True, multiple=False
    )
    def set_password_action(self, item: PortalUser) -> Response:
        return redirect(url_for("UserView.password", pk=item.id), 303)

    @action("unlock", _l("Unlock"), icon="fa-lock-open", single=True, multiple=True)
    def unlock_action(self, items: Any) -> None:
        """Let people try again at once who mistyped their password too often."""
        for user in items if isinstance(items, list) else [items]:
            unlock(user)
        db.session.commit()
        flash(_("Unlocked."), "success")

    @action(
        "remove_factor", _l("Remove the code at login"), icon="fa-mobile-screen-button",
        confirmation=_l("For somebody who lost the phone: from then on the password alone opens the account."),
        single=True, multiple=False,
    )  # fmt: skip
    def remove_factor_action(self, item: PortalUser) -> None:
        """Let somebody in again who lost their phone and the recovery codes."""
        if second_factor.remove(db.session(), item.id):
            db.session.commit()
            flash(_("%(name)s logs in with the password alone.", name=item.display_name), "success")
        else:
            flash(_("%(name)s has no code at login.", name=item.display_name), "info")

    @expose("/password/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("update")
    def password(self, pk: str) -> Response | tuple[str, int]:
        """Give somebody an initial password; ends their sessions."""
        user = self.scoped_item(pk)
        form = InitialPasswordForm()
        status = 200
        if request.method == "POST":
            status = 422
            if form.validate() and self._give(user, form):
                flash(
                    _("%(name)s has a new initial password. Hand it over in person.",
                      name=user.display_name),
                    "success",
                )  # fmt: skip
                return redirect(url_for("UserView.show", pk=user.id), 303)
        page: str = self.render_template(
            "appbuilder/general/security/password.html",
            title=_("Initial password for %(name)s", name=user.display_name),
            form=form,
            form_action=url_for("UserView.password", pk=user.id),
            cancel_url=url_for("UserView.show", pk=user.id),
        )
        return page, status

    @staticmethod
    def _give(user: PortalUser, form: InitialPasswordForm) -> bool:
        try:
            set_password(user, form.new.data, is_initial=True)
        except WeakPassword as refusal:
            db.session.rollback()
            form.new.errors = [refusal.message()]
            return False
        db.session.commit()
        return True
