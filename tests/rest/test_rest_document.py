"""The examples of docs/rest.md do what it says."""

import re
import shlex

import pytest
from flask import Flask

from config import ROOT
from tests.rest.conftest import Caller

pytestmark = pytest.mark.web

EXAMPLE = re.compile(r"^# (\d{3})\ncurl (.+)$", re.MULTILINE)


def send(portal: Flask, words: list[str]) -> int:
    """Run one curl command against the application; its status."""
    url, method, headers, body = "", "", {}, None
    rest = iter(words)
    for word in rest:
        if word == "-X":
            method = next(rest)
        elif word == "-H":
            name, _colon, text = next(rest).partition(": ")
            headers[name] = text
        elif word == "-d":
            body = next(rest)
        else:
            url = word
    method = method or ("GET" if body is None else "POST")
    return portal.test_client().open(url, method=method, headers=headers, data=body).status_code


def test_examples(portal: Flask):
    caller = Caller(portal, "customer_a1")
    customer = caller.get("customers").json["data"][0]["id"]
    text = (ROOT / "docs" / "rest.md").read_text("utf-8")
    examples = EXAMPLE.findall(text)
    assert len(examples) == text.count("curl ")
    values = {"$PORTAL": "", "$KEY": caller.clear, "$CUSTOMER": str(customer)}
    for status, command in examples:
        for name, value in values.items():
            command = command.replace(name, value)  # noqa: PLW2901
        assert send(portal, shlex.split(command)) == int(status), command
