"""A person imports a workbook in a browser and exports the list again, with the jobs process at work."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from tests.conftest import ROOT, built_app, end, served
from tests.exchange.records import PASSWORD, make_company
from tests.exchange.test_screens import BY_HAND, customer_row, workbook

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def address(database_url: str, tmp_path: Path) -> Iterator[str]:
    """A served portal of one company, exports above ten rows in the background."""
    with built_app(database_url) as app:
        make_company(app)
    with served(database_url, tmp_path, PORTAL_EXPORT_INLINE_ROWS="10") as url:
        jobs = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "run", "portal", "jobs"],
            cwd=ROOT,
            env={
                **os.environ,
                "PORTAL_DATABASE_URL": database_url,
                "PORTAL_DATA_DIR": str(tmp_path),
            },
        )
        yield url
        assert end(jobs) == 0


def test_import_and_export(address: str, page: Page, tmp_path: Path) -> None:
    page.goto(f"{address}/login/")
    page.fill("input[name=username]", "administrator_a")
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(f"{address}/")

    file = tmp_path / "客户.xlsx"
    rows = [customer_row(number) for number in range(1, 31)]
    file.write_bytes(workbook([*rows, customer_row(99, 档位=99)]))
    page.goto(f"{address}/imports/new")
    page.check("input[name=sheet][value=customers]")
    page.set_input_files("input[type=file]", str(tmp_path / "web.log"))
    expect(page.locator("[data-file-error]")).to_be_visible()
    expect(page.locator("[data-upload-button]")).to_be_disabled()
    page.set_input_files("input[type=file]", str(file))
    expect(page.locator("[data-file-name]")).to_contain_text("客户.xlsx")
    page.click("[data-upload-button]")

    for field, choice in BY_HAND.items():
        page.select_option(f"#{field}", choice)
    expect(page.locator("[data-field=code] [data-mapping-samples]")).to_contain_text("410110001")
    page.select_option("#from-remark", "constant")
    page.fill("input[name=constant-remark]", "浏览器导入")
    page.click("[data-import-columns] .btn-primary")

    page.wait_for_selector(".count-tabs")
    expect(page.locator(".count-tabs .tone-ok b")).to_have_text("30")
    expect(page.locator(".count-tabs .tone-bad b")).to_have_text("1")
    button = page.locator("[data-commit-button]")
    expect(button).to_be_disabled()
    page.check("[data-allow-rejected]")
    button.click()
    page.wait_for_selector(".figures")
    expect(page.locator("[data-bell-count]")).to_be_hidden()

    page.goto(f"{address}/customers/list/")
    expect(page.locator("tbody tr")).to_have_count(25)
    expect(page.locator("tbody")).to_contain_text("永和便利店1")
    page.click("form[action*=export] button")
    page.wait_for_selector(".alert-info")
    expect(page.locator("[data-bell-count]")).to_have_text("1")
    page.wait_for_selector("[data-bell-icon]:not([hidden])", state="attached", timeout=30_000)
    page.click("[data-task-bell] summary")
    with page.expect_download() as download:
        page.locator("[data-bell-content] a.btn").first.click()
    book = load_workbook(BytesIO(download.value.path().read_bytes()))
    assert book.worksheets[0].max_row == 31
    assert download.value.suggested_filename.endswith(".xlsx")
