"""§1.2: the tree's pages and the rule in the session, on the demo company."""

import pytest
from sqlalchemy import func, insert, select

from app.kernel.errors import OutOfScope
from app.master.category_tree import check_stored, place_product
from app.master.rules_category import TreeRefusal
from app.models import CategoryNode, CategoryProduct, Company, Product

pytestmark = pytest.mark.web

JSON = {"Accept": "application/json"}


def node(code, column=CategoryNode.id):
    return select(column).where(CategoryNode.code == code, CategoryNode.company_id == 1)


def holding():
    return (
        select(CategoryNode.id)
        .join(CategoryProduct, CategoryProduct.node_id == CategoryNode.id)
        .where(CategoryNode.company_id == 1)
    )


def foreign():
    return select(CategoryNode.id).where(CategoryNode.company_id != 1)


@pytest.fixture
def tree(person, stored):
    """Change the tree as the brand manager: ``tree("move", "C2", target=…)`` → (status, JSON)."""
    brand = person("brand")

    def call(action, code=None, /, **fields):
        url = f"/categories/{action}"
        if code is not None:
            url += f"/{stored(node(code))}"
            fields.setdefault("version", stored(node(code, CategoryNode.version)))
        answer = brand.post(url, fields, headers=JSON)
        return answer.status_code, answer.get_json()

    return call


def test_the_page_shows_the_tree_to_all_and_tools_to_those_who_may(person):
    page = person("customer").page("/categories/tree")
    assert "category-data" in page
    assert 'data-tree-action="rename"' not in page
    assert "Drag" not in page
    assert 'data-tree-action="rename"' in person("brand").page("/categories/tree")


@pytest.mark.parametrize("username", ["customer", "market"])
@pytest.mark.parametrize("action", ["add", "rename/1", "move/1", "delete/1"])
def test_only_brand_managers_and_administrators_change_it(person, username, action):
    someone = person(username)
    answer = someone.post(f"/categories/{action}", {"name": "x", "version": "1"})
    assert answer.status_code == 403


def test_adding_renaming_moving_deleting(tree, stored):
    status, answer = tree("add", parent=stored(node("C6")), name=" New  one ")
    assert status == 200
    assert "New one" in answer["message"]
    code = stored(select(CategoryNode.code).where(CategoryNode.name == "New one"))
    assert code == "C6-01"
    assert tree("rename", code, name="Newer", code=code)[0] == 200
    assert tree("move", code, target=stored(node("C1")), place="before")[0] == 200
    assert stored(node(code, CategoryNode.parent_id)) == stored(node("C"))
    first = select(CategoryNode.code).where(CategoryNode.parent_id == stored(node("C")))
    assert stored(first.order_by(CategoryNode.sort)) == code
    assert tree("move", code, target="", place="over")[0] == 200
    assert stored(node(code, CategoryNode.parent_id)) is None
    assert tree("delete", code)[0] == 200
    assert stored(node(code)) is None


def test_refusals_name_the_reason_and_change_nothing(tree, stored):
    status, answer = tree("delete", "C")
    assert status == 422
    assert "has subcategories" in answer["error"]
    leaf = stored(holding())
    leaf_code = stored(select(CategoryNode.code).where(CategoryNode.id == leaf))
    assert "holds" in tree("delete", leaf_code)[1]["error"]
    assert "cannot have subcategories" in tree("add", parent=leaf, name="x")[1]["error"]
    assert "cannot have subcategories" in tree("move", "C6", target=leaf, place="over")[1]["error"]
    below = stored(node("C1", CategoryNode.id))
    assert "below itself" in tree("move", "C", target=below, place="over")[1]["error"]
    assert tree("add", name="  ")[0] == 422
    assert tree("add", name="x" * 61)[0] == 422
    assert tree("move", "C", target="1", place="under")[0] == 400
    assert stored(node("C", CategoryNode.parent_id)) is None


def test_an_old_version_is_refused_with_the_present_tree(tree):
    assert tree("rename", "C6", name="First")[0] == 200
    status, answer = tree("rename", "C6", name="Second", version=1)
    assert status == 409
    assert "First" in str(answer["tree"])
    assert tree("rename", "C6", name="Second", version="abc")[0] == 409


def test_a_code_is_given_once(tree):
    status, answer = tree("rename", "C6", name="x", code="C1")
    assert status == 422
    assert "Category code" in answer["error"]


def test_another_companys_category_is_as_good_as_missing(person, stored):
    brand = person("brand")
    other = stored(foreign())
    assert brand.get(f"/categories/node/{other}").status_code == 404
    for action in ("rename", "move", "delete"):
        answer = brand.post(f"/categories/{action}/{other}", {"name": "x", "version": "1"})
        assert answer.status_code == 404
    assert brand.post("/categories/add", {"name": "x", "parent": other}).status_code == 404
    own = stored(node("C6"))
    answer = brand.post(f"/categories/move/{own}", {"target": other, "version": "1"})
    assert answer.status_code == 404
    assert brand.get("/categories/node/abc").status_code == 404


def test_forms_work_without_script(person, stored):
    brand = person("brand")
    key = stored(node("C6"))
    page = brand.page(f"/categories/node/{key}")
    assert "Move below" in page
    answer = brand.post("/categories/add", {"name": "Paper", "parent": key, "back": key})
    assert answer.headers["Location"].endswith(f"/categories/node/{key}")
    assert "“Paper” was added." in brand.messages(answer)
    assert person("customer").page(f"/categories/node/{key}")


def test_changes_need_post_and_a_token(person, stored):
    brand = person("brand")
    assert brand.get("/categories/delete/1").status_code == 405
    answer = brand.client.post("/categories/add", data={"name": "x"})
    assert answer.status_code == 400


def test_the_rule_holds_in_every_session(change, stored):
    leaf, inner = stored(holding()), stored(node("C"))
    loose = stored(select(Product.id).where(Product.company_id == 1, ~Product.category.has()))
    with change() as session:
        session.add(CategoryNode(company_id=1, parent_id=leaf, code="x", name="x"))
        with pytest.raises(TreeRefusal, match="cannot have subcategories"):
            session.flush()
        session.rollback()
        session.add(CategoryProduct(company_id=1, node_id=inner, product_id=loose))
        with pytest.raises(TreeRefusal, match="Products belong into one of those"):
            session.flush()
        session.rollback()
        # A new branch with its products in one flush, given by object: sound.
        parent = CategoryNode(company_id=1, code="n1", name="n1")
        child = CategoryNode(company_id=1, code="n2", name="n2", parent=parent)
        placed = CategoryProduct(company_id=1, node=child, product=session.get(Product, loose))
        session.add_all([parent, child, placed])
        session.flush()
        placed.node = parent
        with pytest.raises(TreeRefusal, match="Products belong into one of those"):
            session.flush()
        session.rollback()


def test_core_statements_are_checked_on_demand(change, stored):
    leaf = stored(holding())
    with change() as session:
        check_stored(session(), 1)
        session.connection().execute(
            insert(CategoryNode.__table__).values(
                company_id=1, parent_id=leaf, code="x", name="x", sort=1
            )
        )
        with pytest.raises(TreeRefusal):
            check_stored(session(), 1)
        session.rollback()


def test_products_stay_within_their_company(change, stored):
    other = stored(foreign())
    product = stored(select(Product.id).where(Product.company_id == 1))
    with change() as session:
        with pytest.raises(OutOfScope):
            place_product(
                session(), session.get(Product, product), session.get(CategoryNode, other)
            )
        session.rollback()


def test_platform_administrators_say_whose_tree(person, stored):
    platform = person("platform")
    assert platform.post("/categories/add", {"name": "x"}, headers=JSON).status_code == 422
    company = stored(select(func.max(Company.id)))
    data = {"name": "Elsewhere", "company_id": company}
    assert platform.post("/categories/add", data, headers=JSON).status_code == 200
    where = select(CategoryNode.company_id).where(CategoryNode.name == "Elsewhere")
    assert stored(where) == company
