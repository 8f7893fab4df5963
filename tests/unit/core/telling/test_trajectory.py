from __future__ import annotations

from dataclasses import replace

import pytest
from example_run import NOT_RUN, UNUSED, gates, scenarios, state_of
from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.agent_run import AgentOutcome
from dark_factory.core.shares import sparkline
from dark_factory.core.state import Iteration
from dark_factory.core.telling.trajectory import happened, trajectory


def test_each_iteration_is_a_step() -> None:
    steps = trajectory(state_of())
    assert [(one.number, one.passed, one.evaluated, one.red, one.judged) for one in steps] == [
        (0, 1, 5, (), True),
        (1, 0, 0, ("lint",), True),
        (2, 3, 5, (), True),
        (3, 2, 5, (), True),
    ]
    assert [one.satisfaction for one in steps] == [0.2, None, 0.6, 0.4]


def test_change_is_against_the_last_iteration_that_has_a_satisfaction() -> None:
    changes = [one.change for one in trajectory(state_of())]
    assert changes == [None, None, pytest.approx(0.4), pytest.approx(-0.2)]


def test_a_candidate_that_was_not_judged_yet_has_no_figures() -> None:
    state = state_of(((gates(), scenarios("cli")), (gates(UNUSED), NOT_RUN)))
    state = replace(state, iterations=(state.iterations[0], replace(state.iterations[1], score=None)))
    step = trajectory(state)[-1]
    assert (step.judged, step.satisfaction, step.change, step.red) == (False, None, None, ())


def test_what_happened_names_the_call_and_what_was_undone() -> None:
    assert [one.happened for one in trajectory(state_of())] == [
        "the base",
        "the agent edited files",
        "the agent edited files",
        "the agent edited files; 1 protected path put back; 1 path refused",
    ]


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (AgentOutcome.UNCHANGED, "the agent changed nothing"),
        (AgentOutcome.TIMED_OUT, "the agent ran out of time"),
        (AgentOutcome.CRASHED, "the agent failed"),
        (AgentOutcome.NOT_STARTED, "the agent could not be started"),
        (None, "nothing known of the agent's call"),
    ],
)
def test_every_outcome_has_words(outcome: AgentOutcome | None, words: str) -> None:
    iteration = Iteration(number=1, tree="t", outcome=outcome, reset=("a", "b"))
    assert happened(iteration) == f"{words}; 2 protected paths put back"


def test_sparkline_of_known_shares() -> None:
    assert sparkline([0.0, 0.125, 0.5, 0.874, 1.0, None, 1.5, -1.0]) == "▁▂▅▇█·█▁"


@settings(deadline=None, max_examples=100)
@given(st.lists(st.none() | st.floats(0, 1), max_size=20))
def test_sparkline_rises_with_the_share(values: list[float | None]) -> None:
    bars = sparkline(values)
    assert len(bars) == len(values)
    known = sorted((value, bar) for value, bar in zip(values, bars, strict=True) if value is not None)
    assert [bar for _, bar in known] == sorted(bar for _, bar in known)
