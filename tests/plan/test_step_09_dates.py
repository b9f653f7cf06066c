"""Step 9's rule: days off, twice a day, frequencies met or explained, level days, windows."""

import datetime as dt
from collections import Counter, defaultdict
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.kernel.period import Month, WorkWeek
from app.plan.rules.visit_dates import (
    DAY_FULL,
    LINE,
    MONTHLY,
    NO_FREQUENCY,
    NO_WORKDAY,
    SEMIMONTHLY,
    WEEKDAY_FULL,
    WEEKDAY_OFF,
    WEEKLY,
    WISHED,
    Kept,
    Schedule,
    Shop,
    daily_capacity,
    schedule_month,
    shares,
)
from app.plan.rules.visit_dates_weeks import (
    months_between,
    week_number,
    weeks_of,
    work_span,
    work_weeks,
)
from app.plan.rules.visit_route import Stop, length, place, route

pytestmark = pytest.mark.pure

MONTHS = [Month(2026, number) for number in range(1, 13)]
MANY = 10_000
LONG_AGO = dt.date(2020, 1, 1)


def shop(number: int, frequency: str | None = WEEKLY, **more: object) -> Shop:
    values = {"line": "A", "neighbourhood": "n", "weekday": None, "closes": None, **more}
    values.setdefault("opens", LONG_AGO)
    return Shop(number, f"{number:05d}", frequency=frequency, **values)  # type: ignore[arg-type]


def plan(
    month: Month,
    shops: list[Shop],
    *,
    kept: list[Kept] | None = None,
    overrides: dict[dt.date, bool] | None = None,
    capacity: int = MANY,
    first: dt.date | None = None,
    last: dt.date | None = None,
) -> Schedule:
    start, end = work_span(month)
    first, last = first or start, last or end
    weeks = weeks_of(month, overrides or {}, first)
    return schedule_month(weeks, shops, kept or [], capacity, first, last)


def loads(schedule: Schedule) -> Counter[dt.date]:
    return Counter(visit.date for visit in schedule.visits)


# --- weeks ------------------------------------------------------------------------------------


def test_weeks_belong_to_the_month_of_their_thursday():
    assert work_span(Month(2026, 11)) == (dt.date(2026, 11, 2), dt.date(2026, 11, 29))
    assert work_span(Month(2026, 10)) == (dt.date(2026, 9, 28), dt.date(2026, 11, 1))
    assert len(work_weeks(Month(2026, 10))) == 5
    assert week_number(dt.date(2026, 11, 30)) == (Month(2026, 12), 1)
    assert list(months_between(dt.date(2026, 11, 1), dt.date(2026, 11, 30))) == [
        Month(2026, 10),
        Month(2026, 11),
        Month(2026, 12),
    ]


@pytest.mark.parametrize("month", MONTHS)
def test_the_weeks_of_all_months_are_every_week_once(month: Month):
    weeks = work_weeks(month)
    assert len(weeks) in (4, 5)
    assert work_weeks(month.next)[0].monday == weeks[-1].monday + dt.timedelta(days=7)


# --- frequencies ------------------------------------------------------------------------------


def test_the_three_frequencies_in_a_month_of_five_weeks():
    shops = [shop(1, WEEKLY), shop(2, SEMIMONTHLY), shop(3, MONTHLY), shop(4, None)]
    result = plan(Month(2026, 10), shops)
    assert Counter(visit.customer for visit in result.visits) == {1: 5, 2: 2, 3: 1}
    assert result.problems == {(4, NO_FREQUENCY): 0}


def test_twice_a_month_is_weeks_1_and_3_or_2_and_4_by_the_rank_of_the_line():
    shops = [shop(1, SEMIMONTHLY, line="A"), shop(2, SEMIMONTHLY, line="B")]
    result = plan(Month(2026, 10), shops)
    weeks = {
        number: [week_number(v.date)[1] for v in result.visits if v.customer == number]
        for number in (1, 2)
    }
    assert weeks == {1: [1, 3], 2: [2, 4]}


def test_a_week_without_workday_is_listed_and_a_turn_of_it_goes_to_the_next_week():
    month = Month(2026, 10)
    monday = dt.date(2026, 9, 28)
    closed = {monday + dt.timedelta(days=n): False for n in range(7)}
    result = plan(month, [shop(1, WEEKLY), shop(2, SEMIMONTHLY)], overrides=closed)
    assert result.problems == {(1, NO_WORKDAY): 1}
    weeks = [week_number(v.date)[1] for v in result.visits if v.customer == 2]
    assert weeks == [2, 3]


def test_visits_already_there_count():
    month = Month(2026, 11)
    monday = dt.date(2026, 11, 2)

    def kept(customer: int, *days: int, counts: bool = True) -> list[Kept]:
        return [Kept(customer, monday + dt.timedelta(days=n), counts, counts) for n in days]

    shops = [shop(1, WEEKLY), shop(2, SEMIMONTHLY), shop(3, MONTHLY), shop(4, SEMIMONTHLY)]
    result = plan(month, shops, kept=[*kept(1, 1), *kept(2, 8), *kept(3, 20), *kept(4, 1, 8)])
    weeks = defaultdict(list)
    for visit in result.visits:
        weeks[visit.customer].append(week_number(visit.date)[1])
    assert weeks == {1: [2, 3, 4], 2: [3]}, "two visits in one half are enough too"
    again = plan(month, [shop(1, MONTHLY)], kept=kept(1, 0, counts=False))
    assert len(again.visits) == 1, "a missed visit does not count"
    assert again.visits[0].date != monday, "and its day stays taken"


# --- wishes -----------------------------------------------------------------------------------


def test_the_wished_weekday_is_kept_or_the_reason_is_said():
    month, tuesday = Month(2026, 11), dt.date(2026, 11, 3)
    shops = [shop(number, WEEKLY, weekday=2) for number in (1, 2)]
    result = plan(month, shops, capacity=1)
    first = [visit for visit in result.visits if visit.customer == 1]
    assert all(v.date.isoweekday() == 2 and v.choice == WISHED for v in first)
    assert result.problems == {(2, WEEKDAY_FULL): 0}
    off = plan(month, shops[:1], overrides={tuesday: False})
    moved = [visit for visit in off.visits if week_number(visit.date)[1] == 1]
    assert [v.choice for v in moved] == [WEEKDAY_OFF]
    assert moved[0].date.isoweekday() != 2
    assert off.problems == {(1, WEEKDAY_OFF): 0}


def test_a_make_up_saturday_is_a_workday():
    saturday = dt.date(2026, 11, 7)
    result = plan(
        Month(2026, 11), [shop(1, WEEKLY, weekday=6)], overrides={saturday: True}, last=saturday
    )
    assert [(v.date, v.choice) for v in result.visits] == [(saturday, WISHED)]


def test_opening_and_closing_days_are_respected():
    opens, closes = dt.date(2026, 11, 11), dt.date(2026, 11, 18)
    shops = [shop(1, WEEKLY, opens=opens, closes=closes)]
    days = [visit.date for visit in plan(Month(2026, 11), shops).visits]
    assert [week_number(day)[1] for day in days] == [2, 3]
    assert all(opens <= day <= closes for day in days)


# --- properties -------------------------------------------------------------------------------

shops_of_a_territory = st.lists(
    st.tuples(
        st.sampled_from([WEEKLY, SEMIMONTHLY, SEMIMONTHLY, MONTHLY, None]),
        st.sampled_from(["A", "B", "C"]),
        st.sampled_from(["x", "y"]),
        st.sampled_from([None, None, 1, 3, 5, 6]),
    ),
    max_size=40,
).map(
    lambda rows: [
        shop(n, frequency, line=line, neighbourhood=place, weekday=weekday)
        for n, (frequency, line, place, weekday) in enumerate(rows, start=1)
    ]
)
days_off = st.dictionaries(
    st.integers(0, 34), st.booleans(), max_size=12
)  # offset → is it a workday


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(MONTHS),
    shops_of_a_territory,
    days_off,
    st.integers(1, 12),
    st.lists(st.tuples(st.integers(1, 40), st.integers(0, 34), st.booleans()), max_size=15),
    st.integers(0, 34),
    st.integers(0, 34),
)
def test_what_holds_for_every_plan(month, shops, changed, capacity, present, start, length_of):
    monday, sunday = work_span(month)
    overrides = {monday + dt.timedelta(days=n): works for n, works in changed.items()}
    kept = [
        Kept(customer, monday + dt.timedelta(days=n), counts, counts)
        for customer, n, counts in {(c, n): (c, n, x) for c, n, x in present}.values()
    ]
    first = min(monday + dt.timedelta(days=start), sunday)
    last = min(first + dt.timedelta(days=length_of), sunday)
    options = {
        "kept": kept, "overrides": overrides, "capacity": capacity, "first": first, "last": last,
    }  # fmt: skip
    result = plan(month, shops, **options)
    workdays = {day for week in weeks_of(month, overrides, monday) for day in week.workdays}
    assert all(first <= v.date <= last and v.date in workdays for v in result.visits)
    taken = Counter((v.customer, v.date) for v in result.visits)
    taken.update((k.customer, k.date) for k in kept)
    assert max(taken.values(), default=1) == 1, "nobody twice on a day"
    kept_loads = Counter(k.date for k in kept if k.loads)
    assert all(count + kept_loads[day] <= capacity for day, count in loads(result).items())
    assert plan(month, list(reversed(shops)), **options) == result, "order of input is no matter"

    counted = defaultdict(Counter)
    for customer, day in [(v.customer, v.date) for v in result.visits] + [
        (k.customer, k.date) for k in kept if k.counts
    ]:
        counted[customer][WorkWeek.of(day)] += 1
    explained = {customer for customer, _obstacle in result.problems}
    if (first, last) == (monday, sunday):
        for row in shops:
            if row.id in explained or row.frequency is None:
                continue
            visits = counted[row.id]
            if row.frequency == WEEKLY:
                assert all(visits[week] >= 1 for week in work_weeks(month))
            else:
                assert sum(visits.values()) >= (2 if row.frequency == SEMIMONTHLY else 1)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(MONTHS), shops_of_a_territory, days_off)
def test_without_wishes_the_highest_load_is_the_lowest_possible(month, shops, changed):
    monday, _sunday = work_span(month)
    overrides = {monday + dt.timedelta(days=n): works for n, works in changed.items()}
    shops = [row._replace(weekday=None) for row in shops]
    result = plan(month, shops, overrides=overrides)
    weeks = weeks_of(month, overrides, monday)
    fixed = Counter(week_number(v.date)[1] for v in result.visits if v.frequency != MONTHLY)
    days = sum(len(week.workdays) for week in weeks)
    if not days:
        return
    floor = max(
        ceil(len(result.visits) / days),
        *(ceil(fixed[week.number] / len(week.workdays)) for week in weeks if week.workdays),
    )
    assert max(loads(result).values(), default=0) <= floor + 1


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(MONTHS), shops_of_a_territory, st.integers(0, 27), st.integers(0, 27))
def test_a_period_is_a_window_of_the_rest_of_the_month(month, shops, start, length_of):
    monday, sunday = work_span(month)
    first = monday + dt.timedelta(days=start)
    last = min(first + dt.timedelta(days=length_of), sunday)
    whole = plan(month, shops, first=first)
    window = plan(month, shops, first=first, last=last)
    assert window.visits == [v for v in whole.visits if v.date <= last]
    assert {key for key in window.problems if key[1] == DAY_FULL} == set()


@given(st.lists(st.integers(0, 30), min_size=1, max_size=8), st.integers(0, 60), st.integers(1, 30))
def test_shares_fill_the_lowest_days_first(present, count, capacity):
    taken = shares(present, count, capacity)
    room = sum(max(0, capacity - load) for load in present)
    assert sum(taken) == min(count, room)
    assert min(taken) >= 0
    after = [load + more for load, more in zip(present, taken, strict=True)]
    raised = [load for load, more in zip(after, taken, strict=True) if more]
    if raised:
        assert max(raised) <= capacity
        assert max(raised) - min(load for load in after) <= 1


def test_a_line_stays_on_one_day_where_there_is_room():
    shops = [shop(n, WEEKLY, line="ABCDE"[n % 5]) for n in range(25)]
    result = plan(Month(2026, 11), shops, last=dt.date(2026, 11, 8))
    lines = defaultdict(set)
    for visit in result.visits:
        lines[visit.date].add(shops[visit.customer].line)
    assert all(len(found) == 1 for found in lines.values())
    assert {visit.choice for visit in result.visits} == {LINE}


def test_the_last_to_be_left_out_when_days_are_full_are_the_frequent_ones():
    shops = [shop(1, MONTHLY), *(shop(n, WEEKLY) for n in range(2, 7))]
    result = plan(Month(2026, 11), shops, capacity=1)
    assert result.problems == {(1, DAY_FULL): 1}
    assert len(result.visits) == 20


@pytest.mark.parametrize(
    ("urban", "rural", "expected"), [(10, 0, 30), (0, 3, 25), (1, 1, 27), (0, 0, 30)]
)
def test_daily_capacity_is_between_town_and_country(urban, rural, expected):
    assert daily_capacity(urban, rural, 30, 25) == expected


# --- route ------------------------------------------------------------------------------------


def stop(number: int, east: float | None) -> Stop:
    where = place(None if east is None else 100 + east, 30.0, 30.0)
    return Stop(("A", "n", f"{number:03d}"), number, where)


def test_the_route_goes_from_one_end_to_the_nearest_and_ends_with_unknown_places():
    stops = [stop(1, 0.2), stop(2, None), stop(3, 0.0), stop(4, 0.4), stop(5, 0.1)]
    assert [s.customer for s in route(stops)] == [4, 1, 5, 3, 2]
    assert route(list(reversed(stops))) == route(stops)
    ends = [s.place for s in route(stops) if s.place is not None]
    assert length(ends) == pytest.approx(0.4 * 111.32 * 0.866, rel=0.01)
    assert route([]) == []
