"""「数据已更新」 through the importer that feed, push endpoint and people share (domain: late import)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.analysis import territory_analyses as analyses
from app.analysis.computation import newest_sales_batch
from app.analysis.newer_data import changes_since
from app.analysis.statements.territory_analysis import AnalysisCompleted
from app.analysis.territory_analyses import BRAND, MARKET
from app.analysis.work_area import WorkArea
from app.exchange import importer
from app.exchange.unattended_import import import_file
from app.kernel.actor import Actor, acting_as
from app.kernel.db import db
from app.master.calendar import restore_day, set_day
from app.master.parameters import ensure_first_version
from app.models import BrandTarget, SalesSource, TargetCustomer, Territory
from tests.analysis import world as w
from tests.analysis.shops import shop
from tests.exchange.conftest import write_csv

pytestmark = pytest.mark.sql

ACTOR = Actor(None, "feed", "feed")
HEAD = ["客户编码", "商品编码", "订货日期", "订单号", "销量", "金额"]
DAY = w.K.first_day.isoformat()


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """Six shops in territory 1 without sales; product 1 has a listing target of 50 %."""
    with app.app_context(), acting_as(ACTOR):
        connection = db.session.connection()
        world = w.World()
        world.facts = [w.fact(1, 2, w.K.shift(-20), 1)]
        shop(connection, world)
        target = {
            "id": 1, "company_id": 1, "territory_id": 1, "product_id": 1, "from_month": w.K,
            "to_month": w.K, "listing_target": 5_000, "list_revision": 1,
        }  # fmt: skip
        w.add(connection, BrandTarget, [target])
        listed = {"company_id": 1, "target_id": 1, "added_revision": 1}
        w.add(connection, TargetCustomer, [{**listed, "customer_id": n} for n in range(1, 7)])
        ensure_first_version(db.session(), 1)
        db.session.commit()
        yield db.session()
        db.session.rollback()


@pytest.fixture
def fed(session: Session, tmp_path: Path) -> Callable[[Sequence[Sequence[Any]]], int]:
    """Import lines as the watched folder does; the batch's id."""

    def feed(rows: Sequence[Sequence[Any]]) -> int:
        path = write_csv(tmp_path / "sales_lines.csv", [HEAD, *rows])
        return import_file(1, "sales_lines", path, path.name, ACTOR, SalesSource.MARKETING).id

    return feed


def line(customer: int, cartons: int) -> list[Any]:
    return [f"{customer:06d}", "P001", DAY, "S1", cartons, cartons * 100]


def area(session: Session) -> WorkArea:
    places = tuple(session.scalars(select(Territory).where(Territory.id == 1)))
    return WorkArea(w.K, places, places[0])


def changed_figures(session: Session, steps: Any, analysis: Any) -> dict[str, tuple[Any, Any]]:
    return {
        steps.text(steps.key(row)): (row.old_actual_num, row.new_actual_num)
        for row in analyses.differences(session, steps, analysis)
    }


@pytest.mark.parametrize("steps", [BRAND, MARKET], ids=["brand", "market"])
def test_newer_sales_show_until_computed_again(
    session: Session, fed: Callable[..., int], steps: Any
):
    first = fed([line(1, 5), line(2, 5)])
    analyses.compute(session, steps, area(session), w.K)
    session.commit()
    analysis = analyses.analysis_of(session, steps, 1, w.K)
    assert analysis.data_batch_id == first
    assert changes_since(session, steps, analysis) == []
    assert changed_figures(session, steps, analysis) == {}
    # The same file once more changes nothing, so there is nothing new.
    fed([line(1, 5), line(2, 5)])
    assert changes_since(session, steps, analysis) == []
    second = fed([line(2, 6), line(3, 5)])
    assert changes_since(session, steps, analysis) == ["sales"]
    figures = changed_figures(session, steps, analysis)
    name = "1-LISTING" if steps is BRAND else "VOLUME"
    assert figures[name] == ((2, 3) if steps is BRAND else (2000, 3200))
    stored = {
        steps.text(steps.key(row)): row for row in analyses.lines_of(session, steps, analysis)
    }
    assert stored[name].actual_num == figures[name][0], "never recomputed by itself"
    analyses.compute(session, steps, area(session), w.K)
    session.commit()
    analysis = analyses.analysis_of(session, steps, 1, w.K)
    assert analysis.data_batch_id == second
    assert changes_since(session, steps, analysis) == []
    assert changed_figures(session, steps, analysis) == {}


@pytest.mark.parametrize("steps", [BRAND, MARKET], ids=["brand", "market"])
def test_a_completed_analysis_is_reopened_first(
    session: Session, fed: Callable[..., int], steps: Any
):
    fed([line(1, 5)])
    analyses.compute(session, steps, area(session), w.K)
    analysis = analyses.analysis_of(session, steps, 1, w.K)
    analyses.complete(session, steps, analysis, analysis.version)
    session.commit()
    fed([line(2, 5)])
    assert changes_since(session, steps, analysis) == ["sales"]
    before = changed_figures(session, steps, analysis)
    assert before
    with pytest.raises(AnalysisCompleted):
        analyses.compute(session, steps, area(session), w.K)
    # Together with other territories it stays as it is.
    everywhere = WorkArea(w.K, tuple(session.scalars(select(Territory))))
    analyses.compute(session, steps, everywhere, w.K)
    assert changed_figures(session, steps, analysis) == before
    analyses.reopen(session, steps, analysis)
    analyses.compute(session, steps, area(session), w.K)
    session.commit()
    analysis = analyses.analysis_of(session, steps, 1, w.K)
    assert changes_since(session, steps, analysis) == []
    assert changed_figures(session, steps, analysis) == {}


def test_the_import_committed_last_is_the_newest(
    session: Session, fed: Callable[..., int], tmp_path: Path
):
    path = write_csv(tmp_path / "waits.csv", [HEAD, line(4, 5)])
    waiting = importer.create_batch(1, "sales_lines", path, path.name, ACTOR)
    session.commit()
    importer.check(waiting.id)
    later = fed([line(1, 5)])
    assert newest_sales_batch(session.connection(), 1) == later
    importer.commit(waiting.id)
    assert newest_sales_batch(session.connection(), 1) == waiting.id


def test_a_changed_calendar_shows_in_the_market_analysis(session: Session):
    for steps in (BRAND, MARKET):
        analyses.compute(session, steps, area(session), w.K)
    session.commit()
    market = analyses.analysis_of(session, MARKET, 1, w.K)
    brand = analyses.analysis_of(session, BRAND, 1, w.K)
    other = w.M.first_day + dt.timedelta(1)
    set_day(session, 1, other, is_workday=False, name="election day")
    session.commit()
    assert changes_since(session, MARKET, market) == []
    day = next(day for day in w.K.days() if day.isoweekday() == 2)
    set_day(session, 1, day, is_workday=False, name="storm")
    session.commit()
    assert changes_since(session, MARKET, market) == ["calendar"]
    assert changes_since(session, BRAND, brand) == []
    analyses.compute(session, MARKET, area(session), w.K)
    session.commit()
    market = analyses.analysis_of(session, MARKET, 1, w.K)
    assert changes_since(session, MARKET, market) == []
    restore_day(session, 1, day)  # no trace in the calendar itself
    session.commit()
    assert changes_since(session, MARKET, market) == ["calendar"]
