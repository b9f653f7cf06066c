"""`HOOKS`: what a sheet does besides the common comparison and writing, one row per sheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import FromClause

from app.exchange import (
    hooks_categories,
    hooks_customers,
    hooks_organisation,
    hooks_products,
    hooks_questionnaires,
    hooks_sales,
)
from app.exchange.comparison import Comparison

Step = Callable[[Comparison], None]
Check = Callable[[Comparison], int]


def _creates_nothing(run: Comparison) -> frozenset[str]:
    return frozenset()


@dataclass(frozen=True, slots=True)
class Hooks:
    """In the order in which they are called.

    Check: `prepare` after references are resolved; `checks` before, `late_checks` after the
    outcome is known (returns how many rows it rejected). `creates`: reference fields whose
    unknown rows are no fault, because the import will create them.
    Write: `before_write`; then rows are inserted with `new_values` (model column → expression)
    on top; `after_insert`; rows are updated with `changed_values`; `after_write`.
    """

    prepare: Step | None = None
    checks: Step | None = None
    late_checks: Check | None = None
    creates: Callable[[Comparison], frozenset[str]] = _creates_nothing
    before_write: Step | None = None
    new_values: Callable[[Comparison], dict[str, Any]] | None = None
    after_insert: Step | None = None
    changed_values: Callable[[Comparison, FromClause, Mapping[str, Any]], dict[str, Any]] | None = (
        None
    )
    after_write: Step | None = None


HOOKS: Mapping[str, Hooks] = {
    "customers": Hooks(
        checks=hooks_customers.check_dates,
        before_write=hooks_customers.mark_results,
        new_values=hooks_customers.new_values,
        after_insert=hooks_customers.keep_history,
        changed_values=hooks_customers.changed_values,
        after_write=hooks_customers.follow_customers,
    ),
    "products": Hooks(
        before_write=hooks_products.mark_results,
        new_values=hooks_products.new_values,
        changed_values=hooks_products.changed_values,
    ),
    "categories": Hooks(
        checks=hooks_categories.check_tree,
        late_checks=hooks_categories.check_parents,
        creates=hooks_categories.creates,
        after_insert=hooks_categories.link_parents,
    ),
    "category_products": Hooks(late_checks=hooks_categories.check_leaves),
    "sales_lines": Hooks(
        before_write=hooks_sales.refresh_history,
        new_values=hooks_sales.new_values,
        after_write=hooks_sales.finish,
    ),
    "questionnaire_answers": Hooks(
        prepare=hooks_questionnaires.find_questionnaires,
        checks=hooks_questionnaires.check_forms,
        late_checks=hooks_questionnaires.check_open,
        before_write=hooks_questionnaires.create_questionnaires,
        new_values=hooks_questionnaires.new_values,
        after_write=hooks_questionnaires.replace_forms,
    ),
    "territories": Hooks(
        creates=hooks_organisation.creates_departments,
        late_checks=hooks_organisation.mark_moved,
        before_write=hooks_organisation.create_departments,
    ),
    "users": Hooks(
        late_checks=hooks_organisation.check_users,
        new_values=hooks_organisation.new_user_values,
        after_insert=hooks_organisation.give_roles,
    ),
}
