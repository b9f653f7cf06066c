"""Planning a month as one would write it in pandas: read, merge, group, write back.

It follows the rules of `app.plan.rules`. The days of the visits are no set operation; visit
counts and the visits that cannot take place follow from counting within territory, week and
weekday, as long as nobody opens or closes within the month and no visit is there before.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from app.master.rules_problem_codes import MARKING_CODES
from app.plan.rules.key_customers import INDICATOR_CODES, NO_PRODUCT, RATE_CODES
from app.plan.rules.strategies import BEFORE_WORDS, BETWEEN_WORDS, LONGEST_CONTENT, WORDS_TAKEN
from app.plan.rules.visit_dates import daily_capacity, shares
from app.plan.rules.visit_dates_weeks import semimonthly_weeks, weeks_of
from benchmarks.month_planning import KEYS_AND_FREQUENCIES, STRATEGIES, timed

KEYS = ["customer_id", "strategy_id"]


class Rival:
    """Reads from and writes to the SQLite file at `path`."""

    def __init__(self, path: Path) -> None:
        from app.master.calendar import calendar_overrides
        from app.master.parameters import current_parameters
        from app.plan.rules.visit_dates_weeks import work_span
        from benchmarks.month_planning_data import planned_month

        self.connection = sqlite3.connect(path)
        self.parts: dict[str, float] = {}
        with Session(create_engine(f"sqlite:///{path}")) as session:
            self.company, self.month = planned_month(session.connection())
            self.parameters = current_parameters(session, self.company)
            first, last = work_span(self.month)
            overrides = calendar_overrides(session, self.company, first, last)
        self.weeks = weeks_of(self.month, overrides, first)

    def read(self, query: str) -> pd.DataFrame:
        return pd.read_sql_query(
            query.format(c=self.company, m=self.month.number, k=self.month.previous.number),
            self.connection,
        )

    def write(self, name: str, table: pd.DataFrame) -> None:
        columns = ", ".join(table.columns)
        places = ", ".join("?" * len(table.columns))
        rows = table.astype(object).where(table.notna(), None)
        self.connection.execute(f"CREATE TABLE {name} ({columns})")
        self.connection.executemany(
            f"INSERT INTO {name} VALUES ({places})",  # noqa: S608 -- names from below
            rows.itertuples(index=False, name=None),
        )

    def run(self) -> dict[str, float]:
        timed(self.parts, STRATEGIES, self.strategies)
        timed(self.parts, KEYS_AND_FREQUENCIES, self.keys_and_frequencies)
        timed(self.parts, "visit counts", self.visit_counts)
        return self.parts

    # ------------------------------------------------------------------ step 7

    def strategies(self) -> None:
        self.customers = self.read("SELECT * FROM customer WHERE company_id = {c} "
                                   "AND status = 'ACTIVE'").set_index("id")  # fmt: skip
        names = self.read("SELECT id AS strategy_id, name FROM service_strategy WHERE is_active")
        needs = self.read(
            "SELECT f.customer_id, s.strategy_id, n.code, n.asks_text, a.details "
            "FROM questionnaire f JOIN questionnaire_answer a ON a.company_id = f.company_id "
            "AND a.questionnaire_id = f.id JOIN need_option n ON n.id = a.need_option_id "
            "JOIN need_option_strategy s ON s.need_option_id = n.id "
            "WHERE f.company_id = {c} AND f.month = {m} AND f.status = 'CONFIRMED'"
        )
        needs["details"] = needs["details"].replace("", None).where(needs["asks_text"] == 1)
        needs["source"] = "NEED"
        potential = self.read(
            "SELECT customer_id, strategy_id, source, source_code AS code "
            "FROM potential_strategy WHERE company_id = {c} AND month = {m}"
        )
        reasons = pd.concat([needs.drop(columns="asks_text"), potential], ignore_index=True)
        reasons = reasons[
            reasons["customer_id"].isin(self.customers.index)
            & reasons["strategy_id"].isin(names["strategy_id"])
        ]
        self.reasons = reasons[[*KEYS, "source", "code", "details"]]
        said = reasons[reasons["details"].notna()].sort_values([*KEYS, "code"])
        said = said[said.groupby(KEYS).cumcount() < WORDS_TAKEN]
        words = said.groupby(KEYS)["details"].agg(BETWEEN_WORDS.join).rename("words")
        items = reasons.assign(is_need=reasons["source"] == "NEED")
        items = items.groupby(KEYS)["is_need"].any().reset_index().merge(names, on="strategy_id")
        items = items.join(words, on=KEYS)
        spoken = items["name"] + BEFORE_WORDS + items["words"]
        items["content"] = spoken.fillna(items["name"]).str.slice(0, LONGEST_CONTENT)
        items["source"] = np.where(items["is_need"], "DIRECT", "POTENTIAL")
        items = items.join(self.customers["territory_id"], on="customer_id")
        self.items = items[[*KEYS, "territory_id", "source", "content"]]
        self.write("result_reason", self.reasons)
        self.write("result_item", self.items)
        self.connection.commit()

    # ------------------------------------------------------------------ step 8

    def keys_and_frequencies(self) -> None:
        month, parameters = self.month, self.parameters
        planned = self.customers[self.customers["open_date"] <= month.last_day.isoformat()]
        states = self.read("SELECT customer_id, effect_score, amount_fen, is_problem "
                           "FROM customer_state WHERE company_id = {c} AND month = {m}")  # fmt: skip
        states = states.set_index("customer_id")
        problems = self.read("SELECT customer_id, code, product_id FROM customer_problem "
                             "WHERE company_id = {c} AND month = {m}")  # fmt: skip
        problems = problems.join(planned["territory_id"], on="customer_id", how="inner")
        lines = {
            stage: self.read(
                f"SELECT h.territory_id, {columns} FROM {stage}_analysis h "  # noqa: S608
                f"JOIN {stage}_analysis_line l ON l.company_id = h.company_id "
                "AND l.analysis_id = h.id WHERE h.company_id = {c} AND h.month = {k} "
                "AND l.final_status = 'ABNORMAL'"
            )
            for stage, columns in (
                ("brand", "l.product_id, l.rate AS indicator"),
                ("market", "l.indicator"),
            )
        }
        troubled = states.index[states["is_problem"] == 1]
        marked = problems[
            problems["code"].isin(MARKING_CODES) & problems["customer_id"].isin(troubled)
        ].assign(kind="PROBLEM_CUSTOMER", indicator="", product_id=NO_PRODUCT)
        brand, market = lines["brand"], lines["market"]
        brand["code"] = brand["indicator"].map(RATE_CODES)
        market["code"] = market["indicator"].map(INDICATOR_CODES)
        of_brand = problems.merge(brand, on=["territory_id", "product_id", "code"])
        of_market = problems.drop(columns="product_id").merge(
            market.dropna(), on=["territory_id", "code"]
        )
        reasons = pd.concat(
            [
                marked,
                of_brand.assign(kind="BRAND"),
                of_market.assign(kind="MARKET", product_id=NO_PRODUCT),
            ]
        )
        columns = ["customer_id", "kind", "code", "indicator", "product_id"]
        self.key_reasons = reasons[columns].drop_duplicates()
        keys = self.key_reasons["customer_id"].unique()
        table = planned[["territory_id", "code", "open_date"]].copy()
        table["is_key"] = table.index.isin(keys)
        table["strategy_count"] = self.items.groupby("customer_id").size()
        direct = self.items[self.items["source"] == "DIRECT"]
        table["direct_count"] = direct.groupby("customer_id").size()
        table["effect_score"] = states["effect_score"]
        table["amount_fen"] = states["amount_fen"]
        counts = ["strategy_count", "direct_count", "amount_fen"]
        table[counts] = table[counts].fillna(0).astype("int64")
        ranked = table[
            ~table["is_key"] & (table["open_date"] <= month.first_day.isoformat())
        ].sort_values(
            ["territory_id", "strategy_count", "direct_count", "effect_score", "amount_fen", "code"],
            ascending=[True, False, False, True, False, True],
        )  # fmt: skip
        group = ranked.groupby("territory_id")
        place, count = group.cumcount() + 1, group["code"].transform("size")
        top = (2 * parameters.frequency_top_percent * count + 100) // 200
        bottom = (2 * parameters.frequency_bottom_percent * count + 100) // 200
        table["rank"] = place
        table["rank"] = table["rank"].fillna(0).astype("int64")
        table["frequency"] = pd.Series(
            np.select([place <= top, place > count - bottom], ["WEEKLY", "MONTHLY"], "SEMIMONTHLY"),
            index=ranked.index,
        )
        table["frequency"] = table["frequency"].fillna("WEEKLY")
        self.frequencies = table
        self.write("result_key_reason", self.key_reasons)
        self.write("result_key", pd.DataFrame({"customer_id": keys}))
        names = ["is_key", "strategy_count", "direct_count", "effect_score", "amount_fen", "rank",
                 "frequency"]  # fmt: skip
        self.write("result_frequency", table[names].reset_index(names="customer_id"))
        self.connection.commit()

    # ------------------------------------------------------------------ step 9

    def visit_counts(self) -> None:
        """Visits by customer, and those that the days have no room for."""
        people = self.customers.join(self.frequencies["frequency"])
        area, line = people["neighbourhood"].fillna(""), people["line"].fillna("")
        people["turn"] = line.where(line != "", area)
        people["area"] = area
        people = people.sort_values(["territory_id", "turn", "area", "code"])
        people["turn"] = people.groupby("territory_id")["turn"].rank("dense").astype("int64") - 1
        self.counts: dict[int, int] = {}
        self.obstacles: dict[tuple[int, str], int] = {}
        for _territory, own in people.groupby("territory_id"):
            self._territory(own.reset_index(names="customer_id"))

    def _territory(self, own: pd.DataFrame) -> None:
        kinds = own["market_type"].value_counts()
        limits = self.parameters.visit_capacity_urban, self.parameters.visit_capacity_rural
        capacity = daily_capacity(int(kinds.get("URBAN", 0)), int(kinds.get("RURAL", 0)), *limits)
        loads: dict[Any, int] = {}
        weekly, once = (own[own["frequency"] == name] for name in ("WEEKLY", "MONTHLY"))
        twice = own[own["frequency"] == "SEMIMONTHLY"]
        due = {
            turn: {week.number for week in semimonthly_weeks(self.weeks, turn, ())[0]}
            for turn in own["turn"].unique()
        }
        for row in own[own["frequency"].isna()].itertuples():
            self._note(row.customer_id, "NO_FREQUENCY", 0)
        for week in self.weeks:
            now = twice[[week.number in due[turn] for turn in twice["turn"]]]
            if not week.workdays:
                for customer in weekly["customer_id"]:
                    self._note(customer, "NO_WORKDAY", 1)
                now = now.iloc[:0]
            else:
                now = pd.concat([weekly, now])
            self._place(now, [week], loads, capacity)
        self._place(once, list(self.weeks), loads, capacity)

    def _place(self, due: pd.DataFrame, weeks: Any, loads: dict[Any, int], capacity: int) -> None:
        """Wished weekdays as far as there is room, in order; the rest where there is any."""
        days = [day for week in weeks for day in week.workdays]
        off = ~due["visit_weekday"].isin({day.isoweekday() for day in days})
        off &= due["visit_weekday"].notna()
        room = {
            weekday: sum(
                capacity - loads.get(day, 0) for day in days if day.isoweekday() == weekday
            )
            for weekday in range(1, 8)
        }
        wishing = due["visit_weekday"].notna() & ~off
        turn = due[wishing].groupby("visit_weekday").cumcount()
        met = turn < due.loc[wishing, "visit_weekday"].map(room)
        met = met.reindex(due.index, fill_value=False)
        if len(weeks) == 1:
            for weekday, count in due.loc[met, "visit_weekday"].value_counts().items():
                day = weeks[0].day(int(weekday))
                loads[day] = loads.get(day, 0) + int(count)
        left = sum(capacity - loads.get(day, 0) for day in days)
        if len(weeks) > 1:
            left -= int(met.sum())
        rest = due[~met]
        placed, missed = rest.iloc[:left], rest.iloc[left:]
        if len(weeks) == 1:
            present = [loads.get(day, 0) for day in days]
            for day, more in zip(days, shares(present, len(rest), capacity), strict=True):
                loads[day] = loads.get(day, 0) + more
        for customer in [*due.loc[met, "customer_id"], *placed["customer_id"]]:
            self.counts[customer] = self.counts.get(customer, 0) + 1
        for row in placed[placed["visit_weekday"].notna()].itertuples():
            self._note(row.customer_id, "WEEKDAY_OFF" if off[row.Index] else "WEEKDAY_FULL", 0)
        for customer in missed["customer_id"]:
            self._note(customer, "DAY_FULL", 1)

    def _note(self, customer: int, obstacle: str, missing: int) -> None:
        key = customer, obstacle
        self.obstacles[key] = self.obstacles.get(key, 0) + missing

    def results(self) -> dict[str, list[list[Any]]]:
        """The same lists as `month_planning.RESULTS`."""
        queries = {
            "strategies": "SELECT * FROM result_item ORDER BY 1, 2",
            "reasons": "SELECT * FROM result_reason ORDER BY 1, 2, 3, 4",
            "key customers": "SELECT * FROM result_key ORDER BY 1",
            "key reasons": "SELECT * FROM result_key_reason ORDER BY 1, 2, 3, 4, 5",
            "frequencies": "SELECT * FROM result_frequency ORDER BY 1",
        }
        found: dict[str, list[list[Any]]] = {
            name: [list(row) for row in self.connection.execute(query)]
            for name, query in queries.items()
        }
        found["visit counts"] = [[int(key), count] for key, count in sorted(self.counts.items())]
        found["visits not possible"] = [
            [int(customer), obstacle, missing]
            for (customer, obstacle), missing in sorted(self.obstacles.items())
        ]
        return found
