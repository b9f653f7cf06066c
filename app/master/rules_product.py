"""Product rules: a price class proposed from the wholesale price.

价类 is defined by the allocation price before tax, which this portal does not hold; the class is
a field of the product and never derived. This is only what a form may propose.
"""

from __future__ import annotations

from collections.abc import Sequence

CLASSES = ("FIRST", "SECOND", "THIRD", "FOURTH", "FIFTH")
"""Names of the price classes, dearest first."""


def proposed_price_class(wholesale_fen: int | None, bands_fen: Sequence[int]) -> str | None:
    """The class whose band holds the price; None without a usable price.

    `bands_fen`: lower limits in fen of classes 1 to 4, falling; a price on a limit belongs to the
    dearer class.
    """
    if wholesale_fen is None or wholesale_fen <= 0:
        return None
    for name, least in zip(CLASSES, bands_fen, strict=False):
        if wholesale_fen >= least:
            return name
    return CLASSES[-1]
