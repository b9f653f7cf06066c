"""The category tree: no cycles, parents first, products in leaves only (§1.2)."""

from __future__ import annotations

from sqlalchemy import and_, exists, not_, select, update

from app.exchange.comparison import CHANGED, NEW, UNCHANGED, Comparison, code_text
from app.models import CategoryNode, CategoryProduct

NODES = CategoryNode.__table__
MEMBERS = CategoryProduct.__table__
DEEPEST = 50


def creates(run: Comparison) -> frozenset[str]:
    """A parent may be a category of the same file; `check_tree` looks for it there."""
    return frozenset({"parent"})


def check_tree(run: Comparison) -> None:
    """Unknown parents, cycles, and parents that hold products."""
    if "parent" not in run.mapped:
        return
    stage = run.stage.c
    in_file = run.stage.alias()
    is_in_file = exists().where(
        in_file.c.company_id == stage.company_id,
        in_file.c.batch_id == stage.batch_id,
        in_file.c.code == stage.parent,
    )
    unknown = and_(stage.parent.is_not(None), stage.parent_id.is_(None), not_(is_in_file))
    run.add_errors("parent", "UNKNOWN_REFERENCE", unknown, code_text(stage.parent))
    for code in sorted(_codes_in_cycles(run)):
        run.add_errors("parent", "CYCLE", stage.code == code, code_text(stage.code))
    moves = not_(
        exists().where(
            NODES.c.company_id == stage.company_id,
            NODES.c.code == stage.code,
            NODES.c.parent_id == stage.parent_id,
        )
    )
    holds = exists().where(
        MEMBERS.c.company_id == stage.company_id, MEMBERS.c.node_id == stage.parent_id
    )
    run.add_errors("parent", "PARENT_HAS_PRODUCTS", and_(holds, moves), code_text(stage.parent))


def _codes_in_cycles(run: Comparison) -> set[str]:
    """Codes that would lie below themselves; the tree of a company is small enough for a walk."""
    nodes = run.connection.execute(
        select(NODES.c.id, NODES.c.code, NODES.c.parent_id).where(
            NODES.c.company_id == run.company_id
        )
    ).all()
    code_of = {node.id: node.code for node in nodes}
    parents: dict[str, str | None] = {node.code: code_of.get(node.parent_id) for node in nodes}
    stage = run.stage.c
    staged = run.connection.execute(
        select(stage.code, stage.parent, stage.parent_id)
        .where(run.of_batch(), stage.code.is_not(None), stage.parent.is_not(None))
        .order_by(stage.row_no)
    )
    own = {}
    for row in staged:
        own[row.code] = code_of.get(row.parent_id, row.parent)
    parents.update(own)
    safe: set[str | None] = {None}
    looped: set[str] = set()
    for code in own:
        path: list[str] = []
        step: str | None = code
        while step is not None and step not in safe and step not in path and step not in looped:
            path.append(step)
            step = parents.get(step)
        if step in path or step in looped:
            start = path.index(step) if step in path else len(path)
            looped.update(path[start:])
        else:
            safe.update(path)
    return looped & own.keys()


def check_parents(run: Comparison) -> int:
    """A category moved below a new one is changed; below a rejected one it is rejected too."""
    if "parent" not in run.mapped:
        return 0
    stage, parent = run.stage.c, run.stage.alias()
    waits = and_(stage.parent.is_not(None), stage.parent_id.is_(None))
    run.connection.execute(
        update(run.stage).where(run.of_batch(UNCHANGED), waits).values(outcome=CHANGED)
    )
    comes = exists().where(
        parent.c.company_id == stage.company_id,
        parent.c.batch_id == stage.batch_id,
        parent.c.code == stage.parent,
        parent.c.outcome == NEW,
    )
    total = 0
    for _level in range(DEEPEST):
        lost = and_(waits, stage.outcome.in_((NEW, CHANGED)), not_(comes))
        found = run.add_errors("parent", "PARENT_REJECTED", lost, code_text(stage.parent))
        run.mark_rejected()
        total += found
        if not found:
            break
    return total


def link_parents(run: Comparison) -> None:
    """Categories of the file exist now: find the ids of parents that were not there before."""
    if "parent" not in run.mapped:
        return
    stage, parent = run.stage.c, NODES.alias()
    run.connection.execute(
        update(run.stage)
        .where(run.of_batch(NEW, CHANGED), stage.parent_id.is_(None), stage.parent.is_not(None))
        .values(
            parent_id=select(parent.c.id)
            .where(parent.c.company_id == stage.company_id, parent.c.code == stage.parent)
            .scalar_subquery()
        )
    )
    run.connection.execute(
        update(NODES)
        .where(
            run.of_batch(NEW),
            NODES.c.company_id == stage.company_id,
            NODES.c.code == stage.code,
        )
        .values(parent_id=stage.parent_id)
    )


def check_leaves(run: Comparison) -> int:
    """Products go into categories without subcategories."""
    stage = run.stage.c
    has_children = exists().where(
        NODES.c.company_id == stage.company_id, NODES.c.parent_id == stage.node_id
    )
    writes = stage.outcome.in_((NEW, CHANGED))
    return run.add_errors("node", "NOT_A_LEAF", and_(writes, has_children), code_text(stage.node))
