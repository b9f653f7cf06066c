"""The monthly calculation as one would write it in pandas: read, merge, group, write back.

It follows the same rules with the default parameters. Products of figures leave 64 bits, so the
scores are made with Python's integers in object columns; everything else is vectorised.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from app.analysis.computation import computation_of
from app.analysis.rules.indicators import INDICATORS, RATES, TerritoryFigures, market_figure
from app.analysis.rules.judgement import judge
from app.kernel.exact import scaled_difference, scaled_quotient
from app.kernel.period import Month
from app.master.rules_parameters import Parameters

PEERS = (["market_type", "business_type", "scale"], ["market_type", "business_type"],
         ["market_type"], [])  # fmt: skip
SUMS = ["sticks", "previous_sticks", "amount_fen", "width", "margin_fen", "retail_fen"]
LOW = {"VOLUME": "VOL_LOW", "UNIT_VALUE": "UNITVAL_LOW", "KEY_SHARE": "KEY_LOW",
       "WIDTH": "WIDTH_LOW", "MARGIN": "MARGIN_LOW"}  # fmt: skip


class Rival:
    """Reads from and writes to the SQLite file at `path`."""

    months_back = (0, 1, 2, 3, 12)

    def __init__(self, path: Path) -> None:
        from benchmarks.monthly_analysis import engine_of

        self.connection = sqlite3.connect(path)
        self.parameters = Parameters()
        query = "SELECT company_id FROM customer GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
        self.company = self.connection.execute(query).fetchone()[0]
        query = "SELECT max(month) FROM monthly_sales WHERE company_id = ?"
        self.month = Month.from_number(self.connection.execute(query, [self.company]).fetchone()[0])
        with Session(engine_of(path)) as session:
            computation = computation_of(session, self.company, self.month)
        self.due, self.windows = dict(computation.due_weeks), computation.order_windows

    def read(self, query: str, **words: Any) -> pd.DataFrame:
        return pd.read_sql_query(query.format(c=self.company, k=self.month.number, **words),
                                 self.connection)  # fmt: skip

    def run(self) -> None:
        self.read_tables()
        self.customers_and_peers()
        self.score()
        self.problems()
        self.rates()
        self.shares()
        self.indicators()
        self.write()

    def read_tables(self) -> None:
        k = self.month
        months = [k.shift(-n).number for n in self.months_back]
        self.facts = self.read(
            "SELECT month, customer_id, product_id, territory_id, delivered_cartons, amount_fen, "
            "demanded_lines, stockout_lines FROM monthly_sales WHERE company_id = {c} "
            "AND month IN ({months})",
            months=", ".join(map(str, months)),
        )
        self.products = self.read("SELECT id AS product_id, brand, sticks_per_carton, wholesale_fen, "
                                  "retail_fen FROM product WHERE company_id = {c}")  # fmt: skip
        keys = self.read("SELECT product_id FROM key_product_snapshot "
                         "WHERE company_id = {c} AND month = {k}")  # fmt: skip
        self.products["is_key"] = self.products["product_id"].isin(keys["product_id"])
        self.customers = self.read("SELECT * FROM customer WHERE company_id = {c} "
                                   "AND status = 'ACTIVE'")  # fmt: skip
        self.lines = self.read(
            "SELECT DISTINCT territory_id, customer_id, order_date FROM sales_line "
            "WHERE company_id = {c} AND order_date BETWEEN '{first}' AND '{last}' "
            "AND (delivered_cartons > 0 OR demanded_cartons > 0)",
            first=k.first_day, last=k.last_day,
        )  # fmt: skip
        self.targets = self.read("SELECT * FROM brand_target WHERE company_id = {c} "
                                 "AND {k} BETWEEN from_month AND to_month")  # fmt: skip
        self.listed = self.read("SELECT target_id, customer_id FROM target_customer "
                                "WHERE company_id = {c} AND removed_revision IS NULL")  # fmt: skip
        self.scores = self.read(
            "SELECT s.customer_id, s.ability_item_id, s.score, a.weight, a.code, a.low_score FROM "
            "customer_ability_score s JOIN ability_item a ON a.id = s.ability_item_id WHERE "
            "s.company_id = {c} AND s.month = {m} AND a.is_active", m=k.next.number)  # fmt: skip
        self.matrix = self.read("SELECT id, effect_band, ability_band, is_problem "
                                "FROM operating_state WHERE company_id = {c}")  # fmt: skip

    def customers_and_peers(self) -> None:
        k = self.month
        facts = self.facts.merge(self.products, on="product_id")
        facts["sticks"] = facts["delivered_cartons"] * facts["sticks_per_carton"]
        facts["key_sticks"] = facts["sticks"].where(facts["is_key"], 0)
        priced = facts[["wholesale_fen", "retail_fen"]].notna().all(axis=1)
        retail = (facts["delivered_cartons"] * facts["retail_fen"]).where(priced, 0)
        cost = (facts["delivered_cartons"] * facts["wholesale_fen"]).where(priced, 0)
        facts["retail_fen"] = retail.astype("int64")
        facts["margin_fen"] = (retail - cost).astype("int64")
        self.facts = facts
        now = facts[facts["month"] == k.number]
        figures = now.groupby("customer_id")[
            ["sticks", "amount_fen", "key_sticks", "margin_fen", "retail_fen"]
        ].sum()
        net = now.groupby(["customer_id", "product_id"])["delivered_cartons"].sum()
        figures["width"] = (net > 0).groupby(level=0).sum()
        for name, month in (("previous_sticks", k.previous), ("last_year_sticks", k.shift(-12))):
            figures = figures.join(
                facts[facts["month"] == month.number].groupby("customer_id")["sticks"].sum()
                .rename(name), how="outer",
            )  # fmt: skip
        weeks = pd.to_datetime(self.lines["order_date"]).dt.isocalendar().week
        figures["order_weeks"] = weeks.groupby(self.lines["customer_id"]).nunique()
        people = self.customers.set_index("id")[
            ["territory_id", "market_type", "business_type", "scale", "open_date", "order_mode",
             "settle_mode", "order_weekday"]
        ].join(figures)  # fmt: skip
        numbers = [*SUMS, "last_year_sticks", "key_sticks", "order_weeks"]
        people[numbers] = people[numbers].fillna(0).astype("int64")
        people["due_weeks"] = people["order_weekday"].map(self.due).fillna(0).astype("int64")
        people["is_new"] = people["open_date"] > k.first_day.isoformat()
        rated = people[~people["is_new"]]
        people["peer_level"] = -1
        for level, common in enumerate(PEERS):
            group = [rated[name] for name in common] or [pd.Series(0, index=rated.index)]
            sums = rated.groupby(group)[SUMS].sum().add_prefix("peer_")
            sums["peer_count"] = rated.groupby(group).size()
            if common:
                own = people[common].join(sums, on=common)
            else:
                own = pd.DataFrame(dict(sums.iloc[0]), index=people.index)
            last = level == len(PEERS) - 1
            chosen = (people["peer_level"] < 0) & (
                last | (own["peer_count"] >= self.parameters.effect_peers_minimum)
            )
            people.loc[chosen, "peer_level"] = level
            for name in sums.columns:
                if name not in people:
                    people[name] = 0
                people.loc[chosen, name] = own.loc[chosen, name].fillna(0).astype("int64")
        area = people.groupby("territory_id")[["sticks", "key_sticks"]].sum().add_prefix("area_")
        self.people = people.join(area, on="territory_id")

    def score(self) -> None:
        p, f = self.parameters, self.people
        by_year = f["last_year_sticks"] > 0
        base = f["last_year_sticks"].where(by_year, f["previous_sticks"])
        change = f["peer_sticks"] - f["peer_previous_sticks"]
        one = pd.Series(1, index=f.index)
        kept = np.minimum(f["order_weeks"], f["due_weeks"])
        terms = {
            "VOLUME": (f["sticks"], one, f["peer_sticks"], f["peer_count"]),
            "VOLUME_GROWTH": (f["sticks"] - base, base, change.where(~by_year, 0),
                              f["peer_previous_sticks"].where(~by_year, 1)),
            "UNIT_VALUE": (f["amount_fen"], f["sticks"], f["peer_amount_fen"], f["peer_sticks"]),
            "KEY_SHARE": (f["key_sticks"], f["sticks"], f["area_key_sticks"], f["area_sticks"]),
            "WIDTH": (f["width"], one, f["peer_width"], f["peer_count"]),
            "ORDER_STABILITY": (kept, f["due_weeks"], one, one),
            "MARGIN": (f["margin_fen"], f["retail_fen"], f["peer_margin_fen"],
                       f["peer_retail_fen"]),
        }  # fmt: skip
        self.items = pd.DataFrame(index=f.index)
        for item, columns in terms.items():
            parts = zip(*(column.tolist() for column in columns), strict=True)
            if item == "VOLUME_GROWTH":
                factor = p.effect_growth_slope * 10_000
                raw = [scaled_difference(factor, *part) for part in parts]
                offset = p.effect_ratio_base * 100
            elif item == "ORDER_STABILITY":
                raw, offset = [scaled_quotient(10_000, *part) for part in parts], 0
            else:
                factor = p.effect_ratio_slope * 100
                raw = [scaled_quotient(factor, *part) for part in parts]
                offset = (p.effect_ratio_base - p.effect_ratio_slope) * 100
            self.items[item] = (
                pd.array(raw, dtype="Int64") + offset
            )  # fmt: skip
        self.items = self.items.clip(0, 10_000)
        weights = {name: getattr(p, f"weight_{name.lower()}") for name in terms}
        num = sum(self.items[name].fillna(0) * weight for name, weight in weights.items())
        den = sum(self.items[name].notna().astype("int64") * weight
                  for name, weight in weights.items())  # fmt: skip
        f["effect_score"] = (num // den.replace(0, 1)).where(den > 0)
        f["effect_band"] = _band(f["effect_score"], p.band_effect_good, p.band_effect_fair,
                                 ("GOOD", "FAIR", "POOR"))  # fmt: skip
        ability = self.scores.assign(num=self.scores["score"] * self.scores["weight"])
        sums = ability.groupby("customer_id")[["num", "weight"]].sum()
        f["ability_score"] = (10_000 * sums["num"] // (5 * sums["weight"])).astype("Int64")
        f["ability_band"] = _band(f["ability_score"], p.band_ability_strong, p.band_ability_fair,
                                  ("STRONG", "MEDIUM", "WEAK"))  # fmt: skip
        parts = zip(*(f[name].tolist() for name in ("peer_sticks", "peer_previous_sticks",
                                                    "sticks", "previous_sticks")), strict=True)  # fmt: skip
        f["growth_shortfall"] = pd.array(
            [scaled_difference(10_000, *part) for part in parts], dtype="Int64"
        )
        matrix = self.matrix.dropna(subset=["effect_band"]).set_index(
            ["effect_band", "ability_band"]
        )
        f["operating_state_id"] = f.join(matrix["id"], on=["effect_band", "ability_band"])["id"]
        newcomer = self.matrix[self.matrix["effect_band"].isna()]["id"].iloc[0]
        f.loc[f["is_new"], "operating_state_id"] = newcomer

    def problems(self) -> None:
        p, f = self.parameters, self.people
        rated = ~f["is_new"]
        kept = np.minimum(f["order_weeks"], f["due_weeks"])
        troubled = set(self.matrix[self.matrix["is_problem"] == 1]["id"])
        low_price = self.scores[(self.scores["code"] == "A7")
                                & (self.scores["score"] <= self.scores["low_score"])]  # fmt: skip
        tests = {
            **{code: rated & (self.items[item] < p.problem_item_score * 100).fillna(value=False)
               for item, code in LOW.items()},
            "ORDER_UNSTABLE": rated & (f["due_weeks"] > 0) & (4 * kept < 3 * f["due_weeks"]),
            "VOL_DOWN": rated & (f["growth_shortfall"] >= p.problem_decline_points * 100),
            "FAR_BEHIND_PEERS": rated
            & (f["growth_shortfall"] >= p.problem_customer_gap_points * 100),
            "NO_ONLINE": f["order_mode"] != "ONLINE",
            "NO_ESETTLE": f["settle_mode"] != "ELECTRONIC",
            "NO_PRICETAG": f.index.isin(low_price["customer_id"]),
            "STATE_PROBLEM": f["operating_state_id"].isin(troubled),
        }  # fmt: skip
        found = [
            pd.DataFrame({"customer_id": f.index[np.asarray(test, dtype=bool)], "code": code,
                          "product_id": 0})
            for code, test in tests.items()
        ]  # fmt: skip
        self.months = self.product_months()
        months = self.months.merge(f[["territory_id"]].rename(columns={"territory_id": "home"}),
                                   left_on="customer_id", right_index=True)  # fmt: skip
        months = months[months["home"] == months["territory_id"]]
        stopped = months["c0"] <= 0
        before = (months[["c1", "c2", "c3"]] > 0).any(axis=1)
        for code, test in {
            "NOT_STOCKED": months["is_target"] & stopped,
            "NOT_ACTIVE": stopped & before,
            "STOCKOUT": months["stockout_lines"] > 0,
            "NO_REPURCHASE": stopped & (months["c1"] > 0),
        }.items():
            found.append(months.loc[test, ["customer_id", "product_id"]].assign(code=code))
        self.found = pd.concat(found)[["customer_id", "code", "product_id"]]

    def product_months(self) -> pd.DataFrame:
        """Territory × product × customer of the targeted products: net cartons of four months."""
        k, keys = self.month, ["territory_id", "product_id", "customer_id"]
        watched = self.targets[["territory_id", "product_id"]]
        facts = self.facts[self.facts["month"] > k.shift(-12).number].merge(watched)
        table = facts.pivot_table(index=keys, columns="month", values="delivered_cartons",
                                  aggfunc="sum", fill_value=0)  # fmt: skip
        table = table.reindex(columns=[k.shift(-n).number for n in range(4)], fill_value=0)
        table.columns = ["c0", "c1", "c2", "c3"]
        now = facts[facts["month"] == k.number]
        table = table.join(now.groupby(keys)[["demanded_lines", "stockout_lines"]].sum())
        listed = self.listed.merge(self.targets, left_on="target_id", right_on="id")
        listed = listed[listed["customer_id"].isin(self.people.index)]
        table = table.join(listed.set_index(keys).assign(is_target=True)["is_target"], how="outer")
        table["is_target"] = table["is_target"].eq(other=True)
        return table.fillna(0).reset_index()

    def rates(self) -> None:
        months = self.months
        now, before = months["c0"] > 0, months["c1"] > 0
        flags = months[["territory_id", "product_id"]].assign(
            LISTING_num=now & months["is_target"],
            LISTING_den=months["is_target"],
            ACTIVE_num=now,
            ACTIVE_den=(months[["c1", "c2", "c3"]] > 0).any(axis=1),
            STOCKOUT_num=months["stockout_lines"],
            STOCKOUT_den=months["demanded_lines"],
            REPURCHASE_num=now & before,
            REPURCHASE_den=before,
        )
        sizes = flags.groupby(["territory_id", "product_id"]).sum().astype("int64")
        goals = self.targets.set_index(["territory_id", "product_id"])
        self.rate_rows = []
        for key, row in sizes.iterrows():
            for rate in RATES:
                num, den = int(row[f"{rate.code}_num"]), int(row[f"{rate.code}_den"])
                goal = int(goals.loc[key, f"{rate.code.lower()}_target"])
                measure = rate.judged_with(self.parameters).measure
                status = judge(measure, num, den, goal, self.parameters)
                self.rate_rows.append([*map(int, key), rate.code, num, den, status])
        self.rate_rows.sort()

    def shares(self) -> None:
        """Sticks of each targeted product, of its brand and of everything in the territory."""
        now = self.facts[self.facts["month"] == self.month.number]
        sums = self.targets[["territory_id", "product_id"]].merge(
            self.products[["product_id", "brand"]]
        )
        for name, keys in {
            "product": ["territory_id", "product_id"],
            "brand": ["territory_id", "brand"],
            "area": ["territory_id"],
        }.items():
            sticks = now.groupby(keys)["sticks"].sum().rename(f"{name}_sticks")
            sums = sums.join(sticks, on=keys)
        self.share_rows = sums.drop(columns="brand").fillna(0).astype("int64").to_numpy().tolist()

    def indicators(self) -> None:
        k, facts, f = self.month, self.facts, self.people
        now = facts[facts["month"] == k.number]
        group = now.groupby("territory_id")
        total = group[["sticks", "amount_fen", "key_sticks", "margin_fen", "retail_fen",
                       "demanded_lines", "stockout_lines"]].sum()  # fmt: skip
        total["bought_products"] = (now["delivered_cartons"] > 0).groupby(now["territory_id"]).sum()
        volume = now.groupby(["territory_id", "customer_id"])["sticks"].sum()
        total["ordering_customers"] = (volume > 0).groupby(level=0).sum()
        last_year = facts[facts["month"] == k.shift(-12).number].groupby("territory_id")
        total["last_year_sticks"] = last_year["sticks"].sum()
        total["key_last_year_sticks"] = last_year["key_sticks"].sum()
        previous = facts[facts["month"] == k.previous.number].groupby("territory_id")
        total["previous_sticks"] = previous["sticks"].sum()
        total["order_days"] = self.lines.groupby("territory_id").size()
        active = f[f["open_date"] <= k.last_day.isoformat()]
        people = active.groupby("territory_id")
        total["customers"] = people.size()
        total["online_customers"] = (active["order_mode"] == "ONLINE").groupby(
            active["territory_id"]
        ).sum()  # fmt: skip
        total["e_settle_customers"] = (active["settle_mode"] == "ELECTRONIC").groupby(
            active["territory_id"]
        ).sum()  # fmt: skip
        windows = pd.DataFrame(
            [(row.weekday, row.day.isoformat()) for row in self.windows],
            columns=["order_weekday", "order_date"],
        )
        due = active.reset_index().merge(windows, on="order_weekday")
        total["due_days"] = due.groupby("territory_id").size()
        ordered = self.lines[["customer_id", "order_date"]].drop_duplicates()
        met = due.merge(ordered.rename(columns={"customer_id": "id"}), on=["id", "order_date"])
        total["met_days"] = met.groupby("territory_id").size()
        self.indicator_rows = []
        for territory, row in total.fillna(0).astype("int64").iterrows():
            figures = TerritoryFigures(**{name: int(value) for name, value in row.items()})
            for indicator in INDICATORS:
                if not indicator.is_entered:
                    pair = market_figure(indicator.code, figures)
                    self.indicator_rows.append([int(territory), indicator.code, *pair])
        self.indicator_rows.sort()

    def write(self) -> None:
        """Back into the database, in one transaction."""
        cursor = self.connection.cursor()
        cursor.execute("BEGIN")
        self.write_effect(cursor)
        cursor.execute("CREATE TABLE result_problem (customer_id, code, product_id)")
        cursor.executemany("INSERT INTO result_problem VALUES (?, ?, ?)",
                           self.found.astype(object).itertuples(index=False, name=None))  # fmt: skip
        plain = {"rate": (self.rate_rows, "t, p, r, n, d, s"),
                 "share": (self.share_rows, "t, p, ps, bs, a"),
                 "indicator": (self.indicator_rows, "t, i, n, d")}  # fmt: skip
        for name, (found, fields) in plain.items():
            cursor.execute(f"CREATE TABLE result_{name} ({fields})")
            places = ", ".join("?" * len(fields.split(", ")))
            cursor.executemany(f"INSERT INTO result_{name} VALUES ({places})", found)  # noqa: S608
        self.connection.commit()

    def write_effect(self, cursor: sqlite3.Cursor) -> None:
        """Figures of the customers and scores of their effect items."""
        columns = [*self.people.columns]
        cursor.execute(f"CREATE TABLE result_state (customer_id, {', '.join(columns)})")
        rows = self.people.astype(object).where(self.people.notna(), None)
        places = ", ".join("?" * (len(columns) + 1))
        cursor.executemany(f"INSERT INTO result_state VALUES ({places})",  # noqa: S608
                           rows.itertuples(name=None))  # fmt: skip
        cursor.execute("CREATE TABLE result_item (customer_id, item, score)")
        long = self.items.reset_index(names="customer_id").melt("customer_id")
        long = long.astype(object).where(long.notna(), None)
        cursor.executemany("INSERT INTO result_item VALUES (?, ?, ?)",
                           long.itertuples(index=False, name=None))  # fmt: skip

    def results(self) -> dict[str, list[list[Any]]]:
        """The same lists as `Statements.results`."""
        queries = {
            "effect items": "SELECT customer_id, item, score FROM result_item ORDER BY 1, 2",
            "states": "SELECT customer_id, effect_score, effect_band, ability_score, ability_band, "
            "growth_shortfall, peer_level, operating_state_id FROM result_state ORDER BY 1",
            "problems": "SELECT customer_id, code, product_id FROM result_problem ORDER BY 1, 2, 3",
            "rates": "SELECT * FROM result_rate ORDER BY 1, 2, 3",
            "brand shares": "SELECT * FROM result_share ORDER BY 1, 2",
            "indicators": "SELECT * FROM result_indicator ORDER BY 1, 2",
        }
        return {
            name: [list(row) for row in self.connection.execute(query)]
            for name, query in queries.items()
        }


def _band(score: Any, upper: int, lower: int, names: tuple[str, str, str]) -> Any:
    values = score.astype("Float64")
    words = np.select([values >= upper * 100, values >= lower * 100], names[:2], names[2])
    return pd.Series(words, index=score.index).where(score.notna())
