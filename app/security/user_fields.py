"""Form fields and list conditions of the users page."""

from __future__ import annotations

from typing import Any

from flask_appbuilder.models.filters import BaseFilter
from flask_appbuilder.security.sqla.models import Role
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape
from sqlalchemy import select
from sqlalchemy.orm import Query
from wtforms import SelectMultipleField
from wtforms.widgets import html_params

from app.kernel.db import db
from app.kernel.period import local_today
from app.kernel.related_choices import RelatedChoices
from app.models import Department, PortalUser, Territory, TerritoryAssignment
from app.security.permissions import RoleName, role_labels


def role_words(value: Any) -> str:
    """Roles, given as rows or as names, in words."""
    return "、".join(role_labels(getattr(role, "name", role) for role in value or ()))


class RoleChecks:
    """One check box per role."""

    def __call__(self, field: Any, **attributes: Any) -> Markup:
        boxes = [
            Markup('<label class="check" for="{0}">{1} {2}</label>').format(
                f"{field.id}-{value}",
                Markup("<input {}>").format(
                    Markup(
                        html_params(
                            type="checkbox",
                            name=field.name,
                            id=f"{field.id}-{value}",
                            value=value,
                            checked=chosen,
                        )
                    )
                ),
                label,
            )
            for value, label, chosen, _render in field.iter_choices()
        ]
        return Markup(
            '<div class="role-checks" role="group" id="{}" aria-label="{}">{}</div>'
        ).format(field.id, escape(field.label.text), Markup("").join(boxes))


class RolesField(SelectMultipleField):
    """A user's roles; the data is a list of role names, the object's value a list of rows."""

    widget = RoleChecks()

    def __init__(self, *args: Any, **options: Any) -> None:
        choices = [(role.value, role.label) for role in RoleName]
        super().__init__(*args, choices=choices, **options)

    def process_data(self, value: Any) -> None:
        self.data = [getattr(role, "name", role) for role in value or ()]

    def _value(self) -> str:
        """For comparing what two people edit."""
        return ",".join(sorted(self.data or ()))

    def populate_obj(self, obj: Any, name: str) -> None:
        rows = db.session.scalars(select(Role).where(Role.name.in_(self.data or ())))
        setattr(obj, name, list(rows))


class RoleChoices(RelatedChoices):
    """The four roles, in words."""

    def text(self, row: Any) -> str:
        return role_words([row])

    def _statement(self) -> Any:
        return super()._statement().where(Role.name.in_([role.value for role in RoleName]))


class WorksIn(BaseFilter):
    """value: (department id, text) — heads it or holds one of its territories today."""

    name = _l("Works in")

    def apply(self, query: Query[Any], value: tuple[int, str]) -> Query[Any]:
        heads = select(Department.manager_id).where(Department.id == value[0])
        holds = held_today().join(Territory).where(Territory.department_id == value[0])
        return query.filter(PortalUser.id.in_(heads) | PortalUser.id.in_(holds))


class HoldsTerritory(BaseFilter):
    """value: (territory id, text) — holds it today."""

    name = _l("Holds")

    def apply(self, query: Query[Any], value: tuple[int, str]) -> Query[Any]:
        holds = held_today().where(TerritoryAssignment.territory_id == value[0])
        return query.filter(PortalUser.id.in_(holds))


def held_today() -> Any:
    """The users who hold a territory today."""
    today = local_today()
    return select(TerritoryAssignment.user_id).where(
        TerritoryAssignment.valid_from <= today,
        TerritoryAssignment.valid_to.is_(None) | (TerritoryAssignment.valid_to >= today),
    )


def places(model: type[Any]) -> list[tuple[int, str]]:
    """Departments or territories in scope, to choose from."""
    return RelatedChoices(db.session(), model, ("code", "name")).small()
