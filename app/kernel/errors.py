"""The errors a person can do something about. Raised without Flask, translated where shown."""

from __future__ import annotations

from typing import Any, ClassVar


def N_(msgid: str) -> str:  # noqa: N802 -- gettext's own name for this
    """Mark a message for extraction here and translate it where it is shown."""
    return msgid


class PlanningError(Exception):
    """A refusal with a reason. `msgid` may hold %(name)s placeholders filled from `params`.

    `field` names the form field or import column concerned, when there is one.
    """

    msgid: ClassVar[str] = N_("The change was refused.")
    status: ClassVar[int] = 422

    def __init__(
        self, msgid: str | None = None, *, field: str | None = None, **params: Any
    ) -> None:
        self.message_id = msgid or self.msgid
        self.params = params
        self.field = field
        super().__init__(self.message_id % params if params else self.message_id)

    def message(self) -> str:
        """The reason in the language of the current request."""
        from flask_babel import gettext  # kept out of the module: rules raise without Flask

        return str(gettext(self.message_id, **self.params))


class GateClosed(PlanningError):
    """A step's precondition is not met."""

    msgid = N_("This step cannot start yet.")
    status = 409


class InvalidTransition(PlanningError):
    """The record is not in a state from which this action leads on."""

    msgid = N_("This action is not possible in the record's present state.")
    status = 409


class StaleVersion(PlanningError):
    """Somebody else saved the record in the meantime."""

    msgid = N_(
        "Somebody else changed this record meanwhile. Compare the difference and save again."
    )
    status = 409


class OutOfScope(PlanningError):
    """The row belongs to somebody else; to the caller it does not exist."""

    msgid = N_("There is no such record.")
    status = 404


class ImportRejected(PlanningError):
    """The file cannot be taken as it is; nothing was written."""

    msgid = N_("The file was rejected; nothing was written.")
