"""§2.2 step 3 — watched products 关注商品: list, issuing several at once, ending early."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, flash, g, redirect, request, url_for
from flask_appbuilder import expose, has_access
from flask_appbuilder.actions import action
from flask_appbuilder.models.filters import BaseFilter
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select
from sqlalchemy.orm import Query

from app.analysis import focus_products
from app.analysis.focus_products import FocusRefused
from app.kernel.base_view import PlanningView
from app.kernel.db import db
from app.kernel.errors import N_, PlanningError
from app.kernel.list_filters import Quick
from app.kernel.list_request import ascii_integer
from app.kernel.period import Month
from app.models import Department, FocusProduct, Product, ProductStatus, Territory
from app.portal_context import can, month_label, working_month
from app.security.identity import has_role
from app.security.permissions import RoleName

LONGEST_REMARK = 200


class OfOwnDepartments(BaseFilter):
    """Entries of departments the person heads or works in; company-wide roles see all."""

    def apply(self, query: Query[Any], value: Any) -> Query[Any]:
        if has_role(RoleName.ADMINISTRATOR) or has_role(RoleName.BRAND_MANAGER):
            return query
        return query.filter(
            or_(
                FocusProduct.department_id.in_(select(Territory.department_id)),
                FocusProduct.department_id.in_(
                    select(Department.id).where(Department.manager_id == g.user.id)
                ),
            )
        )


class RunsInMonth(BaseFilter):
    """value: True for entries that cover the working month."""

    def apply(self, query: Query[Any], value: Any) -> Query[Any]:
        month = working_month()
        return query.filter(FocusProduct.from_month <= month, FocusProduct.to_month >= month)


class FocusProductView(PlanningView):
    datamodel = SQLAInterface(FocusProduct)
    route_base = "/watched-products"
    base_filters = [["department_id", OfOwnDepartments, None]]
    list_title = _l("Watched products")
    entity_label = _l("watched product")
    hint = _l(
        "Products the market department watches, month by month. Brand targets (step 3) can be set "
        "for these products only."
    )
    empty_hint = _l("The market manager issues them by department and month range.")
    exclude_route_methods = {"download", "add", "bulk_edit", "select"}
    list_columns = ["product", "product.code", "department", "from_month", "to_month", "remark"]
    show_columns = [
        "product", "product.code", "department", "from_month", "to_month", "remark",
        "created_at", "updated_at",
    ]  # fmt: skip
    edit_columns = ["from_month", "to_month", "remark"]
    card_columns = ["product", "department", "from_month", "to_month"]
    order_columns = ["product.code", "from_month", "to_month"]
    base_order = ("from_month", "desc")
    extra_labels = {"product": _l("Product"), "product.code": _l("Product code")}
    filter_bar = [
        Quick("product", "relation", label=_l("Product")),
        Quick("department", "relation", label=_l("Department")),
        Quick("now", "flag", label=_l("In the working month"), filter_class=RunsInMonth),
        Quick("from_month", "month"),
    ]
    search_columns = ["to_month"]
    has_history = True
    method_permission_name = {"new": "create", "create": "create"}

    # ------------------------------------------------------------------ issuing

    def list_buttons(self) -> list[dict[str, Any]]:
        if not (can("create", "FocusProduct") and self._departments()):
            return []
        return [
            {
                "url": url_for("FocusProductView.new"),
                "text": _("Issue products"),
                "icon": "fa-plus",
                "is_primary": True,
            }
        ]

    @staticmethod
    def _departments() -> list[Department]:
        return focus_products.own_departments(
            db.session(), g.user.id, is_administrator=has_role(RoleName.ADMINISTRATOR)
        )

    @expose("/new", methods=["GET"])
    @has_access
    def new(self) -> str:
        """The form for several products at once."""
        return self._form()

    @expose("/new", methods=["POST"])
    @has_access
    def create(self) -> Any:
        """Form: department, product (repeated), from_month, to_month, remark."""
        departments = {row.id: row for row in self._departments()}
        department = departments.get(ascii_integer(request.form.get("department")) or 0)
        if department is None:
            abort(404)
        texts = request.form.getlist("product")
        keys = [key for text in texts if (key := ascii_integer(text)) is not None]
        if len(keys) != len(texts):
            abort(400)
        try:
            count = focus_products.issue(
                db.session(),
                department,
                keys,
                typed_month("from_month"),
                typed_month("to_month"),
                request.form.get("remark", "").strip()[:LONGEST_REMARK],
            )
            db.session.commit()
        except PlanningError as refusal:
            db.session.rollback()
            if refusal.status == 404:
                abort(404)
            return Response(self._form(refusal), 422, mimetype="text/html")
        flash(
            _("%(count)d products are watched by %(place)s now.", count=count, place=department),
            "success",
        )
        return redirect(url_for("FocusProductView.list"), 303)

    def _form(self, refusal: PlanningError | None = None) -> str:
        departments = self._departments()
        companies = {row.company_id for row in departments}
        month = working_month()
        products = db.session.scalars(
            select(Product)
            .where(Product.company_id.in_(companies), Product.status == ProductStatus.ON_SALE)
            .order_by(Product.code)
        ).all()
        watched = db.session.scalars(
            select(FocusProduct).where(FocusProduct.to_month >= month)
        ).all()
        notes: dict[int, list[str]] = {}
        for row in watched:
            if row.department in departments:
                notes.setdefault(row.product_id, []).append(
                    f"{row.department}: {row.from_month}–{row.to_month}"
                )
        return self.render_template(
            "analysis/focus_new.html",
            title=_("Issue watched products"),
            departments=departments,
            products=products,
            names_company=len(companies) > 1,
            notes=notes,
            months=(month.key, month.shift(2).key),
            typed=request.form,
            chosen=set(request.form.getlist("product")),
            refusal=refusal.message() if refusal else None,
            field=refusal.field if refusal else None,
        )

    # ------------------------------------------------------------------ changing

    def _require_own(self, item: FocusProduct) -> None:
        if item.department_id not in {row.id for row in self._departments()}:
            raise FocusRefused(
                N_("Only the department's market manager changes its watched products.")
            )

    def pre_update(self, item: FocusProduct) -> None:
        self._require_own(item)
        focus_products.check_months(item.from_month, item.to_month)
        with db.session.no_autoflush:
            present = focus_products.overlapping(
                db.session(),
                item.department_id,
                [item.product_id],
                item.from_month,
                item.to_month,
                item.id,
            )
        if present:
            raise FocusRefused(
                N_("The product is watched from %(first)s to %(last)s by another entry already."),
                field="from_month",
                first=present[0].from_month.key,
                last=present[0].to_month.key,
            )

    def pre_delete(self, item: FocusProduct) -> None:
        self._require_own(item)
        count = focus_products.dependent_targets(db.session(), item)
        if count:
            raise FocusRefused(
                N_(
                    "%(count)d brand targets rely on %(product)s. End it early instead, or remove "
                    "the targets first."
                ),
                count=count,
                product=str(item.product),
            )

    @action(
        "end",
        _l("End with the working month"),
        _l("The chosen products are watched up to the working month and no longer. Go on?"),
        icon="fa-hourglass-end",
        single=False,
    )
    def end(self, items: list[FocusProduct]) -> None:
        """提前结束: the working month is the last one."""
        month, beyond = working_month(), 0
        for item in items:
            self._require_own(item)
            beyond += focus_products.end_early(db.session(), item, month)
        db.session.commit()
        flash(
            _(
                "%(count)d products end with %(month)s.",
                count=len(items),
                month=month_label(month),
            ),
            "success",
        )
        if beyond:
            flash(
                _(
                    "%(count)d brand targets reach beyond that month; they stay as they are.",
                    count=beyond,
                ),
                "warning",
            )


def typed_month(name: str) -> Month:
    """A month of the posted form. Errors: `FocusRefused`."""
    try:
        return Month.parse(request.form.get(name, ""))
    except ValueError:
        raise FocusRefused(N_("Enter a month, for example 2026-11."), field=name) from None
