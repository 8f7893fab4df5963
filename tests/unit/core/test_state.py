"""The state that events give, one kind of event after the other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loop_samples import STARTED, a_score, a_state, an_iteration

from dark_factory.core.agent_run import AgentOutcome, Usage
from dark_factory.core.state import (
    AgentBegan,
    AgentEnded,
    Delivered,
    Event,
    FeedbackWritten,
    RunPaused,
    RunResumed,
    RunStopped,
    State,
    Validated,
    ValidationBegan,
    evolve,
)
from dark_factory.core.verdict import Decision
from dark_factory.loop import replay
from dark_factory.testing import MemoryJournal

BAD = a_score(0.5)
CALLED = AgentEnded(
    at=0.0, iteration=1, outcome=AgentOutcome.EDITED, tree="t1", changed=3, reset=("specs/a.md",),
    refused=("link: bad",), usage=Usage(tokens=7, usd=0.5), exit_status=0, note="hm", duration=30.0,
)  # fmt: skip


def after(*events: Event) -> State:
    return replay(MemoryJournal((STARTED, *events)))


def test_a_run_begins_with_the_base_as_the_agent_sees_it() -> None:
    state = after()
    assert state.started == STARTED
    assert (state.last.number, state.last.tree, state.last.score) == (0, "t0", None)


def test_a_validation_is_announced_then_kept() -> None:
    state = after(ValidationBegan(at=0.0, iteration=0))
    assert state.began == "validation"
    state = evolve(state, Validated(at=0.0, iteration=0, score=BAD, duration=12.5))
    assert (state.began, state.elapsed, state.last.score) == ("", 12.5, BAD)


def test_feedback_is_kept_and_its_time_counts() -> None:
    state = after(FeedbackWritten(at=0.0, iteration=0, path="f.md", duration=0.5))
    assert (state.last.feedback, state.elapsed) == ("f.md", 0.5)


def test_a_call_makes_the_next_iteration() -> None:
    state = after(AgentBegan(at=0.0, iteration=1))
    assert (state.began, state.attempts, state.calls, len(state.iterations)) == ("agent", 1, 1, 1)
    state = evolve(state, CALLED)
    assert (state.began, state.attempts, state.calls, state.elapsed) == ("", 0, 1, 30.0)
    last = state.last
    assert (last.number, last.tree, last.changed, last.reset, last.refused) == (
        1, "t1", 3, ("specs/a.md",), ("link: bad",),
    )  # fmt: skip
    assert (last.outcome, last.usage, last.note, last.duration) == (CALLED.outcome, CALLED.usage, "hm", 30.0)
    assert (last.score, last.feedback, last.commit) == (None, None, None)


def test_a_call_that_never_ended_still_counts() -> None:
    began = AgentBegan(at=0.0, iteration=1)
    state = after(began, RunResumed(at=0.0), began, RunResumed(at=0.0))
    assert (state.attempts, state.calls, state.began) == (2, 2, "")


def test_a_delivery_moves_the_head() -> None:
    delivered = Delivered(at=0.0, iteration=1, branch="b", commit="c1", restores=False, duration=1.0)
    state = after(CALLED, delivered)
    assert (state.head, state.head_iteration, state.last.commit, state.elapsed) == ("c1", 1, "c1", 31.0)
    again = replace(delivered, iteration=0, commit="c2", restores=True)
    state = evolve(state, again)
    assert (state.head, state.head_iteration) == ("c2", 0)
    # The newest candidate keeps its own commit.
    assert state.last.commit == "c1"


def test_an_ended_run_can_be_taken_up() -> None:
    for event in (
        RunPaused(at=0.0, decision=Decision.INTERRUPTED, reason="r"),
        RunStopped(at=0.0, decision=Decision.EXHAUSTED, reason="r", best=0),
    ):
        state = after(event)
        assert state.ended == event
        assert evolve(state, RunResumed(at=0.0)).ended is None


@given(st.lists(st.sampled_from([None, 0.0, 0.5, 1.0]), min_size=1, max_size=8))
@settings(deadline=None, max_examples=100)
def test_the_best_is_the_latest_of_equals(shares: list[float | None]) -> None:
    state = a_state(*(an_iteration(number, a_score(share)) for number, share in enumerate(shares)))
    values = [-1.0 if share is None else share for share in shares]
    assert state.best.number == max(number for number, value in enumerate(values) if value == max(values))


def test_a_candidate_that_was_not_judged_is_not_the_best() -> None:
    state = a_state(an_iteration(0, BAD), replace(an_iteration(1, BAD), score=None))
    assert state.best.number == 0


@pytest.mark.parametrize(
    ("usages", "tokens", "usd", "least"),
    [
        ([], 0, 0.0, (0, 0.0)),
        ([Usage(tokens=5, usd=1.0), Usage(tokens=6, usd=0.5)], 11, 1.5, (11, 1.5)),
        ([Usage(tokens=5, usd=1.0), Usage()], None, None, (5, 1.0)),
        ([Usage(tokens=5), Usage(usd=2.0)], None, None, (5, 2.0)),
    ],
)
def test_the_bill_is_unknown_when_a_part_of_it_is(
    usages: list[Usage], tokens: int | None, usd: float | None, least: tuple[int, float]
) -> None:
    calls = [an_iteration(number, BAD, usage=usage) for number, usage in enumerate(usages, start=1)]
    state = a_state(an_iteration(0, BAD), *calls)
    assert (state.tokens, state.usd) == (tokens, usd)
    assert (state.least_tokens, state.least_usd) == least
