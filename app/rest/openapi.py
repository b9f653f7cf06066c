"""The OpenAPI 3.1 document, made from `RESOURCES` in the language of the request."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from app.kernel.errors import N_
from app.rest import queries
from app.rest.idempotency import HEADER, KEY_PATTERN
from app.rest.resources import RESOURCES, Resource, Write
from app.rest.values import UNITS, schema

JSON = "application/json"
PROBLEM = "application/problem+json"
READ_REFUSALS = (401, 403, 422, 429, 503)
WRITE_REFUSALS = (400, 401, 403, 404, 409, 413, 415, 422, 429, 503)
CHANGE_REFUSALS = (*WRITE_REFUSALS, 412, 428)

REFUSALS: dict[int, str] = {
    400: N_("The request cannot be understood."),
    401: N_("No valid access key was sent."),
    403: N_("The access key, or the role of its user, does not allow this."),
    404: N_("There is no such record, or it is somebody else's."),
    409: N_("The state of the record does not allow this."),
    412: N_("The record has another version now."),
    413: N_("The body is too large."),
    415: N_("The body is no JSON."),
    422: N_("A field or parameter is unknown, not allowed or wrong."),
    428: N_("If-Match is missing."),
    429: N_("Too many requests."),
    503: N_("The system is busy; nothing was changed."),
}


def document() -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {"Problem": _problem()}
    for resource in RESOURCES:
        address = f"/api/v1/{resource.path}"
        paths[address] = {"get": _list(resource)}
        schemas[resource.name] = _row(resource)
        schemas[f"{resource.name}Page"] = _page(resource)
        if resource.create is not None:
            paths[address]["post"] = _create(resource)
            schemas[f"{resource.name}New"] = _body(resource, resource.create)
        if resource.has_id:
            paths[f"{address}/{{id}}"] = {"parameters": [_id()], "get": _show(resource)}
        if resource.change is not None:
            paths[f"{address}/{{id}}"]["patch"] = _change(resource)
            schemas[f"{resource.name}Change"] = _body(resource, resource.change)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": _("Working Method portal"),
            "version": "1",
            "description": _(
                "Money is in fen, quantities are whole cartons, months YYYY-MM, times UTC. Rows "
                "out of the reach of the key's user do not exist for it."
            ),
        },
        "servers": [{"url": "/"}],
        "security": [{"accessKey": []}],
        "tags": [
            {"name": resource.path, "description": _(resource.title)} for resource in RESOURCES
        ],
        "paths": paths,
        "components": {
            "securitySchemes": {"accessKey": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas,
            "responses": {str(status): _refusal(text) for status, text in REFUSALS.items()},
        },
    }


# ---------------------------------------------------------------------- schemas


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _field(resource: Resource, name: str) -> dict[str, Any]:
    column = resource.column(name)
    words = [str(column.info.get("label", name))]
    unit = column.info.get("unit")
    if unit in UNITS:
        words.append(_(UNITS[unit]))
    if column.info.get("help") is not None:
        words.append(str(column.info["help"]))
    return {**schema(column), "description": "; ".join(words)}


def _row(resource: Resource) -> dict[str, Any]:
    return {
        "type": "object",
        "title": _(resource.title),
        "properties": {name: _field(resource, name) for name in resource.fields},
        "required": list(resource.fields),
        "additionalProperties": False,
    }


def _page(resource: Resource) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "data": {"type": "array", "items": _ref(resource.name), "maxItems": queries.MOST},
            "next": {
                "type": ["string", "null"],
                "description": _("The address of the next page; null on the last one"),
            },
        },
        "required": ["data", "next"],
        "additionalProperties": False,
    }


def _body(resource: Resource, write: Write) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": "object",
        "properties": {name: _field(resource, name) for name in write.fields},
        "additionalProperties": False,
    }
    if write.required:
        found["required"] = list(write.required)
    return found


def _problem() -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "type": "object",
        "description": "RFC 9457",
        "properties": {
            "type": text,
            "title": text,
            "status": {"type": "integer"},
            "detail": text,
            "request_id": {"type": "string", "description": _("Number for support")},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"field": text, "message": text},
                    "required": ["field", "message"],
                },
            },
        },
        "required": ["type", "title", "status", "detail", "request_id", "errors"],
    }


# ---------------------------------------------------------------------- operations


def _refusal(text: str) -> dict[str, Any]:
    return {"description": _(text), "content": {PROBLEM: {"schema": _ref("Problem")}}}


def _refusals(statuses: tuple[int, ...]) -> dict[str, Any]:
    return {str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses}


def _operation(resource: Resource, verb: str, summary: str, **rest: Any) -> dict[str, Any]:
    return {
        "operationId": f"{verb}{resource.name}",
        "tags": [resource.path],
        "summary": f"{summary}: {_(resource.title)}",
        **rest,
    }


def _id() -> dict[str, Any]:
    kind = {"type": "integer", "minimum": 1, "maximum": queries.LARGEST_ID}
    return {"name": "id", "in": "path", "required": True, "schema": kind}


def _query(name: str, kind: dict[str, Any], words: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": kind, "description": words}


def _list(resource: Resource) -> dict[str, Any]:
    found = [
        _query("limit", {"type": "integer", "minimum": 1, "maximum": queries.MOST,
                         "default": queries.USUAL}, _("Rows of a page")),
        _query("after", {"type": "string", "maxLength": queries.LONGEST_CURSOR},
               _("Where the page begins; taken from the link to it")),
    ]  # fmt: skip
    names = queries.sorts(resource)
    if names:
        found.append(
            _query("sort", {"type": "string", "enum": names}, _("The order; - turns it round"))
        )
    for name in resource.filters:
        column = resource.column(name)
        words = str(column.info.get("label", name))
        found.append(_query(name, schema(column, is_nullable=False), words))
    for name in resource.ranges:
        column = resource.column(name)
        words = str(column.info.get("label", name))
        for end, text in (("from", _("from")), ("to", _("up to"))):
            kind = schema(column, is_nullable=False)
            found.append(_query(f"{name}_{end}", kind, f"{words} – {text}"))
    if "updated_at" in resource.fields:
        kind = {"type": "string", "format": "date-time"}
        found.append(_query("updated_since", kind, _("Only what changed at this time or later")))
    page = {
        "description": _("A page of rows"),
        "headers": {"Link": {"schema": {"type": "string"}}},
        "content": {JSON: {"schema": _ref(f"{resource.name}Page")}},
    }
    return _operation(
        resource, "list", _("List"),
        parameters=found, responses={"200": page, **_refusals(READ_REFUSALS)},
    )  # fmt: skip


def _record(resource: Resource, words: str) -> dict[str, Any]:
    return {
        "description": words,
        "headers": {
            "ETag": {"schema": {"type": "string"}, "description": _("The version, for If-Match")}
        },
        "content": {JSON: {"schema": _ref(resource.name)}},
    }


def _show(resource: Resource) -> dict[str, Any]:
    return _operation(
        resource, "show", _("Read"),
        responses={"200": _record(resource, _("The record")), **_refusals((404, *READ_REFUSALS))},
    )  # fmt: skip


def _content(name: str) -> dict[str, Any]:
    return {"required": True, "content": {JSON: {"schema": _ref(name)}}}


def _header(name: str, kind: dict[str, Any], words: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": True, "schema": kind, "description": words}


def _create(resource: Resource) -> dict[str, Any]:
    key = _header(
        HEADER,
        {"type": "string", "pattern": KEY_PATTERN},
        _("Chosen by the caller; the same again gives the same answer for 24 hours"),
    )
    made = _record(resource, _("The new record"))
    made["headers"]["Location"] = {"schema": {"type": "string"}}
    return _operation(
        resource, "create", _("Add"),
        parameters=[key], requestBody=_content(f"{resource.name}New"),
        responses={"201": made, **_refusals(WRITE_REFUSALS)},
    )  # fmt: skip


def _change(resource: Resource) -> dict[str, Any]:
    version = _header(
        "If-Match", {"type": "string", "pattern": '^"[0-9]{1,10}"$'}, _("The ETag as it was read")
    )
    return _operation(
        resource, "change", _("Change"),
        parameters=[version], requestBody=_content(f"{resource.name}Change"),
        responses={
            "200": _record(resource, _("The record as it is now")), **_refusals(CHANGE_REFUSALS)
        },
    )  # fmt: skip
