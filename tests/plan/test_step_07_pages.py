"""The pages of step 7 as each role: generating, adjusting, carry-over, submitting, foreign rows."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select

from app.models import (
    ChangeLog,
    Customer,
    Questionnaire,
    QuestionnaireStatus,
    ServicePlan,
    ServicePlanStatus,
    ServiceStrategy,
    StrategyItem,
)
from tests.analysis.demo_visitors import MONTH, DemoVisitor
from tests.analysis.test_state_views import score_all
from tests.plan.plan_pages import ITEMS, LIST, Stored, Visitors, own_items, plan

pytestmark = pytest.mark.web


@pytest.fixture
def place(territory: Callable[[str], int]) -> int:
    return territory("YH-B2")


@pytest.fixture
def manager(visitor: Visitors, place: int) -> DemoVisitor:
    """Whose states are computed and scored but for generating."""
    person = visitor("customer4")
    score_all(
        person, [row for row in person.rows("/ability-scores/data") if row["effect"] != "New"]
    )
    return person


@pytest.fixture
def generated(manager: DemoVisitor) -> DemoVisitor:
    """Whose plan of the month is generated."""
    manager.said(manager.post("/operating-states/generate"))
    assert "added" in manager.said(manager.post("/service-plans/generate"))
    return manager


def test_the_gate_names_step_2_and_opens_with_it(manager: DemoVisitor, stored: Stored, place: int):
    page = manager.page(LIST)
    assert "are not generated for this territory yet" in page
    assert "/service-plans/generate" not in page
    refused = manager.said(manager.post("/service-plans/generate"))
    assert "Step 2 has to generate its strategies first" in refused
    assert own_items(stored, place) == []
    manager.post("/operating-states/generate")
    assert "/service-plans/generate" in manager.page(LIST)
    said = manager.said(manager.post("/service-plans/generate"))
    count = len(own_items(stored, place))
    assert count
    assert f"{count} added, 0 changed, 0 dropped" in said
    page = manager.page(LIST)
    assert "are not confirmed; they call for no strategies" in page
    assert "strategy-mute" in page
    logged = stored(
        select(ChangeLog.changes).where(
            ChangeLog.entity == "ServicePlan",
            ChangeLog.record_id == plan(stored, place)[0],
        )
    )
    assert any(f"{count} added" in str(changes) for (changes,) in logged)


def test_the_difference_is_shown_before_it_is_applied(
    generated: DemoVisitor, stored: Stored, place: int
):
    assert "Nothing would change." in generated.page("/service-plans/difference")
    waiting = stored(
        select(Questionnaire.customer_id).where(
            Questionnaire.territory_id == place,
            Questionnaire.month == MONTH,
            Questionnaire.status == QuestionnaireStatus.OPEN,
        )
    )
    form = [("action", "confirm"), *(("rowid", str(row[0])) for row in waiting)]
    generated.client.post(
        "/direct-needs/action_post",
        data={"csrf_token": generated.csrf(), "action": "confirm",
              "rowid": [value for name, value in form if name == "rowid"]},
    )  # fmt: skip
    before = own_items(stored, place)
    generated.said(generated.post("/operating-states/generate"))
    page = generated.page("/service-plans/difference")
    assert "difference-added" in page
    updated = generated.page("/service-plans/difference?change=UPDATED")
    assert "difference-updated" in updated, "potential ones become direct"
    assert own_items(stored, place) == before
    assert "strategies would change" in generated.page(LIST)
    only = generated.page("/service-plans/difference?change=ADDED&page=999")
    assert "difference-updated" not in only
    assert "0 dropped" in generated.said(generated.post("/service-plans/generate"))
    assert len(own_items(stored, place)) > len(before)
    assert "Nothing would change." in generated.page("/service-plans/difference")
    for nonsense in ("?change=x", "?page=abc", "?page=-1"):
        assert generated.get(f"/service-plans/difference{nonsense}").status_code == 200


def test_editing_removing_and_bringing_back(generated: DemoVisitor, stored: Stored, place: int):
    first, second, *_rest = own_items(stored, place)
    page = generated.page(f"/strategy-items/edit/{first[0]}")
    version = hidden_fields(page)
    answer = generated.post(f"/strategy-items/edit/{first[0]}", {**version, "content": "mine <b>"})
    assert answer.status_code in (302, 303), answer.text
    assert (first[0], first[1], "mine <b>") in own_items(stored, place, StrategyItem.is_touched)
    assert "mine &lt;b&gt;" in generated.page(f"/service-plans/show/{first[1]}")
    assert "mine &lt;b&gt;" in generated.page(f"/strategy-items/show/{first[0]}")
    removed = {"action": "remove", "rowid": str(second[0])}
    assert "1 strategies were removed" in generated.said(
        generated.post("/strategy-items/action_post", removed)
    )
    said = generated.said(generated.post("/service-plans/generate"))
    assert "2 kept by hand" in said
    assert own_items(stored, place, StrategyItem.is_removed)[0][0] == second[0]
    assert f'value="{second[0]}"' not in generated.page(ITEMS)
    assert f'value="{second[0]}"' in generated.page(ITEMS + "?q_is_removed=1")
    back = generated.post(f"/strategy-items/action/restore/{second[0]}")
    assert "1 strategies were brought back" in generated.said(back)
    empty = generated.post(f"/strategy-items/edit/{first[0]}", {**version, "content": " "})
    assert empty.status_code in (409, 422)


def hidden_fields(page: str) -> dict[str, str]:
    """The hidden fields an edit form carries."""
    found = re.findall(r'<input[^>]*type="hidden"[^>]*>', page)
    fields = {}
    for tag in found:
        name = re.search(r'name="([^"]*)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name and name.group(1) not in ("csrf_token", "next"):
            fields[name.group(1)] = value.group(1) if value else ""
    return fields


def test_adding_by_hand(generated: DemoVisitor, stored: Stored, place: int):
    customer = own_items(stored, place)[0][1]
    strategy = stored(
        select(ServiceStrategy.id).where(
            ServiceStrategy.code == "S21",
            ServiceStrategy.company_id
            == select(Customer.company_id).where(Customer.id == customer).scalar_subquery(),
        )
    )[0][0]
    url = f"/service-plans/add-item/{customer}"
    assert generated.post(url, {"strategy": strategy, "content": " "}).status_code == 422
    assert generated.post(url, {"strategy": "x", "content": "a"}).status_code == 422
    for _time in range(2):
        answer = generated.post(url, {"strategy": strategy, "content": "a demonstration"})
        assert "The strategy was added" in generated.said(answer)
    found = stored(
        select(StrategyItem.sequence, StrategyItem.source, StrategyItem.is_touched).where(
            StrategyItem.customer_id == customer,
            StrategyItem.strategy_id == strategy,
            StrategyItem.month == MONTH,
        )
    )
    assert len(found) == 2
    assert all(touched for _sequence, _source, touched in found)
    assert "2 kept by hand" not in generated.said(generated.post("/service-plans/generate"))
    assert "Nothing calls for it but you" in generated.page(f"/service-plans/show/{customer}")


def test_last_months_unfinished_are_offered_not_taken(
    generated: DemoVisitor, stored: Stored, place: int
):
    page = generated.page("/service-plans/left-overs")
    offered = stored(
        select(StrategyItem.id)
        .join(Customer, Customer.id == StrategyItem.customer_id)
        .where(
            StrategyItem.territory_id == place,
            StrategyItem.month == MONTH.previous,
            StrategyItem.is_removed.is_(False),
            StrategyItem.mark == "OPEN",
        )
    )
    assert offered
    assert page.count('name="item"') <= len(offered)
    chosen = page.split('name="item" value="')[1].split('"')[0]
    assert "Choose at least one" in generated.said(generated.post("/service-plans/carry-over"))
    assert generated.post("/service-plans/carry-over", {"item": "987654"}).status_code == 404
    assert generated.post("/service-plans/carry-over", {"item": "x"}).status_code == 400
    said = generated.said(generated.post("/service-plans/carry-over", {"item": chosen}))
    assert "1 strategies were carried over" in said
    carried = own_items(stored, place, StrategyItem.carried_from_id == int(chosen))
    assert len(carried) == 1
    assert f'value="{chosen}"' not in generated.page("/service-plans/left-overs")
    generated.post("/service-plans/generate")
    assert own_items(stored, place, StrategyItem.carried_from_id == int(chosen)) == carried


def test_target_submission_and_the_lock(
    generated: DemoVisitor, visitor: Visitors, stored: Stored, place: int
):
    generated.post("/service-plans/settings", {"satisfaction_target": ""})
    key, version = plan(stored, place, ServicePlan.id, ServicePlan.version)
    refused = generated.said(
        generated.post(f"/flow/service-plan/{key}/submit", {"version": version, "next": LIST})
    )
    assert "Enter the satisfaction target" in refused
    for text in ("101", "-1", "abc", "12.34"):
        said = generated.said(
            generated.post("/service-plans/settings", {"satisfaction_target": text})
        )
        assert "number from 0 to 100" in said
    answer = generated.post(
        "/service-plans/settings", {"satisfaction_target": "88.5", "version": version}
    )
    assert "Saved" in generated.said(answer)
    stale = generated.post(
        "/service-plans/settings", {"satisfaction_target": "70", "version": version}
    )
    assert "Somebody else changed" in generated.said(stale)
    target, version = plan(stored, place, ServicePlan.satisfaction_target, ServicePlan.version)
    assert target == 885
    submit = generated.post(f"/flow/service-plan/{key}/submit", {"version": version, "next": LIST})
    assert submit.status_code == 303
    assert plan(stored, place)[1] is ServicePlanStatus.SUBMITTED
    item = own_items(stored, place)[0]
    before = stored(select(StrategyItem.id, StrategyItem.version))
    for url, form in (
        ("/service-plans/generate", {}),
        ("/service-plans/settings", {"satisfaction_target": "70"}),
        ("/strategy-items/action_post", {"action": "remove", "rowid": str(item[0])}),
        (f"/service-plans/add-item/{item[1]}", {"strategy": "1", "content": "x"}),
        ("/service-plans/carry-over", {"item": "1"}),
    ):
        assert generated.post(url, form).status_code in (303, 409, 422), url
    assert stored(select(StrategyItem.id, StrategyItem.version)) == before
    assert generated.get(f"/strategy-items/edit/{item[0]}").status_code == 303
    assert "/service-plans/settings" not in generated.page(LIST)
    # What the submitted plan was made from stays confirmed.
    confirmed = stored(
        select(Questionnaire.customer_id).where(
            Questionnaire.territory_id == place,
            Questionnaire.month == MONTH,
            Questionnaire.status == QuestionnaireStatus.CONFIRMED,
        )
    )
    if confirmed:
        said = generated.said(generated.post(f"/direct-needs/action/unconfirm/{confirmed[0][0]}"))
        assert "stay confirmed" in said
    market = visitor("market2")
    assert "88.5" in market.page(f"{LIST}?q_territory={place}")
