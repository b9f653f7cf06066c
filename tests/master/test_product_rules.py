"""The proposed price class and the category leaf of a product, against the seed files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.quantity import yuan_to_fen
from app.kernel.seed_file import read_seed
from app.master.rules_parameters import Parameters
from app.master.rules_product import CLASSES, proposed_price_class
from app.master.seeding import SEED_FOLDER, leaf_of

PARAMETERS = Parameters()
BANDS = (
    PARAMETERS.price_first_fen,
    PARAMETERS.price_second_fen,
    PARAMETERS.price_third_fen,
    PARAMETERS.price_fourth_fen,
)


def test_the_default_bands_propose_the_class_every_listed_product_has():
    for row in read_seed(SEED_FOLDER / "products.csv"):
        proposed = proposed_price_class(yuan_to_fen(row["wholesale_yuan"]), BANDS)
        assert proposed == row["price_class"], row["name"]


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_a_dearer_product_never_gets_a_cheaper_class(one, other):
    low, high = sorted((one, other))
    order = {name: rank for rank, name in enumerate(CLASSES)}
    assert order[proposed_price_class(high, BANDS)] <= order[proposed_price_class(low, BANDS)]


@given(st.integers(0, 3))
def test_a_price_on_a_limit_belongs_to_the_dearer_class(position):
    assert proposed_price_class(BANDS[position], BANDS) == CLASSES[position]
    assert proposed_price_class(BANDS[position] - 1, BANDS) == CLASSES[position + 1]


@pytest.mark.parametrize("price", [None, 0, -5])
def test_no_price_no_proposal(price):
    assert proposed_price_class(price, BANDS) is None


def test_every_retail_price_falls_into_exactly_one_band():
    bands = [row for row in read_seed(SEED_FOLDER / "category_nodes.csv") if row["retail_from"]]
    leaves = [({**band, "form": "SLIM"}, number) for number, band in enumerate(bands)]
    for yuan in (0, 49.99, 50, 129.99, 130, 180, 299.99, 300, 599.99, 600, 1000):
        product = {"retail_yuan": str(yuan), "form": "SLIM"}
        hits = [n for leaf, n in leaves if leaf_of(product, [(leaf, n)]) is not None]
        assert len(hits) == 1, yuan
    assert leaf_of({"retail_yuan": "100", "form": "SHORT"}, leaves) is None
