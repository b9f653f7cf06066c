"""The fixtures keep their promises: fresh databases, no network, a browser that tells tales."""

import socket
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page
from sqlalchemy import create_engine, inspect

from tests.conftest import served, watch
from tests.database import Databases


@pytest.mark.sql
@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_gets_an_untouched_database(empty_url: str, turn: int):
    engine = create_engine(empty_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE left_over (id INTEGER)")
    engine.dispose()


@pytest.mark.sql
def test_a_template_that_failed_is_made_anew(databases: Databases):
    def fail(url: str) -> None:
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE half_done (id INTEGER)")
        engine.dispose()
        raise LookupError

    name = f"failing_{databases.kind}"
    with pytest.raises(LookupError), databases.copy(name, fail):
        pass
    with databases.copy(name, lambda _url: None) as url:
        engine = create_engine(url)
        assert inspect(engine).get_table_names() == []
        engine.dispose()


@pytest.mark.pure
def test_other_machines_are_out_of_reach():
    with socket.socket() as probe, pytest.raises(ConnectionRefusedError, match="only connect"):
        probe.connect(("192.0.2.1", 80))


@pytest.mark.browser
def test_page_reports_script_errors_and_foreign_requests(browser: Browser):
    faults: list[str] = []
    page = browser.new_page()
    watch(page, faults)
    page.set_content("<img src='http://192.0.2.1/x.png'><script>missing()</script>")
    page.wait_for_timeout(100)
    page.close()
    assert any("another host" in fault for fault in faults)
    assert any("script error" in fault for fault in faults)


@pytest.mark.sql
@pytest.mark.web
def test_client_talks_to_a_set_up_portal(client: FlaskClient):
    assert client.get("/login/").status_code == 200


@pytest.mark.browser
def test_a_served_portal_shows_its_login_page(database_url: str, tmp_path: Path, page: Page):
    with served(database_url, tmp_path / "data") as address:
        page.goto(f"{address}/login/")
        assert page.locator("input[name=password]").is_visible()
