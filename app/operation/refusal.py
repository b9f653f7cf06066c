"""Why an operation was not carried out; the texts are for whoever runs the portal."""

from __future__ import annotations


class OperationRefused(Exception):
    """The text says what is wrong and what to do; nothing was changed."""
