"""Step 2 of the import: what the mapping page shows, and what its form means.

The form has per field ``from-<field>`` (empty, ``constant`` or ``column:<header>``),
``constant-<field>`` and ``default-<field>``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from app.exchange.importer import Description
from app.exchange.sheet_types import CellType, OnUpdate, Sheet, SheetColumn
from app.exchange.template_workbook import HOW, ON_UPDATE
from app.kernel.errors import N_

COLUMN = "column:"
CONSTANT = "constant"
SAMPLES = 3
LONGEST_TEXT = 200

OPTION_LABELS: Mapping[str, str] = {
    "date_format": N_("Order of dates"),
    "on_repeat": N_("The same key twice in the file"),
    "empty_cells": N_("Empty cells of a mapped column"),
    "create_missing": N_("Referred records that do not exist"),
}
OPTION_WORDS: Mapping[str, Mapping[Any, str]] = {
    "date_format": {
        "auto": N_("Recognise by itself"),
        "ymd": N_("Year, month, day"),
        "mdy": N_("Month, day, year"),
        "dmy": N_("Day, month, year"),
    },
    "on_repeat": {"reject": N_("Reject these rows"), "last": N_("The last row counts")},
    "empty_cells": {
        "keep": N_("Keep what is stored"),
        "clear": N_("Delete what is stored"),
    },
    "create_missing": {False: N_("Reject the row"), True: N_("Create them")},
}


@dataclass(frozen=True, slots=True)
class MappingRow:
    """One field of the sheet as the page shows it."""

    field: str
    label: str
    is_key: bool
    is_required: bool
    help: str
    choice: str
    constant: str
    default: str
    is_guessed: bool
    samples: tuple[str, ...]
    words: tuple[str, ...]
    error: str


@dataclass(frozen=True, slots=True)
class OptionRow:
    """A choice that concerns the whole file; `choices` are (form value, word) pairs."""

    name: str
    label: str
    value: str
    choices: tuple[tuple[str, str], ...]


def samples_by_header(found: Description) -> dict[str, list[str]]:
    """Header → the first different values below it."""
    return {
        header: list(dict.fromkeys(row[at] for row in found.sample if at < len(row) and row[at]))[
            :SAMPLES
        ]
        for at, header in enumerate(found.headers)
    }


def mapping_rows(
    sheet: Sheet,
    found: Description,
    mapping: Mapping[str, Mapping[str, str]],
    problem: tuple[str | None, str] | None = None,
) -> list[MappingRow]:
    """The table of step 2; `problem` is (field, message) of a refused form."""
    samples = samples_by_header(found)
    is_guess = found.mapping_origin == "guessed" and mapping == found.mapping
    rows = []
    for column in sheet.columns:
        rule = mapping.get(column.field, {})
        header = rule.get("column", "")
        choice = COLUMN + header if header else CONSTANT if "constant" in rule else ""
        rows.append(
            MappingRow(
                field=column.field,
                label=str(sheet.column_label(column)),
                is_key=column.field in sheet.key,
                is_required=column.required,
                help=help_text(sheet, column),
                choice=choice,
                constant=rule.get("constant", ""),
                default=rule.get("default", ""),
                is_guessed=is_guess and bool(choice),
                samples=tuple(samples.get(header, ())),
                words=choice_words(sheet, column),
                error=problem[1] if problem is not None and problem[0] == column.field else "",
            )
        )
    return rows


def help_text(sheet: Sheet, column: SheetColumn) -> str:
    """How a cell is written and what it does to a record that exists."""
    words = choice_words(sheet, column)
    model_column = sheet.model_column(column)
    hint = str(model_column.info.get("help", "")) if model_column is not None else ""
    parts = [_("One of: %(words)s", words="、".join(words)) if words else _(HOW[column.type])]
    if hint:
        parts = [hint] if column.type is CellType.WEEKDAY else [*parts, hint]
    if column.on_update is not OnUpdate.OVERWRITE:
        parts.append(_(ON_UPDATE[column.on_update]))
    return " · ".join(parts)


def choice_words(sheet: Sheet, column: SheetColumn) -> tuple[str, ...]:
    """The words a code list accepts, to pick a constant from."""
    if column.type is CellType.BOOLEAN:
        return (_("Yes"), _("No"))
    members = sheet.choices_of(column) if column.type is CellType.CHOICE else None
    return tuple(str(member.label) for member in members) if members is not None else ()


def option_rows(sheet: Sheet, options: Mapping[str, Any]) -> list[OptionRow]:
    """The options that mean something for the sheet."""
    has_dates = any(column.type in (CellType.DATE, CellType.MONTH) for column in sheet.columns)
    hidden = {
        name
        for name, use in (("date_format", has_dates), ("create_missing", sheet.creates))
        if not use
    }
    return [
        OptionRow(
            name=name,
            label=_(OPTION_LABELS[name]),
            value=str(options[name]),
            choices=tuple((str(value), _(word)) for value, word in words.items()),
        )
        for name, words in OPTION_WORDS.items()
        if name not in hidden
    ]


def read_mapping(sheet: Sheet, form: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The mapping the form describes; fields without a choice are left out."""
    mapping: dict[str, dict[str, str]] = {}
    for column in sheet.columns:
        choice = form.get(f"from-{column.field}", "")
        if choice.startswith(COLUMN):
            rule = {"column": choice.removeprefix(COLUMN)}
            default = form.get(f"default-{column.field}", "").strip()[:LONGEST_TEXT]
            if default:
                rule["default"] = default
        elif choice == CONSTANT:
            rule = {"constant": form.get(f"constant-{column.field}", "").strip()[:LONGEST_TEXT]}
        else:
            continue
        mapping[column.field] = rule
    return mapping


def read_options(form: Mapping[str, str]) -> dict[str, Any]:
    """The chosen options; a value that is none is left to the importer's defaults."""
    options: dict[str, Any] = {}
    for name, words in OPTION_WORDS.items():
        by_text = {str(value): value for value in words}
        if form.get(name) in by_text:
            options[name] = by_text[form[name]]
    return options


def fitting(
    mapping: Mapping[str, Mapping[str, str]], found: Description
) -> dict[str, dict[str, str]]:
    """A remembered mapping without the columns this file does not have."""
    return {
        field: dict(rule)
        for field, rule in mapping.items()
        if "column" not in rule or rule["column"] in found.headers
    }
