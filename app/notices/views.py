"""The inbox of notices."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, g, redirect, request, url_for
from flask_appbuilder import BaseView, expose, has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.routing import BuildError
from werkzeug.wrappers import Response

from app.kernel.db import db
from app.kernel.errors import OutOfScope
from app.kernel.list_request import ascii_integer, safe_return_path
from app.models import Notice, NoticeKind
from app.notices import inbox
from app.notices.words import shown

READ_CHOICES = {"unread": False, "read": True}


class NoticeView(BaseView):
    """Everybody's own notices, nobody else's."""

    route_base = "/notices"
    default_view = "index"
    class_permission_name = Notice.__name__
    method_permission_name = {
        "index": "read",
        "open": "update",
        "read": "update",
        "read_all": "update",
    }
    title = _l("Notices")

    @expose("/")
    @has_access
    def index(self) -> str:
        """Unread ones first; `kind` and `state` filter."""
        name = request.args.get("kind", "")
        kind = NoticeKind[name] if name in NoticeKind.__members__ else None
        state = request.args.get("state", "")
        found = inbox.page(
            db.session(),
            g.user.id,
            ascii_integer(request.args.get("page")) or 1,
            kind,
            READ_CHOICES.get(state),
        )
        page: str = self.render_template(
            "notices/inbox.html",
            title=self.title,
            page=found,
            notices=[shown(notice) for notice in found.notices],
            kinds=NoticeKind,
            kind=kind,
            state=state if state in READ_CHOICES else "",
        )
        return page

    @expose("/<pk>/open", methods=["POST"])
    @has_access
    def open(self, pk: str) -> Response:
        """Read it and go where it leads."""
        notice = self._own(pk)
        inbox.mark_read(db.session(), g.user.id, [notice])
        place = page_of(notice)
        db.session.commit()
        return redirect(place, 303)

    @expose("/<pk>/read", methods=["POST"])
    @has_access
    def read(self, pk: str) -> Response:
        """Read, without going anywhere."""
        inbox.mark_read(db.session(), g.user.id, [self._own(pk)])
        db.session.commit()
        return redirect(_back(), 303)

    @expose("/read", methods=["POST"])
    @has_access
    def read_all(self) -> Response:
        """All of them are read."""
        inbox.mark_all_read(db.session(), g.user.id)
        db.session.commit()
        flash(_("All notices are marked as read."), "success")
        return redirect(_back(), 303)

    @staticmethod
    def _own(pk: str) -> Notice:
        try:
            return inbox.own(db.session(), g.user.id, ascii_integer(pk))
        except OutOfScope:
            abort(404)


def page_of(notice: Notice) -> str:
    """The path of the page a notice leads to; the inbox where there is none."""
    values: dict[str, Any] = notice.endpoint_values
    if notice.endpoint is not None:
        try:
            return url_for(notice.endpoint, **values)
        except BuildError:  # made by a release that had this page
            pass
    return url_for("NoticeView.index")


def _back() -> str:
    return safe_return_path(request.form.get("next")) or url_for("NoticeView.index")
