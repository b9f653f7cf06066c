"""What importing does to customers, products, the category tree and their links."""

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select

from app.exchange import importer
from app.kernel.db import db
from app.kernel.errors import ImportRejected
from app.kernel.period import local_today
from app.models import (
    CategoryNode,
    CategoryProduct,
    ChangeLog,
    Customer,
    CustomerTerritory,
    Product,
    TarSource,
    Territory,
    VisitFrequency,
    VisitMode,
)
from tests.exchange.conftest import Importing, counts, messages

pytestmark = pytest.mark.sql

HEADER = [
    "客户编码", "客户名称", "片区", "市场类型", "业态", "经营规模", "档位", "订货方式", "结算方式",
    "终端类型", "开户日期", "联系电话", "拜访方式", "拜访频率", "备注", "坐标",
]  # fmt: skip


def shop(code: str, **changed: Any) -> list[Any]:
    row = dict(
        zip(
            HEADER,
            [
                code, f"店 {code}", "T1", "城镇", "食杂店", "小", "12", "网上订货", "电子结算",
                "普通", "2020/5/1", "13800000000", "", "", "", "",
            ],
            strict=True,
        )
    )  # fmt: skip
    row.update(changed)
    return list(row.values())


def customer(code: str) -> Customer:
    db.session.expire_all()
    return db.session.scalars(select(Customer).where(Customer.code == code)).one()


def test_new_customers_get_all_they_need(imported: Importing):
    batch = imported("customers", [HEADER, shop("1", 拜访频率="每周一次", 坐标="113.26,23.13")])
    assert counts(batch) == (1, 0, 0, 0)
    made = customer("1")
    assert (made.version, made.batch_id, made.created_by) == (1, batch.id, 1)
    assert (made.territory.code, made.grade, made.open_date) == ("T1", 12, dt.date(2020, 5, 1))
    assert (made.frequency_source.name, made.status.name) == ("SYSTEM", "ACTIVE")
    assert (made.longitude, made.latitude) == (113.26, 23.13)
    (history,) = db.session.scalars(select(CustomerTerritory))
    assert (history.customer_id, history.valid_from, history.valid_to) == (
        made.id, dt.date(2020, 5, 1), None,
    )  # fmt: skip


def test_the_same_file_twice_changes_nothing(imported: Importing):
    rows = [HEADER, shop("1", 坐标="113.264385,23.129112"), shop("2")]
    imported("customers", rows)
    before = db.session.execute(select(Customer.__table__)).all()
    again = imported("customers", rows)
    assert counts(again) == (0, 0, 2, 0)
    assert db.session.execute(select(Customer.__table__)).all() == before


def test_changes_are_logged_and_people_s_fields_stay(imported: Importing):
    imported("customers", [HEADER, shop("1"), shop("2")])
    kept = customer("1")
    kept.visit_mode = VisitMode.PHONE
    kept.remark = "call first"
    db.session.commit()
    version = customer("1").version
    rows = [
        HEADER,
        shop("1", 档位="20", 拜访方式="上门拜访", 备注="x", 拜访频率="每月一次", 联系电话=""),
        shop("2", 拜访方式="上门拜访"),
    ]
    batch = imported("customers", rows)
    assert counts(batch) == (0, 2, 0, 0)
    changed = customer("1")
    assert (changed.grade, changed.visit_mode, changed.remark) == (
        20,
        VisitMode.PHONE,
        "call first",
    )
    assert (changed.visit_frequency, changed.frequency_source.name) == (
        VisitFrequency.MONTHLY, "SYSTEM",
    )  # fmt: skip
    assert changed.phone == "13800000000"
    assert (changed.version, changed.updated_by) == (version + 1, 1)
    assert customer("2").visit_mode is VisitMode.ONSITE
    log = db.session.scalars(
        select(ChangeLog)
        .where(ChangeLog.entity == "Customer", ChangeLog.source == "import")
        .order_by(ChangeLog.id)
    ).all()
    assert [(entry.entity, entry.record_label, entry.user_name) for entry in log] == [
        ("Customer", "1 店 1", "Alice"), ("Customer", "2 店 2", "Alice"),
    ]  # fmt: skip
    assert log[0].changes == {
        "grade": [12, 20],
        "visit_frequency": [None, "MONTHLY"],
        "frequency_source": [None, "SYSTEM"],
    }


def test_empty_cells_clear_only_on_request(imported: Importing):
    imported("customers", [HEADER, shop("1")])
    imported("customers", [HEADER, shop("1", 联系电话="", 客户名称="")], empty_cells="clear")
    assert (customer("1").phone, customer("1").name) == (None, "店 1")


def test_part_of_the_columns_is_enough_for_known_customers(checked: Importing):
    importer.commit(checked("customers", [HEADER, shop("1")]).id)
    batch = checked("customers", [["客户编码", "联系电话"], ["1", "020-1"], ["2", "020-2"]])
    assert counts(batch) == (0, 1, 0, 1)
    ((row, field, text),) = messages(batch)
    assert (row, field) == (3, "")
    assert "no column is mapped" in text or "没有" in text
    importer.commit(batch.id, allow_rejected=True)
    assert customer("1").phone == "020-1"


def test_a_move_keeps_the_history(imported: Importing):
    imported("customers", [HEADER, shop("1")])
    today = local_today()
    imported("customers", [HEADER, shop("1", 片区="T2")])
    imported("customers", [HEADER, shop("1", 片区="Territory 2")])
    table = CustomerTerritory
    names = {t.id: t.code for t in db.session.scalars(select(Territory))}

    def history() -> list[tuple[Any, ...]]:
        db.session.expire_all()
        rows = db.session.scalars(select(table).order_by(table.valid_from))
        return [(names[row.territory_id], row.valid_from, row.valid_to) for row in rows]

    yesterday = today - dt.timedelta(days=1)
    assert history() == [("T1", dt.date(2020, 5, 1), yesterday), ("T2", today, None)]
    assert customer("1").territory.code == "T2"
    # Corrected on the same day: the day's own row is corrected, the past stays.
    imported("customers", [HEADER, shop("1", 片区="T1")])
    assert history() == [("T1", dt.date(2020, 5, 1), yesterday), ("T1", today, None)]


def test_all_faults_are_reported_at_once(checked: Importing):
    rows = [
        HEADER,
        shop("1", 档位="31", 市场类型="月球", 开户日期="2020-13-01", 片区="T9"),
        shop("2"),
        shop("2"),
        shop("", 客户名称="no code"),
        ["3"],
        shop("4", 联系电话="1" * 31),
    ]
    batch = checked("customers", rows)
    assert counts(batch) == (0, 0, 0, 6)
    found = {(row, field) for row, field, _text in messages(batch)}
    assert found >= {
        (2, "grade"), (2, "market_type"), (2, "open_date"), (2, "territory"),
        (3, "code"), (4, "code"), (5, "code"), (6, "name"), (6, "territory"), (7, "phone"),
    }  # fmt: skip
    groups = {group.field: group.count for group in importer.error_groups(batch)}
    assert groups["code"] >= 1
    with pytest.raises(ImportRejected):
        importer.commit(batch.id)
    assert db.session.scalar(select(Customer.id)) is None


PRODUCT = ["商品编码", "商品名称", "批发价", "零售价", "焦油", "重点品牌", "价类"]


def product(code: str) -> Product:
    db.session.expire_all()
    return db.session.scalars(select(Product).where(Product.code == code)).one()


def test_tar_corrected_by_hand_survives(imported: Importing):
    rows = [PRODUCT, ["P1", "Red", "381.6", "450", "11", "是", "一类"]]
    imported("products", rows)
    made = product("P1")
    assert (made.wholesale_fen, made.retail_fen, made.is_key) == (38160, 45000, True)
    assert (made.tar_tenths, made.tar_imported_tenths, made.sticks_per_carton) == (110, 110, 200)
    made.tar_tenths, made.tar_source = 95, TarSource.MANUAL
    made.is_key = False
    db.session.commit()
    batch = imported("products", [PRODUCT, ["P1", "Red", "381.6", "450", "12", "是", "一类"]])
    assert counts(batch) == (0, 1, 0, 0)
    kept = product("P1")
    assert (kept.tar_tenths, kept.tar_imported_tenths, kept.is_key) == (95, 120, False)
    kept.tar_source = TarSource.IMPORTED
    db.session.commit()
    imported("products", rows)
    assert product("P1").tar_tenths == 110


TREE = ["品类代码", "品类名称", "上级品类"]


def tree() -> dict[str, str | None]:
    db.session.expire_all()
    nodes = db.session.scalars(select(CategoryNode)).all()
    by_id = {node.id: node.code for node in nodes}
    return {node.code: by_id.get(node.parent_id) for node in nodes}


def test_parents_may_come_later_in_the_same_file(imported: Importing):
    rows = [TREE, ["A1", "leaf", "A"], ["A", "top", ""], ["A2", "leaf", "A"]]
    assert counts(imported("categories", rows)) == (3, 0, 0, 0)
    assert tree() == {"A": None, "A1": "A", "A2": "A"}
    assert counts(imported("categories", rows)) == (0, 0, 3, 0)
    # An old node moves below a new one.
    moved = imported("categories", [TREE, ["B", "new", ""], ["A2", "leaf", "B"]])
    assert counts(moved) == (1, 1, 0, 0)
    assert tree()["A2"] == "B"
    log = db.session.scalars(select(ChangeLog).where(ChangeLog.entity == "CategoryNode")).all()
    assert len(log) == 5


def test_cycles_and_lost_parents_are_refused(checked: Importing, imported: Importing):
    imported("categories", [TREE, ["A", "a", ""], ["B", "b", "A"]])
    batch = checked(
        "categories",
        [
            TREE,
            ["A", "a", "B"],
            ["C", "c", "C"],
            ["D", "d", "nowhere"],
            ["E", "e", "D"],
            ["F", "f", "E"],
            ["G", "g", "A"],
        ],
    )
    rejected = {row: field for row, field, _text in messages(batch)}
    assert rejected == dict.fromkeys((2, 3, 4, 5, 6), "parent")
    assert batch.rows_new == 1


def test_products_lie_in_leaves_only(checked: Importing, imported: Importing):
    imported("categories", [TREE, ["A", "top", ""], ["A1", "one", "A"], ["A2", "two", "A"]])
    imported("products", [["商品编码", "商品名称"], ["P1", "Red"], ["P2", "Blue"]])
    link = ["商品编码", "品类"]
    assert counts(imported("category_products", [link, ["P1", "A1"], ["Blue", "two"]])) == (
        2, 0, 0, 0,
    )  # fmt: skip
    refused = checked("category_products", [link, ["P1", "A"], ["P9", "A1"]])
    assert {(row, field) for row, field, _text in messages(refused)} == {
        (2, "node"),
        (3, "product"),
    }
    assert counts(imported("category_products", [link, ["P1", "A2"]])) == (0, 1, 0, 0)
    nodes = {node.id: node.code for node in db.session.scalars(select(CategoryNode))}
    assert {nodes[row.node_id] for row in db.session.scalars(select(CategoryProduct))} == {"A2"}
    below = checked("categories", [TREE, ["A3", "x", "A2"]])
    assert [(row, field) for row, field, _text in messages(below)] == [(2, "parent")]
