"""Which arguments of a list's address make a saved view, and how it becomes an address again.

Arguments are (name, value) pairs in the order of the address; repeated names stay repeated.
"""

from __future__ import annotations

from collections.abc import Iterable

from app.kernel.errors import N_, PlanningError

Arguments = tuple[tuple[str, str], ...]

MOST_ARGUMENTS = 100
LONGEST_VALUE = 500
LONGEST_NAME = 60
COLUMNS = "columns"
ASKED = "view"
"""Argument that asks for a saved view: the list opens with all that the view holds."""
WITHIN = "in_view"
"""Argument that says from which saved view the present address was made; 0 = from none."""


def kept_arguments(arguments: Iterable[tuple[str, str]], list_name: str) -> Arguments:
    """What a view keeps: filters, order, page size and columns of the list; never its page.

    Empty values, other lists' arguments and everything unknown are left out. Filters come first,
    in the order of their names, so that two ways to the same list are the same view.
    """
    own = (f"_oc_{list_name}", f"_od_{list_name}", f"psize_{list_name}", COLUMNS)
    filters, settings = [], []
    for name, value in arguments:
        clean = value.strip().replace("\x00", "")[:LONGEST_VALUE]
        if not clean:
            continue
        if name.startswith("q_"):
            filters.append((name, clean))
        elif name in own:
            settings.append((name, clean))
    filters.sort(key=lambda pair: pair[0])
    settings.sort(key=lambda pair: own.index(pair[0]))
    return tuple(filters + settings)[:MOST_ARGUMENTS]


def opened(
    kept: Iterable[tuple[str, str]],
    explicit: Iterable[tuple[str, str]],
    list_name: str,
    view_id: int,
) -> Arguments:
    """The address of a view: what it keeps, except where the address says otherwise itself.

    The order is one thing: naming its column replaces the direction as well.
    """
    given = [(name, value) for name, value in explicit if name not in (ASKED, WITHIN)]
    said = {name for name, _value in given}
    order = {f"_oc_{list_name}", f"_od_{list_name}"}
    if said & order:
        said |= order
    return (
        *((name, value) for name, value in kept if name not in said),
        *given,
        (WITHIN, str(view_id)),
    )


def stored_arguments(value: object) -> Arguments:
    """The arguments of a stored view; what is no pair of texts is left out."""
    if not isinstance(value, list):
        return ()
    return tuple(
        (pair[0], pair[1])
        for pair in value
        if isinstance(pair, list) and len(pair) == 2 and all(isinstance(t, str) for t in pair)
    )


def view_name(text: str) -> str:
    """The name of a view, its blanks tidied. Errors: `PlanningError` when empty or too long."""
    name = " ".join(text.replace("\x00", "").split())
    if not name:
        raise PlanningError(N_("Enter a name for the view."), field="name")
    if len(name) > LONGEST_NAME:
        raise PlanningError(
            N_("The name of a view has at most %(most)d characters."),
            field="name",
            most=LONGEST_NAME,
        )
    return name
