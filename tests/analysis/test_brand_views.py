"""Monthly brand state as each role: sheet, judging, completing, figures, charts, overview."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select

from app.models import (
    AnalysisStatus,
    BrandAnalysis,
    BrandAnalysisLine,
    BrandTarget,
    Judgement,
    ProblemReason,
    Product,
    RateKind,
    Territory,
)
from tests.analysis.demo_visitors import MONTH, DemoVisitor

pytestmark = [pytest.mark.web, pytest.mark.usefixtures("early")]

Visitors = Callable[[str], DemoVisitor]
Stored = Callable[..., Any]
SHEET = "/brand-analysis/"
K = MONTH.previous


def analysis(stored: Stored, place: int, month: Any = K) -> tuple[int, int]:
    """Id and version."""
    return stored(
        select(BrandAnalysis.id, BrandAnalysis.version).where(
            BrandAnalysis.territory_id == place, BrandAnalysis.month == month
        )
    )[0]


def lines(stored: Stored, key: int) -> list[Any]:
    return stored(
        select(
            BrandAnalysisLine.product_id,
            BrandAnalysisLine.rate,
            BrandAnalysisLine.system_status,
            BrandAnalysisLine.final_status,
            BrandAnalysisLine.override_reason,
            BrandAnalysisLine.reason_id,
        ).where(BrandAnalysisLine.analysis_id == key)
    )


def product(stored: Stored, key: int, code: str) -> int:
    return stored(
        select(BrandAnalysisLine.product_id)
        .join(Product, Product.id == BrandAnalysisLine.product_id)
        .where(BrandAnalysisLine.analysis_id == key, Product.code == code)
        .limit(1)
    )[0][0]


def sheet_form(stored: Stored, key: int, version: int) -> dict[str, Any]:
    """What the page would send when nothing is changed."""
    data: dict[str, Any] = {"version": version, "problems": "p", "next_focus": "f"}
    for product_id, rate, _system, final, reason, cause in lines(stored, key):
        name = f"{product_id}-{rate.name}"
        data |= {
            f"final-{name}": final.name,
            f"reason-{name}": reason or "",
            f"cause-{name}": cause or "",
        }
    return data


@pytest.fixture
def own(territory: Callable[[str], int]) -> int:
    return territory("YH-A1")


def test_the_sheet_names_its_month_and_judges_in_words(visitor: Visitors, own: int):
    page = visitor("customer").page(SHEET)
    assert f'value="{K.key}"' in page
    assert f"Problems of {K.key}" in page
    assert f"Focus of work in {MONTH.key}" in page
    for word in ("Normal", "Abnormal", "No target", "Cannot be judged"):
        assert word in page
    assert "Data has been updated" not in page


def test_a_month_without_analysis_is_computed_on_request(
    visitor: Visitors, stored: Stored, own: int
):
    person = visitor("customer")
    url = f"{SHEET}?month={MONTH.key}"
    page = person.page(url)
    assert "is not computed yet" in page
    assert "is not over yet: its figures are preliminary" in page
    said = person.said(person.post(f"/brand-analysis/compute?month={MONTH.key}"))
    assert "were computed" in said
    key, _version = analysis(stored, own, MONTH)
    assert len(lines(stored, key)) == 8 * 4
    undetermined = [row for row in lines(stored, key) if row[2] is Judgement.UNDETERMINED]
    assert product(stored, key, "Y030") in {row[0] for row in undetermined}


def test_judging_otherwise_needs_a_reason(visitor: Visitors, stored: Stored, own: int):
    person = visitor("customer")
    key, version = analysis(stored, own)
    name = f"{product(stored, key, 'Y018')}-STOCKOUT"
    data = sheet_form(stored, key, version) | {f"final-{name}": "NORMAL", f"reason-{name}": " "}
    refused = person.post(f"/brand-analysis/save/{key}", data)
    assert refused.status_code == 422
    assert "Say why the judgement differs" in refused.text
    assert f'href="#line-{name}"' in refused.text
    cause = stored(select(ProblemReason.id).where(ProblemReason.code == "R09").limit(1))[0][0]
    data |= {f"reason-{name}": "delivered in the last week", f"cause-{name}": cause}
    assert "Saved." in person.said(person.post(f"/brand-analysis/save/{key}", data))
    found = [row for row in lines(stored, key) if f"{row[0]}-{row[1].name}" == name]
    assert found[0][2:] == (
        Judgement.ABNORMAL,
        Judgement.NORMAL,
        "delivered in the last week",
        cause,
    )
    assert stored(
        select(BrandAnalysis.problems, BrandAnalysis.next_focus).where(BrandAnalysis.id == key)
    ) == [("p", "f")]


def test_a_persons_judgement_survives_computing_again(visitor: Visitors, stored: Stored, own: int):
    person = visitor("customer")
    key, _version = analysis(stored, own)
    before = lines(stored, key)
    assert any(row[4] for row in before)
    person.said(person.post(f"/brand-analysis/compute?month={K.key}"))
    assert sorted(lines(stored, key), key=str) == sorted(before, key=str)


def test_a_stale_sheet_does_not_win(visitor: Visitors, stored: Stored, own: int):
    person = visitor("customer")
    key, version = analysis(stored, own)
    data = sheet_form(stored, key, version)
    person.post(f"/brand-analysis/compute?month={K.key}")
    answer = person.post(f"/brand-analysis/save/{key}", data)
    assert answer.status_code == 409
    assert "Somebody else changed this record meanwhile" in answer.text


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("final", "SUPERB", 400),
        ("final", "NO_TARGET", 422),
        ("cause", "999999", 422),
        ("cause", "x", 400),
        ("reason", "y" * 501, 422),
    ],
)
def test_forged_judgements_are_refused(
    visitor: Visitors, stored: Stored, own: int, field: str, value: str, status: int
):
    key, version = analysis(stored, own)
    name = f"{product(stored, key, 'Y018')}-LISTING"
    data = sheet_form(stored, key, version)
    data |= {f"final-{name}": "NORMAL", f"reason-{name}": "so", f"{field}-{name}": value}
    answer = visitor("customer").post(f"/brand-analysis/save/{key}", data)
    assert answer.status_code == status
    rows = [row for row in lines(stored, key) if f"{row[0]}-{row[1].name}" == name]
    assert rows[0][3] is Judgement.ABNORMAL


def test_completing_locks_and_reopening_opens(visitor: Visitors, stored: Stored, own: int):
    person = visitor("customer")
    key, version = analysis(stored, own)
    data = sheet_form(stored, key, version) | {"then": "complete"}
    assert "is completed" in person.said(person.post(f"/brand-analysis/save/{key}", data))

    def status() -> AnalysisStatus:
        return stored(select(BrandAnalysis.status).where(BrandAnalysis.id == key))[0][0]

    assert status() is AnalysisStatus.COMPLETED
    page = person.page(SHEET)
    assert 'name="final-' not in page
    assert "Reopen it first" in person.said(person.post(f"/brand-analysis/compute?month={K.key}"))
    late = person.post(f"/brand-analysis/save/{key}", data)
    assert late.status_code == 409
    assert "is open again" in person.said(person.post(f"/brand-analysis/reopen/{key}"))
    assert status() is AnalysisStatus.DRAFT


def test_changed_targets_show_a_difference_before_anything_changes(
    visitor: Visitors, stored: Stored, own: int
):
    person = visitor("customer")
    key, _version = analysis(stored, own)
    number = product(stored, key, "Y018")
    target = stored(
        select(func.min(BrandAnalysisLine.target)).where(
            BrandAnalysisLine.analysis_id == key,
            BrandAnalysisLine.product_id == number,
            BrandAnalysisLine.rate == RateKind.LISTING,
        )
    )[0][0]
    target_id = stored(
        select(BrandTarget.id).where(
            BrandTarget.territory_id == own,
            BrandTarget.product_id == number,
            BrandTarget.from_month < MONTH,
        )
    )[0][0]
    answer = person.post(
        f"/brand-targets/change/{target_id}",
        {
            "from_month": MONTH.shift(-4).key,
            "to_month": K.key,
            f"t-{number}-LISTING": "20",
            f"t-{number}-STOCKOUT": "3",
        },
    )
    assert answer.status_code == 303, answer.text
    page = person.page(SHEET)
    assert "Data has been updated:" in page
    assert "targets were changed" in page
    difference = person.page(f"/brand-analysis/difference/{key}")
    assert f"{target / 100:.2f}%" in difference
    assert "20.00%" in difference
    assert "figures would change" in difference


def test_a_figure_explains_itself_and_its_parts_add_up(visitor: Visitors, stored: Stored, own: int):
    person = visitor("customer")
    key, _version = analysis(stored, own)
    number = product(stored, key, "Y020")
    for rate in RateKind:
        url = f"/brand-analysis/figure/{key}/{number}-{rate.name}"
        page = person.page(url)
        assert f"orders up to {K.last_day.isoformat()}" in page
        for term in ("Formula", "Numerator", "Denominator", "Parameter version"):
            assert term in page
        book = person.post(f"{url}/export")
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(book.data)).get_sheet_by_index(0)
        rows = sheet.to_python()[1:]
        num, den, target = stored(
            select(
                BrandAnalysisLine.actual_num,
                BrandAnalysisLine.actual_den,
                BrandAnalysisLine.target,
            ).where(
                BrandAnalysisLine.analysis_id == key,
                BrandAnalysisLine.product_id == number,
                BrandAnalysisLine.rate == rate,
            )
        )[0]
        assert (sum(row[2] for row in rows), sum(row[3] for row in rows)) == (num, den)
        gap = target / 100 - 100 * num / den
        assert sum(row[6] for row in rows) == pytest.approx(
            -gap if rate is RateKind.STOCKOUT else gap
        )
        assert [row[6] for row in rows] == sorted((row[6] for row in rows), reverse=True)
    assert person.get(f"/brand-analysis/figure/{key}/{number}-NONE").status_code == 404


def test_charts_are_json_with_words(visitor: Visitors, stored: Stored, own: int):
    person = visitor("customer")
    key, _version = analysis(stored, own)
    number = product(stored, key, "Y018")
    bars = person.get(f"/brand-analysis/chart/bars?rate=STOCKOUT&month={K.key}").get_json()
    assert len(bars["rows"]) == 8
    assert bars["threshold"] == 5
    assert any(row["abnormal"] for row in bars["rows"])
    radar = person.get(f"/brand-analysis/chart/radar?product={number}").get_json()
    assert [axis["name"] for axis in radar["axes"]] == [str(rate.label) for rate in RateKind]
    assert len(radar["series"]) == 3
    trend = person.get(f"/brand-analysis/chart/trend?product={number}").get_json()
    assert len(trend["months"]) == 13
    assert trend["months"][-1] == K.key
    for url in (
        "chart/nonsense",
        "chart/trend?product=x",
        "chart/trend",
        "chart/bars?month=1999-01",
    ):
        assert person.get(f"/brand-analysis/{url}").status_code == 404


def test_a_market_manager_oversees_and_does_not_touch(visitor: Visitors, stored: Stored, own: int):
    person = visitor("market")
    page = person.page(SHEET)
    assert "Territory × product" in page
    assert "Compute all drafts" not in page
    sheet = person.page(f"{SHEET}?q_territory={own}")
    assert 'name="final-' not in sheet
    key, version = analysis(stored, own)
    for url in (f"save/{key}", f"complete/{key}", f"reopen/{key}", "compute"):
        assert person.post(f"/brand-analysis/{url}", {"version": version}).status_code == 403
    book = person.post(f"/brand-analysis/export?month={K.key}")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(book.data)).get_sheet_by_index(0).to_python()
    assert len(rows) == 1 + 2 * 32
    other = stored(select(Territory.name).where(Territory.code == "YH-B1"))[0][0]
    assert other not in {row[0] for row in rows}


def test_foreign_analyses_do_not_exist(
    visitor: Visitors, stored: Stored, territory: Callable[[str], int]
):
    place = territory("YH-B1")
    key, version = analysis(stored, place)
    for name in ("customer", "linjiang.customer", "linjiang.admin"):
        person = visitor(name)
        for url in (f"difference/{key}", f"figure/{key}/1-LISTING"):
            assert person.get(f"/brand-analysis/{url}").status_code == 404
        for url in (
            f"save/{key}",
            f"complete/{key}",
            f"reopen/{key}",
            f"compute?q_territory={place}",
        ):
            answer = person.post(f"/brand-analysis/{url}", {"version": version})
            assert answer.status_code == 404
        assert person.get(f"/brand-analysis/chart/bars?q_territory={place}").status_code == 404
        assert person.get(f"/brand-analysis/figure/{'9' * 30}/x").status_code == 404
    assert stored(select(BrandAnalysis.version).where(BrandAnalysis.id == key)) == [(version,)]
