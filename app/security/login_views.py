"""Logging in and out."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
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
from app.organisation.models import PortalUser
from app.security import second_factor, sessions
from app.security.login import authenticate
from app.security.row_scope import UNRESTRICTED, scoped_to
from app.security.second_factor_views import CodeForm


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
            user = self._known(form) if form.validate() else None
            if user is not None and self._has_factor(user):
                sessions.ask_for_code(user.id)
                return redirect(url_for("LoginView.code", next=request.args.get("next")), 303)
            if user is not None:
                sessions.begin(user)
                return redirect(target, 303)
            status = 401
        page: str = self.render_template(self.template, title=_("Sign in"), form=form)
        return page, status

    @expose("/login/code", methods=["GET", "POST"])
    @no_cache
    def code(self) -> Response | tuple[str, int]:
        """The second factor, after the password; as slow for guessers as the first."""
        target = safe_return_path(request.args.get("next")) or self.appbuilder.get_url_for_index
        user_id = sessions.asked_user()
        if user_id is None:
            return redirect(url_for("LoginView.login", next=request.args.get("next")), 303)
        form, status = CodeForm(), 200
        if request.method == "POST":
            status = 401
            if form.validate() and self._accepts(user_id, form.code.data or ""):
                user = self.appbuilder.sm.get_user_by_id(user_id)
                if user is None:
                    return redirect(url_for("LoginView.login"), 303)
                sessions.begin(user)
                sessions.note_factor()
                return redirect(target, 303)
            if not form.code.errors:
                form.code.errors = [second_factor.WrongCode().message()]
        page: str = self.render_template(
            "security/login_code.html", title=_("Code from your app"), form=form
        )
        return page, status

    @staticmethod
    def _has_factor(user: PortalUser) -> bool:
        with scoped_to(UNRESTRICTED):
            return second_factor.factor_of(db.session(), user.id) is not None

    @staticmethod
    def _accepts(user_id: int, code: str) -> bool:
        with scoped_to(UNRESTRICTED):
            return second_factor.accept(db.session(), user_id, code)

    def _known(self, form: LoginForm) -> PortalUser | None:
        """Who gave the right password; else says why not."""
        user_id = authenticate(db.session(), form.username.data, form.password.data)
        sm = self.appbuilder.sm
        user: PortalUser | None = sm.get_user_by_id(user_id) if user_id is not None else None
        if user is None:
            flash(
                _(
                    "The user name or password is not right, or there were too many attempts. "
                    "After several wrong ones an account waits for some minutes."
                ),
                "danger",
            )
        return user

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
