"""The registry of pages: which views exist, and where the sidebar shows them.

`register_views` is the only place that adds a view to FAB. `MENU` rows carry the permission that
shows them; a contract test fails when a row points at a missing endpoint or grant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Flask
from flask_appbuilder import AppBuilder

from app.home_views import HomeView, PortalView
from app.kernel.db import db
from app.kernel.errors import N_
from app.security.security_manager import PortalSecurityManager


@dataclass(frozen=True, slots=True)
class MenuGroup:
    """A heading of the sidebar; `tone` picks its hue."""

    key: str
    label: str
    icon: str
    tone: str
    is_solo: bool = False


@dataclass(frozen=True, slots=True)
class MenuRow:
    """An entry: shown to those who hold `permission` on `entity`; `step` is the manual's number."""

    group: str
    label: str
    endpoint: str
    entity: str
    icon: str
    permission: str = "read"
    step: int | None = None


MENU_GROUPS: tuple[MenuGroup, ...] = (
    MenuGroup("home", N_("Home page"), "fa-house", "base", is_solo=True),
    MenuGroup("toolbox", N_("Customer manager's toolbox"), "fa-toolbox", "base"),
    MenuGroup("distribution", N_("Distribution management"), "fa-boxes-stacked", "base"),
    MenuGroup("sales", N_("Sales"), "fa-chart-column", "base"),
    MenuGroup("exchange", N_("Import and export"), "fa-right-left", "base"),
    MenuGroup("method", N_("Method settings"), "fa-sliders", "admin"),
    MenuGroup("organisation", N_("Organisation and permissions"), "fa-sitemap", "admin"),
)

MENU: tuple[MenuRow, ...] = (
    MenuRow("home", N_("Home page"), "HomeView.index", "Home", "fa-house"),
)

VIEWS: tuple[type, ...] = (PortalView,)
"""Every view besides the home page and FAB's own, in the order of registration."""


def menu_rows(group: str) -> Iterator[MenuRow]:
    return (row for row in MENU if row.group == group)


def register_views(app: Flask) -> AppBuilder:
    """Create FAB for this application and add every view. Needs an application context."""
    appbuilder = AppBuilder(security_manager_class=PortalSecurityManager, indexview=HomeView)
    appbuilder.init_app(app, db.session)
    for view in VIEWS:
        appbuilder.add_view_no_menu(view)
    return appbuilder
