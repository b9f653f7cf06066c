"""Fixtures that every test may ask for.

Databases: ``database_url`` (migrated and set up, no company), ``demo_url`` (with the small demo
company), ``empty_url`` (no table). Each is a fresh copy per test. A test marked ``sql`` runs on
SQLite and on PostgreSQL, any other on SQLite.

Applications: ``app_factory(url, **config)``; ``app`` and ``client`` over ``database_url``.

Browser: ``live_server`` (address of a portal with the demo company, served as in production,
shared by the tests of one worker), ``page`` (a Playwright page that fails the test on script
errors, violations of the content security policy and requests to another host), ``log_in`` (the
page as one of the demo accounts).
"""

import ipaddress
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import make_url

from config import DEVELOPMENT_DEMO_PASSWORD, load_settings
from tests import database, statement_watch
from tools import browser as browser_tool

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 60

AppFactory = Callable[..., Flask]


# --- the test run ---------------------------------------------------------------------------


def is_first_process(config: pytest.Config) -> bool:
    return not hasattr(config, "workerinput")


def pytest_configure(config: pytest.Config) -> None:
    # A developer's own settings must not reach the tests.
    for name in list(os.environ):
        if name.startswith("PORTAL_") and name != "PORTAL_TEST_BROWSER":
            del os.environ[name]
    os.environ["PORTAL_ENV"] = "test"
    if is_first_process(config):
        database.make_shared_folder()
    os.environ["PORTAL_DATA_DIR"] = str(database.shared_folder() / "data")
    sys.addaudithook(refuse_network)


def pytest_unconfigure(config: pytest.Config) -> None:
    if is_first_process(config):
        database.remove_shared_folder()


def refuse_network(event: str, arguments: tuple[Any, ...]) -> None:
    """A test that needs another machine fails on a train and in a closed network."""
    if event != "socket.connect" or not isinstance(arguments[1], tuple):
        return
    host = arguments[1][0]
    if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
        message = f"tests may only connect to this machine, not to {host}"
        raise ConnectionRefusedError(message)


# --- databases ------------------------------------------------------------------------------


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database_kind" in metafunc.fixturenames and metafunc.definition.get_closest_marker("sql"):
        metafunc.parametrize("database_kind", ["sqlite", "postgresql"])


@pytest.fixture
def database_kind() -> str:
    return "sqlite"


@pytest.fixture
def databases(database_kind: str) -> database.Databases:
    return database.Databases(database_kind)


@pytest.fixture
def empty_url(databases: database.Databases) -> Iterator[str]:
    with databases.empty() as url:
        yield url


@pytest.fixture
def database_url(databases: database.Databases) -> Iterator[str]:
    with databases.copy("setup", set_up) as url:
        yield url


@pytest.fixture
def demo_url(databases: database.Databases) -> Iterator[str]:
    with databases.copy("demo", fill_demo) as url:
        yield url


def set_up(url: str) -> None:
    """Tables, permissions, roles and catalogues, as ``flask portal setup`` makes them."""
    from app.organisation.setup import run_setup

    with built_app(url) as app:
        run_setup(app)


def fill_demo(url: str) -> None:
    set_up(url)
    with built_app(url) as app, statement_watch.watched() as found:
        result = app.test_cli_runner().invoke(args=["portal", "demo", "--size", "small"])
        assert result.exit_code == 0, result.output
    # The demo company goes through all steps: what it sends is judged without doing it again.
    statement_watch.keep(found)


# --- applications ---------------------------------------------------------------------------


# What differs between two tests with otherwise equal settings.
PLACES = ("PORTAL_DATABASE_URL", "SQLALCHEMY_DATABASE_URI", "PORTAL_DATA_DIR")

_idle: dict[object, list[tuple[Flask, dict[str, Any]]]] = {}
"""Applications no test is using, with their configuration as it was built, by what makes them so.

Building one takes 0.2 s and each compiles every template anew, which was most of the suite's time.
"""


def lend(settings: dict[str, Any], *, fresh: bool) -> tuple[object, Flask, dict[str, Any]]:
    """(key for `_idle`, an application of these settings, its configuration as built)."""
    from app import create_app, views
    from app.kernel.db import db

    url = settings["SQLALCHEMY_DATABASE_URI"]
    rest = {name: value for name, value in settings.items() if name not in PLACES}
    key = (make_url(url).drivername, views.VIEWS, repr(sorted(rest.items())))
    if fresh or not _idle.get(key):
        app = create_app(settings)
        return key, app, dict(app.config)
    app, built = _idle[key].pop()
    app.config.clear()
    app.config.update(built, **{name: settings[name] for name in PLACES})
    options: dict[str, Any] = {"url": make_url(url)}
    with app.app_context():
        db._apply_driver_defaults(options, app)
        db.engines[None] = db._make_engine(None, options, app)
    limiter = app.extensions["appbuilder"].sm.limiter
    if limiter.enabled:
        limiter.reset()
    return key, app, built


@contextmanager
def built_app(url: str, *, fresh: bool = False, **config: Any) -> Iterator[Flask]:
    """An application on the database at ``url``; its connections are closed afterwards.

    It may have served another test on another database. A test that changes the classes an
    application is made of (not what their methods look up when called) asks for a ``fresh`` one.
    """
    environment = {
        "PORTAL_ENV": "test",
        "PORTAL_DATABASE_URL": url,
        "PORTAL_DATA_DIR": str(database.shared_folder() / "data"),
        "PORTAL_SECRET_KEY": "tests-sign-their-cookies-with-this-0123456789",
    }
    settings = {**load_settings(environment), **config}
    key, app, built = lend(settings, fresh=fresh)
    try:
        yield app
    finally:
        with app.app_context():
            for engine in app.extensions["sqlalchemy"].engines.values():
                engine.dispose()
        if not fresh:
            _idle.setdefault(key, []).append((app, built))


@pytest.fixture
def app_factory(tmp_path: Path) -> Iterator[AppFactory]:
    """``app_factory(url, **config)``: as many applications as a test wants."""
    with ExitStack() as stack:

        def make(url: str, *, fresh: bool = False, **config: Any) -> Flask:
            config = {"PORTAL_DATA_DIR": tmp_path, **config}
            return stack.enter_context(built_app(url, fresh=fresh, **config))

        yield make


@pytest.fixture
def app(app_factory: AppFactory, database_url: str) -> Flask:
    return app_factory(database_url)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


# --- browser --------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def served(url: str, data_dir: Path, **environment: str) -> Iterator[str]:
    """Address of a portal over the database at ``url``, run by the production web server."""
    port = free_port()
    variables = {
        **os.environ,
        "PORTAL_DATABASE_URL": url,
        "PORTAL_DATA_DIR": str(data_dir),
        "PORTAL_PORT": str(port),
        **environment,
    }
    data_dir.mkdir(parents=True, exist_ok=True)
    log = data_dir / "web.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "gunicorn_conf.py", "run:app"],
            cwd=ROOT,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(port, process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        end(process)


def end(process: subprocess.Popen[Any], seconds: float = 30) -> int:
    """Ask a process to end; its status. One that does not is killed and fails the test."""
    process.terminate()
    try:
        return process.wait(seconds)
    finally:
        process.kill()


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail(f"the web server did not answer:\n{log.read_text()}")


@pytest.fixture(scope="session")
def live_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with (
        database.Databases("sqlite").copy("demo", fill_demo) as url,
        served(url, tmp_path_factory.mktemp("live")) as address,
    ):
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = browser_tool.find()
    assert path, "no browser; run `make test`, which installs one, or set PORTAL_TEST_BROWSER"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(browser_tool.FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of its own session, 1440 × 900, Chinese."""
    context = browser.new_context(locale="zh-CN", viewport={"width": 1440, "height": 900})
    context.set_default_timeout(15_000)
    context.set_default_navigation_timeout(30_000)
    page = context.new_page()
    faults: list[str] = []
    watch(page, faults)
    yield page
    context.close()
    assert not faults, "\n".join(faults)


@pytest.fixture(scope="session")
def demo_sessions() -> dict[str, Any]:
    """Cookies of demo accounts right after their log-in, for `log_in`."""
    return {}


@pytest.fixture
def log_in(page: Page, live_server: str, demo_sessions: dict[str, Any]) -> Callable[[str], Page]:
    """``log_in("market")``: the page, at the home page of that demo account.

    Goes through the form once per account and worker; every test gets the session as it was then.
    """

    def enter(username: str) -> Page:
        if username in demo_sessions:
            page.context.add_cookies(demo_sessions[username])
            page.goto(f"{live_server}/")
            return page
        page.goto(f"{live_server}/login/")
        page.fill("#username", username)
        page.fill("#password", DEVELOPMENT_DEMO_PASSWORD)
        page.press("#password", "Enter")
        page.wait_for_url(f"{live_server}/")
        demo_sessions[username] = page.context.cookies()
        return page

    return enter


def watch(page: Page, faults: list[str]) -> None:
    """Collect what a user would not see and a developer must: script errors, foreign requests."""

    def on_request(request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https") and parts.hostname not in ("127.0.0.1", "localhost"):
            faults.append(f"request to another host: {request.url}")

    def on_console(message: Any) -> None:
        # A refused or missing page is an answer a test may want; its status is what it checks.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            faults.append(f"console: {message.text}")

    page.on("request", on_request)
    page.on("console", on_console)
    page.on("pageerror", lambda error: faults.append(f"script error: {error}"))
