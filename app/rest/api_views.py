"""One view per resource, made from `RESOURCES`; the document and the page that explain them."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from flask import Response, jsonify, request, url_for
from flask_appbuilder import BaseView, expose, has_access
from flask_appbuilder.api import BaseApi
from flask_appbuilder.utils.limit import Limit
from flask_babel import gettext as _
from flask_limiter.util import get_remote_address

from app.kernel.db import db
from app.kernel.errors import N_
from app.rest import idempotency, queries
from app.rest.access import CHANGED_MEANWHILE, needs
from app.rest.bodies import read_body
from app.rest.openapi import document
from app.rest.problems import Refusal
from app.rest.resources import RESOURCES, Resource, Write

READS, WRITES = 600, 120
"""A minute; per address of the caller and resource."""

ETAG = re.compile(r'"([0-9]{1,10})"')
NO_VERSION = N_('Send the ETag of the record you read as If-Match, for example "3".')


class ResourceApi(BaseApi):
    """List, read, make and change the rows of one resource. The session adds the row scope."""

    resource: Resource
    version = "v1"
    allow_browser_login = False
    csrf_exempt = True
    openapi_spec_component_schemas = ()

    @expose("", methods=["GET"])
    @needs("read")
    def rows(self) -> Response:
        """A page of rows and the link to the next one."""
        given = [*request.args.items(multi=True)]
        page = queries.page(db.session(), self.resource, given)
        following = None
        if page.after is not None:
            rest = [(name, text) for name, text in given if name != "after"]
            following = f"{request.path}?{urlencode([*rest, ('after', page.after)])}"
        answer = jsonify(data=page.rows, next=following)
        if following is not None:
            answer.headers["Link"] = f'<{following}>; rel="next"'
        return answer

    @expose("/<int:pk>", methods=["GET"])
    @needs("read")
    def show(self, pk: int) -> Response:
        """One row, with its version as ETag."""
        return _answer(queries.one(db.session(), self.resource, pk))

    @expose("", methods=["POST"])
    @needs("create")
    def create(self) -> Response:
        """Make a record, once per idempotency key."""
        session, write = db.session(), _write(self.resource.create)
        kept = idempotency.claim(session)
        if kept.status:
            answer = _answer(kept.response, kept.status)
            answer.headers["Idempotency-Replayed"] = "true"
        else:
            item = write.act(session, read_body(self.resource, write))
            made = queries.as_json(self.resource, item)
            kept.status, kept.response = 201, made
            session.commit()
            answer = _answer(made, 201)
        number = answer.get_json()["id"]
        answer.headers["Location"] = url_for(f"{self.endpoint}.show", pk=number)
        return answer

    @expose("/<int:pk>", methods=["PATCH"])
    @needs("update")
    def change(self, pk: int) -> Response:
        """Change the fields sent, if the record still has the version of If-Match."""
        session, write = db.session(), _write(self.resource.change)
        item = queries.record(session, self.resource, pk)
        _check_version(item.version)
        item = write.act(session, item, read_body(self.resource, write))
        session.flush()
        changed = queries.as_json(self.resource, item)
        session.commit()
        return _answer(changed)


def _write(write: Write | None) -> Write:
    if write is None:
        raise Refusal(405, N_("This address does not know this method."))
    return write


def _check_version(version: int) -> None:
    """Errors: `Refusal` 428 without If-Match, 412 for another version."""
    text = request.headers.get("If-Match", "").strip()
    if not text or text == "*":
        raise Refusal(428, NO_VERSION)
    match = ETAG.fullmatch(text)
    if match is None or int(match[1]) != version:
        raise Refusal(412, CHANGED_MEANWHILE)


def _answer(row: dict[str, Any], status: int = 200) -> Response:
    answer = jsonify(row)
    answer.status_code = status
    answer.headers["ETag"] = f'"{row["version"]}"'
    return answer


def _view_of(resource: Resource) -> type[ResourceApi]:
    routes = {"rows"}
    if resource.has_id:
        routes.add("show")
    permissions = {"rows": "read", "show": "read"}
    for name in ("create", "change"):
        write: Write | None = getattr(resource, name)
        if write is not None:
            routes.add(name)
            permissions[name] = write.permission
    return type(
        f"{resource.name}Rest",
        (ResourceApi,),
        {
            "resource": resource,
            "resource_name": resource.path,
            "class_permission_name": resource.entity,
            "base_permissions": [f"can_{name}" for name in resource.permissions],
            "method_permission_name": permissions,
            "include_route_methods": routes,
            "limits": [
                Limit(f"{READS} per minute", get_remote_address, methods=("GET",)),
                Limit(f"{WRITES} per minute", get_remote_address, methods=("POST", "PATCH")),
            ],
            "__doc__": f"/api/v1/{resource.path}",
        },
    )


class ApiDocumentView(BaseView):
    """The OpenAPI document. Public: it names columns and holds no row."""

    route_base = "/api/v1"
    default_view = "document"

    @expose("/openapi.json", methods=["GET"])
    def document(self) -> Response:
        """In the language of Accept-Language."""
        return jsonify(document())


class ApiGuideView(BaseView):
    """The page that lists the resources for people."""

    route_base = "/api/v1"
    default_view = "index"
    class_permission_name = "OwnAccount"
    method_permission_name = {"index": "read"}
    base_permissions = ["can_read"]

    @expose("/", methods=["GET"])
    @has_access
    def index(self) -> str:
        """Resources with their fields, filters and what may be written."""
        page: str = self.render_template(
            "rest/guide.html",
            title=_("REST API"),
            resources=RESOURCES,
            parameters=queries.parameters,
            limits=(READS, WRITES),
            most=queries.MOST,
        )
        return page


REST_VIEWS: tuple[type, ...] = (
    *(_view_of(resource) for resource in RESOURCES),
    ApiDocumentView,
    ApiGuideView,
)
"""For `app.views.VIEWS`."""
