"""§1.2 — rules of the category tree: its shape, and the order of brothers and sisters.

A tree is given as `{node: parent}`, the parent None at the top; a node is any hashable key. Pure
functions; messages are msgids.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import Literal

from app.kernel.errors import N_, PlanningError

Node = Hashable
Place = Literal["before", "after", "over"]

PATH_SEPARATOR = " / "


class TreeRefusal(PlanningError):
    """The tree cannot take this shape."""


def check_tree(
    parents: Mapping[Node, Node | None],
    holding: Mapping[Node, int],
    names: Mapping[Node, str],
    newly_filled: Collection[Node] = (),
) -> None:
    """Whether the tree may be stored like this. Errors: `TreeRefusal` with the first fault.

    `holding`: products per node, only nodes that hold any. `newly_filled`: nodes that hold a
    product more than before, which decides what the message advises.
    """
    for node, parent in parents.items():
        if parent is not None and parent not in parents:
            raise TreeRefusal(
                N_("“%(name)s” has subcategories. Move or delete them first."),
                name=names.get(parent, names[node]),
            )
    for node in parents:
        _check_cycle(node, parents, names)
    for node in holding:
        if node not in parents:
            raise TreeRefusal(
                N_("“%(name)s” holds %(count)d products. Give them another category first."),
                name=names.get(node, ""),
                count=holding[node],
            )
    with_children = {parent for parent in parents.values() if parent is not None}
    for node in holding:
        if node in with_children:
            _refuse_inner(node, holding, names, newly_filled)


def _check_cycle(
    node: Node, parents: Mapping[Node, Node | None], names: Mapping[Node, str]
) -> None:
    seen = {node}
    above = parents[node]
    while above is not None:
        if above in seen:
            raise TreeRefusal(
                N_("“%(name)s” cannot be moved below itself or one of its subcategories."),
                name=names[node],
            )
        seen.add(above)
        above = parents.get(above)


def _refuse_inner(
    node: Node,
    holding: Mapping[Node, int],
    names: Mapping[Node, str],
    newly_filled: Collection[Node],
) -> None:
    if node in newly_filled:
        raise TreeRefusal(
            N_("“%(name)s” has subcategories. Products belong into one of those."),
            name=names[node],
        )
    raise TreeRefusal(
        N_(
            "“%(name)s” holds %(count)d products, so it cannot have subcategories. "
            "Give the products another category first."
        ),
        name=names[node],
        count=holding[node],
    )


def paths(parents: Mapping[Node, Node | None], names: Mapping[Node, str]) -> dict[Node, str]:
    """Node → its full name from the top, e.g. "Cigarettes / 300–600 / Slim"."""
    known: dict[Node, str] = {}

    def path(node: Node) -> str:
        if node not in known:
            parent = parents.get(node)
            known[node] = (
                f"{path(parent)}{PATH_SEPARATOR}{names[node]}"
                if parent is not None and parent in parents
                else names[node]
            )
        return known[node]

    for node in parents:
        path(node)
    return known


def below(parents: Mapping[Node, Node | None], top: Node) -> set[Node]:
    """`top` and everything below it."""
    children: dict[Node | None, list[Node]] = {}
    for node, parent in parents.items():
        children.setdefault(parent, []).append(node)
    found: set[Node] = set()
    waiting = [top]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += children.get(node, [])
    return found


def arranged(
    siblings: Sequence[Node], moved: Node, target: Node | None, place: Place
) -> list[Node]:
    """The order of a parent's children after `moved` came `before` or `after` `target`.

    `siblings`: the present order, with or without `moved`. `over` puts it last.
    """
    order = [node for node in siblings if node != moved]
    if place == "over" or target not in order:
        return [*order, moved]
    index = order.index(target) + (1 if place == "after" else 0)
    return [*order[:index], moved, *order[index:]]


def depth_first(
    parents: Mapping[Node, Node | None], order: Iterable[Node]
) -> list[tuple[Node, int]]:
    """(node, depth from 0) in reading order; `order` sorts brothers and sisters."""
    children: dict[Node | None, list[Node]] = {}
    for node in order:
        children.setdefault(parents[node], []).append(node)
    result: list[tuple[Node, int]] = []
    waiting = [(node, 0) for node in reversed(children.get(None, []))]
    while waiting:
        node, depth = waiting.pop()
        result.append((node, depth))
        waiting += [(child, depth + 1) for child in reversed(children.get(node, []))]
    return result
