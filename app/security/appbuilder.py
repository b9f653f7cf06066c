"""FAB without its own pages: only what the portal registers has an address."""

from __future__ import annotations

from flask_appbuilder import AppBuilder


class PortalAppBuilder(AppBuilder):
    """Leaves out FAB's back button, language link, menu API and API documentation.

    The security manager registers login, account, language choice and health.
    """

    def _add_admin_views(self) -> None:
        self._indexview = self.add_view_no_menu(self.indexview)
        self.sm.register_views()
