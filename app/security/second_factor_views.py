"""A person's own second factor: switch it on with an app, off again, and its recovery codes."""

from __future__ import annotations

import segno
from flask import flash, g, redirect, request, session, url_for
from flask_appbuilder import BaseView, expose, has_access
from flask_appbuilder.forms import DynamicForm
from flask_appbuilder.security.decorators import no_cache, permission_name
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from werkzeug.wrappers import Response
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from app.kernel.db import db
from app.kernel.errors import PlanningError
from app.security import second_factor, sessions
from app.security.own_password import FIELD, is_right, present_password, present_user


class PresentPasswordForm(DynamicForm):
    """Whoever finds an unlocked computer must not change how its owner logs in."""

    password = present_password()


class CodeForm(DynamicForm):
    """A code of the app, or a recovery code."""

    code = StringField(
        _l("Code"),
        validators=[InputRequired(_l("Please enter the code.")), Length(max=40)],
        render_kw={
            **FIELD,
            "autocomplete": "one-time-code",
            "autocapitalize": "none",
            "spellcheck": "false",
        },
    )


class SecondFactorView(BaseView):
    """`/account/code`: login with a code besides the password."""

    route_base = "/account/code"
    default_view = "index"
    class_permission_name = "OwnAccount"
    method_permission_name = {"begin": "update", "confirm": "update", "remove": "update"}

    @expose("/", methods=["GET"])
    @has_access
    @no_cache
    @permission_name("read")
    def index(self) -> str:
        """Whether it is on; while it is being set up, the secret as a picture and as text."""
        return self._page(CodeForm(), PresentPasswordForm())

    @expose("/begin", methods=["POST"])
    @has_access
    def begin(self) -> Response | tuple[str, int]:
        form = PresentPasswordForm()
        if not (form.validate() and is_right(form.password)):
            return self._page(CodeForm(), form), 422
        second_factor.begin(db.session(), present_user())
        db.session.commit()
        return redirect(url_for("SecondFactorView.index"), 303)

    @expose("/confirm", methods=["POST"])
    @has_access
    @no_cache
    def confirm(self) -> str | tuple[str, int]:
        """Switch it on; the answer shows the recovery codes, this once. Other sessions end."""
        form = CodeForm()
        try:
            typed = form.code.data or "" if form.validate() else ""
            codes = second_factor.confirm(db.session(), present_user(), typed)
        except PlanningError as refusal:
            db.session.rollback()
            form.code.errors = [refusal.message()]
            return self._page(form, PresentPasswordForm()), 422
        user = present_user()
        sessions.end_all(user.id)
        db.session.commit()
        sessions.renew(user)
        sessions.note_factor()
        page: str = self.render_template(
            "security/recovery_codes.html", title=_("Recovery codes"), codes=codes
        )
        return page

    @expose("/remove", methods=["POST"])
    @has_access
    def remove(self) -> Response | tuple[str, int]:
        form = PresentPasswordForm()
        if not (form.validate() and is_right(form.password)):
            return self._page(CodeForm(), form), 422
        second_factor.remove(db.session(), present_user().id)
        db.session.commit()
        session.pop("factor", None)
        flash(_("Login with a code is switched off."), "success")
        return redirect(url_for("SecondFactorView.index"), 303)

    def _page(self, code_form: CodeForm, password_form: PresentPasswordForm) -> str:
        user = present_user()
        factor = second_factor.factor_of(db.session(), user.id)
        secret = None if factor else second_factor.pending_secret(db.session(), user.id)
        picture = None
        if secret is not None:
            made = segno.make(second_factor.address(secret, user), error="m", micro=False)
            picture = Markup(made.svg_inline(scale=5))
        page: str = self.render_template(
            "security/second_factor.html",
            title=_("Login with a code"),
            factor=factor,
            secret=secret,
            picture=picture,
            is_demanded=second_factor.is_demanded(g.role_names),
            code_form=code_form,
            password_form=password_form,
            is_refused=request.method == "POST",
        )
        return page
