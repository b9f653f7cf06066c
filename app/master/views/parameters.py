"""The parameters page: what applies now, changing it with a reason, and the versions."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.kernel.db import db
from app.kernel.errors import PlanningError, StaleVersion
from app.kernel.list_request import ascii_integer
from app.master.parameters import (
    ParametersRefused,
    UnknownVersion,
    current_parameters,
    parameters_in,
    save_parameters,
    version_history,
)
from app.master.rules_parameters import (
    DEFAULTS,
    GROUPS,
    PARAMETERS,
    UNITS,
    Definition,
    ParameterProblem,
    check,
    read_value,
)
from app.organisation.company_choice import chosen_company, offered_companies


class ParameterView(BaseView):
    """Thresholds, weights and limits of the method, by subject."""

    route_base = "/parameters"
    default_view = "index"
    class_permission_name = "Parameter"
    method_permission_name = {
        "index": "read",
        "history": "read",
        "edit": "update",
        "save": "update",
    }

    @expose("/")
    @has_access
    def index(self) -> str:
        """What applies now, with default, unit, clause and last change."""
        company = chosen_company()
        history = version_history(db.session(), company.id)
        changed_in = {}
        for entry in reversed(history):
            changed_in.update({row.code: entry for row, _old, _new in entry.changes})
        parameters = current_parameters(db.session(), company.id)
        return self._page(
            "master/parameters.html",
            company,
            parameters=parameters,
            changed_in=changed_in,
            weight_total=sum(
                getattr(parameters, row.code) for row in PARAMETERS if row.unit == "weight"
            ),
        )

    @expose("/history")
    @has_access
    def history(self) -> str:
        """The versions, newest first, with their differences."""
        company = chosen_company()
        entries = version_history(db.session(), company.id)
        return self._page("master/parameters_history.html", company, entries=entries)

    @expose("/edit")
    @has_access
    def edit(self) -> str:
        """The form, filled with what applies now."""
        company = chosen_company()
        parameters = current_parameters(db.session(), company.id)
        texts = {row.code: row.text(getattr(parameters, row.code)) for row in PARAMETERS}
        return self._form(company, parameters.number, texts, [], "")

    @expose("/save", methods=["POST"])
    @has_access
    def save(self) -> Any:
        """Save a new version; on refusal the form comes back with what was typed."""
        company = chosen_company()
        note = request.form.get("note", "")
        number = ascii_integer(request.form.get("number", "")) or 0
        is_reset = request.form.get("reset") == "1"
        texts = {
            row.code: row.text(row.default) if is_reset else request.form.get(row.code, "")
            for row in PARAMETERS
        }
        values, problems = _read(texts)
        if not problems:
            problems = check(values)
        refusal: PlanningError | None = ParametersRefused(problems) if problems else None
        if refusal is None:
            try:
                saved = save_parameters(db.session(), company.id, number, values, note)
                db.session.commit()
            except PlanningError as error:
                db.session.rollback()
                refusal = error
            else:
                flash(_("Saved as version %(number)d.", number=saved), "success")
                return redirect(url_for("ParameterView.index", company=company.id), 303)
        if isinstance(refusal, StaleVersion):
            number, texts = _merged(company.id, number, texts)
        page = self._form(company, number, texts, problems, note, refusal)
        return Response(page, 409 if refusal.status == 409 else 422, mimetype="text/html")

    def _form(
        self,
        company: Any,
        number: int,
        texts: dict[str, str],
        problems: list[ParameterProblem],
        note: str,
        refusal: PlanningError | None = None,
    ) -> str:
        errors = {problem.code: _(problem.msgid, **problem.params) for problem in problems}
        return self._page(
            "master/parameters_edit.html",
            company,
            number=number,
            texts=texts,
            errors=errors,
            note=note,
            refusal=refusal.message() if refusal else None,
            note_error=refusal.message() if refusal and refusal.field == "note" else None,
        )

    def _page(self, template: str, company: Any, **values: Any) -> str:
        page: str = self.render_template(
            template,
            title=_("Parameters"),
            company=company,
            companies=offered_companies(),
            groups=[(GROUPS[key], list(rows)) for key, rows in groupby(PARAMETERS, _group)],
            units=UNITS,
            **values,
        )
        return page


def _group(definition: Definition) -> str:
    return definition.group


def _merged(company_id: int, number: int, texts: dict[str, str]) -> tuple[int, dict[str, str]]:
    """The newest number, and what was typed with everything left alone at its newest value."""
    newest = current_parameters(db.session(), company_id)
    try:
        base = parameters_in(db.session(), company_id, number)
    except UnknownVersion:
        base = newest
    merged = {
        row.code: row.text(getattr(newest, row.code))
        if texts[row.code] == row.text(getattr(base, row.code))
        else texts[row.code]
        for row in PARAMETERS
    }
    return newest.number, merged


def _read(texts: dict[str, str]) -> tuple[dict[str, int], list[ParameterProblem]]:
    """Typed texts as a complete set of values, and what cannot be read."""
    values, problems = dict(DEFAULTS), []
    for row in PARAMETERS:
        value = read_value(row, texts[row.code])
        if isinstance(value, ParameterProblem):
            problems.append(value)
        else:
            values[row.code] = value
    return values, problems
