"""Default content of a company: catalogues, work calendar, parameters; products on request.

The official lists of the method are not public; the seeded ones (domain §8, §11) are defaults
every company may change. So a table is filled only while the company has no row in it: a
changed entry keeps its change and a deleted one stays away, however often set-up runs. The
caller commits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import exists, insert, select
from sqlalchemy.orm import Session

from app.analysis.seeding import seed_analysis
from app.kernel.period import local_today
from app.kernel.quantity import yuan_to_fen
from app.kernel.seed_file import read_seed
from app.master.calendar import load_official_calendar
from app.master.parameters import ensure_first_version
from app.models import (
    AbilityItem,
    AbilityItemStrategy,
    CategoryNode,
    CategoryProduct,
    CigaretteForm,
    NeedOption,
    NeedOptionStrategy,
    PriceClass,
    ProblemReason,
    Product,
    ReturnReason,
    ServiceStrategy,
)
from app.security.statement_guard import BY_HAND

SEED_FOLDER = Path(__file__).parent / "seed"
SORT_STEP = 10
"""Gaps, so that a company can place its own entries between the seeded ones."""

Row = dict[str, str]


def seed_company(session: Session, company_id: int) -> list[str]:
    """Fill what the company lacks. Returns the names of the tables filled."""
    filled = [
        *_seed_catalogues(session, company_id),
        *(["calendar_day"] if load_official_calendar(session, company_id, local_today()) else []),
        *(["parameter_version"] if ensure_first_version(session, company_id) else []),
    ]
    session.flush()
    # The state matrix and the problem types refer to the strategies seeded above.
    return [*filled, *seed_analysis(session.connection(), company_id)]


def _seed_catalogues(session: Session, company_id: int) -> list[str]:
    filled = []
    if _is_empty(session, ServiceStrategy, company_id):
        _insert(session, ServiceStrategy, company_id, "service_strategies", ("guidance",))
        filled.append("service_strategy")
    if _is_empty(session, NeedOption, company_id):
        rows = _insert(session, NeedOption, company_id, "need_options", (), asks_text=_is_one)
        _link(session, company_id, NeedOption, NeedOptionStrategy, rows)
        filled.append("need_option")
    if _is_empty(session, AbilityItem, company_id):
        rows = _insert(
            session,
            AbilityItem,
            company_id,
            "ability_items",
            ("criteria",),
            weight=int,
            low_score=int,
        )
        _link(session, company_id, AbilityItem, AbilityItemStrategy, rows)
        filled.append("ability_item")
    if _is_empty(session, ProblemReason, company_id):
        _insert(session, ProblemReason, company_id, "problem_reasons", ())
        filled.append("problem_reason")
    if _is_empty(session, ReturnReason, company_id):
        _insert(session, ReturnReason, company_id, "return_reasons", ())
        filled.append("return_reason")
    return filled


def _is_one(text: str) -> bool:
    return text == "1"


def _is_empty(session: Session, model: type[Any], company_id: int) -> bool:
    return not session.scalar(select(exists().where(model.company_id == company_id)))


def _add(session: Session, model: type[Any], rows: list[dict[str, Any]]) -> None:
    """One statement for all rows; each of them names its company."""
    if rows:
        session.execute(insert(model.__table__), rows, execution_options={BY_HAND: True})


def _insert(
    session: Session,
    model: type[Any],
    company_id: int,
    file: str,
    texts: Sequence[str],
    **converters: Any,
) -> tuple[Row, ...]:
    """Insert a catalogue's seed file; `converters` turn cells of further columns into values."""
    rows = read_seed(SEED_FOLDER / f"{file}.csv")
    _add(
        session,
        model,
        [
            {
                "company_id": company_id,
                "code": row["code"],
                "name": row["name"],
                "name_en": row["name_en"],
                "sort": number * SORT_STEP,
                **{name: row[name] or None for name in texts},
                **{name: convert(row[name]) for name, convert in converters.items()},
            }
            for number, row in enumerate(rows, start=1)
        ],
    )
    return rows


def _ids(session: Session, model: type[Any], company_id: int) -> dict[str, int]:
    """Code → id of a company's entries."""
    rows = session.execute(select(model.code, model.id).where(model.company_id == company_id))
    return {row.code: row.id for row in rows}


def _link(
    session: Session, company_id: int, owner: type[Any], link: type[Any], rows: Iterable[Row]
) -> None:
    """Tie entries to the strategies their seed row names; those a company removed are left out."""
    owners = _ids(session, owner, company_id)
    strategies = _ids(session, ServiceStrategy, company_id)
    key = f"{owner.__tablename__}_id"
    pairs = [
        {key: owners[row["code"]], "strategy_id": strategies[code]}
        for row in rows
        for code in row["strategies"].split()
        if code in strategies
    ]
    _add(session, link, pairs)


def seed_products(session: Session, company_id: int, further: Sequence[Row] = ()) -> bool:
    """About forty real products and their category tree (domain §11); not part of set-up.

    A company imports its own list. Prices are regional list prices, tar and form trade
    knowledge: every row is marked approximate. `further` are more rows with the columns of
    products.csv. Returns whether anything was written.
    """
    if not (
        _is_empty(session, Product, company_id) and _is_empty(session, CategoryNode, company_id)
    ):
        return False
    rows = [*product_rows(), *further]
    _add(
        session,
        Product,
        [product_values(row) | {"company_id": company_id} for row in rows],
    )
    leaves = _seed_tree(session, company_id)
    products = _ids(session, Product, company_id)
    _add(
        session,
        CategoryProduct,
        [
            {"company_id": company_id, "node_id": node_id, "product_id": products[row["code"]]}
            for row in rows
            if (node_id := leaf_of(row, leaves)) is not None
        ],
    )
    return True


def product_rows() -> tuple[Row, ...]:
    return read_seed(SEED_FOLDER / "products.csv")


def product_values(row: Row) -> dict[str, Any]:
    """A seed row in the units of the product table."""
    tar = int(row["tar_mg"]) * 10
    return {
        "code": row["code"],
        "name": row["name"],
        "brand": row["brand"],
        "price_class": PriceClass[row["price_class"]],
        "wholesale_fen": yuan_to_fen(row["wholesale_yuan"]),
        "retail_fen": yuan_to_fen(row["retail_yuan"]),
        "sticks_per_carton": int(row["sticks_per_carton"]),
        "form": CigaretteForm[row["form"]],
        "tar_tenths": tar,
        "tar_imported_tenths": tar,
        "is_approximate": True,
    }


def _seed_tree(session: Session, company_id: int) -> list[tuple[Row, int]]:
    """Insert the nodes level by level; returns the leaves (seed row, id)."""
    rows = read_seed(SEED_FOLDER / "category_nodes.csv")
    ids: dict[str, int] = {}
    for depth in sorted({len(row["code"]) for row in rows}):
        _add(
            session,
            CategoryNode,
            [
                {
                    "company_id": company_id,
                    "parent_id": ids.get(row["parent"]),
                    "code": row["code"],
                    "name": row["name"],
                    "sort": number * SORT_STEP,
                }
                for number, row in enumerate(rows, start=1)
                if len(row["code"]) == depth
            ],
        )
        ids = _ids(session, CategoryNode, company_id)
    bands = {row["code"]: row for row in rows}
    return [
        ({**bands[row["parent"]], "form": row["form"]}, ids[row["code"]])
        for row in rows
        if row["form"]
    ]


def leaf_of(product: Row, leaves: Iterable[tuple[Row, int]]) -> int | None:
    """The leaf whose retail band and form the product has; None when there is none."""
    retail = yuan_to_fen(product["retail_yuan"])
    for leaf, node_id in leaves:
        least = yuan_to_fen(leaf["retail_from"])
        below = yuan_to_fen(leaf["retail_below"]) if leaf["retail_below"] else None
        in_band = least <= retail and (below is None or retail < below)
        if in_band and leaf["form"] == product["form"]:
            return node_id
    return None
