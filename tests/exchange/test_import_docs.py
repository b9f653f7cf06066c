"""docs/import.md names every sheet and option."""

import pytest

from app.exchange.mapping import OPTIONS
from app.exchange.sheets import SHEETS
from config import ROOT

pytestmark = pytest.mark.pure


@pytest.mark.parametrize("name", [*SHEETS, *OPTIONS])
def test_it_is_described(name: str):
    text = (ROOT / "docs" / "import.md").read_text(encoding="utf-8")
    assert f"| `{name}` |" in text
