"""Tracebacks without telephone numbers: a database that refuses a row may quote all of it."""

from __future__ import annotations

import logging
from typing import Any

from app.security.personal_data import without_numbers

_formatter = logging.Formatter()
_plain_record = logging.LogRecord


class MaskedRecord(_plain_record):
    """A log record whose traceback, if it has one, is already text without numbers."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if self.exc_info and self.exc_info[0] is not None:
            self.exc_text = without_numbers(_formatter.formatException(self.exc_info))


def install() -> None:
    """For every handler of this process, present and future."""
    logging.setLogRecordFactory(MaskedRecord)
