"""Companies, departments, territories, and who holds which territory from when to when."""

from __future__ import annotations

from typing import Any

from flask import g, has_request_context, request
from flask_appbuilder.models.filters import BaseFilter
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_appbuilder.security.sqla.models import Role
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import exists, func, inspect, select
from sqlalchemy.orm import Query

from app.kernel.base_view import PlanningView
from app.kernel.db import db
from app.kernel.errors import N_, PlanningError
from app.kernel.formatters import pill, toned
from app.kernel.labels import LabelledEnum
from app.kernel.list_filters import Quick
from app.kernel.period import local_today
from app.models import (
    AssignmentKind,
    Company,
    Customer,
    Department,
    PortalUser,
    Territory,
    TerritoryAssignment,
)
from app.organisation.assignments import check_assignment, held_on, holders
from app.security.identity import has_role
from app.security.permissions import RoleName


def with_role(role: RoleName) -> tuple[Any, ...]:
    """Conditions on users: in service and with the role."""
    return (PortalUser.active.is_(True), PortalUser.roles.any(Role.name == role.value))


class CompanyView(PlanningView):
    """Platform administrators open companies; a company's own people see theirs only."""

    datamodel = SQLAInterface(Company)
    route_base = "/companies"
    list_title = _l("Companies")
    entity_label = _l("company")
    hint = _l("A company is a tenant: its people never see another company's rows.")
    list_columns = ["name", "code", "is_active"]
    card_columns = ["name", "code", "is_active"]
    order_columns = ["name", "code"]
    base_order = ("code", "asc")
    filter_bar = [Quick("name", "contains", label=_l("Name or code"), also=("code",))]
    search_columns = ["is_active"]
    show_columns = ["code", "name", "is_active", "created_at", "updated_at"]
    add_columns = ["code", "name", "is_active"]
    edit_columns = ["name", "is_active"]
    tones = {"is_active": {"True": "ok", "False": "mute"}}
    has_history = True
    exclude_route_methods = {"download", "delete"}
    _granted = ("can_read", "can_export", "can_create", "can_update")

    @property
    def base_permissions(self) -> list[str]:
        """Within a company there is nothing to create or change here."""
        if has_request_context() and g.get("row_scope") and g.row_scope.company_id is not None:
            return list(self._granted[:2])
        return list(self._granted)

    @base_permissions.setter
    def base_permissions(self, names: list[str]) -> None:
        """FAB writes what it derived; the property above decides."""


class DepartmentView(PlanningView):
    datamodel = SQLAInterface(Department)
    route_base = "/departments"
    list_title = _l("Departments")
    entity_label = _l("department")
    hint = _l("The market manager who heads a department sees and audits its territories.")
    empty_hint = _l("Add the market departments first, then their territories.")
    list_columns = ["name", "code", "manager", "territory_count", "company"]
    card_columns = ["name", "manager", "territory_count"]
    order_columns = ["name", "code"]
    base_order = ("code", "asc")
    filter_bar = [
        Quick("name", "contains", label=_l("Name or code"), also=("code",)),
        Quick("manager", "relation"),
        Quick("manager", "is_missing", label=_l("Without market manager")),
    ]
    search_columns = ["company"]
    show_columns = ["code", "name", "manager", "company", "updated_at"]
    add_columns = ["company", "code", "name", "manager"]
    edit_columns = ["code", "name", "manager"]
    extra_labels = {"territory_count": _l("Territory count")}
    numeric_columns = frozenset({"territory_count"})
    has_history = True

    def hidden_fields(self, role: str) -> frozenset[str]:
        is_bound = role == "add" and g.row_scope.company_id is not None
        return frozenset({"company"} if is_bound else ())

    def related_criteria(self, column: str) -> tuple[Any, ...]:
        return with_role(RoleName.MARKET_MANAGER) if column == "manager" else ()

    def annotate(self, rows: list[Any]) -> None:
        counts = db.session.execute(
            select(Territory.department_id, func.count(Territory.id))
            .where(Territory.department_id.in_([row.id for row in rows]))
            .group_by(Territory.department_id)
        )
        known = {row[0]: row[1] for row in counts}
        for row in rows:
            row.territory_count = known.get(row.id, 0)

    def pre_add(self, item: Any) -> None:
        if item.company is None:
            item.company_id = g.row_scope.company_id
        self._check_manager(item)

    def pre_update(self, item: Department) -> None:
        self._check_manager(item)

    def _check_manager(self, item: Any) -> None:
        company_id = item.company.id if item.company is not None else item.company_id
        if item.manager is not None and item.manager.company_id != company_id:
            raise PlanningError(
                N_("The market manager belongs to another company."), field="manager"
            )

    def pre_delete(self, item: Department) -> None:
        count = db.session.scalar(
            select(func.count(Territory.id)).where(Territory.department_id == item.id)
        )
        if count:
            raise PlanningError(
                N_("%(name)s still has %(count)d territories. Move them first."),
                name=item.name,
                count=count,
            )


class AssignmentState(LabelledEnum):
    """An assignment as seen today."""

    RUNNING = ("running", N_("Running"))
    TO_COME = ("to_come", N_("To come"))
    PAST = ("past", N_("Past"))


class HeldToday(BaseFilter):
    """Assignments that run today."""

    def apply(self, query: Query[Any], value: Any) -> Query[Any]:
        return query.filter(*held_on(local_today()))


class AssignmentView(PlanningView):
    datamodel = SQLAInterface(TerritoryAssignment)
    route_base = "/territory-assignments"
    title = _l("Assignments")
    list_title = _l("Territory assignments")
    entity_label = _l("assignment")
    hint = _l(
        "A territory has one primary holder at a time; substitutes cover absences. "
        "An assignment decides which rows its person sees, from its first to its last day."
    )
    empty_hint = _l("Assign a customer manager to each territory.")
    list_columns = ["territory", "user", "kind", "valid_from", "valid_to", "state"]
    card_columns = ["territory", "user", "kind", "valid_from", "valid_to", "state"]
    order_columns = ["valid_from", "valid_to"]
    base_order = ("valid_from", "desc")
    filter_bar = [
        Quick("territory", "relation"),
        Quick("user", "relation"),
        Quick("kind", "enum"),
        Quick("running", "flag", label=_l("Running today"), filter_class=HeldToday),
    ]
    search_columns = ["valid_from", "valid_to"]
    show_columns = ["territory", "user", "kind", "valid_from", "valid_to", "state", "updated_at"]
    add_columns = ["territory", "user", "kind", "valid_from", "valid_to"]
    edit_columns = ["kind", "valid_from", "valid_to"]
    extra_labels = {"state": _l("State")}
    tones = {"kind": {"PRIMARY": "info", "SUBSTITUTE": "warn"}}
    formatters_columns = {
        "state": toned({"RUNNING": "ok", "TO_COME": "info", "PAST": "mute"}),
    }
    remote_selects = {"territory": ("name", "code")}
    has_history = True

    def related_criteria(self, column: str) -> tuple[Any, ...]:
        return with_role(RoleName.CUSTOMER_MANAGER) if column == "user" else ()

    def column_value(self, item: Any, path: str) -> Any:
        return assignment_state(item) if path == "state" else super().column_value(item, path)

    def _form_for_user(self, form: Any, role: str) -> Any:
        """A new assignment starts today unless another day is entered."""
        form = super()._form_for_user(form, role)
        if role == "add" and request.method == "GET" and form.valid_from.data is None:
            form.valid_from.data = local_today()
        return form

    def pre_add(self, item: TerritoryAssignment) -> None:
        item.company_id = item.territory.company_id
        if item.user.company_id != item.territory.company_id:
            raise PlanningError(
                N_("The customer manager belongs to another company."), field="user"
            )
        self._check(item)

    def pre_update(self, item: TerritoryAssignment) -> None:
        self._check(item)

    def pre_delete(self, item: TerritoryAssignment) -> None:
        if item.valid_from <= local_today():
            raise PlanningError(
                N_("This assignment has begun; enter its last day instead of deleting it.")
            )
        self._check_rank(item)

    def _check(self, item: TerritoryAssignment) -> None:
        self._check_rank(item)
        check_assignment(db.session(), item)

    def _check_rank(self, item: TerritoryAssignment) -> None:
        """Market managers appoint substitutes; the primary holder is the administrator's."""
        if has_role(RoleName.ADMINISTRATOR):
            return
        history: Any = inspect(item).attrs["kind"].history
        kinds = {item.kind, *(history.deleted or ())}
        if AssignmentKind.PRIMARY in kinds:
            raise PlanningError(
                N_("You may appoint substitutes; administrators assign the primary holder."),
                field="kind",
            )


def assignment_state(item: TerritoryAssignment) -> AssignmentState:
    """Where today lies beside the assignment's days."""
    today = local_today()
    if item.valid_from > today:
        return AssignmentState.TO_COME
    if item.valid_to is not None and item.valid_to < today:
        return AssignmentState.PAST
    return AssignmentState.RUNNING


class WithoutHolder(BaseFilter):
    """Territories without a primary holder today."""

    def apply(self, query: Query[Any], value: Any) -> Query[Any]:
        return query.filter(
            ~exists().where(
                TerritoryAssignment.territory_id == Territory.id,
                TerritoryAssignment.kind == AssignmentKind.PRIMARY,
                *held_on(local_today()),
            )
        )


def shown_holders(value: str) -> Any:
    """The holders' names; that there is none stands out."""
    return value or pill(_("nobody"), "warn")


class TerritoryView(PlanningView):
    datamodel = SQLAInterface(Territory)
    route_base = "/territories"
    list_title = _l("Territories")
    entity_label = _l("territory")
    hint = _l("Plans, analyses, targets and visits belong to a territory and a month.")
    empty_hint = _l("Territories come from the import, or add them below their department.")
    list_columns = ["name", "code", "department", "department.manager", "holders", "customers"]
    card_columns = ["name", "department", "holders", "customers"]
    order_columns = ["name", "code"]
    base_order = ("code", "asc")
    filter_bar = [
        Quick("name", "contains", label=_l("Name or code"), also=("code",)),
        Quick("department", "relation"),
        Quick(
            "without_holder",
            "flag",
            label=_l("Without primary holder"),
            filter_class=WithoutHolder,
            shows_count=True,
        ),
    ]
    search_columns: list[str] = []
    show_columns = ["code", "name", "department", "department.manager", "holders", "customers"]
    add_columns = ["department", "code", "name"]
    edit_columns = ["department", "code", "name"]
    extra_labels = {
        "holders": _l("Holders today"),
        "customers": _l("Customers"),
        "department.manager": _l("Market manager"),
    }
    numeric_columns = frozenset({"customers"})
    formatters_columns = {"holders": shown_holders}
    show_template = "organisation/territory_show.html"
    related_views = [AssignmentView]
    has_history = True

    def annotate(self, rows: list[Any]) -> None:
        ids = [row.id for row in rows]
        counts = db.session.execute(
            select(Customer.territory_id, func.count(Customer.id))
            .where(Customer.territory_id.in_(ids))
            .group_by(Customer.territory_id)
        )
        known = {row[0]: row[1] for row in counts}
        held = holders(db.session(), ids, local_today())
        for row in rows:
            row.customers = known.get(row.id, 0)
            row.holders = holder_words(held.get(row.id, []))

    def scoped_item(self, pk: Any) -> Any:
        item = super().scoped_item(pk)
        self.annotate([item])
        return item

    def pre_add(self, item: Territory) -> None:
        item.company_id = item.department.company_id

    def pre_update(self, item: Territory) -> None:
        if item.department.company_id != item.company_id:
            raise PlanningError(
                N_("The department belongs to another company."), field="department"
            )

    def pre_delete(self, item: Territory) -> None:
        if item.customers:
            raise PlanningError(
                N_("%(name)s still has %(count)d customers. Move them first."),
                name=item.name,
                count=item.customers,
            )


def holder_words(assignments: list[TerritoryAssignment]) -> str:
    """The names, substitutes marked; empty when there are none."""
    words = [
        row.user.display_name
        if row.kind is AssignmentKind.PRIMARY
        else _("%(name)s (substitute)", name=row.user.display_name)
        for row in assignments
    ]
    return "、".join(words)
