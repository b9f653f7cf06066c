"""Coming visits of customers whom an import closes or moves."""

import datetime as dt

import pytest
from sqlalchemy import select

from app.kernel.db import db
from app.kernel.period import WorkWeek, local_today
from app.models import ChangeLog, RowOrigin, VisitPlan, VisitStatus
from tests.exchange.conftest import Importing
from tests.exchange.test_master_sheets import HEADER, customer, shop

pytestmark = pytest.mark.sql


def test_an_import_cancels_visits_of_closed_and_hands_over_those_of_moved(imported: Importing):
    imported("customers", [HEADER, shop("1"), shop("2"), shop("3")])
    day = local_today() + dt.timedelta(days=3)
    for code in "123":
        row = customer(code)
        db.session.add(
            VisitPlan(
                company_id=row.company_id,
                territory_id=row.territory_id,
                customer_id=row.id,
                date=day,
                month=WorkWeek.of(day).month,
                origin=RowOrigin.AUTOMATIC,
                status=VisitStatus.PLANNED,
            )
        )
    db.session.commit()
    moved = [*shop("2", 片区="T2"), "正常"]
    imported(
        "customers", [[*HEADER, "客户状态"], [*shop("1"), "停业"], moved, [*shop("3"), "正常"]]
    )
    db.session.expire_all()
    visits = {
        visit.customer.code: (visit.status, visit.territory.code)
        for visit in db.session.scalars(select(VisitPlan))
    }
    assert visits == {
        "1": (VisitStatus.CANCELLED, "T1"),
        "2": (VisitStatus.PLANNED, "T2"),
        "3": (VisitStatus.PLANNED, "T1"),
    }
    changes = db.session.scalars(
        select(ChangeLog).where(ChangeLog.entity == "VisitPlan", ChangeLog.action == "CHANGED")
    ).all()
    assert sorted(len(row.changes) for row in changes) == [1, 1]
