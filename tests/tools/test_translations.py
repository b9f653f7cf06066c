"""Which messages the translations tool finds."""

import io

import pytest

from tools import translations

pytestmark = pytest.mark.pure

SOURCE = b"""
_("plain")
N_("marked")
mapped_column(**label("Amount", help="Without tax", unit="fen"))
mapped_column(**label("Code"))
not_a_message("quiet")
"""


def test_labels_and_hints_are_messages_and_units_are_not():
    found = translations.extract_python(
        io.BytesIO(SOURCE), translations.KEYWORDS, [], {"encoding": "utf-8"}
    )
    assert {message for _line, _name, message, _comments in found} == {
        "plain",
        "marked",
        "Amount",
        "Without tax",
        "Code",
    }


def test_given_translations_fill_only_what_is_missing(tmp_path, monkeypatch):
    catalogue = tmp_path / "messages.po"
    head = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
    catalogue.write_text(head + 'msgid "Customer code"\nmsgstr "一"\n', encoding="utf-8")
    more = tmp_path / "more.po"
    more.write_text(
        head
        + 'msgid "Customer code"\nmsgstr "二"\n\nmsgid "There is no such record."\nmsgstr "三"\n',
        encoding="utf-8",
    )
    monkeypatch.setattr(translations, "CATALOGUE", catalogue)
    merged = translations.updated([more])
    assert merged.get("Customer code").string == "一"
    assert merged.get("There is no such record.").string == "三"
