"""The JSON body of a write: only the fields of the allow-list, each of its kind."""

from __future__ import annotations

from typing import Any

from flask import request

from app.kernel.errors import N_, PlanningError
from app.rest.problems import Refusal
from app.rest.resources import Resource, Write
from app.rest.values import NEEDED, read

MOST_BYTES = 100_000

NO_JSON = N_("Send the body as application/json.")
NO_OBJECT = N_("Send one JSON object.")
NOT_ALLOWED = N_("This field cannot be written: %(name)s.")
TOO_LARGE = N_("The body is too large.")


def read_body(resource: Resource, write: Write) -> dict[str, Any]:
    """Field → value. Errors: `Refusal`, `PlanningError` naming the field."""
    if request.mimetype != "application/json":
        raise Refusal(415, NO_JSON)
    if len(request.get_data()) > MOST_BYTES:
        raise Refusal(413, TOO_LARGE)
    body = _object()
    for name in body:
        if name not in write.fields:
            raise PlanningError(NOT_ALLOWED, field=name[:60], name=name[:60])
    for name in write.required:
        if body.get(name) is None:
            raise PlanningError(NEEDED, field=name)
    return {name: read(resource.column(name), value, name) for name, value in body.items()}


def _object() -> dict[str, Any]:
    try:
        body = request.get_json()
    except RecursionError as error:
        raise Refusal(400, NO_OBJECT) from error
    if not isinstance(body, dict):
        raise Refusal(422, NO_OBJECT)
    return body
