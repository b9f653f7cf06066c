"""§1.1 — customers 客户基本信息: list, quick filters, bulk change, moves between territories."""

from __future__ import annotations

from typing import Any

from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import inspect
from wtforms import DateField
from wtforms.validators import Optional as OptionalValue
from wtforms.widgets import DateInput

from app.kernel.base_view import PlanningView
from app.kernel.errors import N_, PlanningError
from app.kernel.list_filters import Quick
from app.master.customer_changes import (
    IDENTITY,
    LIFE,
    MARKET,
    ORDERING,
    check_change,
    check_dates,
)
from app.master.customer_moves import open_first_territory, record_move, remove_unused
from app.master.rules_customer import MAINTAINED_FIELDS, can_be_scheduled
from app.master.views.customer_filter import CustomerQuick
from app.master.views.phone_reveal import PhoneReveal
from app.master.views.sales import CustomerMonthlySalesView
from app.models import Customer, FrequencySource
from app.security.identity import has_role
from app.security.permissions import RoleName

WEEKDAYS = {
    1: _l("Monday"),
    2: _l("Tuesday"),
    3: _l("Wednesday"),
    4: _l("Thursday"),
    5: _l("Friday"),
    6: _l("Saturday"),
    7: _l("Sunday"),
}

PLACE = ["territory", "effective_date"]


def is_administrator() -> bool:
    """Whether the person may change imported fields."""
    return has_role(RoleName.ADMINISTRATOR)


class CustomerView(PhoneReveal, PlanningView):
    datamodel = SQLAInterface(Customer)
    route_base = "/customers"
    list_title = _l("Customer information")
    entity_label = _l("customer")
    hint = _l(
        "Maintain visit mode, frequency and line. "
        "Without a visit mode a customer is left out of week arrangements and daily visit sheets."
    )
    empty_hint = _l("Customers come from the import; an administrator can also add single ones.")

    list_columns = [
        "name", "code", "visit_mode", "visit_frequency", "frequency_source", "line", "grade",
        "business_type", "market_type", "scale", "territory", "status",
    ]  # fmt: skip
    export_columns = [
        "code", "name", "owner", "phone", "address", "neighbourhood", "territory", "market_type",
        "business_type", "scale", "grade", "terminal_type", "order_mode", "order_weekday",
        "settle_mode", "line", "visit_mode", "visit_frequency", "frequency_source",
        "visit_weekday", "status", "open_date", "close_date", "remark",
    ]  # fmt: skip
    card_columns = ["name", "code", "grade", "visit_mode", "visit_frequency", "status"]
    order_columns = ["name", "code", "grade", "line"]
    base_order = ("code", "asc")
    filter_bar = [
        CustomerQuick("name", "contains", label=_l("Name, initials, code or phone")),
        Quick("visit_mode", "is_missing", label=_l("Visit mode missing"), shows_count=True),
        Quick("territory", "relation"),
        Quick("line", "contains"),
        Quick("business_type", "enum"),
        Quick("visit_mode", "enum"),
        Quick("visit_frequency", "enum", more=True),
        Quick("market_type", "enum", more=True),
        Quick("line", "is_missing", label=_l("Without visit line"), more=True),
    ]
    search_columns = [
        "grade", "scale", "status", "frequency_source", "order_mode", "terminal_type",
        "visit_weekday", "batch_id",
    ]  # fmt: skip
    tones = {
        "status": {"ACTIVE": "ok", "SUSPENDED": "warn", "RESTING": "warn", "CANCELLED": "mute"},
        "frequency_source": {"SYSTEM": "info", "MANUAL": "gold"},
    }
    number_words = {"visit_weekday": WEEKDAYS, "order_weekday": WEEKDAYS}
    description_columns = {"visit_weekday": "", "order_weekday": ""}
    extra_labels = {"effective_date": _l("Moves on"), "schedulable": _l("Can be scheduled")}

    show_fieldsets = [
        (_l("Visits"), {"fields": [*MAINTAINED_FIELDS[:4], "frequency_source", "schedulable"]}),
        (_l("Shop"), {"fields": [*IDENTITY[:5], "neighbourhood", "territory"]}),
        (_l("Market"), {"fields": list(MARKET)}),
        (_l("Ordering"), {"fields": list(ORDERING)}),
        (_l("Record"), {"fields": [*LIFE, "remark", "updated_at"]}),
    ]
    edit_fieldsets = [
        (_l("Visits"), {"fields": list(MAINTAINED_FIELDS)}),
        (_l("Shop"), {"fields": list(IDENTITY)}),
        (_l("Territory"), {"fields": PLACE}),
        (_l("Market"), {"fields": list(MARKET)}),
        (_l("Ordering"), {"fields": list(ORDERING)}),
        (_l("Record"), {"fields": list(LIFE)}),
    ]
    add_fieldsets = [
        (_l("Shop"), {"fields": [*IDENTITY, "neighbourhood", "territory"]}),
        (_l("Market"), {"fields": list(MARKET)}),
        (_l("Ordering"), {"fields": list(ORDERING)}),
        (_l("Visits"), {"fields": ["visit_mode", "visit_frequency", "visit_weekday", "line"]}),
        (_l("Record"), {"fields": [*LIFE, "remark"]}),
    ]
    edit_form_extra_fields = {
        "effective_date": DateField(
            _l("Moves on"),
            validators=[OptionalValue()],
            widget=DateInput(),
            description=_l(
                "Only when the territory changes: the first day in the new territory; empty = today"
            ),
            render_kw={"class": "form-control"},
        )
    }
    remote_selects = {"territory": ("name", "code")}
    bulk_fields = ["visit_mode", "visit_frequency", "line", "visit_weekday"]
    related_views = [CustomerMonthlySalesView]
    has_history = True
    show_template = "master/customer_show.html"
    method_permission_name = {"phone": "read"}

    # ------------------------------------------------------------------ who maintains what

    def hidden_fields(self, role: str) -> frozenset[str]:
        if role == "add" or is_administrator():
            return frozenset()
        return frozenset(self.edit_columns) - frozenset(MAINTAINED_FIELDS)

    def _form_for_user(self, form: Any, role: str) -> Any:
        form = super()._form_for_user(form, role)
        if role == "edit" and not is_administrator():
            # §1.1: whoever maintains the visits has to say how the customer is visited.
            form.visit_mode.allow_blank = False
            form.visit_mode.flags.required = True
        return form

    # ------------------------------------------------------------------ saving

    def pre_add(self, item: Customer) -> None:
        item.company_id = item.territory.company_id
        if item.visit_frequency is not None:
            item.frequency_source = FrequencySource.MANUAL
        check_dates(item)

    def post_add(self, item: Customer) -> None:
        open_first_territory(self.datamodel.session, item)
        self.datamodel.session.flush()

    def pre_update(self, item: Customer) -> None:
        check_change(item, is_administrator=is_administrator(), words=self.label_columns)
        self._move(item)

    def _move(self, item: Customer) -> None:
        history: Any = inspect(item).attrs.territory.history
        if not (history.added and history.deleted):
            return
        if item.territory.company_id != item.company_id:
            raise PlanningError(N_("A customer cannot move to another company."), field="territory")
        item.territory_id = item.territory.id
        record_move(self.datamodel.session, item, getattr(item, "effective_date", None))

    def pre_delete(self, item: Customer) -> None:
        remove_unused(self.datamodel.session, item)

    # ------------------------------------------------------------------ pages

    def _edit_page(self, form: Any, item: Any, pk: str, version: int | None) -> Any:
        note = frequency_note(self.history_of(item))
        if note is not None:
            form.visit_frequency.description = note
        return super()._edit_page(form, item, pk, version)

    def column_value(self, item: Any, path: str) -> Any:
        if path == "schedulable":
            reason = can_be_scheduled(item)
            return _("Yes") if reason is None else _(reason)
        return super().column_value(item, path)

    def render_template(self, template: str, **values: Any) -> str:
        if template == self.show_template:
            values["frequency_note"] = frequency_note(values.get("history") or [])
        return super().render_template(template, **values)


def frequency_note(history: list[Any]) -> str | None:
    """Where the visit frequency came from: the newest change of it in a worded history."""
    for entry in history:
        pair = entry.changes.get("visit_frequency")
        if pair is not None:
            return _(
                "Visit frequency: was “%(old)s”, set to “%(new)s” on %(day)s by %(person)s.",
                old=pair[0],
                new=pair[1],
                day=f"{entry.at:%Y-%m-%d %H:%M}",
                person=entry.user_name or _("the system"),
            )
    return None
