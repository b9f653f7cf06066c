"""§2.2 step 4 — target customers 品牌状态分析目标客户管理: filter, preview, the saved list, its history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, abort, flash, redirect, request
from flask_appbuilder import BaseView, expose, has_access
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from app.analysis import brand_targets
from app.analysis.brand_targets import CustomerFilter
from app.analysis.views.workbook import workbook
from app.kernel.db import db
from app.kernel.errors import PlanningError
from app.kernel.labels import LabelledEnum
from app.kernel.list_request import ascii_integer, here
from app.models import (
    BrandTarget,
    BusinessType,
    MarketType,
    PortalUser,
    Product,
    Scale,
    TargetCustomer,
)
from app.portal_context import can, month_label, working_month

GRADES = range(1, 31)
MONTHS_OFFERED = (1, 2, 3, 6, 12)
FILTERS: tuple[tuple[str, type[LabelledEnum]], ...] = (
    ("market_types", MarketType),
    ("business_types", BusinessType),
    ("scales", Scale),
)


class TargetCustomerView(BaseView):
    """The targets of the month with their lists, and the list of one target."""

    route_base = "/target-customers"
    default_view = "index"
    class_permission_name = TargetCustomer.__name__
    method_permission_name = {
        "index": "read",
        "target": "read",
        "save": "update",
        "export": "export",
    }

    @expose("/")
    @has_access
    def index(self) -> str:
        """The targets that cover the working month or a later one."""
        month = working_month()
        targets = db.session.scalars(
            select(BrandTarget)
            .join(BrandTarget.product)
            .where(BrandTarget.to_month >= month)
            .order_by(BrandTarget.territory_id, Product.code, BrandTarget.from_month)
        ).all()
        page: str = self.render_template(
            "analysis/target_customers.html",
            title=_("Target customers"),
            targets=targets,
            sizes=brand_targets.list_sizes(db.session(), [row.id for row in targets]),
            locks=brand_targets.locking_months(db.session(), targets),
            month_words=month_label(month),
            has_several=len({row.territory_id for row in targets}) > 1,
        )
        return page

    @expose("/<pk>", methods=["GET"])
    @has_access
    def target(self, pk: str) -> str:
        """Filter and preview; the present list; its history."""
        return self._page(self._target(pk))

    @expose("/<pk>", methods=["POST"])
    @has_access
    def save(self, pk: str) -> Any:
        """Form: mode replace, add or remove, and the customers (repeated); filters in the URL."""
        target = self._target(pk)
        mode = request.form.get("mode")
        texts = request.form.getlist("customer")
        keys = {key for text in texts if (key := ascii_integer(text)) is not None}
        if mode not in ("replace", "add", "remove") or len(keys) != len(set(texts)):
            abort(400)
        session = db.session()
        present = {row.id for row in brand_targets.listed(session, target)}
        wanted = {"replace": keys, "add": present | keys, "remove": present - keys}[mode]
        try:
            brand_targets.save_list(session, target, wanted, read_filter(request.args))
            db.session.commit()
        except PlanningError as refusal:
            db.session.rollback()
            if refusal.status == 404:
                abort(404)
            flash(refusal.message(), "danger")
        else:
            if wanted == present:
                flash(_("The list is unchanged."), "info")
            else:
                flash(_("The list has %(count)d customers now.", count=len(wanted)), "success")
        return redirect(here(), 303)

    @expose("/<pk>/export", methods=["POST"])
    @has_access
    def export(self, pk: str) -> Response:
        """The present list as a workbook."""
        target = self._target(pk)
        rows = brand_targets.listed(db.session(), target)
        return workbook(
            _("Target customers of %(product)s", product=str(target.product)),
            [(_("Customer code"), "text"), (_("Customer"), "text")],
            ([row.code, row.name] for row in rows),
            [
                (_("Product"), str(target.product)),
                (_("Territory"), str(target.territory)),
                (_("From month"), target.from_month.key),
                (_("To month"), target.to_month.key),
                (_("Revision"), target.list_revision),
            ],
        )

    # ------------------------------------------------------------------ pieces

    @staticmethod
    def _target(pk: str) -> BrandTarget:
        return brand_targets.target_by_id(db.session(), ascii_integer(pk))

    def _page(self, target: BrandTarget) -> str:
        session = db.session()
        locks = brand_targets.locking_months(session, [target]).get(target.id, [])
        listed = brand_targets.listed(session, target)
        is_preview = request.args.get("preview") == "1"
        chosen = read_filter(request.args)
        found = brand_targets.matching(session, target, chosen) if is_preview else []
        on_list = {row.id for row in listed}
        history = brand_targets.history(session, target)
        people = {row.saved_by for row in history if row.saved_by}
        names = {
            user.id: user.display_name
            for user in session.scalars(select(PortalUser).where(PortalUser.id.in_(people)))
        }
        page: str = self.render_template(
            "analysis/target_list.html",
            title=_("Target customers: %(product)s", product=str(target.product)),
            target=target,
            locks=[month_label(month) for month in locks],
            may_change=can("update", self.class_permission_name) and not locks,
            listed=listed,
            found=found,
            on_list=on_list,
            new_count=sum(row.id not in on_list for row in found),
            is_preview=is_preview,
            chosen=chosen,
            choices=[
                (name, str(members_label(name)), list(members), getattr(chosen, name))
                for name, members in FILTERS
            ],
            lines=brand_targets.lines_of_territory(session, target.territory_id),
            grades=GRADES,
            since=[(working_month().shift(-back), back) for back in MONTHS_OFFERED],
            history=[
                (row, names.get(row.saved_by, "—"), filter_words(row.filters)) for row in history
            ],
        )
        return page


def members_label(name: str) -> Any:
    """The word of a filter."""
    return {
        "market_types": _("Market type"),
        "business_types": _("Business type"),
        "scales": _("Scale"),
        "lines": _("Line"),
    }[name]


def read_filter(args: MultiDict[str, str]) -> CustomerFilter:
    """The filter of a URL; values that make no sense are left out."""
    chosen: dict[str, Any] = {
        name: tuple(
            members.__members__[text]
            for text in dict.fromkeys(args.getlist(name))
            if text in members.__members__
        )
        for name, members in FILTERS
    }
    bounds: dict[str, Any] = {}
    for name in ("grade_from", "grade_to"):
        grade = ascii_integer(args.get(name))
        bounds[name] = grade if grade in GRADES else None
    bought = {"yes": True, "no": False}.get(args.get("has_bought", ""))
    back = ascii_integer(args.get("bought_months"))
    since = working_month().shift(-back) if back in MONTHS_OFFERED else None
    return CustomerFilter(
        **chosen,
        **bounds,
        lines=tuple(text[:40] for text in dict.fromkeys(args.getlist("lines")) if text),
        has_bought=bought,
        bought_since=since if bought is not None else None,
    )


def _condition(name: str, values: Sequence[str]) -> str:
    return _("%(column)s: %(values)s", column=members_label(name), values="、".join(values))


def filter_words(saved: dict[str, Any] | None) -> str:
    """A kept filter as people read it."""
    saved = saved or {}
    parts = []
    for name, members in FILTERS:
        labels = [
            str(members.__members__[text].label)
            for text in saved.get(name) or ()
            if text in members.__members__
        ]
        if labels:
            parts.append(_condition(name, labels))
    if saved.get("lines"):
        parts.append(_condition("lines", saved["lines"]))
    if saved.get("grade_from") or saved.get("grade_to"):
        parts.append(
            _(
                "Grade %(first)s to %(last)s",
                first=saved.get("grade_from") or GRADES[0],
                last=saved.get("grade_to") or GRADES[-1],
            )
        )
    if saved.get("has_bought") is not None:
        since = saved.get("bought_since") or ""
        if not since:
            parts.append(_("has bought") if saved["has_bought"] else _("has not bought"))
        elif saved["has_bought"]:
            parts.append(_("has bought since %(month)s", month=since))
        else:
            parts.append(_("has not bought since %(month)s", month=since))
    return "; ".join(parts) or _("no conditions")
