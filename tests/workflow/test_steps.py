"""The table of steps is complete, in order, and agrees with the modules that exist."""

import ast
import re
from pathlib import Path

import pytest

import app.models  # noqa: F401 -- loads every entity
from app.kernel.db import db
from app.security.permissions import RoleName
from app.workflow.steps import STEP_BY_NUMBER, STEPS, Stage, module_path

pytestmark = pytest.mark.pure

ROOT = Path(__file__).resolve().parents[2]
BUILT = [step for step in STEPS if (ROOT / (module_path(step).replace(".", "/") + ".py")).exists()]


def test_fourteen_steps_in_the_manual_s_order_and_stages():
    assert [step.number for step in STEPS] == list(range(1, 15))
    stages = [step.stage for step in STEPS]
    assert stages == [
        *[Stage.ANALYSIS] * 6, *[Stage.PLAN] * 4, *[Stage.EXECUTION] * 2,
        Stage.EVALUATION, Stage.IMPROVEMENT,
    ]  # fmt: skip
    assert all(stage.msgid for stage in Stage)


def test_gates_name_earlier_steps_and_say_what_is_missing():
    for step in STEPS:
        assert all(number < step.number for number in (*step.gate_steps, *step.warns_without))
        assert step.gate or not step.gate_steps
        assert step.module.startswith(f"step_{step.number:02d}_")
        assert step.clause == f"§2.2-{step.number}"


def test_actors_and_approvers_are_roles_and_nobody_approves_own_work():
    roles = {role.value for role in RoleName}
    for step in STEPS:
        assert step.actor in roles
        assert step.approver is None or step.approver in roles - {step.actor}
    assert [step.number for step in STEPS if step.approver] == [7, 8, 12]


def test_the_analysis_is_built():
    assert {1, 2, 3, 4, 5, 6} <= {step.number for step in BUILT}
    assert STEP_BY_NUMBER[5].stage is Stage.ANALYSIS


@pytest.mark.parametrize("step", BUILT, ids=lambda step: step.module)
def test_a_built_step_says_what_it_reads_and_writes(step):
    source = (ROOT / (module_path(step).replace(".", "/") + ".py")).read_text(encoding="utf-8")
    text = ast.get_docstring(ast.parse(source))
    assert text
    assert text.startswith(f"§2.2 step {step.number} — ")
    for word in ("Reads", "Writes", "Grain", "Units", "Nulls", "Errors", "Ambiguity"):
        assert re.search(rf"^{word}: ", text, re.MULTILINE), word
    tables = set(db.Model.metadata.tables)
    assert set(step.reads) | set(step.writes) <= tables
    told = re.search(r"^Writes: (.*?)(?=^\w+: )", text, re.MULTILINE | re.DOTALL)
    assert told
    written = {name for name in re.findall(r"[a-z_]+", told[1]) if name in tables}
    assert written <= set(step.writes)
