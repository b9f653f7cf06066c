"""The one table of who may do what, and its exact transfer into FAB's roles.

`GRANTS` holds the shipped defaults: entity × role → actions. Administrators may deviate from it
on the permission matrix page; a deviation is a `GrantOverride` row. `sync_roles` writes defaults
and deviations to FAB's tables so that each role holds exactly those permissions, no more.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from flask_appbuilder.security.sqla.models import (
    Permission,
    PermissionView,
    Role,
    ViewMenu,
    assoc_permissionview_role,
)
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.kernel.errors import N_
from app.kernel.labels import LabelledEnum
from app.security.models import GrantOverride


class RoleName(LabelledEnum):
    """The four roles; the value is the name of FAB's role row."""

    ADMINISTRATOR = ("administrator", N_("Administrator"), "管理员")
    MARKET_MANAGER = ("market_manager", N_("Market manager"), "市场经理")
    CUSTOMER_MANAGER = ("customer_manager", N_("Customer manager"), "客户经理")
    BRAND_MANAGER = ("brand_manager", N_("Brand manager"), "品牌经理")


def role_labels(names: Iterable[str]) -> list[str]:
    """The translated words of FAB role names, in the order of `RoleName`."""
    held = set(names)
    return [str(role.label) for role in RoleName if role.value in held]


class Action(enum.Enum):
    """What can be granted; the value is the letter used in `GRANTS`."""

    READ = "r"
    CREATE = "c"
    UPDATE = "u"
    DELETE = "d"
    APPROVE = "a"
    EXPORT = "x"

    @property
    def permission(self) -> str:
        """FAB's permission name."""
        return f"can_{self.name.lower()}"


@dataclass(frozen=True, slots=True)
class EntityGrants:
    """One row of the matrix. Letters: r read, c create, u update, d delete, a approve, x export.

    `offered` lists the actions that mean something for the entity; the matrix shows no others.
    """

    entity: str
    label: str
    offered: str
    administrator: str = ""
    market_manager: str = ""
    customer_manager: str = ""
    brand_manager: str = ""

    def default(self, role: RoleName) -> frozenset[Action]:
        return frozenset(Action(letter) for letter in getattr(self, role.value))

    @property
    def actions(self) -> tuple[Action, ...]:
        return tuple(Action(letter) for letter in self.offered)


GRANTS: tuple[EntityGrants, ...] = (
    # entity, label, offered, administrator, market manager, customer manager, brand manager
    EntityGrants("Home", N_("Home page"), "r", "r", "r", "r", "r"),
    EntityGrants("Readiness", N_("Readiness of the month"), "r", "r", "r", "", ""),
    EntityGrants("Customer", N_("Customers"), "rcudx", "rcudx", "rux", "rux", ""),
    EntityGrants("PersonalData", N_("Personal data of customers"), "r", "", "r", "r", ""),
    EntityGrants("Product", N_("Products"), "rcudx", "rcudx", "r", "r", "rcudx"),
    EntityGrants("CategoryNode", N_("Category tree"), "rcud", "rcud", "r", "r", "rcud"),
    EntityGrants("CategoryProduct", N_("Category products"), "rcux", "rcux", "r", "r", "rcux"),
    EntityGrants("SalesLine", N_("Sales lines"), "rx", "rx", "rx", "rx", ""),
    EntityGrants("MonthlySales", N_("Monthly sales"), "rx", "rx", "rx", "rx", ""),
    EntityGrants("Questionnaire", N_("Direct needs"), "rcux", "rx", "rx", "rcux", ""),
    EntityGrants("NeedsExtraction", N_("Extraction of needs"), "ru", "ru", "", "", ""),
    EntityGrants("CustomerState", N_("Operating states"), "rux", "rx", "rx", "rux", ""),
    EntityGrants("FocusProduct", N_("Watched products"), "rcudx", "rcudx", "rcudx", "rx", "rx"),
    EntityGrants("BrandTarget", N_("Brand targets"), "rcudx", "rcudx", "rx", "rcudx", ""),
    EntityGrants("TargetCustomer", N_("Target customers"), "rux", "rux", "rx", "rux", ""),
    EntityGrants("BrandAnalysis", N_("Monthly brand state"), "rux", "rux", "rx", "rux", "rx"),
    EntityGrants("MarketAnalysis", N_("Market analysis"), "rux", "rux", "rx", "rux", ""),
    EntityGrants(
        "ServicePlan", N_("Service strategies of the month"), "ruax", "rax", "rax", "rux", ""
    ),
    EntityGrants("MonthPlan", N_("Month plans"), "ruax", "rax", "rax", "rux", ""),
    EntityGrants("VisitPlan", N_("Visit plans"), "rux", "rx", "rx", "rux", ""),
    EntityGrants("WeekArrangement", N_("Week arrangements"), "rux", "rx", "rx", "rux", ""),
    EntityGrants("DailyVisit", N_("Daily visit records"), "rux", "rx", "rx", "rux", ""),
    EntityGrants("FollowUp", N_("Follow-ups"), "rcux", "rcux", "rcux", "rcux", ""),
    EntityGrants("WeekSummary", N_("Week summaries"), "ruax", "rax", "rax", "rux", ""),
    EntityGrants("MonthSummary", N_("Month summaries"), "ruax", "rax", "rax", "rux", ""),
    EntityGrants("Approval", N_("Approval desk"), "rax", "rax", "rax", "", ""),
    EntityGrants("CalendarDay", N_("Work calendar"), "rux", "rux", "r", "r", "r"),
    EntityGrants("Parameter", N_("Parameters"), "ru", "ru", "r", "r", "r"),
    EntityGrants("ServiceStrategy", N_("Service strategies"), "rcudx", "rcudx", "rx", "r", "r"),
    EntityGrants("NeedOption", N_("Needs questionnaire"), "rcudx", "rcudx", "rx", "r", "r"),
    EntityGrants("AbilityItem", N_("Ability scoring sheet"), "rcudx", "rcudx", "rx", "r", "r"),
    EntityGrants("ProblemReason", N_("Problem reasons"), "rcudx", "rcudx", "rx", "r", "r"),
    EntityGrants("ReturnReason", N_("Return reasons"), "rcudx", "rcudx", "rx", "r", ""),
    EntityGrants("SavedView", N_("Saved views"), "ru", "ru", "ru", "ru", "ru"),
    EntityGrants("ImportBatch", N_("Imports"), "rcx", "rcx", "", "", "rcx"),
    EntityGrants("ExportFile", N_("Export files"), "r", "r", "r", "r", "r"),
    EntityGrants("Task", N_("Background work"), "ru", "ru", "ru", "ru", "ru"),
    EntityGrants("JobRun", N_("Scheduled work"), "rux", "rux"),
    EntityGrants("Notice", N_("Notices"), "ru", "ru", "ru", "ru", "ru"),
    EntityGrants("Company", N_("Companies"), "rcux", "rcux", "", "", ""),
    EntityGrants("Department", N_("Departments"), "rcudx", "rcudx", "r", "r", ""),
    EntityGrants("Territory", N_("Territories"), "rcudx", "rcudx", "rx", "r", ""),
    EntityGrants(
        "TerritoryAssignment", N_("Territory assignments"), "rcudx", "rcudx", "rcux", "r", ""
    ),
    EntityGrants("User", N_("Users"), "rcux", "rcux", "", "", ""),
    EntityGrants("Grant", N_("Roles and permissions"), "rux", "rux", "", "", ""),
    EntityGrants("ChangeLog", N_("Change log"), "rx", "rx", "", "", ""),
    EntityGrants("ApiKey", N_("Access keys"), "rcu", "rcu", "", "", ""),
    EntityGrants("OwnAccount", N_("Own account"), "ru", "ru", "ru", "ru", "ru"),
)

GRANTS_BY_ENTITY: Mapping[str, EntityGrants] = {row.entity: row for row in GRANTS}


def effective_grants(session: Session) -> dict[RoleName, set[tuple[str, Action]]]:
    """Defaults with the administrators' deviations applied: role → {(entity, action)}."""
    granted = {
        role: {(row.entity, action) for row in GRANTS for action in row.default(role)}
        for role in RoleName
    }
    for override in session.scalars(select(GrantOverride)):
        role, action = RoleName.parse(override.role), Action[override.action]
        row = GRANTS_BY_ENTITY.get(override.entity)
        if role is None or row is None or action not in row.actions:
            continue  # left over from a release that had such an entity, role or action
        pair = (override.entity, action)
        (granted[role].add if override.is_granted else granted[role].discard)(pair)
    return granted


def permission_pairs() -> Iterator[tuple[str, str]]:
    """Every (permission, entity) that can be granted, as FAB names them."""
    for row in GRANTS:
        for action in row.actions:
            yield action.permission, row.entity


def sync_roles(session: Session) -> None:
    """Make FAB's roles hold exactly the effective grants. Idempotent; the caller commits."""
    permissions = _ensure(session, Permission, {action.permission for action in Action})
    menus = _ensure(session, ViewMenu, {row.entity for row in GRANTS})
    roles = _ensure(session, Role, {role.value for role in RoleName})
    present = {
        (permission_id, menu_id): pair_id
        for pair_id, permission_id, menu_id in session.execute(
            select(PermissionView.id, PermissionView.permission_id, PermissionView.view_menu_id)
        )
    }
    for permission, entity in permission_pairs():
        key = (permissions[permission], menus[entity])
        if key not in present:
            pair = PermissionView(permission_id=key[0], view_menu_id=key[1])
            session.add(pair)
            session.flush()
            present[key] = pair.id
    wanted = {
        (present[permissions[action.permission], menus[entity]], roles[role.value])
        for role, pairs in effective_grants(session).items()
        for entity, action in pairs
    }
    table = assoc_permissionview_role
    held = {
        (pair_id, role_id)
        for pair_id, role_id in session.execute(
            select(table.c.permission_view_id, table.c.role_id).where(
                table.c.role_id.in_([roles[role.value] for role in RoleName])
            )
        )
    }
    for pair_id, role_id in held - wanted:
        session.execute(
            delete(table).where(table.c.permission_view_id == pair_id, table.c.role_id == role_id)
        )
    if added := wanted - held:
        session.execute(
            insert(table),
            [{"permission_view_id": pair, "role_id": role} for pair, role in sorted(added)],
        )


def _ensure(
    session: Session, model: type[Permission | ViewMenu | Role], names: set[str]
) -> dict[str, int]:
    """Rows of a name table, created where missing: name → id."""
    present = set(session.scalars(select(model.name).where(model.name.in_(names))))
    session.add_all(model(name=name) for name in sorted(names - present))
    session.flush()
    rows = session.execute(select(model.name, model.id).where(model.name.in_(names)))
    return {row.name: row.id for row in rows}
