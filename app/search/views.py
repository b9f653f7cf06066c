"""The search: a panel below the field of the top bar, and a page that needs no script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import redirect, request
from flask_appbuilder import BaseView, expose, has_access
from flask_babel import lazy_gettext as _l

from app.kernel.db import db
from app.kernel.formatters import toned
from app.master.views.customers import CustomerView
from app.master.views.products import ProductView
from app.search.groups import find_groups
from app.search.question import question

PERMISSIONS: Mapping[str, str] = {"index": "read", "panel": "read"}
MOST_IN_PANEL = 8
MOST_ON_PAGE = 40

show_state = toned({**CustomerView.tones["status"], **ProductView.tones["status"]})


class SearchView(BaseView):
    """For everybody who may use the portal; each group asks for the grant of what it shows."""

    route_base = "/search"
    default_view = "index"
    class_permission_name = "Home"
    method_permission_name = PERMISSIONS
    title = _l("Search")

    @expose("/")
    @has_access
    def index(self) -> Any:
        """Everything that fits; straight to it when there is only one thing."""
        asked = question(request.args.get("q", ""))
        groups = find_groups(db.session(), asked, MOST_ON_PAGE)
        if [len(group.hits) for group in groups] == [1]:
            return redirect(groups[0].hits[0].url)
        return self.render_template(
            "search/results.html",
            title=self.title,
            question=asked,
            groups=groups,
            show_state=show_state,
        )

    @expose("/panel")
    @has_access
    def panel(self) -> Any:
        """The list below the field, without a page around it."""
        asked = question(request.args.get("q", ""))
        return self.render_template(
            "search/panel.html",
            question=asked,
            groups=find_groups(db.session(), asked, MOST_IN_PANEL),
            show_state=show_state,
        )
