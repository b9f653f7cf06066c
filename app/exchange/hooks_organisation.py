"""Territories create their departments on request; users get a role, but never a password."""

from __future__ import annotations

from typing import Any

from flask_appbuilder.security.sqla.models import Role, assoc_user_role
from sqlalchemy import String, and_, case, exists, func, insert, literal, not_, or_, select, update

from app.exchange.comparison import CHANGED, NEW, UNCHANGED, Comparison, code_text
from app.exchange.import_log import log_created
from app.models import AssignmentKind, Department, PortalUser, TerritoryAssignment
from app.security.permissions import RoleName

DEPARTMENTS = Department.__table__
USERS = PortalUser.__table__
ROLES = Role.__table__
ASSIGNMENTS = TerritoryAssignment.__table__

NO_PASSWORD = "!"  # noqa: S105 -- no hash at all, so that no password fits it
NO_ADDRESS = "@users.invalid"
"""FAB wants a unique e-mail address per user; this domain can never receive mail."""


def _bookkeeping(run: Comparison, table: Any) -> dict[str, Any]:
    return {
        "version": literal(1),
        "created_at": literal(run.now),
        "created_by": literal(run.user_id, table.c.created_by.type),
        "updated_at": literal(run.now),
        "updated_by": literal(run.user_id, table.c.updated_by.type),
    }


def creates_departments(run: Comparison) -> frozenset[str]:
    return frozenset({"department"} if run.options["create_missing"] else ())


def mark_moved(run: Comparison) -> int:
    """A territory that goes to a department still to be created is changed."""
    stage = run.stage.c
    waits = and_(stage.department.is_not(None), stage.department_id.is_(None))
    run.connection.execute(
        update(run.stage).where(run.of_batch(UNCHANGED), waits).values(outcome=CHANGED)
    )
    return 0


def create_departments(run: Comparison) -> None:
    """Departments that rows name and that do not exist: code as given, name given or the code."""
    if not run.options["create_missing"]:
        return
    stage = run.stage.c
    values = {
        "company_id": stage.company_id,
        "code": stage.department,
        "name": func.coalesce(
            func.max(stage.department_name), func.substr(stage.department, 1, 80)
        ),
        **_bookkeeping(run, DEPARTMENTS),
    }
    waits = and_(stage.department.is_not(None), stage.department_id.is_(None))
    codes = run.connection.scalars(
        select(stage.department).where(run.of_batch(NEW, CHANGED), waits).distinct()
    ).all()
    if not codes:
        return
    run.connection.execute(
        insert(DEPARTMENTS).from_select(
            list(values),
            select(*values.values())
            .where(run.of_batch(NEW, CHANGED), waits)
            .group_by(stage.company_id, stage.department)
            .order_by(stage.department),
            include_defaults=False,
        )
    )
    department = DEPARTMENTS.alias()
    run.connection.execute(
        update(run.stage)
        .where(run.of_batch(NEW, CHANGED), waits)
        .values(
            department_id=select(department.c.id)
            .where(
                department.c.company_id == stage.company_id, department.c.code == stage.department
            )
            .scalar_subquery()
        )
    )
    log_created(
        run,
        "Department",
        run.connection.execute(
            select(DEPARTMENTS.c.id, DEPARTMENTS.c.name.label("label"), DEPARTMENTS.c.code).where(
                DEPARTMENTS.c.company_id == run.company_id, DEPARTMENTS.c.code.in_(codes)
            )
        ).all(),
    )


def check_users(run: Comparison) -> int:
    """User names and addresses are unique in the whole portal, in any spelling."""
    stage, user, other = run.stage.c, USERS.alias(), run.stage.alias()
    taken = exists().where(func.lower(user.c.username) == func.lower(stage.username))
    found = run.add_errors(
        "username", "USERNAME_TAKEN", and_(stage.outcome == NEW, taken), code_text(stage.username)
    )
    same_address = func.lower(user.c.email) == func.lower(stage.email)
    owned = exists().where(
        same_address, or_(stage.target_id.is_(None), user.c.id != stage.target_id)
    )
    twice = exists().where(
        other.c.company_id == stage.company_id,
        other.c.batch_id == stage.batch_id,
        other.c.row_no != stage.row_no,
        func.lower(other.c.email) == func.lower(stage.email),
    )
    writes = stage.outcome.in_((NEW, CHANGED))
    return found + run.add_errors(
        "email", "EMAIL_TAKEN", and_(writes, or_(owned, twice)), code_text(stage.email)
    )


def new_user_values(run: Comparison) -> dict[str, Any]:
    stage = run.stage.c
    return {
        "email": func.coalesce(stage.email, stage.username.concat(literal(NO_ADDRESS))),
        "password": literal(NO_PASSWORD),
        "active": literal(True),  # noqa: FBT003
        "must_change_password": literal(True),  # noqa: FBT003
        "session_epoch": literal(1),
        "created_on": literal(run.now),
        "changed_on": literal(run.now),
        "created_by_fk": literal(run.user_id, USERS.c.created_by_fk.type),
        "changed_by_fk": literal(run.user_id, USERS.c.changed_by_fk.type),
    }


def give_roles(run: Comparison) -> None:
    """New users get their role; customer managers a territory, market managers a department.

    The first user of a free territory becomes its primary manager, every other a substitute. A
    department keeps the manager it has.
    """
    stage = run.stage.c
    is_user = and_(
        run.of_batch(NEW),
        USERS.c.company_id == stage.company_id,
        USERS.c.username == stage.username,
    )
    role_name = case(*((stage.role == role.name, literal(role.value, String)) for role in RoleName))
    run.connection.execute(
        insert(assoc_user_role).from_select(
            ["user_id", "role_id"],
            select(USERS.c.id, ROLES.c.id).where(is_user, ROLES.c.name == role_name),
            include_defaults=False,
        )
    )
    held, earlier = ASSIGNMENTS.alias(), run.stage.alias()
    is_held = exists().where(
        held.c.territory_id == stage.territory_id,
        held.c.kind == AssignmentKind.PRIMARY,
        or_(held.c.valid_to.is_(None), held.c.valid_to >= run.today),
    )
    is_later = exists().where(
        earlier.c.company_id == stage.company_id,
        earlier.c.batch_id == stage.batch_id,
        earlier.c.outcome == NEW,
        earlier.c.role == stage.role,
        earlier.c.territory_id == stage.territory_id,
        earlier.c.row_no < stage.row_no,
    )
    kind = ASSIGNMENTS.c.kind.type
    values = {
        "company_id": stage.company_id,
        "territory_id": stage.territory_id,
        "user_id": USERS.c.id,
        "kind": case(
            (or_(is_held, is_later), literal(AssignmentKind.SUBSTITUTE, kind)),
            else_=literal(AssignmentKind.PRIMARY, kind),
        ),
        "valid_from": literal(run.today),
        **_bookkeeping(run, ASSIGNMENTS),
    }
    manages = stage.role == RoleName.CUSTOMER_MANAGER.name
    run.connection.execute(
        insert(ASSIGNMENTS).from_select(
            list(values),
            select(*values.values()).where(is_user, manages, stage.territory_id.is_not(None)),
            include_defaults=False,
        )
    )
    heads = stage.role == RoleName.MARKET_MANAGER.name
    another = run.stage.alias()
    is_second = exists().where(
        another.c.company_id == stage.company_id,
        another.c.batch_id == stage.batch_id,
        another.c.outcome == NEW,
        another.c.role == stage.role,
        another.c.department_id == stage.department_id,
        another.c.row_no < stage.row_no,
    )
    run.connection.execute(
        update(DEPARTMENTS)
        .where(
            is_user,
            heads,
            not_(is_second),
            DEPARTMENTS.c.company_id == stage.company_id,
            DEPARTMENTS.c.id == stage.department_id,
            DEPARTMENTS.c.manager_id.is_(None),
        )
        .values(
            manager_id=USERS.c.id,
            version=DEPARTMENTS.c.version + 1,
            updated_at=run.now,
            updated_by=run.user_id,
        )
    )
