"""Brand managers and the brand analysis: reading every territory of the company, changing none."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from app.kernel.db import db
from app.models import (
    Customer,
    GrantOverride,
)
from app.security.permissions import sync_roles
from tests.analysis.demo_visitors import MONTH, DemoVisitor
from tests.analysis.test_brand_views import analysis, product, sheet_form

pytestmark = pytest.mark.web

Visitors = Callable[[str], DemoVisitor]
Stored = Callable[..., Any]
SHEET = "/brand-analysis/"
K = MONTH.previous


@pytest.fixture
def own(territory: Callable[[str], int]) -> int:
    return territory("YH-A1")


def test_a_brand_manager_reads_the_whole_company(
    visitor: Visitors, stored: Stored, territory: Callable[[str], int]
):
    person = visitor("brand")
    page = person.page(SHEET)
    assert page.count('<th scope="row">') == 4
    assert "not computed" in page
    assert "chart-card" in page
    contacts = [
        text
        for row in stored(select(Customer.phone, Customer.owner, Customer.address))
        for text in row
        if text
    ]
    assert contacts
    for code in ("YH-A1", "YH-A2"):
        place = territory(code)
        assert f"q_territory={place}" in page
        key, version = analysis(stored, place)
        sheet = person.page(f"{SHEET}?q_territory={place}")
        number = product(stored, key, "Y018")
        figure = person.page(f"/brand-analysis/figure/{key}/{number}-LISTING")
        assert "What makes up the gap" in figure
        assert "/customers/show/" not in figure
        for text in (sheet, figure):
            assert not [contact for contact in contacts if contact in text]
            assert 'name="final-' not in text
            assert "/brand-analysis/compute" not in text
        assert person.get(f"/brand-analysis/difference/{key}").status_code == 200
        for chart in ("bars", "radar", f"trend?product={number}"):
            mark = "&" if "?" in chart else "?"
            url = f"/brand-analysis/chart/{chart}{mark}q_territory={place}"
            assert person.get(url).status_code == 200
        for url in (f"figure/{key}/{number}-LISTING/export", f"export?q_territory={place}"):
            book = person.post(f"/brand-analysis/{url}")
            assert book.status_code == 200
            rows = CalamineWorkbook.from_filelike(io.BytesIO(book.data)).get_sheet_by_index(0)
            cells = {str(cell) for row in rows.to_python() for cell in row}
            assert not cells & set(contacts)
        for url in (f"save/{key}", f"complete/{key}", f"reopen/{key}", "compute"):
            assert person.post(f"/brand-analysis/{url}", {"version": version}).status_code == 403
    assert person.get(f"/brand-analysis/figure/{key}/1-NONE").status_code == 404
    assert person.post(f"/brand-analysis/export?month={K.key}").status_code == 200


def test_reading_brands_is_not_changing_them(
    demo: Flask, visitor: Visitors, stored: Stored, territory: Callable[[str], int]
):
    """Even with the permission to change, only what one works on can be changed."""
    place = territory("YH-A1")
    key, version = analysis(stored, place)
    with demo.app_context():
        db.session.add(
            GrantOverride(
                role="brand_manager", entity="BrandAnalysis", action="UPDATE", is_granted=True
            )
        )
        db.session.flush()
        sync_roles(db.session())
        db.session.commit()
    person = visitor("brand")
    sheet = person.page(f"{SHEET}?q_territory={place}")
    assert 'name="final-' not in sheet
    assert "/brand-analysis/compute" not in sheet
    data = sheet_form(stored, key, version)
    for url in (f"save/{key}", f"complete/{key}", f"reopen/{key}", f"compute?q_territory={place}"):
        assert person.post(f"/brand-analysis/{url}", data).status_code == 404
    assert analysis(stored, place) == (key, version)


def test_a_brand_manager_of_another_company_finds_nothing(
    visitor: Visitors, stored: Stored, own: int
):
    key, _version = analysis(stored, own)
    person = visitor("linjiang.brand")
    assert person.get(f"/brand-analysis/figure/{key}/1-LISTING").status_code == 404
    assert person.get(f"/brand-analysis/difference/{key}").status_code == 404
    assert person.get(f"/brand-analysis/chart/bars?q_territory={own}").status_code == 404
