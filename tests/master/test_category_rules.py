"""§1.2: the shape of the category tree and the order within it, without a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.master.rules_category import (
    TreeRefusal,
    arranged,
    below,
    check_tree,
    depth_first,
    paths,
)

pytestmark = pytest.mark.pure

PARENTS = {"all": None, "dear": "all", "cheap": "all", "slim": "dear"}
NAMES = {node: node.title() for node in PARENTS}


def test_a_sound_tree_passes():
    check_tree(PARENTS, {"slim": 3, "cheap": 1}, NAMES)


@pytest.mark.parametrize("loop", [{"dear": "dear"}, {"dear": "slim"}, {"all": "slim"}])
def test_circles_are_refused(loop):
    with pytest.raises(TreeRefusal, match="below itself"):
        check_tree({**PARENTS, **loop}, {}, NAMES)


def test_a_parent_cannot_go_while_children_stay():
    with pytest.raises(TreeRefusal, match="“Dear” has subcategories"):
        check_tree({key: PARENTS[key] for key in ("all", "cheap", "slim")}, {}, NAMES)


def test_a_category_cannot_go_while_products_hang_on_it():
    with pytest.raises(TreeRefusal, match="“Slim” holds 2 products"):
        check_tree({key: PARENTS[key] for key in ("all", "dear", "cheap")}, {"slim": 2}, NAMES)


def test_the_advice_depends_on_what_came_last():
    with pytest.raises(TreeRefusal, match="holds 2 products, so it cannot have subcategories"):
        check_tree(PARENTS, {"dear": 2}, NAMES)
    with pytest.raises(TreeRefusal, match="Products belong into one of those"):
        check_tree(PARENTS, {"dear": 2}, NAMES, {"dear"})


def test_paths_and_branches():
    assert paths(PARENTS, NAMES)["slim"] == "All / Dear / Slim"
    assert below(PARENTS, "dear") == {"dear", "slim"}
    assert depth_first(PARENTS, list(PARENTS)) == [
        ("all", 0),
        ("dear", 1),
        ("slim", 2),
        ("cheap", 1),
    ]


@pytest.mark.parametrize(
    ("place", "order"), [("before", "acbd"), ("after", "abcd"), ("over", "abdc")]
)
def test_a_moved_node_stands_where_it_was_put(place, order):
    assert "".join(arranged(list("abcd"), "c", "b", place)) == order


@given(st.permutations(list("abcdef")), st.sampled_from("abcdef"), st.sampled_from("abcdef"))
def test_moving_loses_nobody(order, moved, target):
    for place in ("before", "after", "over"):
        result = arranged(order, moved, target, place)
        assert sorted(result) == sorted(order)
        assert [n for n in result if n != moved] == [n for n in order if n != moved]


@given(st.lists(st.integers(0, 30), min_size=1, max_size=30))
def test_every_node_appears_once_in_reading_order(numbers):
    parents = {0: None} | {i: numbers[i] % i for i in range(1, len(numbers))}
    names = {node: str(node) for node in parents}
    check_tree(parents, {}, names)
    rows = depth_first(parents, list(parents))
    assert sorted(node for node, _ in rows) == sorted(parents)
    assert all(
        depth == path.count("/")
        for (node, depth), path in zip(
            rows, (paths(parents, names)[node] for node, _ in rows), strict=True
        )
    )
