"""The page "Roles and permissions": entities down, roles across, one toggle per action."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from flask import abort, current_app, flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose, has_access
from flask_appbuilder.security.decorators import permission_name
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.kernel.actor import current_actor
from app.kernel.db import db
from app.kernel.errors import PlanningError
from app.kernel.period import to_local, utc_now
from app.security import grant_matrix as matrix
from app.security.action_words import ACTION_HINTS, ACTION_WORDS
from app.security.grant_matrix import Cell
from app.security.permissions import GRANTS, GRANTS_BY_ENTITY, Action, EntityGrants, RoleName
from app.security.scope_words import SCOPE_WORDS


class MatrixView(BaseView):
    """Shown to administrators; changed by those `grant_matrix.may_change` names."""

    route_base = "/permissions"
    default_view = "index"
    class_permission_name = "Grant"
    base_permissions = ["can_read", "can_update", "can_export"]

    @expose("/", methods=["GET"])
    @has_access
    @permission_name("read")
    def index(self) -> str:
        """The matrix, as it holds now."""
        return self._page(matrix.granted_cells(db.session()))

    @expose("/preview", methods=["POST"])
    @has_access
    @permission_name("update")
    def preview(self) -> Response | str:
        """What the form would change; asks for the reason. Writes nothing."""
        self._require_right()
        granted = matrix.granted_cells(db.session())
        try:
            wanted = self._wanted()
            changes = matrix.differences(granted, wanted)
        except PlanningError as refusal:
            flash(refusal.message(), "danger")
            return redirect(url_for("MatrixView.index"), 303)
        if not changes:
            flash(_("Nothing would change."), "info")
            return redirect(url_for("MatrixView.index"), 303)
        return self._preview_page(granted, wanted, changes)

    @expose("/save", methods=["POST"])
    @has_access
    @permission_name("update")
    def save(self) -> Response | tuple[str, int]:
        """Write the previewed changes and give the roles their permissions, all or nothing."""
        self._require_right()
        session = db.session()
        granted = matrix.granted_cells(session)
        if request.form.get("mark") != matrix.state_mark(granted):
            flash(
                _("Somebody else changed the permissions meanwhile. Please check again."), "warning"
            )
            return redirect(url_for("MatrixView.index"), 303)
        wanted = self._wanted()
        changes = matrix.differences(granted, wanted)
        try:
            matrix.save(session, changes, request.form.get("reason", ""))
        except PlanningError as refusal:
            session.rollback()
            flash(refusal.message(), "danger")
            return self._preview_page(granted, wanted, changes), 422
        session.commit()
        flash(_("Saved. The new permissions hold from the next click of everybody."), "success")
        return redirect(url_for("MatrixView.index"), 303)

    @expose("/export", methods=["POST"])
    @has_access
    @permission_name("export")
    def export(self) -> Response:
        """The matrix as a workbook."""
        from app.exchange.export_columns import ExportColumn
        from app.exchange.export_workbook import ExportWorkbook
        from app.exchange.sent_file import sent_file

        granted = matrix.granted_cells(db.session())
        names = [_("Entity"), *(str(role.label) for role in RoleName)]
        columns = [ExportColumn(name, name, "text", lambda row: row) for name in names]
        folder = Path(current_app.config["PORTAL_DATA_DIR"], "tmp")
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{secrets.token_hex(8)}.xlsx"
        book = ExportWorkbook(path, _("Roles and permissions"), columns)
        for row in GRANTS:
            book.write_row([_(row.label), *(self._words(row, role, granted) for role in RoleName)])
        moment = utc_now()
        book.close(
            [
                (_("Exported by"), current_actor().name),
                (_("Exported at (Beijing time)"), to_local(moment).replace(tzinfo=None)),
                (_("Rows written"), book.rows_written),
            ]
        )
        name = f"{_('Roles and permissions')}_{to_local(moment):%Y%m%d-%H%M}.xlsx"
        return sent_file(path, name, is_kept=False)

    # ------------------------------------------------------------------ pieces

    @staticmethod
    def _require_right() -> None:
        if not matrix.may_change(db.session()):
            abort(403)

    @staticmethod
    def _wanted() -> frozenset[Cell]:
        if request.form.get("reset") == "1":
            return matrix.default_cells()
        return matrix.read_cells(request.form.getlist("cell"))

    @staticmethod
    def _words(row: EntityGrants, role: RoleName, granted: frozenset[Cell]) -> str:
        return "、".join(
            str(ACTION_WORDS[action])
            for action in row.actions
            if Cell(role, row.entity, action) in granted
        )

    def _page(self, granted: frozenset[Cell]) -> str:
        may_change = matrix.may_change(db.session()) and current_app.appbuilder.sm.has_access(  # type: ignore[attr-defined]
            "can_update", "Grant"
        )
        chosen = request.args.get("role", "")
        page: str = self.render_template(
            "security/matrix.html",
            title=_("Roles and permissions"),
            groups=self._groups(granted),
            roles=[(role.value, role.label, SCOPE_WORDS[role]) for role in RoleName],
            chosen_role=chosen
            if chosen in {role.value for role in RoleName}
            else RoleName.ADMINISTRATOR.value,
            may_change=may_change,
            deviations=sum((cell in granted) is not cell.is_default for cell in matrix.all_cells()),
            actions=[(ACTION_WORDS[action], ACTION_HINTS[action]) for action in Action],
        )
        return page

    def _groups(self, granted: frozenset[Cell]) -> list[dict[str, Any]]:
        """Entities under the headings of the sidebar, the rest at the end."""
        from app.portal_context import menu_headings  # it imports from here

        rows = {row.entity: self._row(row, granted) for row in GRANTS}
        groups = []
        for label, entities in menu_headings():
            inside = [rows.pop(row.entity) for row in GRANTS if row.entity in entities & set(rows)]
            groups.append({"label": label, "rows": inside})
        groups.append({"label": _("Everything else"), "rows": list(rows.values())})
        return [group for group in groups if group["rows"]]

    @staticmethod
    def _row(row: EntityGrants, granted: frozenset[Cell]) -> dict[str, Any]:
        return {
            "label": _(row.label),
            "roles": [
                {
                    "role": role.value,
                    "cells": [
                        {
                            "key": cell.key,
                            "word": ACTION_WORDS[action],
                            "hint": ACTION_HINTS[action],
                            "on": cell in granted,
                            "fixed": cell.is_fixed,
                            "deviates": (cell in granted) is not cell.is_default,
                        }
                        for action in row.actions
                        for cell in (Cell(role, row.entity, action),)
                    ],
                }
                for role in RoleName
            ],
        }

    def _preview_page(
        self,
        granted: frozenset[Cell],
        wanted: frozenset[Cell],
        changes: list[matrix.Difference],
    ) -> str:
        page: str = self.render_template(
            "security/matrix_preview.html",
            title=_("Check the change of permissions"),
            changes=[
                {
                    "role": change.cell.role.label,
                    "entity": _(GRANTS_BY_ENTITY[change.cell.entity].label),
                    "action": ACTION_HINTS[change.cell.action],
                    "granted": change.is_granted,
                    "is_default": change.is_granted is change.cell.is_default,
                }
                for change in changes
            ],
            cells=sorted(cell.key for cell in wanted),
            mark=matrix.state_mark(granted),
            reason=request.form.get("reason", ""),
        )
        return page
