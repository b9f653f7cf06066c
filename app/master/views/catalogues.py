"""The catalogues of the method: strategies, needs, ability items, reasons of problems and returns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import flash, g
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import func, select
from wtforms import SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from app.kernel.base_view import PlanningView
from app.kernel.db import db
from app.kernel.errors import N_, PlanningError
from app.kernel.formatters import MISSING
from app.kernel.list_filters import Quick
from app.models import AbilityItem, NeedOption, ProblemReason, ReturnReason, ServiceStrategy
from app.security.row_scope import current_scope

ALL_WEIGHTS = 100
LIST_NAME = "shown_name"
"""The list's name column: English on English pages where there is such a name; before it the
company, for people who see several."""


def shown_name(entry: Any) -> str:
    """The entry's name in the page's language, as far as there is one."""
    is_english = str(get_locale()) == "en"
    return str((is_english and entry.name_en) or entry.name)


def strategy_words(strategies: list[ServiceStrategy] | None) -> Any:
    """Code and name of each strategy, one a line."""
    if not strategies:
        return MISSING
    return Markup("<br>").join(f"{each.code} {shown_name(each)}" for each in strategies)


class StrategiesField(SelectMultipleField):
    """Ticks for the service strategies the user may refer to; the data are the rows."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, validate_choice=False, coerce=str, **options)

    def _offered(self) -> dict[str, ServiceStrategy]:
        rows = db.session.scalars(
            select(ServiceStrategy).order_by(ServiceStrategy.company_id, ServiceStrategy.sort)
        )
        return {str(row.id): row for row in rows}

    def iter_choices(self) -> Iterator[tuple[Any, Any, bool, dict[str, Any]]]:
        chosen = {str(row.id) for row in self.data or ()}
        names_company = current_scope().company_id is None
        for key, row in self._offered().items():
            prefix = f"{row.company} · " if names_company else ""
            yield key, f"{prefix}{row.code} {shown_name(row)}", key in chosen, {}

    def has_groups(self) -> bool:
        return False

    def process_data(self, value: Any) -> None:
        self.data = list(value or ())

    def process_formdata(self, valuelist: list[str]) -> None:
        offered = self._offered()
        self.data = [offered[key] for key in dict.fromkeys(valuelist) if key in offered]
        if len(self.data) != len(set(valuelist)):
            raise ValueError(_("Please choose one of the offered values."))

    def _value(self) -> str:
        return " ".join(sorted(row.code for row in self.data or ()))


def _strategies_field(description: Any) -> StrategiesField:
    return StrategiesField(_l("Service strategies"), description=description)


class CatalogueView(PlanningView):
    """What the five pages share; not a page itself."""

    order_columns = ["code", "sort", "is_active"]
    base_order = ("sort", "asc")
    filter_bar = [
        Quick("name", "contains", also=("code", "name_en")),
        Quick("is_active", "boolean"),
    ]
    search_columns = ["company"]
    card_columns = [LIST_NAME, "code", "is_active"]
    tones = {"is_active": {"True": "ok", "False": "mute"}}
    extra_labels = {
        LIST_NAME: _l("Name"),
        "strategies": _l("Service strategies"),
        "company": _l("Company"),
    }
    formatters_columns = {"strategies": strategy_words}
    eager_loads = ("company",)
    bulk_fields = ["is_active"]
    has_history = True
    add_template = "master/catalogue_add.html"
    edit_template = "master/catalogue_edit.html"
    own_fields: tuple[str, ...] = ()
    """What this catalogue has besides code, names, order and use."""

    def __init__(self, **options: Any) -> None:
        fields = ["code", "name", "name_en", *self.own_fields, "sort", "is_active"]
        self.list_columns = ["code", LIST_NAME, *self.own_fields, "is_active"]
        self.edit_columns = fields
        self.add_columns = ["company", *fields]
        self.show_columns = [*fields, "updated_at"]
        super().__init__(**options)

    def column_value(self, item: Any, path: str) -> Any:
        if path != LIST_NAME:
            return super().column_value(item, path)
        if g.row_scope.company_id is None:
            return f"{item.company} · {shown_name(item)}"
        return shown_name(item)

    def hidden_fields(self, role: str) -> frozenset[str]:
        """Only platform administrators say whose entry it is."""
        is_own = role == "add" and g.row_scope.company_id is not None
        return frozenset({"company"}) if is_own else frozenset()

    def pre_add(self, item: Any) -> None:
        if item.company_id is None and item.company is None:
            item.company_id = g.row_scope.company_id
        self._check_strategies(item)

    def pre_update(self, item: Any) -> None:
        self._check_strategies(item)

    def _check_strategies(self, item: Any) -> None:
        company_id = item.company.id if item.company is not None else item.company_id
        for strategy in getattr(item, "strategies", ()):
            if strategy.company_id != company_id:
                raise PlanningError(
                    N_("The strategy %(code)s belongs to another company."),
                    field="strategies",
                    code=strategy.code,
                )


class ServiceStrategyView(CatalogueView):
    datamodel = SQLAInterface(ServiceStrategy)
    route_base = "/strategies"
    list_title = _l("Service strategies")
    entity_label = _l("service strategy")
    hint = _l("What a visit can offer. Plans keep the wording they were made with.")
    own_fields = ("guidance",)


class NeedOptionView(CatalogueView):
    datamodel = SQLAInterface(NeedOption)
    route_base = "/needs"
    list_title = _l("Needs questionnaire")
    entity_label = _l("need")
    hint = _l("What customers can tick in step 1, and the strategies each answer leads to.")
    own_fields = ("asks_text", "strategies")
    add_form_extra_fields = edit_form_extra_fields = {
        "strategies": _strategies_field(_l("None ticked: the answer calls for nothing."))
    }


class AbilityItemView(CatalogueView):
    datamodel = SQLAInterface(AbilityItem)
    route_base = "/ability-items"
    list_title = _l("Ability scoring sheet")
    entity_label = _l("ability item")
    hint = _l("Each item is scored 1 to 5 in step 2. The weights in use add up to 100.")
    own_fields = ("weight", "low_score", "criteria", "strategies")
    add_form_extra_fields = edit_form_extra_fields = {
        "strategies": _strategies_field(_l("Called for by a low score."))
    }

    def pre_add(self, item: AbilityItem) -> None:
        self._check_ranges(item)
        super().pre_add(item)

    def pre_update(self, item: AbilityItem) -> None:
        self._check_ranges(item)
        super().pre_update(item)

    def _check_ranges(self, item: AbilityItem) -> None:
        if not 0 <= item.weight <= ALL_WEIGHTS:
            raise PlanningError(N_("The weight lies between 0 and 100."), field="weight")
        if not 0 <= item.low_score <= 5:
            raise PlanningError(N_("The low score lies between 0 and 5."), field="low_score")

    def post_add(self, item: AbilityItem) -> None:
        self._warn_of_weights(item)

    def post_update(self, item: AbilityItem) -> None:
        self._warn_of_weights(item)

    def post_delete(self, item: AbilityItem) -> None:
        self._warn_of_weights(item)

    def _warn_of_weights(self, item: AbilityItem) -> None:
        total = self.datamodel.session.scalar(
            select(func.coalesce(func.sum(AbilityItem.weight), 0)).where(
                AbilityItem.company_id == item.company_id, AbilityItem.is_active.is_(True)
            )
        )
        if total != ALL_WEIGHTS:
            flash(
                _(
                    "The weights in use add up to %(total)d, not 100. Please adjust them.",
                    total=total,
                ),
                "warning",
            )


class ProblemReasonView(CatalogueView):
    datamodel = SQLAInterface(ProblemReason)
    route_base = "/problem-reasons"
    list_title = _l("Problem reasons")
    entity_label = _l("problem reason")
    hint = _l("Offered when an indicator is judged abnormal in steps 5 and 6.")


class ReturnReasonView(CatalogueView):
    datamodel = SQLAInterface(ReturnReason)
    route_base = "/return-reasons"
    list_title = _l("Return reasons")
    entity_label = _l("return reason")
    hint = _l("Offered to market managers who return a plan, a result or a summary.")
