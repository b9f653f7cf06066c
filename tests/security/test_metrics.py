"""`/metrics/`: closed without the token, and what it says."""

import re

import pytest
from flask import Flask

from tests.conftest import AppFactory
from tests.security.visitor import Visitor

pytestmark = pytest.mark.web

TOKEN = {"Authorization": "Bearer monitor-token"}


def test_without_the_token_it_does_not_exist(
    portal: Flask, app_factory: AppFactory, world_url: str
):
    assert portal.test_client().get("/metrics/", headers=TOKEN).status_code == 404
    watched = app_factory(world_url, PORTAL_METRICS_TOKEN="monitor-token")
    for headers in ({}, {"Authorization": "Bearer monitor-tokem"}, {"Authorization": "é"}):
        assert watched.test_client().get("/metrics/", headers=headers).status_code == 404


def test_it_counts_requests_and_tells_of_background_work(app_factory: AppFactory, world_url: str):
    portal = app_factory(world_url, PORTAL_METRICS_TOKEN="monitor-token")
    visitor = Visitor(portal, "customer_a1")

    def lists() -> float:
        text = portal.test_client().get("/metrics/", headers=TOKEN).text
        assert re.search(r'portal_tasks\{state="queued"\} \d+', text)
        assert "portal_request_statements_bucket" in text
        assert "Hibiscus" not in text
        found = re.search(
            r'portal_request_seconds_count\{endpoint="CustomerView.list",method="GET",'
            r'status="2xx"\} (\S+)',
            text,
        )
        return float(found[1]) if found else 0

    before = lists()
    visitor.get("/customers/list/?q_name=Hibiscus")
    assert lists() == before + 1
