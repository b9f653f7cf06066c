"""Sales lists: own rows only, the stated default period, totals of exactly the filtered rows."""

import pytest
from sqlalchemy import func, select

from app.kernel.period import Month
from app.models import MonthlySales, SalesLine, Territory

pytestmark = pytest.mark.web

LAST = Month.current().previous


def total(stored, *conditions):
    return stored(select(func.sum(MonthlySales.delivered_cartons)).where(*conditions))


def test_the_default_is_the_month_before_the_working_month(person):
    someone = person("admin")
    answer = someone.get("/monthly-sales/list/")
    assert answer.headers["Location"].endswith(f"q_month={LAST.key}")
    someone.post("/portal/month", {"month": "2026-05", "next": "/"})
    assert someone.get("/monthly-sales/list/").headers["Location"].endswith("q_month=2026-04")
    lines = someone.get("/sales-lines/list/").headers["Location"]
    assert "q_order_date_from=2026-04-01" in lines
    assert "q_order_date_to=2026-04-30" in lines


def test_totals_are_those_of_the_filtered_rows(person, stored):
    month = (MonthlySales.month == LAST) & (MonthlySales.company_id == 1)
    cartons = total(stored, month)
    page = person("admin").page("/monthly-sales/list/")
    assert f"{cartons:,}" in page
    product = stored(select(MonthlySales.product_id).where(month))
    of_product = total(stored, month, MonthlySales.product_id == product)
    page = person("admin").page(f"/monthly-sales/list/?q_month={LAST.key}&q_product={product}")
    assert f"<dd>{of_product:,}</dd>" in page
    assert f"<dd>{cartons:,}</dd>" not in page


def test_a_customer_manager_sees_the_own_territory(person, stored):
    mine = stored(select(Territory.id).where(Territory.code == "YH-A1"))
    cartons = total(stored, MonthlySales.month == LAST, MonthlySales.territory_id == mine)
    page = person("customer").page("/monthly-sales/list/")
    assert f"<dd>{cartons:,}</dd>" in page
    other = stored(select(Territory.id).where(Territory.code == "YH-B1"))
    page = person("customer").page(f"/monthly-sales/list/?q_month={LAST.key}&q_territory={other}")
    assert "was ignored" in page


def test_stock_outs_only(person, stored):
    count = stored(
        select(func.count())
        .select_from(SalesLine)
        .where(
            SalesLine.company_id == 1,
            SalesLine.order_date.between(LAST.first_day, LAST.last_day),
            SalesLine.demanded_cartons > 0,
            SalesLine.delivered_cartons == 0,
        )
    )
    assert count
    admin = person("admin")
    url = admin.get("/sales-lines/list/").headers["Location"] + "&q_stockout=1"
    assert f"of {count:,}<" in admin.page(url)


@pytest.mark.parametrize("page", ["sales-lines", "monthly-sales"])
def test_nothing_can_be_written_and_brand_managers_see_none(person, page):
    admin = person("admin")
    for path in ("add", "edit/1", "delete/1", "show/1", "bulk_edit", "action_post"):
        assert admin.post(f"/{page}/{path}", {}).status_code in (404, 405)
    assert person("brand").get(f"/{page}/list/").status_code == 403


@pytest.mark.parametrize(
    "query", ["q_month=abc", "q_month=2026-13", "page_MonthlySalesView=x", "q_customer=1' OR 1"]
)
def test_nonsense_is_no_error(person, query):
    assert (
        person("admin").get(f"/monthly-sales/list/?{query}", follow_redirects=True).status_code
        == 200
    )
