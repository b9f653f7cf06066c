"""§1.2 — the stored category tree: reading it whole, changing it, and the rule in every session.

Reads  category_node, category_product, product
Writes category_node, category_product
Errors `TreeRefusal` (rule broken), `StaleVersion` (somebody else changed the node)

`check_flush` holds for everything that writes through the session: pages, API, imports by object.
Whoever writes these tables by Core statements calls `check_stored` before the commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event, func, inspect, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from app.kernel.db import db
from app.kernel.errors import N_, OutOfScope, PlanningError, StaleVersion
from app.master.rules_category import (
    Node,
    Place,
    TreeRefusal,
    arranged,
    check_tree,
    depth_first,
    paths,
)
from app.models import CategoryNode, CategoryProduct, Company, Product

NODE = CategoryNode.__table__
PLACED = CategoryProduct.__table__

SORT_STEP = 10


@dataclass(frozen=True, slots=True)
class TreeRow:
    """A node in reading order. `own` products hang on it, `total` on it and all below it."""

    id: int
    company_id: int
    parent_id: int | None
    depth: int
    code: str
    name: str
    path: str
    version: int
    own: int
    total: int
    is_leaf: bool


@dataclass(frozen=True, slots=True)
class CategoryTree:
    """A company's tree, read once: rows in reading order and the same by id."""

    rows: list[TreeRow]
    by_id: Mapping[int, TreeRow]
    parents: Mapping[Node, Node | None]

    @property
    def leaves(self) -> list[TreeRow]:
        return [row for row in self.rows if row.is_leaf]


def read_tree(session: Session) -> CategoryTree:
    """The trees in the caller's scope, with product counts; two statements."""
    nodes = session.scalars(
        select(CategoryNode).order_by(CategoryNode.company_id, CategoryNode.sort, CategoryNode.id)
    ).all()
    counted = session.execute(
        select(CategoryProduct.node_id, func.count(CategoryProduct.id)).group_by(
            CategoryProduct.node_id
        )
    )
    own: dict[int, int] = {row[0]: row[1] for row in counted}
    by_id = {node.id: node for node in nodes}
    # A node whose parent is out of sight stands at the top rather than nowhere.
    parents: dict[Node, Node | None] = {
        node.id: node.parent_id if node.parent_id in by_id else None for node in nodes
    }
    words = paths(parents, {node.id: node.name for node in nodes})
    totals = _totals(parents, own)
    with_children = {parent for parent in parents.values() if parent is not None}
    rows = [
        TreeRow(
            id=key,
            company_id=by_id[key].company_id,
            parent_id=by_id[key].parent_id,
            depth=depth,
            code=by_id[key].code,
            name=by_id[key].name,
            path=words[key],
            version=by_id[key].version,
            own=own.get(key, 0),
            total=totals[key],
            is_leaf=key not in with_children,
        )
        for key, depth in depth_first(parents, [node.id for node in nodes])
        if isinstance(key, int)
    ]
    return CategoryTree(rows, {row.id: row for row in rows}, parents)


def _totals(parents: Mapping[Node, Node | None], own: Mapping[int, int]) -> dict[Node, int]:
    totals: dict[Node, int] = dict.fromkeys(parents, 0)
    for node in parents:
        count = own.get(node, 0) if isinstance(node, int) else 0
        above: Node | None = node
        while above is not None and count:
            totals[above] += count
            above = parents[above]
    return totals


# ---------------------------------------------------------------------- changes


def add_node(
    session: Session, name: str, parent: CategoryNode | None, company_id: int | None, code: str = ""
) -> CategoryNode:
    """A new last child of `parent` (None = at the top). The caller commits."""
    name = _checked_name(name)
    company = parent.company_id if parent is not None else company_id
    node = CategoryNode(
        company_id=company,
        parent_id=parent.id if parent is not None else None,
        name=name,
        code=code.strip() or _free_code(session, parent, company),
        sort=_last_sort(session, parent, company) + SORT_STEP,
    )
    session.add(node)
    session.flush()
    return node


def rename_node(session: Session, node: CategoryNode, name: str, code: str, version: int) -> None:
    """Give the node another name and, unless empty, another code. The caller commits."""
    _check_version(node, version)
    node.name = _checked_name(name)
    if code.strip():
        node.code = code.strip()
    session.flush()


def move_node(
    session: Session,
    node: CategoryNode,
    target: CategoryNode | None,
    place: Place,
    version: int,
) -> None:
    """Put the node `before` or `after` the target, or `over` = as its last child.

    No target = to the end of the top level. The caller commits.
    """
    _check_version(node, version)
    if target is not None and target.company_id != node.company_id:
        raise OutOfScope
    parent_id = None
    if target is not None:
        parent_id = target.id if place == "over" else target.parent_id
    node.parent_id = parent_id
    # The rule first: a refused move must not have renumbered anybody.
    session.flush()
    siblings = session.scalars(
        select(CategoryNode)
        .where(CategoryNode.company_id == node.company_id, CategoryNode.parent_id == parent_id)
        .order_by(CategoryNode.sort, CategoryNode.id)
    ).all()
    by_id = {sibling.id: sibling for sibling in siblings}
    order = arranged(list(by_id), node.id, target.id if target is not None else None, place)
    for index, key in enumerate(order, start=1):
        if isinstance(key, int) and by_id[key].sort != index * SORT_STEP:
            by_id[key].sort = index * SORT_STEP
    session.flush()


def delete_node(session: Session, node: CategoryNode, version: int) -> None:
    """Delete a leaf without products. The caller commits."""
    _check_version(node, version)
    session.delete(node)
    session.flush()


def place_product(session: Session, product: Product, node: CategoryNode | None) -> bool:
    """Give the product its category (None = take it away); whether anything changed.

    The caller flushes and commits.
    """
    if node is not None and node.company_id != product.company_id:
        raise OutOfScope
    with session.no_autoflush:
        placement = session.scalar(
            select(CategoryProduct).where(CategoryProduct.product_id == product.id)
        )
    before = placement.node_id if placement is not None else None
    if before == (node.id if node is not None else None):
        return False
    if node is None:
        session.delete(placement)
    elif placement is None:
        # By relation, not by id: the change log names the new row by its node and product.
        session.add(CategoryProduct(company_id=product.company_id, node=node, product=product))
    else:
        placement.node_id = node.id
    # The product's version moves on, so that two people mapping it at once notice each other.
    flag_modified(product, "status")
    return True


def _checked_name(name: str) -> str:
    name = " ".join(name.replace("\x00", "").split())
    if not name:
        raise PlanningError(N_("Please enter a name."), field="name")
    limit = CategoryNode.__table__.c.name.type.length
    if len(name) > limit:
        raise PlanningError(
            N_("The name may have at most %(limit)d characters."), field="name", limit=limit
        )
    return name


def _check_version(node: CategoryNode, version: int) -> None:
    if node.version != version:
        raise StaleVersion(
            N_("Somebody else changed “%(name)s” meanwhile. The tree has been loaded again."),
            name=node.name,
        )


def _last_sort(session: Session, parent: CategoryNode | None, company_id: int | None) -> int:
    parent_id = parent.id if parent is not None else None
    last = session.scalar(
        select(func.max(CategoryNode.sort)).where(
            CategoryNode.company_id == company_id, CategoryNode.parent_id == parent_id
        )
    )
    return int(last or 0)


def _free_code(session: Session, parent: CategoryNode | None, company_id: int | None) -> str:
    """The parent's code with a number nobody uses yet."""
    prefix = f"{parent.code}-" if parent is not None and len(parent.code) < 34 else "C"
    used = set(
        session.scalars(select(CategoryNode.code).where(CategoryNode.company_id == company_id))
    )
    number = 1
    while f"{prefix}{number:02d}" in used:
        number += 1
    return f"{prefix}{number:02d}"


# ---------------------------------------------------------------------- the rule in the session


def check_flush(session: Session, context: Any, instances: Any) -> None:
    """`before_flush` listener: the trees this flush touches keep their shape."""
    touched: list[Any] = [
        item
        for item in (*session.new, *session.dirty, *session.deleted)
        if isinstance(item, CategoryNode | CategoryProduct)
    ]
    for company_id in sorted({item.company_id for item in touched if item.company_id is not None}):
        _check_company(session, company_id)


def check_stored(session: Session, company_id: int) -> None:
    """The rule for what the database holds now, after Core statements."""
    _check_company(session, company_id)


def _check_company(session: Session, company_id: int) -> None:
    parents, names, placed = _stored(session, company_id)
    before = dict(placed)
    for item in session.deleted:
        if isinstance(item, CategoryNode):
            parents.pop(item.id, None)
        elif isinstance(item, CategoryProduct):
            placed.pop(item.product_id, None)
    for item in (*session.new, *session.dirty):
        if isinstance(item, CategoryNode) and item.company_id == company_id:
            key = _key(item)
            parents[key], names[key] = _parent_key(item), item.name
        elif isinstance(item, CategoryProduct) and item.company_id == company_id:
            placed[_product_key(item)] = _node_key(item)
    holding: dict[Node, int] = {}
    for node in placed.values():
        holding[node] = holding.get(node, 0) + 1
    newly_filled = {node for product, node in placed.items() if before.get(product) != node}
    foreign = newly_filled - set(parents)
    if foreign and not (foreign & set(names)):
        raise TreeRefusal(N_("This category does not exist any more. Please choose another one."))
    check_tree(parents, holding, names, newly_filled)


def _stored(
    session: Session, company_id: int
) -> tuple[dict[Node, Node | None], dict[Node, str], dict[Node, Node]]:
    """The company's stored parents, names and products' nodes.

    The company's row is locked, so that two moves at once cannot close a circle together.
    """
    connection = session.connection()
    connection.execute(
        select(Company.__table__.c.id)
        .where(Company.__table__.c.id == company_id)
        .with_for_update(key_share=True)
    )
    rows = connection.execute(
        select(NODE.c.id, NODE.c.parent_id, NODE.c.name).where(NODE.c.company_id == company_id)
    ).all()
    placed = connection.execute(
        select(PLACED.c.product_id, PLACED.c.node_id).where(PLACED.c.company_id == company_id)
    )
    return (
        {row.id: row.parent_id for row in rows},
        {row.id: row.name for row in rows},
        {row.product_id: row.node_id for row in placed},
    )


def _key(node: Any) -> Node:
    """The node's id; before it has one, the node itself."""
    key: Node = node.id if node.id is not None else node
    return key


def _parent_key(node: CategoryNode) -> Node | None:
    history: Any = inspect(node).attrs.parent.history
    if history.added:
        return _key(history.added[0]) if history.added[0] is not None else None
    return node.parent_id


def _product_key(placement: Any) -> Node:
    """The product's id; before it has one, the placement stands for it."""
    product = placement.product if "product" in inspect(placement).dict else None
    key: Node = product.id if product is not None else placement.product_id
    return key if key is not None else placement


def _node_key(placement: CategoryProduct) -> Node:
    history: Any = inspect(placement).attrs.node.history
    if history.added and history.added[0] is not None:
        return _key(history.added[0])
    return placement.node_id


def install(session: Any = None) -> None:
    """Attach the rule to the application's session factory, once per process."""
    target = session or db.session
    if not event.contains(target, "before_flush", check_flush):
        event.listen(target, "before_flush", check_flush)
