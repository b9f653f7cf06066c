"""The pages of step 2 as each role: three actions in order, scoring, queries, foreign rows."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select

from app.models import (
    Customer,
    CustomerAbilityScore,
    CustomerState,
    CustomerStatus,
    StateRun,
    StateStatus,
)
from tests.analysis.demo_visitors import MONTH, DemoVisitor

pytestmark = [pytest.mark.web, pytest.mark.usefixtures("early")]

Visitors = Callable[[str], DemoVisitor]
LIST, GRID = "/operating-states/list/", "/ability-scores/data"
SAVE = "/ability-scores/save"


def items(row: dict[str, Any]) -> list[str]:
    return [name for name in row if name[0] == "i" and name[1:].isdigit()]


def score_all(person: DemoVisitor, rows: list[dict[str, Any]], score: int = 3) -> None:
    body = {
        "rows": [
            {
                "id": row["id"],
                "cells": {name: {"value": score, "was": row[name]} for name in items(row)},
            }
            for row in rows
        ]
    }
    answer = person.send(SAVE, body)
    assert answer.status_code == 200, answer.text
    assert all(row["refused"] == {} for row in answer.get_json()["rows"])


def test_the_three_actions_in_their_order(
    visitor: Visitors, stored: Callable[..., Any], territory: Callable[[str], int]
):
    person, own = visitor("customer"), territory("YH-A1")
    page = person.page(LIST)
    assert "Not computed yet" in page
    assert "Opens when every customer is scored." in page
    assert "Compute the operating effect first" in person.said(
        person.post("/operating-states/generate")
    )

    assert "was computed" in person.said(person.post("/operating-states/compute"))
    rows = person.rows(GRID)
    valid = stored(
        select(func.count()).where(
            Customer.territory_id == own, Customer.status == CustomerStatus.ACTIVE
        )
    )[0][0]
    assert len(rows) == valid
    new = [row for row in rows if row["effect"] == "New"]
    assert len(new) == 1, "the customer who opened in mid-month"

    refused = person.said(person.post("/operating-states/generate"))
    assert f"{valid - 1} customers have no complete ability scores yet" in refused
    assert "q_unscored=1" in person.page(LIST)
    assert person.page(LIST + "?q_unscored=1").count("data-check-row") == 25

    score_all(person, [row for row in rows if row not in new])
    assert "Strategies were generated" in person.said(person.post("/operating-states/generate"))
    run = stored(
        select(StateRun.status, StateRun.scored_customers).where(
            StateRun.territory_id == own, StateRun.month == MONTH
        )
    )
    assert run == [(StateStatus.GENERATED, valid - 1)]


def test_last_months_scores_fill_what_is_empty(
    visitor: Visitors, stored: Callable[..., Any], territory: Callable[[str], int]
):
    person = visitor("customer")
    person.post("/operating-states/compute")
    first = person.rows(GRID)[0]
    name = items(first)[0]
    person.send(SAVE, {"rows": [{"id": first["id"], "cells": {name: {"value": 1, "was": None}}}]})
    said = person.said(person.post("/operating-states/copy-scores"))
    assert "Scores of last month were taken over" in said
    row = person.rows(GRID)[0]
    assert row[name] == 1, "a score given this month stays"
    assert row["done"] == len(items(row))
    copied = stored(
        select(func.count()).where(
            CustomerAbilityScore.month == MONTH,
            CustomerAbilityScore.customer_id == first["id"],
            CustomerAbilityScore.is_copied,
        )
    )
    assert copied == [(len(items(row)) - 1,)]


def test_a_change_after_generation_is_shown_and_recomputes_nothing(
    visitor: Visitors, stored: Callable[..., Any]
):
    person = visitor("customer3")  # generated in the demo
    assert "have to be generated again" not in person.page(LIST)
    before = stored(select(CustomerState.id, CustomerState.operating_state_id))
    row = person.rows(GRID)[0]
    name = items(row)[0]
    other = 1 if row[name] != 1 else 5
    answer = person.send(
        SAVE, {"rows": [{"id": row["id"], "cells": {name: {"value": other, "was": row[name]}}}]}
    )
    assert answer.get_json()["progress"]["stale"] is True
    page = person.page(LIST)
    assert "The strategies have to be generated again." in page
    assert "An ability score was changed" in page
    assert person.page(LIST + "?q_status=STALE").count("data-check-row") == 1
    assert stored(select(CustomerState.id, CustomerState.operating_state_id)) == before
    assert "of the earlier result" in person.page(f"/operating-states/show/{row['state']}")
    assert "changed after generation" in person.page(f"/operating-states/show/{row['state']}")
    assert "these figures are of the earlier result" in person.page(
        "/operating-state-reports/statistics"
    )


def test_cells_that_cannot_be_taken(visitor: Visitors):
    person = visitor("customer2")
    row = next(row for row in person.rows(GRID) if row["done"] == len(items(row)))
    name, second = items(row)[:2]
    for value in (0, 6, "3", 2.5, None, True, [3], 10**30):
        answer = person.send(
            SAVE,
            {"rows": [{"id": row["id"], "cells": {name: {"value": value, "was": row[name]}}}]},
        )
        assert answer.status_code == 200, value
        told = answer.get_json()["rows"][0]
        assert told["accepted"] == []
        assert "from 1 to 5" in told["refused"][name]["message"]
    wanted = 1 if row[name] != 1 else 2
    stale = {"value": wanted, "was": 6 - row[name] if row[name] != 3 else 1}
    fine = {"value": row[second], "was": row[second]}
    answer = person.send(SAVE, {"rows": [{"id": row["id"], "cells": {name: stale, second: fine}}]})
    told = answer.get_json()["rows"][0]
    assert told["accepted"] == [second]
    assert told["refused"][name]["value"] == row[name], "what somebody else scored"
    assert told["data"][name] == row[name]


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {"rows": []},
        {"rows": "x"},
        {"rows": [1]},
        {"rows": [{"id": "1", "cells": {"i1": {}}}]},
        {"rows": [{"id": 1, "cells": {}}]},
        {"rows": [{"id": 1, "cells": {"i1": 3}}]},
        {"rows": [{"id": -1, "cells": {"i1": {"value": 3}}}]},
        {"rows": [{"id": 1, "cells": {"i1": {"value": 3}}}] * 2},
    ],
)
def test_a_body_no_page_sends_is_refused(visitor: Visitors, body: Any):
    assert visitor("customer2").send(SAVE, body).status_code == 400


def test_foreign_customers_and_fields_do_not_exist(
    visitor: Visitors, stored: Callable[..., Any], territory: Callable[[str], int]
):
    person, foreign = visitor("customer"), territory("YH-B1")
    person.post("/operating-states/compute")
    name = items(person.rows(GRID)[0])[0]
    theirs = stored(
        select(CustomerState.id, CustomerState.customer_id).where(
            CustomerState.territory_id == foreign, CustomerState.month == MONTH
        )
    )[0]
    before = stored(select(func.count()).select_from(CustomerAbilityScore))
    cell = {name: {"value": 5, "was": None}}
    assert person.send(SAVE, {"rows": [{"id": theirs[1], "cells": cell}]}).status_code == 404
    assert person.send(SAVE, {"rows": [{"id": 987654, "cells": cell}]}).status_code == 404
    own = person.rows(GRID)[0]["id"]
    other = {"status": {"value": 1, "was": None}}
    assert person.send(SAVE, {"rows": [{"id": own, "cells": other}]}).status_code == 404
    for method, url in (
        ("get", f"/operating-states/show/{theirs[0]}"),
        ("get", f"/ability-scores/customer/{theirs[0]}"),
        ("post", f"/ability-scores/customer/{theirs[0]}"),
        ("get", f"{GRID}?q_territory={foreign}"),
        ("get", f"/operating-state-reports/points?q_territory={foreign}"),
        ("post", f"/operating-state-reports/statistics/export?q_territory={foreign}"),
    ):
        assert getattr(person, method)(url).status_code == 404, url
    for action in ("compute", "generate", "copy-scores"):
        answer = person.post(f"/operating-states/{action}", {"q_territory": foreign})
        assert answer.status_code == 404, action
    assert stored(select(func.count()).select_from(CustomerAbilityScore)) == before


def test_forged_posts_need_the_token(visitor: Visitors):
    person = visitor("customer")
    for url in ("compute", "generate", "copy-scores"):
        answer = person.client.post(f"/operating-states/{url}")
        assert answer.status_code == 400
    assert person.send(SAVE, {"rows": []}, token="x").status_code == 400
    assert person.get("/operating-states/compute").status_code == 405


def test_one_customers_sheet_saves_and_goes_on(visitor: Visitors):
    person = visitor("customer4")  # computed, nobody scored
    rows = person.rows(GRID)
    first = f"/ability-scores/customer/{rows[0]['state']}"
    assert "further customers of the territory are not scored" in person.page(first)
    assert person.post(first, {"then": "next"}).status_code == 422
    form = dict.fromkeys(items(rows[0]), "4")
    answer = person.post(first, {**form, "then": "next"})
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith(f"/customer/{rows[1]['state']}")
    assert "saved, ability 80.0" in person.said(answer)
    one = items(rows[0])[0]
    stale = person.post(first, {one: "2", f"was_{one}": "5"})
    assert stale.status_code == 422
    assert "Somebody else scored this customer meanwhile" in stale.text
    assert person.post(first, {one: "nonsense"}).status_code == 400
    assert person.post(first, {one: "7", f"was_{one}": "4"}).status_code == 422


def test_the_two_queries_want_one_customer(visitor: Visitors):
    person = visitor("customer3")
    rows = [str(row["state"]) for row in person.rows(GRID)[:2]]
    post = "/operating-states/action_post"
    answer = person.post(post, {"action": "effect_details", "rowid": rows[0]})
    assert f"/operating-states/show/{rows[0]}" in answer.headers["Location"]
    assert answer.headers["Location"].endswith("#effect")
    page = person.page(f"/operating-states/show/{rows[0]}")
    for text in ("Effect details", "Peers", "Parameter version", "60 + 80 ×", "average of"):
        assert text in page
    answer = person.post(post, {"action": "ability_details", "rowid": rows[0]})
    assert answer.headers["Location"].endswith("#ability")
    both = person.post(post, {"action": "effect_details", "rowid": rows})
    assert "Tick exactly one customer" in person.said(both)


def test_statistics_only_after_generation(visitor: Visitors):
    waiting = visitor("customer4").page("/operating-state-reports/statistics")
    assert "exist only after" in waiting
    refused = visitor("customer4").post("/operating-state-reports/statistics/export")
    assert refused.status_code == 303
    person = visitor("customer3")
    page = person.page("/operating-state-reports/statistics")
    assert "Average effect score" in page
    answer = person.post("/operating-state-reports/statistics/export")
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0)
    rows = sheet.to_python()
    by_state = sum(row[2] for row in rows if row[0] == "Operating state")
    assert by_state == next(row[2] for row in rows if row[0] == "All customers")
    assert by_state == len(person.rows(GRID))
    crossed = sum(row[2] for row in rows if row[0] == "State and type")
    assert crossed == 2 * by_state, "every customer has a business type and a market type"


def test_managers_read_and_compare_but_change_nothing(
    visitor: Visitors, territory: Callable[[str], int], stored: Callable[..., Any]
):
    market = visitor("market")  # department A
    page = market.page("/operating-state-reports/territories")
    assert "东城片区" in page
    assert "西城片区" in page
    assert "河口片区" not in page
    listed = market.page(LIST + f"?q_territory={territory('YH-A2')}")
    assert "data-check-row" in listed, "the queries are offered"
    assert "/operating-states/compute" not in listed
    admin = visitor("admin")
    assert "河口片区" in admin.page("/operating-state-reports/territories")
    assert '"mayEdit": false' in admin.page(f"/ability-scores/?q_territory={territory('YH-A2')}")
    before = stored(select(CustomerState.id, CustomerState.version))
    for person in (market, admin):
        for action in ("compute", "generate", "copy-scores"):
            assert person.post(f"/operating-states/{action}").status_code == 403
        assert person.send(SAVE, {"rows": []}).status_code == 403
        assert person.send("/ability-scores/copy-last", {}).status_code == 403
    assert stored(select(CustomerState.id, CustomerState.version)) == before
    brand = visitor("brand")
    for url in (LIST, GRID, "/operating-state-reports/points", "/ability-scores/"):
        assert brand.get(url).status_code == 403


def test_chart_and_export_hold_own_customers_only(visitor: Visitors):
    person, other = visitor("customer2"), visitor("customer3")
    points = person.get("/operating-state-reports/points").get_json()["points"]
    codes = {point["code"] for point in points}
    assert codes
    assert codes <= {row["code"] for row in person.rows(GRID)}
    assert not codes & {row["code"] for row in other.rows(GRID)}
    answer = person.post("/operating-states/export")
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0)
    exported = {row[2] for row in sheet.to_python()[1:]}
    assert exported == {row["code"] for row in person.rows(GRID)}
