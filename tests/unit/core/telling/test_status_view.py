from __future__ import annotations

import json

import pytest
from example_run import NOT_RUN, REPORTS, UNUSED, Reports, gates, scenarios, state_of
from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.plan import Limits, Plan
from dark_factory.core.state import (
    Delivered,
    Event,
    FeedbackWritten,
    RunPaused,
    RunStopped,
    State,
    evolve,
)
from dark_factory.core.telling.status_view import snapshot
from dark_factory.core.verdict import Decision

PLAN = Plan(
    limits=Limits(max_iterations=5, satisfaction_threshold=0.8, stall_after=3, max_duration=7200.0, usd=10.0),
    agent="command",
)
TOLD = FeedbackWritten(at=9, iteration=3, path="f", duration=0)
DELIVERED = Delivered(at=9, iteration=3, branch="b", commit="c3", restores=False, duration=0)


def after(*events: Event) -> State:
    state = state_of()
    for event in events:
        state = evolve(state, event)
    return state


def test_the_snapshot_of_a_run() -> None:
    assert snapshot(after(TOLD, DELIVERED), plan=PLAN) == {
        "run": "20260714-1",
        "iteration": 3,
        "verdict": None,
        "reason": None,
        "satisfaction": 0.4,
        "history": [0.2, None, 0.6, 0.4],
        "failing": [
            {"id": "expired", "name": "An expired alias is free again", "status": "failed", "since": 0, "until": 3},
            {"id": "slow", "name": "A slow client blocks nobody", "status": "failed", "since": 0, "until": 3},
            {"id": "listing", "name": "Links are listed newest first", "status": "failed", "since": 3, "until": 3},
        ],
        "gates": [
            {"name": "lint", "layer": 1, "status": "passed", "findings": 0},
            {"name": "types", "layer": 1, "status": "passed", "findings": 0},
            {"name": "complexity", "layer": 2, "status": "failed", "findings": 1},
            {"name": "coverage", "layer": 2, "status": "passed", "findings": 0},
            {"name": "security", "layer": 2, "status": "errored", "findings": 0},
        ],
        "budget": {
            "iterations": [3, 5],
            "seconds": [380.0, 7200.0],
            "tokens": [36_000, None],
            "usd": [0.75, 10.0],
        },
        "next": "The agent is to be called for iteration 4.",
        "best": 2,
    }


def test_before_the_first_run_there_is_a_next_step() -> None:
    view = snapshot(State(), plan=PLAN)
    assert (view["run"], view["iteration"], view["satisfaction"], view["best"]) == (None, None, None, None)
    assert view["next"] == "`inv factory.loop` starts a run."


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ((), "The feedback on iteration 3 is to be written."),
        ((TOLD,), "Iteration 3 is to be committed to the run's branch."),
        ((RunPaused(at=9, decision=Decision.INTERRUPTED, reason="Ctrl-C"),), "`inv factory.loop --resume`"),
        ((RunStopped(at=9, decision=Decision.STALLED, reason="same", best=2),), "Read escalation.md"),
        ((DELIVERED, RunStopped(at=9, decision=Decision.CONVERGED, reason="x", best=3)), "`git merge "),
    ],
)
def test_the_next_step_is_what_the_loop_would_do(events: tuple[Event, ...], words: str) -> None:
    assert words in str(snapshot(after(*events), plan=PLAN)["next"])


def test_a_base_that_satisfies_asks_for_nothing() -> None:
    state = evolve(
        state_of(((gates(), scenarios()),)), RunStopped(at=9, decision=Decision.CONVERGED, reason="x", best=0)
    )
    view = snapshot(state, plan=PLAN)
    assert (view["verdict"], view["reason"]) == ("converged", "x")
    assert view["next"] == "Nothing is to be done: the base satisfies."


def test_what_is_about_to_stop_says_why() -> None:
    limits = Limits(max_iterations=3, satisfaction_threshold=0.8, stall_after=9, max_duration=7200.0)
    restored = Delivered(at=9, iteration=2, branch="b", commit="c4", restores=True, duration=0)
    plan = Plan(limits=limits, agent="command")
    assert "committed to the run's branch again" in str(snapshot(after(TOLD, DELIVERED), plan=plan)["next"])
    assert "end as exhausted: iterations 3 of 3" in str(snapshot(after(TOLD, DELIVERED, restored), plan=plan)["next"])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from([*REPORTS, (gates(UNUSED), NOT_RUN)]), min_size=1, max_size=5))
def test_every_state_is_json(history: list[Reports]) -> None:
    view = snapshot(state_of(tuple(history)), plan=PLAN)
    assert json.loads(json.dumps(view, allow_nan=False)) == view
    assert view["iteration"] == len(history) - 1
