"""A customer manager's month in a browser, from the import of orders through all fourteen steps.

One territory of the demo whose running month has only begun; the market manager returns and
approves. Days come from the portal itself, so the journey can be made on any day of a year.
"""

import datetime as dt
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from app.kernel.period import Month, WorkWeek, local_today
from config import DEVELOPMENT_DEMO_PASSWORD
from tests import database
from tests.conftest import ROOT, end, fill_demo, served, watch

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

HOLDER, MANAGER, TERRITORY = "customer4", "market2", "山前片区"
"""The demo leaves this territory's running month at the computed effect."""


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A portal of its own: the whole month is changed."""
    folder = tmp_path_factory.mktemp("journey")
    with (
        database.Databases("sqlite").copy("demo", fill_demo) as url,
        served(url, folder) as address,
    ):
        jobs = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "run", "portal", "jobs"],
            cwd=ROOT,
            env={**os.environ, "PORTAL_DATABASE_URL": url, "PORTAL_DATA_DIR": str(folder)},
        )
        yield address
        assert end(jobs) == 0


class Walker:
    """A person at the portal; every page opened is one that answers."""

    def __init__(self, page: Page, address: str, username: str) -> None:
        self.page, self.address = page, address
        page.goto(f"{address}/login/")
        page.fill("#username", username)
        page.fill("#password", DEVELOPMENT_DEMO_PASSWORD)
        page.press("#password", "Enter")
        page.wait_for_url(f"{address}/")

    def open(self, path: str) -> Page:
        answer = self.page.goto(self.address + path)
        assert answer is not None
        assert answer.status == 200, path
        return self.page

    def post(self, button: Locator, *, is_asked: bool = False) -> None:
        """Press a button that stores something; the portal says that it did."""
        is_asked = is_asked or bool(button.get_attribute("data-confirm"))
        with self.page.expect_navigation():
            button.click()
            if is_asked:
                self.page.locator("[data-confirm-ok]").click()
        expect(self.page.locator(".alert-success").first).to_be_visible()

    def flow(self, action: str) -> None:
        self.post(self.page.locator(f"[data-flow={action}]").filter(visible=True))

    def select_all(self) -> None:
        """Tick every row of the list, also those on other pages."""
        self.page.locator("thead input[type=checkbox]").check()
        every = self.page.locator("[data-select-all]")
        if every.count():
            every.click()

    def go_on(self, number: int) -> None:
        """Every step leads to the next one."""
        with self.page.expect_navigation():
            self.page.locator(f".step-way [data-step='{number}']").click()
        expect(self.page.locator(".step-way [data-here]")).to_have_attribute(
            "data-here", str(number)
        )


@contextmanager
def colleague(page: Page, address: str, username: str) -> Iterator[Walker]:
    """Another person at another desk, under the same watch."""
    browser = page.context.browser
    assert browser is not None
    context = browser.new_context(locale="zh-CN", viewport={"width": 1440, "height": 900})
    context.set_default_timeout(15_000)
    faults: list[str] = []
    own = context.new_page()
    watch(own, faults)
    try:
        yield Walker(own, address, username)
    finally:
        context.close()
    assert not faults, "\n".join(faults)


def approve(manager: Walker, subject: str) -> None:
    """What waits for this territory, at the approval desk."""
    desk = manager.open(f"/approvals/?subject={subject}")
    desk.locator("[data-desk-entry]", has_text=TERRITORY).first.click()
    manager.post(desk.locator("[data-flow^=approve]").filter(visible=True))


def import_sales(me: Walker, page: Page, address: str, folder: Path) -> None:
    """An administrator imports yesterday's orders of two shops; their manager sees them."""
    listed = me.open("/customers/list/")
    shops = listed.locator("tbody .cell-code").all_inner_texts()[:2]
    link = listed.locator("tbody a.row-link").first.get_attribute("href") or ""
    first = link.split("?")[0].rsplit("/", 1)[-1]
    yesterday = local_today() - dt.timedelta(days=1)
    with colleague(page, address, "admin") as admin:
        product = admin.open("/products/list/").locator("tbody .cell-code").first.inner_text()
        file = folder / "orders.csv"
        heads = "客户编码,商品编码,订货日期,订单号,需求量,销量,金额"
        lines = [f"{shop},{product},{yesterday},J-{shop},7,6,1234.50" for shop in shops]
        file.write_text("\n".join([heads, *lines]), encoding="utf-8")
        desk = admin.open("/imports/new")
        desk.check("input[name=sheet][value=sales_lines]")
        desk.set_input_files("input[type=file]", str(file))
        desk.click("[data-upload-button]")
        desk.click("[data-import-columns] .btn-primary")
        desk.wait_for_selector(".count-tabs")
        expect(desk.locator(".count-tabs .tone-ok b")).to_have_text("2")
        desk.click("[data-commit-button]")
        desk.wait_for_selector(".figures")
    found = me.open(f"/sales-lines/list/?q_order_date_from={yesterday}&q_customer={first}")
    expect(found.locator("tbody")).to_contain_text("1,234.50")


def analyse_customers(me: Walker) -> None:
    """Steps 1 and 2: confirm what is answered; score as last month; generate."""
    page = me.open("/direct-needs/list/?q_answers=OPEN")
    assert page.locator(".grid-table tbody tr").count() > 1
    me.select_all()
    me.post(page.locator("[data-bulk] button[value=confirm]"))
    me.open("/direct-needs/list/?q_answers=OPEN")
    expect(page.locator(".grid-table tbody input[type=checkbox]")).to_have_count(0)
    me.go_on(2)
    for action in ("compute", "copy-scores", "generate"):
        me.post(page.locator(f"form[action$='/operating-states/{action}'] button"))
    expect(page.locator(".step-actions .is-done")).to_have_count(3)


def analyse_month(me: Walker) -> None:
    """Steps 3 to 6: targets with their customers; both analyses of last month completed."""
    page = me.page
    me.go_on(3)
    page.locator(".grid-table tbody a[href*='/brand-targets/show/']").first.click()
    expect(page.locator("h1")).to_be_visible()
    me.open("/brand-targets/list/")
    me.go_on(4)
    page.locator("main a[href^='/target-customers/']").filter(visible=True).last.click()
    expect(page.locator("h1")).to_be_visible()
    for number in (5, 6):
        me.open("/target-customers/" if number == 5 else "/brand-analysis/")
        me.go_on(number)
        reopen = page.locator("form[action*='/reopen/'] button")
        if reopen.count():
            me.post(reopen)
        me.post(page.locator("form[action*='/compute'] button").first)
        page.fill("#problems", "两个重点品规断货")
        page.fill("#next_focus", "跟进补货，巩固上柜")
        me.post(page.locator("button[name=then][value=complete]"))


def plan_service(me: Walker, manager: Walker) -> None:
    """Step 7: generate, submit; returned with a reason, changed, submitted again, approved."""
    page = me.page
    me.go_on(7)
    me.post(page.locator("form[action$='/service-plans/generate'] button"))
    page.fill("#satisfaction_target", "91.5")
    me.post(page.locator("form[action$='/settings'] button"))
    me.flow("submit")
    desk = manager.open("/approvals/?subject=plan")
    desk.locator("[data-desk-entry]", has_text=TERRITORY).first.click()
    desk.locator("[data-flow=return]").filter(visible=True).click()
    dialog = desk.locator("dialog[open]")
    dialog.locator("textarea").fill("目标定得太高")
    manager.post(dialog.locator(".btn-danger"))
    me.open("/service-plans/list/")
    expect(page.locator(".flow-returned")).to_contain_text("目标定得太高")
    page.fill("#satisfaction_target", "88")
    me.post(page.locator("form[action$='/settings'] button"))
    me.flow("submit")
    expect(page.locator(".flow-returned")).to_have_count(0)
    approve(manager, "plan")


def plan_month(me: Walker, manager: Walker) -> str:
    """Step 8: create, one frequency by hand, approved; that customer's id."""
    page = me.page
    me.go_on(8)
    me.post(page.locator("form[action$='/month-plans/create'] button"))
    me.open("/month-plans/frequencies?frequency=SEMIMONTHLY")
    row = page.locator(".frequency-table tbody tr").last
    found = re.search(r"/month-plans/customer/\d+/(\d+)", row.inner_html())
    assert found
    row.locator("[data-override]").click()
    dialog = page.locator("#override-dialog")
    dialog.locator("select").select_option("WEEKLY")
    dialog.locator("[name=note]").fill("新开张，多走几次")
    me.post(dialog.locator(".btn-primary"))
    me.open("/month-plans/")
    page.fill("textarea[name=focus]", "补货与上柜")
    me.post(page.locator("form[action*='/month-plans/save'] .btn-primary"))
    me.flow("submit")
    approve(manager, "month")
    me.open(f"/customers/show/{found[1]}")
    expect(page.locator("main")).to_contain_text(re.compile("每周一次|Weekly"))
    expect(page.locator("main")).not_to_contain_text("尚未维护拜访方式")
    return found[1]


def plan_visits(me: Walker) -> None:
    """Steps 9 and 10: the visits of the next two weeks; the coming week arranged."""
    page = me.open("/month-plans/")
    me.go_on(9)
    last = local_today() + dt.timedelta(days=13)
    me.open(f"/visit-plan/generate/?from={local_today()}&to={last}")
    button = page.locator(".visit-apply .btn-primary")
    if button.count():
        me.post(button)
    me.open("/visit-plan/")
    me.go_on(10)
    monday = WorkWeek.of(local_today() + dt.timedelta(days=7)).monday
    me.open(f"/week-arrangements/?start={monday}")
    page.fill("#market_focus", "社会库存与断货")
    page.fill("#brand_focus", "新品上柜")
    me.post(page.locator(".week-save .btn-primary"))
    assert page.locator(".week-visits li, .week-left, .week-gate").count() > 0


def visit(me: Walker, fallback: str) -> None:
    """Step 11: one visit with ★ and a suggestion, which becomes a follow-up; the day sheet."""
    page, today = me.page, local_today()
    me.go_on(11)
    card = page.locator("[data-visit-card]:has([data-visit-buttons] ~ * .star-line)").first
    customer = fallback
    if card.count():
        customer = str(card.get_attribute("data-visit-card")).split("-")[0]
    me.open(f"/daily-visits/record/{customer}/{today}")
    page.locator(".outcome-ok").click()
    page.locator("[name=started]").fill("09:30")
    star = page.locator(".star-line").first
    if star.count():
        star.click()
    page.locator("[name=opinion]").fill("希望增加细支货源")
    page.locator(".visit-save button").click()
    expect(page.locator("[data-draft-state]")).to_have_class(re.compile("is-ok"))
    me.open("/follow-ups/list/")
    expect(page.locator("main")).to_contain_text("希望增加细支货源")
    for first in (today, Month.of(today).first_day):
        me.open(f"/day-sheets/?day={first}&days=7")
        button = page.locator("main form[action$='/print'] button")
        if button.count():
            button.click()
            page.wait_for_url("**/day-sheets/paper?**")
            expect(page.locator(".row").first).to_be_visible()
            return
    pytest.fail("no day of the month has a sheet")


def mark(me: Walker, manager: Walker) -> None:
    """Step 12: ★ on one task, a reason for all others, the result submitted and approved."""
    page = me.open("/daily-visits/")
    me.go_on(12)
    me.open("/task-marks/list/?q_to_do=1")
    first = page.locator(".grid-table tbody tr").first.locator("button[form=mark-form]")
    first.click()
    me.open("/task-marks/list/?q_to_do=1")
    me.select_all()
    page.locator("[data-bulk] [data-open-dialog^=bulk-]").click()
    dialog = page.locator("dialog[open]")
    dialog.locator("select:not([data-bulk-field])").select_option(index=1, force=True)
    me.post(dialog.locator(".btn-primary"), is_asked=True)
    me.open("/task-marks/list/")
    me.flow("submit_result")
    approve(manager, "result")


def sum_up(me: Walker) -> None:
    """Steps 13 and 14: the running week, then the running month, written and submitted."""
    page, today = me.open("/task-marks/list/"), local_today()
    me.go_on(13)
    me.open(f"/week-summaries/?start={WorkWeek.of(today).monday}")
    me.post(page.locator("form[action*='/compute'] .btn-primary"))
    for text in page.locator("form[action*='/save/'] textarea").all():
        text.fill("安排合理，断货已跟进")
    me.post(page.locator(".save-bar .btn-primary"))
    me.flow("submit")
    me.go_on(14)
    me.open(f"/month-summaries/?month={Month.of(today).key}")
    me.post(page.locator("form[action*='/compute'] .btn-primary"))
    for draft in page.locator("[data-take-draft]").all():
        draft.click()
    for text in page.locator("form[action*='/save/'] textarea").all():
        if not text.input_value():
            text.fill("无")
    me.post(page.locator(".save-bar .btn-primary"))
    me.flow("submit")
    expect(page.locator("form[action*='/save/'] textarea")).to_have_count(0)


def test_a_month_of_a_customer_manager(page: Page, own_server: str, tmp_path: Path) -> None:
    me = Walker(page, own_server, HOLDER)
    import_sales(me, page, own_server, tmp_path)
    with colleague(page, own_server, MANAGER) as manager:
        analyse_customers(me)
        analyse_month(me)
        plan_service(me, manager)
        customer = plan_month(me, manager)
        plan_visits(me)
        visit(me, customer)
        mark(me, manager)
        sum_up(me)
