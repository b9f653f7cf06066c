"""Logging in and out."""

from __future__ import annotations

from flask import flash, redirect, request
from flask_appbuilder import BaseView, expose, has_access
from flask_appbuilder.forms import DynamicForm
from flask_appbuilder.security.decorators import no_cache, permission_name
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from app.kernel.db import db
from app.kernel.list_request import safe_return_path
from app.security import sessions
from app.security.login import authenticate


class LoginForm(DynamicForm):
    """User name and password."""

    username = StringField(
        _l("User name"),
        validators=[InputRequired(_l("Please enter your user name.")), Length(max=128)],
    )
    password = PasswordField(
        _l("Password"),
        validators=[InputRequired(_l("Please enter your password.")), Length(max=512)],
    )


class LoginView(BaseView):
    """`/login/` and `/logout/`, under the names FAB links to."""

    route_base = ""
    default_view = "login"
    class_permission_name = "OwnAccount"
    method_permission_name = {"logout": "update"}
    template = "appbuilder/general/security/login_db.html"

    @expose("/login/", methods=["GET", "POST"])
    @no_cache
    def login(self) -> Response | tuple[str, int] | str:
        """Log in and go on to `next`, a path of this site."""
        target = safe_return_path(request.args.get("next")) or self.appbuilder.get_url_for_index
        if current_user.is_authenticated:
            return redirect(target)
        form = LoginForm()
        status = 200
        if request.method == "POST":
            if form.validate() and self._log_in(form):
                return redirect(target, 303)
            status = 401
        page: str = self.render_template(self.template, title=_("Sign in"), form=form)
        return page, status

    def _log_in(self, form: LoginForm) -> bool:
        user_id = authenticate(db.session(), form.username.data, form.password.data)
        user = self.appbuilder.sm.get_user_by_id(user_id) if user_id is not None else None
        if user is None:
            flash(
                _(
                    "The user name or password is not right, or there were too many attempts. "
                    "After several wrong ones an account waits for some minutes."
                ),
                "danger",
            )
            return False
        sessions.begin(user)
        return True

    @expose("/logout/", methods=["POST"])
    @has_access
    @permission_name("update")
    def logout(self) -> Response:
        """End all sessions of the user, here and on other devices."""
        sessions.end_all(current_user.id)
        db.session.commit()
        sessions.forget()
        flash(_("You are signed out, on your other devices too."), "info")
        return redirect(self.appbuilder.get_url_for_login, 303)
