"""Sales lines with their roll-up, and questionnaire answers."""

import datetime as dt
import random
from collections import defaultdict
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update

from app.exchange import importer
from app.kernel.db import db
from app.kernel.period import Month
from app.models import (
    Customer,
    CustomerSales,
    CustomerTerritory,
    MonthlySales,
    NeedOption,
    OrderDay,
    Product,
    Questionnaire,
    QuestionnaireAnswer,
    QuestionnaireStatus,
    SalesLine,
    Territory,
    TerritorySales,
)
from tests.exchange.conftest import Importing, counts, messages

pytestmark = pytest.mark.sql

LINE = ["客户编码", "商品编码", "订货日期", "订单号", "需求量", "销量", "金额"]


@pytest.fixture
def shops(company: int) -> dict[str, int]:
    """Customers 1 to 3 in T1 and products A and B: code → id."""
    territory = db.session.scalars(select(Territory).where(Territory.code == "T1")).one()
    ids = {}
    for code in ("1", "2", "3"):
        shop = Customer(
            company_id=company, territory_id=territory.id, code=code, name=f"Shop {code}",
            market_type="URBAN", business_type="GROCERY", scale="SMALL", grade=5,
            order_mode="PHONE", settle_mode="CASH", terminal_type="ORDINARY",
            open_date=dt.date(2024, 1, 1),
        )  # fmt: skip
        db.session.add(shop)
        db.session.flush()
        ids[code] = shop.id
        history = CustomerTerritory(
            company_id=company, customer_id=shop.id, valid_from=dt.date(2026, 1, 1),
            territory_id=territory.id,
        )  # fmt: skip
        db.session.add(history)
    for code in ("A", "B"):
        product = Product(company_id=company, code=code, name=f"Product {code}")
        db.session.add(product)
        db.session.flush()
        ids[code] = product.id
    db.session.commit()
    return ids


def lines() -> list[Any]:
    db.session.expire_all()
    return list(
        db.session.execute(
            select(SalesLine.__table__).order_by(SalesLine.customer_id, SalesLine.order_no)
        )
    )


def roll_up() -> set[tuple[Any, ...]]:
    table = MonthlySales.__table__.c
    columns = (
        table.month, table.customer_id, table.product_id, table.territory_id,
        table.demanded_cartons, table.delivered_cartons, table.amount_fen, table.line_count,
        table.demanded_lines, table.stockout_lines,
    )  # fmt: skip
    return {(row[0].number, *row[1:]) for row in db.session.execute(select(*columns))}


def roll_up_in_python() -> set[tuple[Any, ...]]:
    """The rule of the roll-up, written plainly."""
    sums: dict[tuple[int, ...], list[int]] = defaultdict(lambda: [0] * 6)
    for line in lines():
        month = line.order_date.year * 100 + line.order_date.month
        entry = sums[month, line.customer_id, line.product_id, line.territory_id]
        demands = line.demanded_cartons > 0
        for at, value in enumerate(
            (
                line.demanded_cartons, line.delivered_cartons, line.amount_fen, 1, demands,
                demands and line.delivered_cartons == 0,
            )
        ):  # fmt: skip
            entry[at] += value
    return {(*key, *entry) for key, entry in sums.items()}


def stored(entity: Any) -> set[tuple[Any, ...]]:
    """The rows of a roll-up without the company."""
    columns = [column for column in entity.__table__.c if column.name != "company_id"]
    return {tuple(row) for row in db.session.execute(select(*columns))}


def is_kept_true() -> bool:
    """Whether the sums by product, territory and customer and the order days are what lines say."""
    sizes = {row.id: row.sticks_per_carton for row in db.session.scalars(select(Product))}
    territories: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * 5)
    customers: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * 3)
    for (
        number,
        customer,
        product,
        place,
        _demanded,
        cartons,
        fen,
        _lines,
        asked,
        missed,
    ) in roll_up_in_python():
        month = Month.from_number(number)
        for sums, values in (
            (territories[month, place, product], (cartons, fen, asked, missed, cartons > 0)),
            (customers[month, customer, place], (cartons * sizes[product], fen, cartons > 0)),
        ):
            for at, value in enumerate(values):
                sums[at] += value
    return (
        roll_up() == roll_up_in_python()
        and stored(TerritorySales) == {(*key, *sums) for key, sums in territories.items()}
        and stored(CustomerSales) == {(*key, *sums) for key, sums in customers.items()}
        and stored(OrderDay)
        == {
            (line.order_date, line.territory_id, line.customer_id)
            for line in lines()
            if line.delivered_cartons > 0 or line.demanded_cartons > 0
        }
    )


def test_lines_inherit_from_the_customer_and_are_rolled_up(
    imported: Importing, shops: dict[str, int]
):
    rows = [
        LINE,
        ["1", "A", "2026-03-01", "S1", "5", "3", "300.5"],
        ["1", "A", "2026-03-08", "S2", "4", "0", "0"],
        ["1", "A", "2026-03-09", "S3", "", "2", "200"],
        ["1", "A", "2026-04-01", "S4", "", "-1", "-100"],
    ]
    batch = imported("sales_lines", rows)
    assert counts(batch) == (4, 0, 0, 0)
    first, _second, third, _fourth = lines()
    assert (first.channel.name, first.settle_mode.name, first.batch_id) == (
        "PHONE", "CASH", batch.id,
    )  # fmt: skip
    assert (third.demanded_cartons, third.amount_fen) == (2, 20000)
    assert {row[0]: row[4:] for row in roll_up()} == {
        202603: (11, 5, 50050, 3, 3, 1),
        202604: (-1, -1, -10000, 1, 0, 0),
    }
    assert counts(imported("sales_lines", rows)) == (0, 0, 4, 0)
    rows[1][5] = "5"
    assert counts(imported("sales_lines", rows)) == (0, 1, 3, 0)
    assert is_kept_true()


def test_the_territory_is_that_of_the_order_date(
    imported: Importing, company: int, shops: dict[str, int]
):
    other = db.session.scalars(select(Territory).where(Territory.code == "T2")).one().id
    table = CustomerTerritory
    db.session.execute(
        update(table).where(table.customer_id == shops["1"]).values(valid_to=dt.date(2026, 3, 14))
    )
    db.session.add(
        table(
            company_id=company, customer_id=shops["1"], valid_from=dt.date(2026, 3, 15),
            territory_id=other,
        )
    )  # fmt: skip
    db.session.execute(delete(table).where(table.customer_id == shops["2"]))
    db.session.commit()
    rows = [
        LINE,
        ["1", "A", "2025-12-31", "S1", "", "1", "1"],
        ["1", "A", "2026-03-14", "S2", "", "1", "1"],
        ["1", "A", "2026-03-15", "S3", "", "1", "1"],
        ["2", "A", "2026-03-15", "S4", "", "1", "1"],
    ]
    imported("sales_lines", rows)
    codes = {t.id: t.code for t in db.session.scalars(select(Territory))}
    assert {row.order_no: codes[row.territory_id] for row in lines()} == {
        "S1": "T1", "S2": "T1", "S3": "T2", "S4": "T1",
    }  # fmt: skip
    assert len(roll_up()) == 4
    assert is_kept_true()


def test_any_sequence_of_imports_leaves_a_true_roll_up(imported: Importing, shops: dict[str, int]):
    chance = random.Random(135)  # noqa: S311 -- the same files every time
    for _file in range(4):
        keys = {
            (
                chance.choice("123"), chance.choice("AB"),
                f"2026-{chance.randint(1, 3):02}-{chance.randint(1, 28):02}",
                chance.choice(["", "S1", "S2"]),
            )
            for _line in range(40)
        }  # fmt: skip
        amounts = [
            [*key, chance.randint(0, 3), chance.randint(0, 3), chance.randint(0, 999)]
            for key in sorted(keys)
        ]
        imported("sales_lines", [LINE, *amounts])
        assert is_kept_true()


def test_another_carton_size_changes_the_sticks_sold(imported: Importing, shops: dict[str, int]):
    rows = [
        LINE,
        ["1", "A", "2026-03-01", "S1", "", "5", "500"],
        ["1", "B", "2026-03-02", "S2", "", "2", "200"],
        ["2", "A", "2026-04-02", "S3", "", "-1", "-100"],
    ]
    imported("sales_lines", rows)
    db.session.get_one(Product, shops["A"]).sticks_per_carton = 160
    db.session.commit()
    assert {row[3] for row in stored(CustomerSales)} == {5 * 160 + 2 * 200, -160}
    assert is_kept_true()
    imported(
        "products", [["商品编码", "商品名称", "每条支数"], ["A", "A", "200"], ["B", "B", "120"]]
    )
    assert {row[3] for row in stored(CustomerSales)} == {5 * 200 + 2 * 120, -200}
    assert is_kept_true()


def test_the_command_finds_and_mends_wrong_sums(
    imported: Importing, company: int, shops: dict[str, int], app: Flask
):
    imported("sales_lines", [LINE, ["1", "A", "2026-03-01", "S1", "", "5", "500"]])
    db.session.execute(update(TerritorySales).values(buyers=7))
    db.session.execute(delete(OrderDay))
    db.session.commit()
    run = app.test_cli_runner().invoke
    checked = run(args=["portal", "sales-sums", "--check"])
    assert checked.exit_code == 1
    assert "territory_sales: 2, customer_sales: 0, order_day: 1" in checked.output
    assert run(args=["portal", "sales-sums"]).exit_code == 0
    assert is_kept_true()
    db.session.rollback()
    assert run(args=["portal", "sales-sums", "--check"]).exit_code == 0


def test_unknown_and_repeated_lines(checked: Importing, shops: dict[str, int]):
    rows = [
        LINE,
        ["9", "A", "2026-03-01", "S1", "", "1", "1"],
        ["1", "Z", "2026-03-01", "S1", "", "1", "1"],
        ["1", "A", "2026-03-01", "S1", "", "1", "1"],
        ["1", "Product A", "2026-03-01", "S1", "", "2", "2"],
        ["1", "B", "2026-03-01", "", "", "1.5", "x"],
    ]
    batch = checked("sales_lines", rows)
    assert counts(batch) == (0, 0, 0, 5)
    assert {(row, field) for row, field, _text in messages(batch)} == {
        (2, "customer"), (3, "product"), (4, ""), (5, ""), (6, "delivered_cartons"),
        (6, "amount_fen"),
    }  # fmt: skip
    last = checked("sales_lines", rows[:1] + rows[3:5], on_repeat="last")
    assert (last.rows_total, *counts(last)) == (2, 1, 0, 0, 0)
    importer.commit(last.id)
    assert db.session.scalar(select(func.sum(SalesLine.delivered_cartons))) == 2


ANSWER = ["客户编码", "月份", "需求", "说明"]


@pytest.fixture
def needs(company: int, shops: dict[str, int]) -> None:
    for code in ("D01", "D02"):
        db.session.add(NeedOption(company_id=company, code=code, name=f"Need {code}"))
    db.session.commit()


def test_answers_make_their_questionnaires(imported: Importing, needs: None):
    rows = [
        ANSWER,
        ["1", "2026-03", "D01", "more of A"],
        ["1", "2026-03", "Need D02", ""],
        ["2", "202603", "D01", ""],
    ]
    assert counts(imported("questionnaire_answers", rows)) == (3, 0, 0, 0)
    forms = db.session.scalars(select(Questionnaire)).all()
    assert {(form.month.number, form.status.name, form.source.name) for form in forms} == {
        (202603, "OPEN", "PLATFORM")
    }
    assert len(forms) == 2
    assert counts(imported("questionnaire_answers", rows)) == (0, 0, 3, 0)
    rows[1][3] = "much more of A"
    rows.append(["1", "2026-04", "D01", ""])
    assert counts(imported("questionnaire_answers", rows)) == (1, 1, 2, 0)
    assert db.session.scalar(select(func.count()).select_from(QuestionnaireAnswer)) == 4


def test_confirmed_questionnaires_stay(checked: Importing, imported: Importing, needs: None):
    rows = [ANSWER, ["1", "2026-03", "D01", "x"]]
    imported("questionnaire_answers", rows)
    db.session.execute(update(Questionnaire).values(status=QuestionnaireStatus.CONFIRMED))
    db.session.commit()
    again = checked("questionnaire_answers", [*rows, ["1", "2026-03", "D02", ""]])
    assert counts(again) == (0, 0, 1, 1)
    assert [(row, field) for row, field, _text in messages(again)] == [(3, "")]


def ticked() -> dict[tuple[str, int], set[str]]:
    """(customer, month) → codes of the needs."""
    db.session.expire_all()
    rows = db.session.execute(
        select(Customer.code, Questionnaire.month, NeedOption.code)
        .join(Questionnaire, Questionnaire.customer_id == Customer.id)
        .join(QuestionnaireAnswer, QuestionnaireAnswer.questionnaire_id == Questionnaire.id)
        .join(NeedOption, NeedOption.id == QuestionnaireAnswer.need_option_id)
    )
    found: dict[tuple[str, int], set[str]] = defaultdict(set)
    for customer, month, need in rows:
        found[customer, month.number].add(need)
    return dict(found)


def test_needs_no_longer_ticked_go(checked: Importing, imported: Importing, needs: None):
    both = [["1", "2026-03", "D01", "x"], ["1", "2026-03", "D02", ""]]
    imported("questionnaire_answers", [ANSWER, *both, ["2", "2026-03", "D01", ""]])
    # The customer sends the form again without D02; another customer is not in the file at all.
    batch = imported("questionnaire_answers", [ANSWER, both[0]])
    assert counts(batch) == (0, 1, 0, 0)
    assert ticked() == {("1", 202603): {"D01"}, ("2", 202603): {"D01"}}
    versions = db.session.scalars(select(Questionnaire.version).order_by(Questionnaire.id)).all()
    assert list(versions) == [2, 1]
    assert counts(imported("questionnaire_answers", [ANSWER, both[0]])) == (0, 0, 1, 0)
    # A row that cannot be read says nothing about what was unticked.
    half = checked("questionnaire_answers", [ANSWER, both[1], ["1", "2026-03", "D99", ""]])
    importer.commit(half.id, allow_rejected=True)
    assert ticked()["1", 202603] == {"D01", "D02"}


@pytest.mark.parametrize(
    "stays", [{"status": QuestionnaireStatus.CONFIRMED}, {"is_edited": True}], ids=str
)
def test_what_a_person_answers_for_stays(
    checked: Importing, imported: Importing, needs: None, stays: dict[str, Any]
):
    imported("questionnaire_answers", [ANSWER, ["1", "2026-03", "D01", "x"]])
    db.session.execute(update(Questionnaire).values(**stays))
    db.session.commit()
    batch = checked("questionnaire_answers", [ANSWER, ["1", "2026-03", "D02", ""]])
    assert counts(batch) == (0, 0, 0, 1)
    importer.commit(batch.id, allow_rejected=True)
    assert ticked() == {("1", 202603): {"D01"}}


def test_a_late_form_counts_for_the_month_after(
    checked: Importing, imported: Importing, needs: None
):
    head = [*ANSWER, "提交日期"]
    batch = checked(
        "questionnaire_answers",
        [
            head,
            ["1", "2026-03", "D01", "", "2026-02-25"],
            ["2", "2026-03", "D01", "", "2026-02-26"],
            ["3", "2026-04", "D01", "", "2026-02-26"],
        ],
    )
    assert counts(batch) == (2, 0, 0, 1)
    [(row, field, text)] = messages(batch)
    assert (row, field) == (3, "month")
    assert "2026-04" in text
    importer.commit(batch.id, allow_rejected=True)
    sent = db.session.scalars(select(Questionnaire.submitted_at).order_by(Questionnaire.month))
    assert [moment.isoformat() for moment in sent if moment] == [
        "2026-02-24T16:00:00", "2026-02-25T16:00:00",
    ]  # fmt: skip


def test_needs_the_month_does_not_offer(checked: Importing, company: int, needs: None):
    db.session.execute(update(NeedOption).where(NeedOption.code == "D02").values(is_active=False))
    db.session.commit()
    batch = checked("questionnaire_answers", [ANSWER, ["1", "2026-03", "D02", ""]])
    assert [(row, field) for row, field, _text in messages(batch)] == [(2, "need")]
