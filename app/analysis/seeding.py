"""Default content of the analysis per company: state matrix, problem types, questionnaire version 1.

The official matrix and lists are not public; these are defaults every company may change. A table
is filled only while the company has no row in it. Run after `app.master.seeding.seed_company`,
whose strategies and needs are referred to. The caller commits.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, exists, func, insert, literal, select

from app.kernel.period import Month
from app.kernel.seed_file import read_seed
from app.models import (
    AbilityBand,
    EffectBand,
    NeedOption,
    OperatingState,
    OperatingStateStrategy,
    ProblemType,
    ProblemTypeStrategy,
    QuestionnaireForm,
    QuestionnaireFormOption,
    ServiceStrategy,
)

SEED_FOLDER = Path(__file__).parent / "seed"
SORT_STEP = 10
FIRST_MONTH = Month(2000, 1)
"""Version 1 of the questionnaire is in force from the beginning."""

Row = dict[str, str]


def seed_analysis(connection: Connection, company_id: int) -> list[str]:
    """Fill what the company lacks. Returns the names of the tables filled."""
    filled = []
    if _is_empty(connection, OperatingState, company_id):
        rows = read_seed(SEED_FOLDER / "operating_states.csv")
        _insert(connection, OperatingState, company_id, [_state(row) for row in rows])
        _link(connection, company_id, OperatingState, OperatingStateStrategy, rows)
        filled.append("operating_state")
    if _is_empty(connection, ProblemType, company_id):
        rows = read_seed(SEED_FOLDER / "problem_types.csv")
        _insert(connection, ProblemType, company_id, [_names(row) for row in rows])
        _link(connection, company_id, ProblemType, ProblemTypeStrategy, rows)
        filled.append("problem_type")
    if _is_empty(connection, QuestionnaireForm, company_id):
        _first_form(connection, company_id)
        filled.append("questionnaire_form")
    return filled


def _is_empty(connection: Connection, model: type[Any], company_id: int) -> bool:
    statement = select(exists().where(model.__table__.c.company_id == company_id))
    return not connection.execute(statement).scalar_one()


def _names(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("code", "name", "name_en")}


def _state(row: Row) -> dict[str, Any]:
    return {
        **_names(row),
        "effect_band": EffectBand[row["effect_band"]] if row["effect_band"] else None,
        "ability_band": AbilityBand[row["ability_band"]] if row["ability_band"] else None,
        "is_problem": row["is_problem"] == "1",
        "guidance": row["guidance"],
    }


def _insert(
    connection: Connection, model: type[Any], company_id: int, rows: list[dict[str, Any]]
) -> None:
    connection.execute(
        insert(model.__table__),
        [
            {**row, "company_id": company_id, "sort": number * SORT_STEP}
            for number, row in enumerate(rows, start=1)
        ],
    )


def _ids(connection: Connection, model: type[Any], company_id: int) -> dict[str, int]:
    table = model.__table__
    rows = connection.execute(
        select(table.c.code, table.c.id).where(table.c.company_id == company_id)
    )
    return {row.code: row.id for row in rows}


def _link(
    connection: Connection,
    company_id: int,
    owner: type[Any],
    link: type[Any],
    rows: tuple[Row, ...],
) -> None:
    """Tie entries to the strategies their seed row names; those a company removed are left out."""
    owners = _ids(connection, owner, company_id)
    strategies = _ids(connection, ServiceStrategy, company_id)
    pairs = [
        {f"{owner.__tablename__}_id": owners[row["code"]], "strategy_id": strategies[code]}
        for row in rows
        for code in row["strategies"].split()
        if code in strategies
    ]
    if pairs:
        connection.execute(insert(link.__table__), pairs)


def _first_form(connection: Connection, company_id: int) -> None:
    form, option, need = (
        QuestionnaireForm.__table__,
        QuestionnaireFormOption.__table__,
        NeedOption.__table__,
    )
    connection.execute(
        insert(form), {"company_id": company_id, "number": 1, "from_month": FIRST_MONTH}
    )
    form_id = select(func.max(form.c.id)).where(form.c.company_id == company_id).scalar_subquery()
    connection.execute(
        insert(option).from_select(
            ["form_id", "need_option_id"],
            select(form_id, need.c.id).where(
                need.c.company_id == company_id, need.c.is_active, literal(1) == literal(1)
            ),
        )
    )
