"""Why a row is rejected: the reasons, their words, and the remedy each of them names.

A reason is stored as (row, field, code, value, detail) and becomes a sentence where it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.kernel.errors import N_

MESSAGES: Mapping[str, str] = {
    "EMPTY": N_("Empty, but needed. Fill the cell in or give the field a default."),
    "EMPTY_NEW": N_("Empty, but a new row needs it. Fill the cell in or give a default."),
    "MISSING_COLUMN": N_(
        "This row would be new, but no column is mapped to: %(detail)s. Map them or give constants."
    ),
    "TOO_LONG": N_("“%(value)s” is longer than %(detail)s characters. Shorten it."),
    "MASKED": N_("“%(value)s” is masked. Enter the whole value, or leave the column out."),
    "NOT_AN_INTEGER": N_("“%(value)s” is not a whole number."),
    "NOT_A_NUMBER": N_("“%(value)s” is not a number."),
    "TOO_MANY_DECIMALS": N_("“%(value)s” has more than %(detail)s decimals."),
    "TOO_SMALL": N_("“%(value)s” is less than %(detail)s."),
    "TOO_BIG": N_("“%(value)s” is more than %(detail)s."),
    "LOST_DIGITS": N_(
        "The code %(value)s was stored as a number and has lost digits. Format the column as text "
        "in the source and enter the code again."
    ),
    "NOT_A_DATE": N_("“%(value)s” is not a date. Use year-month-day, for example 2026-11-24."),
    "AMBIGUOUS_DATE": N_(
        "“%(value)s” can be read as day/month or month/day. Choose the date format of the file."
    ),
    "DATE_OUT_OF_RANGE": N_("%(value)s is not between %(detail)s."),
    "NOT_A_MONTH": N_("“%(value)s” is not a month. Use year-month, for example 2026-11."),
    "UNKNOWN_CHOICE": N_("“%(value)s” is not one of: %(detail)s."),
    "NOT_A_BOOLEAN": N_("“%(value)s” is neither yes nor no."),
    "NOT_A_WEEKDAY": N_("“%(value)s” is not a weekday. Use 1 (Monday) to 7 (Sunday)."),
    "NOT_A_LOCATION": N_("“%(value)s” is not a location. Use POINT (longitude latitude)."),
    "UNREADABLE": N_("The cell holds characters that are no text."),
    "UNKNOWN_REFERENCE": N_("“%(value)s” does not exist. Import or create it first."),
    "REPEATED": N_("The same key stands in row %(detail)s already. Keep one of the rows."),
    "REPEATED_LATER": N_("The same key stands in row %(detail)s again. Keep one of the rows."),
    "NOT_A_LEAF": N_("Category “%(value)s” has subcategories; products go into the lowest level."),
    "PARENT_HAS_PRODUCTS": N_(
        "Category “%(value)s” holds products. Move them before it gets subcategories."
    ),
    "CYCLE": N_("Category “%(value)s” would lie below itself."),
    "PARENT_REJECTED": N_("The parent category “%(value)s” was itself rejected."),
    "CONFIRMED": N_("The customer's questionnaire of this month is confirmed and stays as it is."),
    "EDITED": N_(
        "The customer's questionnaire of this month was changed or entered by hand and stays."
    ),
    "LATE": N_(
        "Sent on %(value)s, so the answers count for %(detail)s. Correct the month or the date."
    ),
    "NOT_OFFERED": N_("The questionnaire of the month does not offer “%(value)s”."),
    "USERNAME_TAKEN": N_("The user name “%(value)s” is taken. Choose another."),
    "EMAIL_TAKEN": N_("The e-mail address “%(value)s” belongs to another user."),
    "PERIOD": N_("The closing date lies before the opening date."),
}

LONGEST_VALUE = 200


class CellFault(ValueError):
    """A cell that cannot be read; `code` is a key of `MESSAGES`."""

    def __init__(self, code: str, detail: object = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = str(detail)


def message(code: str, value: str, detail: str) -> str:
    """The reason in the language of the request."""
    from flask_babel import gettext

    return gettext(MESSAGES[code], value=value, detail=detail)
