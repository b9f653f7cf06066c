"""An empty workbook per sheet: labelled columns, required ones marked, code lists to choose from."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import xlsxwriter
from flask_babel import force_locale
from flask_babel import gettext as _

from app.exchange.sheet_types import CellType, OnUpdate, Sheet, SheetColumn
from app.exchange.sheets import SHEETS
from app.kernel.errors import N_

ROWS_WITH_LISTS = 10_000
LONGEST_INLINE_LIST = 250
"""A validation list may have 255 characters; longer ones are only explained."""

HOW: dict[CellType, str] = {
    CellType.TEXT: N_("Text"),
    CellType.CODE: N_("Code, as text"),
    CellType.INTEGER: N_("Whole number"),
    CellType.MONEY: N_("Yuan, at most two decimals"),
    CellType.TENTHS: N_("Milligrams, at most one decimal"),
    CellType.DEGREES: N_("Degrees, decimal"),
    CellType.DATE: N_("Date, year-month-day"),
    CellType.MONTH: N_("Month, year-month"),
    CellType.CHOICE: N_("One of the words listed"),
    CellType.BOOLEAN: N_("Yes or no"),
    CellType.WEEKDAY: N_("1 (Monday) to 7 (Sunday)"),
    CellType.REFERENCE: N_("Code of an existing record, or its name if unique"),
    CellType.LOCATION: N_("POINT (longitude latitude)"),
    CellType.PERSON_NAME: N_("Family and given name"),
}
ON_UPDATE: dict[OnUpdate, str] = {
    OnUpdate.OVERWRITE: N_("The file wins over what is stored"),
    OnUpdate.FILL: N_("Only filled in where nothing is stored"),
    OnUpdate.KEEP: N_("Only taken for new records"),
}


def template_workbook(sheet: str, locale: str) -> Path:
    """The workbook in a temporary file, which the caller removes."""
    with tempfile.NamedTemporaryFile(suffix=".xlsx", delete=False) as file:
        path = Path(file.name)
    with force_locale(locale), xlsxwriter.Workbook(str(path)) as workbook:
        chosen = SHEETS[sheet]
        _data_page(workbook, chosen)
        _explanations(workbook, chosen)
    return path


def _data_page(workbook: Any, sheet: Sheet) -> None:
    page = workbook.add_worksheet(str(_(sheet.label))[:31])
    required = workbook.add_format({"bold": True, "bg_color": "#FFF1D6", "border": 1})
    optional = workbook.add_format({"bold": True, "bg_color": "#EEF2F6", "border": 1})
    formats = {
        CellType.CODE: workbook.add_format({"num_format": "@"}),
        CellType.REFERENCE: workbook.add_format({"num_format": "@"}),
        CellType.DATE: workbook.add_format({"num_format": "yyyy-mm-dd"}),
        CellType.MONEY: workbook.add_format({"num_format": "0.00"}),
    }
    page.freeze_panes(1, 0)
    for position, column in enumerate(sheet.columns):
        label = str(sheet.column_label(column))
        heading = f"{label} *" if column.required else label
        page.write_string(0, position, heading, required if column.required else optional)
        page.set_column(position, position, 16, formats.get(column.type))
        if words := _words(sheet, column):
            rule: dict[str, Any] = {"validate": "list", "source": words, "ignore_blank": True}
            if len(",".join(words)) <= LONGEST_INLINE_LIST:
                page.data_validation(1, position, ROWS_WITH_LISTS, position, rule)


def _words(sheet: Sheet, column: SheetColumn) -> list[str]:
    """The words a cell may be chosen from."""
    if column.type is CellType.BOOLEAN:
        return [_("Yes"), _("No")]
    members = sheet.choices_of(column) if column.type is CellType.CHOICE else None
    return [str(member.label) for member in members] if members else []


def _explanations(workbook: Any, sheet: Sheet) -> None:
    page = workbook.add_worksheet(_("Explanations"))
    bold = workbook.add_format({"bold": True, "bg_color": "#EEF2F6", "border": 1})
    wrapped = workbook.add_format({"text_wrap": True, "valign": "top"})
    headings = (
        _("Column"), _("Needed for new rows"), _("Content"), _("Existing records"), _("Words")
    )  # fmt: skip
    for position, (heading, width) in enumerate(zip(headings, (22, 18, 38, 34, 60), strict=True)):
        page.set_column(position, position, width)
        page.write_string(0, position, heading, bold)
    page.freeze_panes(1, 0)
    for line, column in enumerate(sheet.columns, 1):
        is_key = column.field in sheet.key
        cells = (
            str(sheet.column_label(column)),
            _("yes") if column.required else "",
            _(HOW[column.type]),
            _("Tells the records apart") if is_key else _(ON_UPDATE[column.on_update]),
            ", ".join(_words(sheet, column)),
        )
        for position, text in enumerate(cells):
            page.write_string(line, position, text, wrapped)
    if sheet.hint:
        page.merge_range(
            len(sheet.columns) + 2, 0, len(sheet.columns) + 2, 4, str(_(sheet.hint)), wrapped
        )
