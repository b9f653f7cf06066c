"""Every link of the board leads to a page that opens, for the territory and month it is about."""

from collections.abc import Callable

import pytest
from flask import Flask, g, render_template_string, url_for

from app.kernel.db import db, read_only
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.models import Territory
from app.security.row_scope import UNRESTRICTED, scoped_to
from app.workflow.board import Board, Link, step_board
from app.workflow.rules_board import StepState
from app.workflow.steps import STEPS
from tests.analysis.demo_visitors import DemoVisitor, demo, visitor  # noqa: F401

pytestmark = pytest.mark.web

MONTH = Month.current()
PARTS = """{% import 'workflow/step_tracker.html' as tracker with context %}
{% import 'workflow/step_heatmap.html' as heatmap with context %}
{{ tracker.styles() }}{{ tracker.step_tracker(board) }}{{ heatmap.step_heatmap(board) }}"""


def board_of(app: Flask, *codes: str) -> Board:
    with app.app_context(), scoped_to(UNRESTRICTED), read_only():
        session = db.session()
        places = [session.query(Territory).filter_by(code=code).one() for code in codes]
        scope = Scope.of(places[0].company_id, [place.id for place in places])
        return step_board(session, scope, MONTH)


def address(app: Flask, link: Link) -> str:
    with app.test_request_context():
        return url_for(link.endpoint, **link.values)


def test_links_open_for_whoever_works_there(
    demo: Flask,  # noqa: F811
    visitor: Callable[[str], DemoVisitor],  # noqa: F811
):
    person = visitor("customer2")
    board = board_of(demo, "YH-A2")
    links = [cell.link for cell in board.sums.values()]
    blocked = [cell for cell in board.sums.values() if cell.state is StepState.NOT_READY]
    assert blocked
    assert all(cell.reason and cell.unblock for cell in blocked)
    links += [cell.unblock for cell in blocked if cell.unblock]
    place = board.places[0]
    for link in links:
        assert link.values["work_month"] == MONTH.key
        assert link.values.get("q_territory", place.id) == place.id
    for url in sorted({address(demo, link) for link in links}):
        answer = person.get(url)
        while answer.status_code in (302, 303):
            answer = person.get(answer.headers["Location"])
        assert answer.status_code == 200, url


def test_tracker_and_heat_map_say_state_count_reason_and_way(demo: Flask):  # noqa: F811
    board = board_of(demo, "YH-A1", "YH-A2")
    with demo.test_request_context():
        g.role_names = frozenset()
        page = render_template_string(PARTS, board=board)
    for step in STEPS:
        cell = board.sums[step.number]
        assert f'data-step="{step.number}" data-state="{cell.state.name}"' in page
    assert page.count('class="heat state-') == 2 * len(STEPS)
    cell = board.sums[7]
    assert cell.state is StepState.NOT_READY
    assert cell.reason is not None
    assert page.count('class="step-why"') == sum(
        one.reason is not None for one in board.sums.values()
    )
    assert "style=" not in page
    assert "<script" not in page
