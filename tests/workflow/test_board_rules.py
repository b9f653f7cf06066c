"""The step board's rules: states against the gates of STEPS, overdue, facts at their edges."""

import datetime as dt
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.period import Month, work_weeks
from app.workflow.rules_board import (
    TOO_EARLY,
    WORST_FIRST,
    StepFacts,
    StepState,
    is_overdue,
    missing_gate,
    reason_of,
    step_state,
    worst,
)
from app.workflow.rules_board_facts import (
    NEWER,
    NEWER_STATES,
    PLAN_OUTDATED,
    STATES_OUTDATED,
    AnalysisRecord,
    BoardPeriod,
    FlowRecord,
    StateRecord,
    TerritoryRecords,
    facts_of,
)
from app.workflow.steps import STEP_BY_NUMBER, STEPS, Milestone

pytestmark = pytest.mark.pure

TODAY = dt.date(2026, 11, 25)
NOVEMBER = Month(2026, 11)
GATED = [(step, gate) for step in STEPS for gate in step.gates]
ALL_MET = {number: StepFacts(reached=Milestone.APPROVED) for number in STEP_BY_NUMBER}


def stand(step, facts, others, today=TODAY):
    gate = missing_gate(step, facts, others)
    state = step_state(step, facts, gate, today)
    return state, reason_of(state, gate, facts, STEP_BY_NUMBER)


# ---------------------------------------------------------------------- the gates table


@pytest.mark.parametrize(("step", "gate"), GATED, ids=lambda part: getattr(part, "name", ""))
def test_an_unmet_gate_makes_a_step_not_ready_and_says_why_and_where(step, gate):
    facts, others = StepFacts(), dict(ALL_MET)
    if gate.step is None:
        facts = StepFacts(has_input=False)
    else:
        others[gate.step] = StepFacts(reached=Milestone(gate.needs - 1))
    state, reason = stand(step, facts, others)
    assert state is StepState.NOT_READY
    assert reason.msgid == gate.missing
    assert reason.step == gate.step
    page = gate.endpoint if gate.step is None else STEP_BY_NUMBER[gate.step].endpoint
    assert reason.endpoint == page
    assert page


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.module)
def test_with_every_gate_met_a_step_is_ready_and_goes_its_way(step):
    assert stand(step, StepFacts(), ALL_MET) == (StepState.READY, None)
    assert stand(step, StepFacts(1, 2), ALL_MET)[0] is StepState.IN_PROGRESS
    submitted = StepFacts(reached=Milestone.SUBMITTED)
    approved = StepFacts(reached=Milestone.APPROVED)
    if step.approver:
        assert stand(step, submitted, ALL_MET)[0] is StepState.SUBMITTED
        assert stand(step, approved, ALL_MET)[0] is StepState.APPROVED
    else:
        assert stand(step, StepFacts(reached=Milestone.MADE), ALL_MET)[0] is StepState.DONE
        assert stand(step, submitted, ALL_MET)[0] is StepState.DONE
    assert stand(step, StepFacts(is_returned=True), ALL_MET)[0] is StepState.RETURNED
    assert stand(step, StepFacts(stale="x"), ALL_MET)[0] is StepState.STALE


def test_gates_ask_for_what_steps_can_reach():
    """A gate that asks for an approval asks a step that is approved; texts and pages are there."""
    for step, gate in GATED:
        assert gate.missing.endswith(".")
        assert (gate.step is None) == (gate.endpoint is not None)
        if gate.step is not None and gate.needs >= Milestone.SUBMITTED:
            assert STEP_BY_NUMBER[gate.step].approver
        assert step.gate


FACTS = st.builds(
    StepFacts,
    done=st.integers(0, 3),
    total=st.integers(0, 3),
    reached=st.sampled_from(Milestone),
    is_returned=st.booleans(),
    stale=st.none() | st.just("x"),
    has_input=st.booleans(),
    opens_on=st.none() | st.dates(TODAY - dt.timedelta(3), TODAY + dt.timedelta(3)),
    is_open=st.booleans(),
)


@given(st.sampled_from(STEPS), FACTS, st.fixed_dictionaries(dict.fromkeys(ALL_MET, FACTS)))
def test_states_hold_whatever_the_facts(step, facts, others):
    state, reason = stand(step, facts, others)
    gate = missing_gate(step, facts, others)
    too_early = facts.opens_on is not None and facts.opens_on > TODAY
    if state is StepState.NOT_READY:
        assert gate is not None or too_early
        assert reason.msgid == (TOO_EARLY if gate is None else gate.missing)
        assert facts.reached < Milestone.APPROVED
    elif state is StepState.STALE:
        assert reason.msgid == facts.stale
    else:
        assert reason is None
    if facts.reached is Milestone.APPROVED:
        assert state.is_finished
    if state in (StepState.READY, StepState.IN_PROGRESS):
        assert gate is None
        assert not too_early
    if state is StepState.APPROVED:
        assert step.approver


@given(st.lists(st.sampled_from(StepState), min_size=1))
def test_the_worst_state_is_one_of_them_and_finished_only_if_all_are(states):
    found = worst(states)
    assert found in states
    assert found.is_finished == all(state.is_finished for state in states)


def test_every_state_has_a_rank_and_words():
    assert set(WORST_FIRST) == set(StepState)
    assert len({state.msgid for state in StepState}) == len(StepState)
    assert len({state.icon for state in StepState}) == len(StepState)
    assert not any(state.is_finished and state.is_workable for state in StepState)


def test_late_is_who_has_something_to_do_after_the_day():
    late = {state for state in StepState if is_overdue(state, TODAY - dt.timedelta(1), TODAY)}
    assert late == set(StepState) - {StepState.SUBMITTED, StepState.APPROVED, StepState.DONE}
    assert not any(is_overdue(state, TODAY, TODAY) for state in StepState)


# ---------------------------------------------------------------------- facts


WEEKS = tuple(work_weeks(NOVEMBER))
PERIOD = BoardPeriod(NOVEMBER, TODAY, WEEKS, {week: week.monday for week in WEEKS})
OVER = BoardPeriod(NOVEMBER, dt.date(2026, 12, 1), WEEKS, PERIOD.starts)
NOON = dt.datetime(2026, 11, 2, 12)  # noqa: DTZ001 -- stored timestamps are naive UTC
BATCH = 7


def facts(period=PERIOD, **values):
    return facts_of(TerritoryRecords(**values), period, BATCH)


def state_record(status, scored=0, new=0, batch=BATCH, at=NOON):
    return StateRecord(status, 10, new, scored, batch, at)


def test_nothing_is_begun_in_an_empty_territory_but_it_holds_up_no_plan():
    found = facts()
    assert set(found) == set(STEP_BY_NUMBER)
    assert {number for number, one in found.items() if one.reached} == {2}
    assert stand(STEP_BY_NUMBER[7], found[7], found)[0] is StepState.READY
    assert missing_gate(STEP_BY_NUMBER[7], found[7], facts(customers=1)) is not None


@pytest.mark.parametrize(
    ("record", "done", "reached", "stale"),
    [
        (state_record("COMPUTED", 3, 2), 5, Milestone.BEGUN, None),
        (state_record("COMPUTED", 3, 2, batch=6), 5, Milestone.BEGUN, NEWER["sales"]),
        (state_record("EVALUATED", 10), 10, Milestone.BEGUN, None),
        (state_record("GENERATED", 10, batch=6), 10, Milestone.MADE, None),
        (state_record("STALE", 10), 10, Milestone.MADE, STATES_OUTDATED),
    ],
)
def test_step_2_counts_rated_customers_and_is_made_when_generated(record, done, reached, stale):
    found = facts(customers=10, state=record)[2]
    assert (found.done, found.total, found.reached, found.stale) == (done, 10, reached, stale)


def test_step_1_is_over_once_the_plan_is_submitted():
    def needs(status, confirmed):
        plans = {NOVEMBER: FlowRecord(status)} if status else {}
        return facts(customers=4, confirmed=confirmed, service_plans=plans)[1].reached

    assert needs(None, 4) is Milestone.MADE
    assert needs("DRAFT", 3) is Milestone.BEGUN
    assert needs("SUBMITTED", 3) is Milestone.MADE
    assert needs("SUBMITTED", 0) is Milestone.NOTHING


def test_newer_data_asks_for_something_until_the_month_plan_is_submitted():
    for status, plan, changes in product(
        ("DRAFT", "COMPLETED"), (None, "DRAFT", "SUBMITTED"), ((), ("targets", "sales"))
    ):
        found = facts(brand=AnalysisRecord(status, changes), month_plan=plan and FlowRecord(plan))[
            5
        ]
        is_used = status == "COMPLETED" and plan == "SUBMITTED"
        assert found.stale == (NEWER["targets"] if changes and not is_used else None)
        assert (found.reached is Milestone.MADE) == (status == "COMPLETED")


def test_a_draft_older_than_the_states_is_outdated():
    later = NOON + dt.timedelta(hours=1)
    for status, at, stale in (
        ("DRAFT", later, NEWER_STATES), ("DRAFT", NOON, None), ("SUBMITTED", later, None),
    ):  # fmt: skip
        found = facts(
            state=state_record("GENERATED", at=at),
            service_plans={NOVEMBER: FlowRecord(status, generated_at=NOON)},
        )[7]
        assert found.stale == stale


def test_a_month_plan_whose_strategies_came_back_is_outdated_also_when_submitted():
    for status in ("DRAFT", "SUBMITTED"):
        found = facts(month_plan=FlowRecord(status, is_outdated=True))
        assert stand(STEP_BY_NUMBER[8], found[8], ALL_MET)[1].msgid == PLAN_OUTDATED
    assert facts(month_plan=FlowRecord("APPROVED"))[8].reached is Milestone.APPROVED


def test_a_returned_result_is_a_return_of_step_12_not_of_step_7():
    found = facts(service_plans={NOVEMBER: FlowRecord("APPROVED", is_returned=True)}, items=2)
    assert (found[7].is_returned, found[12].is_returned) == (False, True)
    draft = facts(service_plans={NOVEMBER: FlowRecord("DRAFT", is_returned=True)})
    assert (draft[7].is_returned, draft[12].is_returned) == (True, False)


@pytest.mark.parametrize(
    ("month", "visits", "is_open"),
    [
        (NOVEMBER, (0, 0, 0, 3), True),
        (NOVEMBER, (0, 0, 0, 0), False),
        (NOVEMBER.previous, (3, 0, 0, 0), False),  # the first week starts on 2 November
        (NOVEMBER.next, (3, 3, 3, 0), False),
        (NOVEMBER.next, (0, 0, 0, 3), False),  # the last week ends on 29 November
    ],
)
def test_weeks_open_by_the_plan_of_a_month_they_reach_into(month, visits, is_open):
    plans = {month: FlowRecord("APPROVED")}
    found = facts(service_plans=plans, week_visits=visits)
    assert found[10].is_open == found[11].is_open == is_open


def test_the_first_week_may_be_open_by_the_month_before():
    month = Month(2026, 10)  # its first week runs from 28 September to 4 October
    weeks = tuple(work_weeks(month))
    assert weeks[0].monday.month == 9
    period = BoardPeriod(month, TODAY, weeks, {week: week.monday for week in weeks})
    plans = {month.previous: FlowRecord("RESULT_APPROVED")}
    assert facts(period, service_plans=plans, week_visits=[1, 0, 0, 0, 0])[10].is_open
    assert not facts(period, service_plans=plans, week_visits=[0, 1, 0, 0, 0])[10].is_open


def test_weeks_and_days_tell_the_earliest_that_waits():
    arranged = facts(arranged=[WEEKS[0].monday + dt.timedelta(2), WEEKS[2].monday])[10]
    assert (arranged.done, arranged.total, arranged.open_since) == (2, 4, WEEKS[1].monday)
    rows = [FlowRecord("SUBMITTED", day=WEEKS[0].monday), FlowRecord("DRAFT", day=WEEKS[1].monday)]
    summed = facts(week_summaries=rows)[13]
    assert (summed.done, summed.total, summed.open_since) == (1, 3, WEEKS[1].sunday)
    visits = facts(visits_due=5, visits_recorded=5)
    assert visits[11].reached is Milestone.BEGUN
    assert facts(OVER, visits_due=5, visits_recorded=5)[11].reached is Milestone.MADE
    assert facts(OVER)[11].reached is Milestone.NOTHING


def test_week_summaries_are_finished_when_every_week_is_past_and_submitted():
    rows = [FlowRecord("SUBMITTED", day=week.monday) for week in WEEKS]
    assert facts(week_summaries=rows)[13].reached is Milestone.BEGUN
    assert facts(OVER, week_summaries=rows)[13].reached is Milestone.SUBMITTED
    assert facts(OVER, week_summaries=rows[1:])[13].reached is Milestone.BEGUN
    before = BoardPeriod(NOVEMBER, dt.date(2026, 11, 1), WEEKS, PERIOD.starts)
    early = facts(before)
    state, reason = stand(STEP_BY_NUMBER[13], early[13], early, before.today)
    assert (state, reason.msgid, reason.values) == (
        StepState.NOT_READY, TOO_EARLY, {"day": "2026-11-02"},
    )  # fmt: skip


@given(
    st.builds(
        TerritoryRecords,
        customers=st.integers(0, 3),
        confirmed=st.integers(0, 3),
        watched=st.integers(0, 3),
        targeted=st.integers(0, 3),
        targets=st.integers(0, 3),
        listed=st.integers(0, 3),
        planned_customers=st.integers(0, 3),
        items=st.integers(0, 3),
        items_marked=st.integers(0, 3),
    )
)
def test_no_count_exceeds_its_total_in_counted_steps(records):
    found = facts_of(records, PERIOD, BATCH)
    for number in (1, 3, 4, 9):
        assert found[number].done <= found[number].total
        assert (found[number].reached is Milestone.MADE) == (
            0 < found[number].total == found[number].done
        )
