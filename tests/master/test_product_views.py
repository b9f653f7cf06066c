"""§1.3 and §1.4, and the mapping of products to leaves: who writes, what follows from it."""

import pytest
from sqlalchemy import func, select, update

from app.models import (
    CategoryNode,
    CategoryProduct,
    KeyProductSnapshot,
    Product,
    ProductStatus,
    TarSource,
)

pytestmark = pytest.mark.web

OWN = (Product.company_id == 1) & (Product.status == ProductStatus.ON_SALE)


@pytest.fixture
def key(stored):
    """An ordinary product with an imported tar content."""
    return stored(
        select(Product.id)
        .where(OWN, Product.is_key.is_(False), Product.tar_imported_tenths.is_not(None))
        .where(Product.tar_source == TarSource.IMPORTED)
        .order_by(Product.code)
    )


@pytest.fixture
def foreign(stored):
    return stored(select(Product.id).where(Product.company_id != 1))


PAGES = ("products", "new-products", "category-products")


@pytest.mark.parametrize("page", PAGES)
def test_everybody_reads_but_only_some_write(person, key, foreign, page):
    for username in ("customer", "market"):
        someone = person(username)
        assert someone.get(f"/{page}/list/").status_code == 200
        assert someone.get(f"/{page}/edit/{key}").status_code == 403
        assert someone.post(f"/{page}/edit/{key}", {"is_key": "y"}).status_code == 403
        form = {"rowid": key, "bulk_field": "is_key", "bulk-is_key": "y"}
        assert someone.post(f"/{page}/bulk_edit", form).status_code == 403
        run = {"rowid": key, "action": "back_to_imported"}
        assert someone.post(f"/{page}/action_post", run).status_code in (403, 404)
    for username in ("brand", "admin"):
        someone = person(username)
        assert someone.get(f"/{page}/edit/{key}").status_code == 200
        assert someone.get(f"/{page}/edit/{foreign}").status_code == 404
        assert someone.post(f"/{page}/bulk_edit", {**form, "rowid": foreign}).status_code in (
            400,
            404,
        )


def test_the_key_flag_by_form_and_for_many(person, key, stored):
    brand = person("brand")
    flag = select(Product.is_key).where(Product.id == key)
    data = {"name": "Renamed", "sticks_per_carton": "200", "status": "ON_SALE"}
    assert brand.edit(f"/products/edit/{key}", {**data, "is_key": "y"}).status_code == 302
    assert stored(flag) is True
    chosen = {"bulk_field": "is_key", "rowid": key}
    assert "Changed 1" in brand.messages(brand.post("/products/bulk_edit", chosen))
    assert stored(flag) is False


def test_the_months_as_key_brand_are_shown(person, stored):
    flagged = stored(
        select(KeyProductSnapshot.product_id).where(KeyProductSnapshot.company_id == 1)
    )
    page = person("customer").page(f"/products/show/{flagged}")
    assert "Key brand in the months" in page
    month = stored(
        select(func.min(KeyProductSnapshot.month)).where(KeyProductSnapshot.product_id == flagged)
    )
    assert month.key in page


def test_the_form_does_not_take_undeclared_fields(person, key, stored):
    column = (Product.tar_tenths, Product.code, Product.company_id, Product.tar_source)
    before = [stored(select(c).where(Product.id == key)) for c in column]
    data = {"name": "x", "sticks_per_carton": "200", "status": "ON_SALE"}
    forged = {"tar_tenths": "1.5", "code": "ZZ", "company_id": "2", "tar_source": "MANUAL"}
    assert person("brand").edit(f"/products/edit/{key}", {**data, **forged}).status_code == 302
    assert [stored(select(c).where(Product.id == key)) for c in column] == before


def test_a_tar_content_set_by_hand_and_taken_back(person, key, stored):
    brand = person("brand")
    imported = stored(select(Product.tar_imported_tenths).where(Product.id == key))
    assert brand.edit(f"/new-products/edit/{key}", {"tar_tenths": "6.5"}).status_code == 302
    row = stored(select(Product).where(Product.id == key))
    assert (row.tar_tenths, row.tar_source) == (65, TarSource.MANUAL)
    assert row.tar_imported_tenths == imported
    answer = brand.post(f"/new-products/action/back_to_imported/{key}", {})
    assert "imported tar content again" in brand.messages(answer)
    row = stored(select(Product).where(Product.id == key))
    assert (row.tar_tenths, row.tar_source) == (imported, TarSource.IMPORTED)


def test_without_an_imported_value_the_hand_stays(person, key, change, stored):
    with change() as session:
        session.execute(
            update(Product)
            .where(Product.id == key)
            .values(tar_imported_tenths=None, tar_tenths=70, tar_source="MANUAL")
        )
    brand = person("brand")
    run = {"rowid": key, "action": "back_to_imported"}
    assert "was kept" in brand.messages(brand.post("/new-products/action_post", run))
    assert stored(select(Product.tar_tenths).where(Product.id == key)) == 70


@pytest.mark.parametrize("text", ["", "20.1", "-1", "1.55", "ten"])
def test_impossible_tar_contents(person, key, stored, text):
    before = stored(select(Product.tar_tenths).where(Product.id == key))
    answer = person("brand").edit(f"/new-products/edit/{key}", {"tar_tenths": text})
    assert answer.status_code == 422
    assert stored(select(Product.tar_tenths).where(Product.id == key)) == before


def test_a_new_product_belongs_to_the_company_of_its_maker(person, stored):
    data = {"code": "N1", "name": "New", "sticks_per_carton": "160", "tar_tenths": "8"}
    brand = person("brand")
    assert 'name="company"' not in brand.page("/new-products/add")
    assert brand.post("/new-products/add", {**data, "company": "2"}).status_code == 422
    assert brand.post("/new-products/add", data).status_code == 302
    row = stored(select(Product).where(Product.code == "N1"))
    assert (row.company_id, row.tar_source, row.is_key) == (1, TarSource.MANUAL, False)
    assert brand.post("/new-products/add", data).status_code == 422


def test_a_sold_product_is_not_deleted_a_new_one_is(person, key, stored):
    brand = person("brand")
    assert "Retired" in brand.messages(brand.post(f"/products/delete/{key}", {}))
    data = {"code": "N2", "name": "New", "sticks_per_carton": "200"}
    assert brand.post("/new-products/add", data).status_code == 302
    new = stored(select(Product.id).where(Product.code == "N2"))
    brand.post(f"/products/delete/{new}", {})
    assert stored(select(Product.id).where(Product.id == new)) is None


def leaf(stored):
    """A leaf that holds products."""
    return stored(
        select(CategoryProduct.node_id).where(CategoryProduct.company_id == 1).order_by("node_id")
    )


def test_mapping_all_products_without_category(person, stored):
    brand = person("brand")
    missing = select(func.count(Product.id)).where(Product.company_id == 1, ~Product.category.has())
    count = stored(missing)
    assert count
    form = {
        "bulk_field": "category",
        "bulk-category": leaf(stored),
        "all_filtered": "1",
        "filter_query": "q_category_missing=1",
    }
    assert f"Changed {count}" in brand.messages(brand.post("/category-products/bulk_edit", form))
    assert stored(missing) == 0


def test_only_leaves_of_the_own_company_can_be_chosen(person, key, stored):
    brand = person("brand")
    inner = stored(select(CategoryNode.id).where(CategoryNode.code == "C"))
    other = stored(select(CategoryNode.id).where(CategoryNode.company_id != 1))
    where = select(CategoryProduct.node_id).where(CategoryProduct.product_id == key)
    before = stored(where)
    for node in (inner, other, "abc"):
        form = {"bulk_field": "category", "bulk-category": node, "rowid": key}
        brand.post("/category-products/bulk_edit", form)
        assert stored(where) == before
        answer = brand.edit(f"/category-products/edit/{key}", {"category": node})
        assert answer.status_code == 422
        assert stored(where) == before


def test_a_category_is_given_and_taken_by_form(person, key, stored):
    brand = person("brand")
    where = select(CategoryProduct.node_id).where(CategoryProduct.product_id == key)
    assert brand.edit(f"/category-products/edit/{key}", {"category": ""}).status_code == 302
    assert stored(where) is None
    node = leaf(stored)
    assert brand.edit(f"/category-products/edit/{key}", {"category": node}).status_code == 302
    assert stored(where) == node
    stale = brand.post(f"/category-products/edit/{key}", {"category": "", "_version": "1"})
    assert stale.status_code == 409
    assert stored(where) == node


def test_a_branch_filters_everything_below_it(person, stored):
    brand = person("brand")
    root = stored(select(CategoryNode.id).where(CategoryNode.code == "C"))
    mapped = stored(select(func.count(CategoryProduct.id)).where(CategoryProduct.company_id == 1))
    page = brand.page(f"/category-products/list/?q_category={root}")
    assert f"of {mapped}<" in page
    assert brand.get("/category-products/list/?q_category=999999").status_code == 200
