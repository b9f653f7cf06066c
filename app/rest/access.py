"""The way into every address of the API: an access key, its purpose, its user's grants."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import current_app, request
from flask_babel import gettext as _
from sqlalchemy import inspect
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.wrappers import Response

from app.kernel.db import db
from app.kernel.errors import N_, OutOfScope, PlanningError, StaleVersion
from app.kernel.save_errors import describe
from app.rest.problems import Refusal, problem

log = logging.getLogger(__name__)

CHANGED_MEANWHILE = N_("The record has another version now. Read it again, then repeat the change.")
DOES_NOT_FIT = N_("A value does not fit into its field. Please check the numbers.")


def needs(action: str) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """Let callers in whose key and user hold the action; turn every refusal into problem JSON.

    `action` is that of `app.security.permissions.Action` in small letters, unless the view's
    `method_permission_name` names another.
    """

    def decorate(function: Callable[..., Response]) -> Callable[..., Response]:
        @wraps(function)
        def guarded(self: Any, *args: Any, **values: Any) -> Response:
            manager: Any = current_app.appbuilder.sm  # type: ignore[attr-defined]
            key = manager.extract_api_key_from_request()
            if key is None or manager.validate_api_key(key) is None:
                return problem(401)
            permission = f"can_{self.get_method_permission(function.__name__)}"
            if permission not in self.base_permissions or not manager.has_access(
                permission, self.class_permission_name
            ):
                log.warning("access key refused: %s %s", request.method, request.endpoint)
                return problem(403)
            try:
                return function(self, *args, **values)
            except (PlanningError, Refusal, StatementError, StaleDataError, OverflowError) as error:
                db.session.rollback()
                return _refused(error, self.resource.model)

        guarded._permission_name = action  # type: ignore[attr-defined]  # FAB's name for it
        return guarded

    return decorate


def _refused(error: Exception, model: type[Any]) -> Response:
    if isinstance(error, Refusal):
        return problem(error.status, _(error.text))
    if isinstance(error, StaleVersion | StaleDataError):
        return problem(412, _(CHANGED_MEANWHILE))
    if isinstance(error, OutOfScope):
        return problem(404, error.message(), error.field)
    if isinstance(error, PlanningError):
        return problem(error.status, error.message(), error.field)
    if isinstance(error, OperationalError):
        raise error  # busy or gone: not the fault of what was sent
    if isinstance(error, IntegrityError):
        table = inspect(model).local_table
        labels = {column.name: column.info.get("label", column.name) for column in table.columns}
        told = describe(error, table, labels)
        return problem(422, told.message, told.field)
    return problem(422, _(DOES_NOT_FIT))
