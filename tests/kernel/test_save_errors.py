"""Refusals of both databases lead to the same field."""

from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask_babel import Babel
from sqlalchemy import CheckConstraint, Column, Integer, MetaData, String, Table, UniqueConstraint
from sqlalchemy.exc import IntegrityError

from app.kernel.save_errors import describe

SHOP = Table(
    "shop",
    MetaData(),
    Column("company_id", Integer),
    Column("code", String(8)),
    Column("grade", Integer),
    UniqueConstraint("company_id", "code", name="uq_shop"),
    CheckConstraint("grade < 31", name="ck_shop_grade"),
)
LABELS = {"code": "Shop code", "grade": "Grade", "company_id": "Company"}


class SqliteRefusal(Exception):
    """Only its text says what happened."""


def postgresql_refusal(state: str, **diagnosis: Any) -> Exception:
    refusal = Exception("refused")
    refusal.sqlstate = state  # type: ignore[attr-defined]
    refusal.diag = SimpleNamespace(  # type: ignore[attr-defined]
        **{"column_name": None, "constraint_name": None, **diagnosis}
    )
    return refusal


@pytest.fixture(autouse=True)
def language() -> Any:
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context():
        yield


@pytest.mark.parametrize(
    ("original", "field"),
    [
        (SqliteRefusal("UNIQUE constraint failed: shop.company_id, shop.code"), "code"),
        (SqliteRefusal("NOT NULL constraint failed: shop.grade"), "grade"),
        (SqliteRefusal("FOREIGN KEY constraint failed"), None),
        (SqliteRefusal("something new"), None),
        (postgresql_refusal("23505", constraint_name="uq_shop"), "code"),
        (postgresql_refusal("23502", column_name="grade"), "grade"),
        (postgresql_refusal("23503", constraint_name="fk_shop"), None),
        (postgresql_refusal("99999"), None),
    ],
)
def test_the_field_is_named(original: Exception, field: str | None) -> None:
    problem = describe(IntegrityError("INSERT", {}, original), SHOP, LABELS)
    assert problem.field == field
    if field:
        assert LABELS[field] in problem.message
    assert "constraint" not in problem.message
