"""Default content of a company: complete, once, and never over a company's own changes."""

import pytest
from sqlalchemy import delete, func, select

from app.kernel.db import db
from app.master.seeding import seed_company, seed_products
from app.models import (
    AbilityItem,
    CategoryNode,
    CategoryProduct,
    Company,
    NeedOption,
    ProblemReason,
    Product,
    ServiceStrategy,
    TarSource,
)

pytestmark = pytest.mark.sql


def count(model):
    return db.session.scalar(select(func.count()).select_from(model))


@pytest.fixture
def company_id(app):
    with app.app_context():
        company = Company(code="T1", name="Test")
        db.session.add(company)
        db.session.commit()
        yield company.id
        db.session.rollback()


def test_a_company_gets_everything_once(company_id):
    assert {
        "service_strategy",
        "need_option",
        "ability_item",
        "problem_reason",
        "return_reason",
        "calendar_day",
        "parameter_version",
    } <= set(seed_company(db.session(), company_id))
    counts = {m: count(m) for m in (ServiceStrategy, NeedOption, AbilityItem, ProblemReason)}
    assert list(counts.values()) == [26, 17, 9, 15]
    assert seed_company(db.session(), company_id) == []
    assert {model: count(model) for model in counts} == counts


def test_needs_and_low_scores_lead_to_strategies(company_id):
    seed_company(db.session(), company_id)
    needs = {need.code: need for need in db.session.scalars(select(NeedOption))}
    assert [each.code for each in needs["D01"].strategies] == ["S01", "S02"]
    assert needs["D16"].strategies == []
    items = {item.code: item for item in db.session.scalars(select(AbilityItem))}
    assert [each.code for each in items["A6"].strategies] == ["S03", "S12", "S13"]
    assert sum(item.weight for item in items.values()) == 100
    assert all(item.low_score == (2 if item.strategies else 0) for item in items.values())


def test_a_change_and_a_deletion_survive_the_next_set_up(app, company_id):
    seed_company(db.session(), company_id)
    reason = db.session.scalars(select(ProblemReason).where(ProblemReason.code == "R01")).one()
    reason.name = "own words"
    db.session.execute(delete(ProblemReason).where(ProblemReason.code == "R02"))
    db.session.commit()
    answer = app.test_cli_runner().invoke(args=["portal", "setup"])
    assert answer.exit_code == 0, answer.output
    db.session.expire_all()
    names = {row.code: row.name for row in db.session.scalars(select(ProblemReason))}
    assert names["R01"] == "own words"
    assert "R02" not in names


def test_products_hang_on_the_leaf_of_their_price_band_and_form(company_id):
    assert seed_products(db.session(), company_id)
    assert not seed_products(db.session(), company_id)
    products = list(db.session.scalars(select(Product)))
    assert len(products) == 42
    assert all(p.is_approximate and p.tar_source is TarSource.IMPORTED for p in products)
    assert all(p.tar_tenths == p.tar_imported_tenths for p in products)
    assert {p.sticks_per_carton for p in products} == {200, 160}
    assert count(CategoryProduct) == 42
    nodes = {node.id: node for node in db.session.scalars(select(CategoryNode))}
    parents = {node.parent_id for node in nodes.values()}
    places = {row.product_id: row.node_id for row in db.session.scalars(select(CategoryProduct))}
    assert not set(places.values()) & parents, "products hang on leaves only"
    dear = next(p for p in products if p.code == "Y005")
    assert nodes[nodes[places[dear.id]].parent_id].code == "C1"
