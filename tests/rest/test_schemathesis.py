"""Requests made up from the OpenAPI document: no crash, and every answer as the document says."""

from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.rest.conftest import Caller

pytestmark = [pytest.mark.web, pytest.mark.slow]

EXAMPLES = 4
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def of_a_row(caller: Caller, path: str) -> dict[str, Any]:
    """Path parameters of a row the caller sees, for addresses of one row."""
    rows = caller.get(path.split("/")[3]).json["data"]
    return {"path_parameters": {"id": rows[0]["id"]}} if "{id}" in path else {}


@pytest.mark.parametrize("username", ["customer_a1", "admin_a"])
def test_answers_are_as_documented(portal: Flask, username: str):
    caller = Caller(portal, username)
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", portal)
    reached: set[tuple[str, int]] = set()
    for found in schema.get_all_operations():
        operation = found.ok()
        own = of_a_row(caller, operation.path)
        cases = st.one_of(
            operation.as_strategy(GenerationMode.POSITIVE, **own),
            operation.as_strategy(GenerationMode.POSITIVE),
            operation.as_strategy(GenerationMode.NEGATIVE),
        )

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=cases)
        def attempt(case: Any) -> None:
            headers = dict(caller.headers)
            if case.method == "PATCH" and case.path_parameters.get("id"):
                row = caller.get(case.formatted_path.removeprefix("/api/v1/"))
                headers["If-Match"] = row.headers.get("ETag", '"1"')
            answer = case.call_and_validate(headers=headers, checks=CHECKS)
            reached.add((case.method, answer.status_code))

        attempt()
    assert reached >= {("GET", 200), ("GET", 422), ("PATCH", 422)}
