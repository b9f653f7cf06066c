"""A browser-like client that is logged in as one of the demo company's people."""

from flask import Flask
from flask.testing import FlaskClient


def signed_in_client(app: Flask, username: str) -> FlaskClient:
    client = app.test_client()
    password = app.config["PORTAL_DEMO_PASSWORD"]
    answer = client.post("/login/", data={"username": username, "password": password})
    assert answer.status_code in (302, 303), answer.get_data(as_text=True)
    return client
