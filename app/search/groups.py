"""The answer to a question: what was found, group by group, as far as the person may read it.

Customers, products, territories and people are read through the session, which knows the scope.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.kernel.list_filters import like_pattern
from app.kernel.spelling import EDGE, marked, normal
from app.master.customer_search import ESCAPE, MOST_RANKED, find_customers, is_end_of_phone
from app.models import Customer, Department, PortalUser, Product, Territory
from app.portal_context import can
from app.search.pages import FoundPage, find_pages, spelled
from app.search.question import Question
from app.security.personal_data import searchable

Parts = list[tuple[str, bool]]
"""A text in parts; True = what the question means."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A found thing: where it leads, its name and further texts; `state` is a code list member."""

    url: str
    icon: str
    name: Parts
    details: tuple[Parts, ...] = ()
    state: Any = None


@dataclass(frozen=True, slots=True)
class Group:
    """`count` in words, "" when all hits are shown; `all_url` leads to a list of all of them."""

    key: str
    label: str
    hits: list[Hit]
    count: str = ""
    all_url: str | None = None


def find_groups(session: Session, question: Question, most: int) -> list[Group]:
    """Up to `most` customers and half as many of everything else; groups without hits left out."""
    if question.is_empty:
        return []
    few = max(most // 2, 4)
    groups = []
    if not question.is_too_short:
        if can("read", "Customer"):
            groups.append(_customers(session, question, most))
        if can("read", "Product"):
            groups.append(_products(session, question, few))
    pages = find_pages(question)
    # Who types the number of a step means the step, not the many codes that contain it.
    place = 0 if pages and pages[0].is_step else len(groups)
    groups.insert(place, _pages(pages, question, few))
    if not question.is_too_short:
        if can("read", "Territory"):
            groups.append(_territories(session, question, few))
        if can("read", "User"):
            groups.append(_people(session, question, few))
    return [group for group in groups if group.hits]


def _customers(session: Session, question: Question, most: int) -> Group:
    found = find_customers(session, question.words, most)
    hits = [
        Hit(
            url_for("CustomerFileView.show", pk=customer.id),
            "fa-store",
            marked(customer.name, question.words),
            (
                marked(customer.code, question.words),
                *_phone(customer, question),
                [(customer.territory.name, False)],
            ),
            customer.status,
        )
        for customer in found.customers
    ]
    return Group(
        "customers",
        _("Customers"),
        hits,
        _count(found.count, most),
        url_for("CustomerView.list", q_name=question.text),
    )


def _phone(customer: Customer, question: Question) -> tuple[Parts, ...]:
    """The number where the question means its end; it would only be in the way otherwise."""
    phone = customer.phone or ""
    if not searchable(Customer.phone):
        return ()
    ends = [word for word in question.words if is_end_of_phone(word) and phone.endswith(word)]
    if not ends:
        return ()
    cut = len(phone) - len(max(ends, key=len))
    return ([(phone[:cut], False), (phone[cut:], True)],)


def _count(count: int | None, shown: int) -> str:
    if count is None:
        return _("more than %(count)s", count=MOST_RANKED)
    return _("%(count)s found", count=count) if count > shown else ""


def _products(session: Session, question: Question, most: int) -> Group:
    fits = [
        or_(
            Product.search_words.like(pattern := like_pattern(word), escape=ESCAPE),
            func.lower(Product.code).like(pattern, escape=ESCAPE),
        )
        for word in question.words
    ]
    rows = session.execute(
        select(Product.id, Product.code, Product.name, Product.brand, Product.status)
        .where(*fits)
        .order_by(
            Product.search_words.like(like_pattern(EDGE + question.words[0]), escape=ESCAPE).desc(),
            Product.code,
        )
        .limit(most + 1)
    ).all()
    hits = [
        Hit(
            url_for("ProductView.show", pk=row.id),
            "fa-box",
            marked(row.name, question.words),
            (marked(row.code, question.words), *([[(row.brand, False)]] if row.brand else ())),
            row.status,
        )
        for row in rows[:most]
    ]
    return Group(
        "products",
        _("Products"),
        hits,
        _("more than %(count)s", count=most) if len(rows) > most else "",
        url_for("ProductView.list", q_name=question.text),
    )


def _pages(pages: Sequence[FoundPage], question: Question, most: int) -> Group:
    hits = [
        Hit(
            page.url,
            page.icon,
            marked(page.label, question.words),
            (
                *(
                    [[(_("Step %(number)s", number=page.step), False)]]
                    if page.step is not None
                    else ()
                ),
                [(page.heading, False)],
            ),
        )
        for page in pages[:most]
    ]
    return Group("pages", _("Pages of the portal"), hits)


def _territories(session: Session, question: Question, most: int) -> Group:
    rows = session.execute(
        select(Territory.id, Territory.code, Territory.name, Department.name.label("department"))
        .outerjoin(Department, Department.id == Territory.department_id)
        .order_by(Territory.code)
    )
    found = [row for row in rows if _fits(question, (row.name,), (row.code,))]
    hits = [
        Hit(
            url_for("TerritoryView.show", pk=row.id),
            "fa-map",
            marked(row.name, question.words),
            (
                marked(row.code, question.words),
                *([[(row.department, False)]] if row.department else ()),
            ),
        )
        for row in found[:most]
    ]
    all_url = url_for("TerritoryView.list", q_name=question.text)
    return Group("territories", _("Territories"), hits, _count(len(found), most), all_url)


def _people(session: Session, question: Question, most: int) -> Group:
    rows = session.scalars(select(PortalUser).order_by(PortalUser.username))
    found = [
        row
        for row in rows
        if _fits(question, (row.display_name,), (row.username, row.employee_no or ""))
    ]
    hits = [
        Hit(
            url_for("UserView.show", pk=row.id),
            "fa-user",
            marked(row.display_name, question.words),
            (
                marked(row.username, question.words),
                *([marked(row.employee_no, question.words)] if row.employee_no else ()),
            ),
        )
        for row in found[:most]
    ]
    all_url = url_for("UserView.list", q_username=question.text)
    return Group("people", _("People"), hits, _count(len(found), most), all_url)


def _fits(question: Question, names: Sequence[str], codes: Iterable[str]) -> bool:
    """Whether each word is in a spelling of a name or in a code."""
    texts = [*map(spelled, names), *map(normal, codes)]
    return all(any(word in text for text in texts) for word in question.words)
