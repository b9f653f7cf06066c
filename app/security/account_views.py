"""A person's own account: what the portal knows, and the password."""

from __future__ import annotations

from flask import flash, g, redirect, request, url_for
from flask_appbuilder import BaseView, expose, has_access
from flask_appbuilder.forms import DynamicForm
from flask_appbuilder.security.decorators import permission_name
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import PasswordField
from wtforms.validators import EqualTo, InputRequired

from app.kernel.db import db
from app.models import Territory
from app.security import sessions
from app.security.accounts import set_password
from app.security.own_password import FIELD, is_right, present_password, present_user
from app.security.password_rules import WeakPassword
from app.security.permissions import role_labels

TERRITORIES_SHOWN = 50


class OwnPasswordForm(DynamicForm):
    """The present password and the new one twice."""

    old = present_password()
    new = PasswordField(
        _l("New password"),
        validators=[InputRequired(_l("Please enter a new password."))],
        render_kw={**FIELD, "autocomplete": "new-password"},
    )
    again = PasswordField(
        _l("New password again"),
        validators=[EqualTo("new", message=_l("The two new passwords differ."))],
        render_kw={**FIELD, "autocomplete": "new-password"},
    )


class AccountView(BaseView):
    """Everybody's own account."""

    route_base = "/account"
    default_view = "userinfo"
    class_permission_name = "OwnAccount"

    @expose("/", methods=["GET"])
    @has_access
    @permission_name("read")
    def userinfo(self) -> str:
        """The profile; changes to it are an administrator's."""
        user = present_user()
        territories = db.session.scalars(
            select(Territory).order_by(Territory.code).limit(TERRITORIES_SHOWN + 1)
        ).all()
        facts = [
            (_("User name"), user.username),
            (_("Name"), user.display_name),
            (_("Employee number"), user.employee_no),
            (_("Phone"), user.phone),
            (_("E-mail"), user.email),
            (_("Company"), str(user.company) if user.company else _("All companies")),
            (_("Roles"), "、".join(role_labels(g.role_names))),
        ]
        if g.row_scope.territory_ids is not None:
            facts.append((_("Territories"), "、".join(str(row) for row in territories)))
        page: str = self.render_template(
            "security/account.html",
            title=_("My account"),
            facts=facts,
        )
        return page

    @expose("/password", methods=["GET", "POST"])
    @has_access
    @permission_name("update")
    def password(self) -> Response | tuple[str, int]:
        """Change the own password; the present one is asked and guessing it is slowed down."""
        form = OwnPasswordForm()
        status = 200
        if request.method == "POST":
            if form.validate() and self._changed(form):
                flash(_("The password was changed. Your other sessions have ended."), "success")
                return redirect(self.appbuilder.get_url_for_index, 303)
            status = 422
        page: str = self.render_template(
            "appbuilder/general/security/password.html",
            title=_("Change password"),
            form=form,
            form_action=url_for("AccountView.password"),
            forced=present_user().must_change_password,
            cancel_url=url_for("AccountView.userinfo"),
        )
        return page, status

    def _changed(self, form: OwnPasswordForm) -> bool:
        user = present_user()
        if not is_right(form.old):
            return False
        if form.new.data == form.old.data:
            form.new.errors = [_("The new password must differ from the present one.")]
            return False
        try:
            set_password(user, form.new.data, is_initial=False)
        except WeakPassword as refusal:
            form.new.errors = [refusal.message()]
            return False
        db.session.commit()
        sessions.renew(user)
        return True
