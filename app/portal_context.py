"""What every page's frame shows: menu, month, the person, and what the person may do."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, g, request, session, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from app.kernel.period import Month
from app.security.permissions import RoleName


@dataclass(frozen=True, slots=True)
class ShownMonth:
    """A month with its words, for the switcher."""

    month: Month

    @property
    def year(self) -> int:
        return self.month.year

    @property
    def number(self) -> int:
        return self.month.month

    @property
    def key(self) -> str:
        return self.month.key

    @property
    def previous(self) -> ShownMonth:
        return ShownMonth(self.month.previous)

    @property
    def next(self) -> ShownMonth:
        return ShownMonth(self.month.next)

    @property
    def label(self) -> str:
        return month_label(self.month)


def month_label(month: Month) -> str:
    """The month in words of the page's language, never without its year."""
    return _("%(year)d-%(month)02d", year=month.year, month=month.month)


def working_month() -> Month:
    """The month the person works on: chosen in the top bar, else the current one.

    A link may choose it too with ``work_month``, so that what it leads to is what it promised.
    """
    asked = request.args.get("work_month")
    if asked is not None:
        with suppress(ValueError):
            session["month"] = Month.parse(asked).key
    try:
        return Month.parse(session["month"])
    except (KeyError, ValueError, TypeError):
        return Month.current()


def can(permission: str, entity: str) -> bool:
    """Whether the person may do `permission` ("read", "update", …) on `entity`."""
    manager: Any = current_app.appbuilder.sm  # type: ignore[attr-defined]
    return bool(manager.has_access(f"can_{permission}", entity))


def menu_headings() -> list[tuple[str, frozenset[str]]]:
    """The sidebar's groups: (translated label, the entities under it)."""
    from app.menu import MENU_GROUPS, menu_rows

    return [
        (_(group.label), frozenset(row.entity for row in menu_rows(group.key)))
        for group in MENU_GROUPS
    ]


def portal_menu() -> list[dict[str, Any]]:
    """The sidebar: groups of `MENU` with the entries the person may read; made once a request,
    because head, sidebar and the way between steps show it.
    """
    if "portal_menu" not in g:
        g.portal_menu = _readable_menu()
    found: list[dict[str, Any]] = g.portal_menu
    return found


def _readable_menu() -> list[dict[str, Any]]:
    from app.menu import MENU_GROUPS, menu_rows

    groups = []
    for group in MENU_GROUPS:
        items = []
        for row in menu_rows(group.key):
            if not can(row.permission, row.entity):
                continue
            url = url_for(row.endpoint)
            items.append(
                {
                    "label": _(row.label),
                    "url": url,
                    "step": row.step,
                    "icon": row.icon,
                    "help": url_for("HelpView.topic", topic=row.endpoint),
                    "active": (request.endpoint or "").split(".")[0]
                    in (row.endpoint.split(".")[0], *row.pages),
                }
            )
        if items:
            groups.append(
                {
                    "key": group.key,
                    "label": _(group.label),
                    "icon": group.icon,
                    "tone": group.tone,
                    "items": items,
                    "solo": group.is_solo,
                    # Settings are rarely visited: folded until one of their pages is shown.
                    "open": group.tone != "admin" or any(item["active"] for item in items),
                }
            )
    return groups


def portal_user() -> dict[str, str]:
    """Name, initial, roles in words, and which rows the person sees."""
    name = current_user.display_name
    roles = [str(role.label) for role in RoleName if role.value in g.get("role_names", frozenset())]
    return {
        "name": name,
        "initial": name[:1],
        "role_label": " · ".join(roles),
        "scope_label": scope_label(),
    }


def scope_label() -> str:
    """The row scope in words; people are told why they see what they see."""
    scope = g.get("row_scope")
    if scope is None or scope.is_nothing:
        return _("no rows")
    if scope.is_unrestricted:
        return _("all companies")
    if scope.territory_ids is None:
        return _("whole company")
    if not scope.territory_ids and RoleName.BRAND_MANAGER.value in g.get("role_names", ()):
        return _("the company's products")
    return ngettext("%(num)d territory", "%(num)d territories", len(scope.territory_ids))


def install(app: Flask) -> None:
    app.jinja_env.globals.update(
        portal_menu=portal_menu,
        portal_month=lambda: ShownMonth(working_month()),
        portal_user=portal_user,
        can=can,
        month_label=month_label,
    )
