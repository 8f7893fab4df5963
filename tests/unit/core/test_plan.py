"""What the loop decides: rule by rule, and as properties of whole simulated runs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loop_samples import STARTED, Turn, World, a_plan, a_score, a_state, an_iteration

from dark_factory.core.agent_run import AgentOutcome, CostLabel, Usage
from dark_factory.core.plan import (
    Deliver,
    Plan,
    RunAgent,
    Start,
    Stop,
    Validate,
    WriteFeedback,
    ending,
    judge,
    next_action,
)
from dark_factory.core.report import Layer, Status
from dark_factory.core.score import GateScore, ScenarioScore, Score
from dark_factory.core.state import (
    AgentBegan,
    Delivered,
    Event,
    Iteration,
    RunPaused,
    RunResumed,
    RunStopped,
    State,
    Validated,
    evolve,
)
from dark_factory.core.verdict import Decision, Verdict
from dark_factory.loop import converge, replay
from dark_factory.testing import MemoryJournal

PLAN = a_plan()
BAD, GOOD = a_score(0.5), a_score(1.0)


def verdict_of(*iterations: Iteration, plan: Plan = PLAN, elapsed: float = 0.0, attempts: int = 0) -> Verdict:
    verdict = judge(plan, a_state(*iterations, elapsed=elapsed, attempts=attempts))
    assert verdict is not None
    return verdict


# --- next_action: the order of the steps ---


def test_a_run_begins_by_taking_the_base() -> None:
    assert next_action(PLAN, State()) == Start()


@pytest.mark.parametrize("number", [0, 1])
def test_a_candidate_is_validated_then_told_then_delivered(number: int) -> None:
    base = an_iteration(0, BAD)
    bare = Iteration(number=number, tree="t")
    before = (base,) if number else ()

    def state(last: Iteration) -> State:
        return State(started=STARTED, iterations=(*before, last))

    assert next_action(PLAN, state(bare)) == Validate(bare)
    judged = replace(bare, score=BAD)
    assert next_action(PLAN, state(judged)) == WriteFeedback(judged)
    told = replace(judged, feedback="f")
    # The base is the author's own tree: there is nothing to deliver.
    expected = Deliver(told) if number else RunAgent(1, 7200.0)
    assert next_action(PLAN, state(told)) == expected


def test_the_agent_gets_what_is_left_of_the_time() -> None:
    assert next_action(PLAN, a_state(an_iteration(0, BAD), elapsed=200.0)) == RunAgent(1, 7000.0)


def test_a_satisfied_base_ends_the_run_without_a_call_or_a_delivery() -> None:
    action = next_action(PLAN, a_state(an_iteration(0, GOOD)))
    assert isinstance(action, Stop)
    assert action.verdict.decision is Decision.CONVERGED
    assert action.verdict.reason == "satisfaction 100% reaches the threshold 80% at iteration 0"
    assert action.best == 0


def test_a_worse_last_candidate_is_covered_by_the_best_one_before_the_end() -> None:
    best = an_iteration(1, a_score(0.7))
    state = a_state(an_iteration(0, BAD), best, an_iteration(2, a_score(0.2)))
    plan = a_plan(max_iterations=2)
    assert next_action(plan, state) == Deliver(best, restores=True)
    action = next_action(plan, replace(state, head_iteration=1))
    assert isinstance(action, Stop)
    assert action.best == 1


@pytest.mark.parametrize(
    "ended",
    [
        RunStopped(at=0.0, decision=Decision.STALLED, reason="r", best=0),
        RunPaused(at=0.0, decision=Decision.INTERRUPTED, reason="r"),
    ],
)
def test_a_run_that_ended_does_nothing_until_it_is_resumed(ended: RunStopped | RunPaused) -> None:
    state = evolve(a_state(an_iteration(0, BAD)), ended)
    assert next_action(PLAN, state) is None
    assert isinstance(next_action(PLAN, evolve(state, RunResumed(at=0.0))), RunAgent)


# --- converged ---


@pytest.mark.parametrize(
    ("score", "satisfied"),
    [
        (a_score(0.8), True),
        (a_score(0.79), False),
        (a_score(None), False),
        (a_score(None, red=["lint"]), False),
        (a_score(1.0, red=["lint"]), False),
        (a_score(1.0, red=["lint"], status=Status.SKIPPED), False),
        (a_score(1.0, red=["lint"], status=Status.ERRORED), False),
        (a_score(1.0, red=["security"], layer=Layer.STRUCTURAL), False),
        (a_score(1.0, errored=True), False),
    ],
)
def test_converged_needs_everything_judged_and_passed(score: Score, satisfied: bool) -> None:
    verdict = judge(PLAN, a_state(an_iteration(0, BAD), an_iteration(1, score)))
    assert (verdict is not None and verdict.decision is Decision.CONVERGED) == satisfied


def test_converged_on_the_last_allowed_iteration_is_not_exhausted() -> None:
    iterations = [an_iteration(0, BAD), an_iteration(1, GOOD)]
    assert verdict_of(*iterations, plan=a_plan(max_iterations=1)).decision is Decision.CONVERGED


def test_converged_although_time_and_money_are_used_up() -> None:
    done = an_iteration(1, GOOD, usage=Usage(tokens=100, usd=100.0))
    verdict = verdict_of(an_iteration(0, BAD), done, plan=a_plan(usd=1.0, tokens=1), elapsed=1e6)
    assert verdict.decision is Decision.CONVERGED


def test_a_run_that_converged_delivers_a_satisfied_candidate() -> None:
    """An earlier one with a higher share, of which a part could not be judged, is no better."""
    unjudged = an_iteration(1, a_score(0.95, errored=True))
    state = a_state(an_iteration(0, BAD), unjudged, an_iteration(2, a_score(0.85)))
    action = next_action(PLAN, state)
    assert isinstance(action, Stop)
    assert action.verdict.decision is Decision.CONVERGED
    assert action.best == 2


# --- infrastructure and agent ---


@pytest.mark.parametrize(
    ("base", "name"),
    [
        (a_score(0.5, errored=True), "scenario e"),
        (a_score(None, red=["types"], status=Status.ERRORED), "gate types"),
    ],
)
def test_a_base_that_cannot_be_judged_is_not_the_agents_work(base: Score, name: str) -> None:
    verdict = verdict_of(an_iteration(0, base))
    assert verdict.decision is Decision.INFRASTRUCTURE
    assert verdict.reason == f"the base could not be judged: {name} errored"
    assert "gate_results.json" in verdict.do


def test_an_error_in_a_later_candidate_goes_back_to_the_agent() -> None:
    state = a_state(an_iteration(0, BAD), an_iteration(1, a_score(0.5, errored=True)))
    assert judge(PLAN, state) is None


def test_an_agent_call_that_is_cut_off_three_times_ends_the_run() -> None:
    state = a_state(an_iteration(0, BAD), attempts=2)
    assert judge(PLAN, state) is None
    verdict = verdict_of(an_iteration(0, BAD), attempts=3)
    assert verdict.decision is Decision.INFRASTRUCTURE
    assert verdict.reason == "iteration 1's agent call was cut off 3 times of 3"


def test_no_agent_is_a_verdict_of_its_own() -> None:
    verdict = verdict_of(an_iteration(0, BAD), plan=a_plan(agent=None))
    assert verdict.decision is Decision.AGENT_FAILED
    assert "names no agent" in verdict.reason
    assert verdict_of(an_iteration(0, GOOD), plan=a_plan(agent=None)).decision is Decision.CONVERGED


def test_an_agent_that_does_not_start_ends_the_run_at_once() -> None:
    failed = an_iteration(1, BAD, tree="t0", outcome=AgentOutcome.NOT_STARTED, note="codex: not found")
    verdict = verdict_of(an_iteration(0, BAD), failed)
    assert verdict.decision is Decision.AGENT_FAILED
    assert verdict.reason == "the agent could not be started: codex: not found"


@pytest.mark.parametrize(
    ("second_tree", "outcomes", "fails"),
    [
        ("t0", (AgentOutcome.CRASHED, AgentOutcome.TIMED_OUT), True),
        ("t0", (AgentOutcome.TIMED_OUT, AgentOutcome.TIMED_OUT), True),
        ("t0", (AgentOutcome.UNCHANGED, AgentOutcome.CRASHED), False),
        ("t0", (AgentOutcome.CRASHED, AgentOutcome.UNCHANGED), False),
        ("t2", (AgentOutcome.CRASHED, AgentOutcome.CRASHED), False),
    ],
)
def test_two_failed_calls_in_a_row_without_a_change_end_the_run(
    second_tree: str, outcomes: tuple[AgentOutcome, AgentOutcome], fails: bool
) -> None:
    state = a_state(
        an_iteration(0, BAD),
        an_iteration(1, BAD, tree="t0", outcome=outcomes[0]),
        an_iteration(2, BAD, tree=second_tree, outcome=outcomes[1], note="the last words"),
    )
    verdict = judge(PLAN, state)
    assert (verdict is not None and verdict.decision is Decision.AGENT_FAILED) == fails
    if fails:
        assert verdict is not None
        assert verdict.reason == "2 agent calls in a row of 2 failed and changed nothing: the last words"


@pytest.mark.parametrize("outcome", [AgentOutcome.NOT_STARTED, AgentOutcome.CRASHED])
def test_a_run_whose_agent_was_mended_goes_on(outcome: AgentOutcome) -> None:
    failed = [an_iteration(number, BAD, tree="t0", outcome=outcome) for number in (1, 2)]
    state = a_state(an_iteration(0, BAD), *failed)
    verdict = judge(PLAN, state)
    assert verdict is not None
    ended = evolve(state, RunStopped(at=0.0, decision=verdict.decision, reason=verdict.reason, best=0))
    resumed = evolve(ended, RunResumed(at=0.0))
    assert judge(PLAN, resumed) is None
    # A mere interruption mends nothing.
    paused = evolve(state, RunPaused(at=0.0, decision=Decision.INTERRUPTED, reason="Ctrl-C"))
    assert judge(PLAN, evolve(paused, RunResumed(at=0.0))) == verdict


# --- oscillating ---


def scores(*marks: str) -> list[Score]:
    return [a_score(0.5, failure=mark) for mark in marks]


def test_trees_that_alternate_oscillate() -> None:
    trees, marks = ("a", "b", "a", "b"), scores("1", "2", "3", "4")
    iterations = [an_iteration(n, mark, tree=tree) for n, (tree, mark) in enumerate(zip(trees, marks, strict=True))]
    verdict = verdict_of(*iterations)
    assert verdict.decision is Decision.OSCILLATING
    assert verdict.reason == "iterations 0 to 3 alternate between the same two trees"


def test_failures_that_alternate_oscillate() -> None:
    iterations = [an_iteration(n, mark) for n, mark in enumerate(scores("z", "x", "y", "x", "y"))]
    verdict = verdict_of(*iterations)
    assert verdict.decision is Decision.OSCILLATING
    assert verdict.reason == "iterations 1 to 4 alternate between the same two failures"


@pytest.mark.parametrize("marks", [("x", "y", "x"), ("x", "y", "x", "z"), ("x", "x", "x", "x")])
def test_less_than_two_rounds_do_not_oscillate(marks: tuple[str, ...]) -> None:
    iterations = [an_iteration(n, mark) for n, mark in enumerate(scores(*marks))]
    verdict = judge(a_plan(stall_after=9), a_state(*iterations))
    assert verdict is None


def test_a_run_that_still_improves_does_not_oscillate() -> None:
    values = [
        a_score(0.1, failure="x"),
        a_score(0.2, failure="y"),
        a_score(0.3, failure="x"),
        a_score(0.4, failure="y"),
    ]
    iterations = [an_iteration(n, value) for n, value in enumerate(values)]
    assert judge(PLAN, a_state(*iterations)) is None


# --- stalled ---


def stalled(*values: Score, trees: str = "", stall_after: int = 3) -> str:
    iterations = [
        an_iteration(number, value, tree=trees[number] if trees else None) for number, value in enumerate(values)
    ]
    verdict = judge(a_plan(stall_after=stall_after, max_iterations=99), a_state(*iterations))
    if verdict is None:
        return ""
    assert verdict.decision is Decision.STALLED
    assert "take over by hand" in verdict.do
    return verdict.reason


def test_layer_one_that_stays_red_stalls_even_while_findings_fall() -> None:
    values = [a_score(None, red=["lint"], findings=count, failure=str(count)) for count in (9, 8, 7, 6)]
    assert stalled(*values) == "layer 1 was red in the last 3 iterations (stall_after = 3)"
    assert stalled(*values[:3]) == ""


def test_an_agent_that_changes_nothing_stalls() -> None:
    assert stalled(*[BAD] * 4, trees="aaaa") == "the agent changed nothing in the last 3 iterations (stall_after = 3)"
    assert stalled(*[BAD] * 3, trees="aaa") == ""


def test_the_same_failures_stall() -> None:
    assert stalled(*[BAD] * 4) == "the same failures in the last 3 iterations (stall_after = 3)"


def test_no_better_score_stalls() -> None:
    values = [a_score(0.2, failure="0"), a_score(0.6, failure="1")]
    values += [a_score(share, failure=str(share)) for share in (0.5, 0.4, 0.3)]
    assert stalled(*values) == "no better score than iteration 1's in the last 3 iterations (stall_after = 3)"
    assert stalled(*values[:4]) == ""


def test_the_bound_is_the_one_of_the_settings() -> None:
    assert stalled(BAD, BAD, stall_after=1) == "the same failures in the last 1 iterations (stall_after = 1)"
    assert stalled(BAD, BAD, stall_after=2) == ""


def test_a_blocking_gate_of_layer_two_is_not_layer_one() -> None:
    values = [
        a_score(share, red=["security"], layer=Layer.STRUCTURAL, failure=str(share)) for share in (0.1, 0.2, 0.3, 0.4)
    ]
    assert stalled(*values) == ""


# --- limits ---


def test_exhausted_says_how_many_of_how_many() -> None:
    verdict = verdict_of(an_iteration(0, BAD), an_iteration(1, a_score(0.6)), plan=a_plan(max_iterations=1))
    assert verdict.decision is Decision.EXHAUSTED
    assert verdict.reason == "iterations 1 of 1"
    assert verdict_of(an_iteration(0, BAD), plan=a_plan(max_iterations=0)).reason == "iterations 0 of 0"


@pytest.mark.parametrize(
    ("plan", "usage", "reason"),
    [
        (a_plan(tokens=1000), Usage(tokens=1000), "tokens: 1,000 of 1,000"),
        (a_plan(usd=2.0), Usage(usd=2.5), "2.50 USD of 2.00 USD"),
        (a_plan(tokens=1000), Usage(tokens=999), None),
        (a_plan(usd=2.0), Usage(usd=1.99), None),
        (
            a_plan(tokens=1000, usd=2.0),
            Usage(),
            "the bill of a call is unknown, so budget.tokens = 1,000 can't be held",
        ),
    ],
)
def test_the_budget_is_checked_before_the_next_call(plan: Plan, usage: Usage, reason: str | None) -> None:
    verdict = judge(plan, a_state(an_iteration(0, BAD), an_iteration(1, a_score(0.6), usage=usage)))
    assert (verdict.reason if verdict else None) == reason
    if verdict:
        assert verdict.decision is Decision.OVER_BUDGET
        assert "budget." in verdict.do


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        (a_plan(tokens=1000), "tokens: at least 1,500 of 1,000"),
        (a_plan(usd=2.0), "at least 3.00 USD of 2.00 USD"),
    ],
)
def test_a_call_without_a_bill_does_not_lift_the_ceiling(plan: Plan, reason: str) -> None:
    billed = an_iteration(1, a_score(0.6), usage=Usage(tokens=1500, usd=3.0, label=CostLabel.REPORTED))
    unbilled = an_iteration(2, a_score(0.7), usage=Usage())
    assert verdict_of(an_iteration(0, BAD), billed, unbilled, plan=plan).reason == reason


def test_out_of_time_says_how_much_of_how_much() -> None:
    assert judge(a_plan(max_duration=60.0), a_state(an_iteration(0, BAD), elapsed=59.9)) is None
    assert verdict_of(an_iteration(0, BAD), plan=a_plan(max_duration=60.0), elapsed=60.0).reason == "1m of 1m are used"
    verdict = verdict_of(an_iteration(0, BAD), plan=a_plan(max_duration=60.0), elapsed=90.2)
    assert verdict.decision is Decision.OUT_OF_TIME
    assert verdict.reason == "1m30s of 1m are used"


def test_the_ending_is_what_the_events_say() -> None:
    state = a_state(an_iteration(0, BAD))
    assert ending(state) is None
    paused = ending(evolve(state, RunPaused(at=0.0, decision=Decision.INTERRUPTED, reason="Ctrl-C")))
    assert paused is not None
    assert (paused.decision, paused.reason) == (Decision.INTERRUPTED, "Ctrl-C")
    assert "--resume" in paused.do
    stopped = ending(evolve(state, RunStopped(at=0.0, decision=Decision.STALLED, reason="why", best=0)))
    assert stopped == Verdict(decision=Decision.STALLED, reason="why")


# --- whole runs ---

SCORES = st.builds(
    a_score,
    st.sampled_from([None, 0.0, 0.25, 0.5, 0.75, 0.8, 1.0]),
    failure=st.sampled_from(["f", "g"]),
    red=st.sampled_from([(), (), (), ("lint",), ("lint", "types")]),
    status=st.sampled_from([Status.FAILED, Status.ERRORED, Status.SKIPPED]),
    layer=st.sampled_from(list(Layer)),
    errored=st.sampled_from([False, False, False, True]),
    findings=st.integers(0, 2),
)
USAGES = st.builds(
    Usage,
    tokens=st.none() | st.integers(0, 500),
    usd=st.none() | st.floats(0, 3, allow_nan=False),
)
TURNS = st.lists(
    st.builds(
        Turn,
        tree=st.sampled_from("abcdef"),
        score=SCORES,
        outcome=st.sampled_from([AgentOutcome.EDITED] * 3 + list(AgentOutcome)),
        usage=USAGES,
        duration=st.floats(0, 40, allow_nan=False),
    ),
    min_size=1,
    max_size=9,
)
PLANS = st.builds(
    a_plan,
    max_iterations=st.integers(0, 8),
    threshold=st.sampled_from([0.0, 0.5, 0.8, 1.0]),
    stall_after=st.integers(1, 4),
    max_duration=st.sampled_from([1.0, 60.0, 200.0, 1e6]),
    usd=st.none() | st.sampled_from([0.0, 1.0, 5.0]),
    tokens=st.none() | st.sampled_from([1, 600, 1500]),
    agent=st.sampled_from(["command", "command", "command", None]),
)


def run(plan: Plan, turns: list[Turn], events: tuple[Event, ...] = ()) -> tuple[State, MemoryJournal, World]:
    journal, world = MemoryJournal(events), World(turns=turns)
    return converge(plan, journal, world), journal, world


@given(plan=PLANS, turns=TURNS)
@settings(deadline=None, max_examples=200)
def test_every_run_ends_within_its_limits(plan: Plan, turns: list[Turn]) -> None:
    state, journal, world = run(plan, turns)
    limits = plan.limits
    assert isinstance(state.ended, RunStopped)
    assert state == replay(journal)
    calls = [
        (action, seen) for action, seen in zip(world.asked, world.seen, strict=True) if isinstance(action, RunAgent)
    ]
    assert len(calls) <= limits.max_iterations
    for action, seen in calls:
        assert action.iteration == seen.last.number + 1 <= limits.max_iterations
        assert 0 < action.seconds == limits.max_duration - seen.elapsed
        assert limits.tokens is None or seen.least_tokens < limits.tokens
        assert limits.usd is None or seen.least_usd < limits.usd
        assert plan.agent is not None


@given(plan=PLANS, turns=TURNS)
@settings(deadline=None, max_examples=200)
def test_every_candidate_is_judged_and_the_best_is_delivered(plan: Plan, turns: list[Turn]) -> None:
    state, journal, _ = run(plan, turns)
    assert all(one.score is not None and one.feedback is not None for one in state.iterations)
    judged = [event.iteration for event in journal.events() if isinstance(event, Validated)]
    assert judged == list(range(len(state.iterations)))
    assert all(one.commit is not None for one in state.iterations[1:])
    ranks = [one.score.rank for one in state.iterations if one.score]
    best = max(number for number, rank in enumerate(ranks) if rank == max(ranks))
    assert isinstance(state.ended, RunStopped)
    assert state.ended.best == best
    assert state.head_iteration == (best if len(state.iterations) > 1 else 0)
    assert (state.head is None) == (len(state.iterations) == 1)
    last = state.last.score
    assert last is not None
    threshold = plan.limits.satisfaction_threshold
    assert (state.ended.decision is Decision.CONVERGED) == last.satisfied(threshold)
    if state.ended.decision is Decision.CONVERGED:
        delivered = state.iterations[best].score
        assert delivered is not None
        assert delivered.satisfied(threshold)


def essence(state: State) -> object:
    """What must not depend on interruptions."""
    return (state.iterations, state.head, state.head_iteration, state.ended, state.elapsed)


@given(plan=PLANS, turns=TURNS, data=st.data())
@settings(deadline=None, max_examples=150)
def test_a_run_that_is_killed_anywhere_ends_as_if_it_had_not_been(
    plan: Plan, turns: list[Turn], data: st.DataObject
) -> None:
    # The bill of a call that was cut off is unknown, so with a ceiling the run has to end there.
    plan = replace(plan, limits=replace(plan.limits, usd=None, tokens=None))
    whole, journal, _ = run(plan, turns)
    events = journal.events()
    # A run that ended because its agent failed is taken up after that was mended: see above.
    mended = whole.ended is not None and whole.ended.decision is Decision.AGENT_FAILED
    cut = data.draw(st.integers(1, len(events) - mended))
    state, resumed, _ = run(plan, turns, (*events[:cut], RunResumed(at=0.0)))
    assert essence(state) == essence(whole)

    def deliveries(log: MemoryJournal) -> list[str]:
        return [event.commit for event in log.events() if isinstance(event, Delivered)]

    assert deliveries(resumed) == deliveries(journal)
    lost = isinstance(events[cut - 1], AgentBegan)
    assert state.calls == whole.calls + lost


@given(plan=PLANS, turns=TURNS)
@settings(deadline=None, max_examples=100)
def test_a_run_that_is_killed_in_every_agent_call_still_ends(plan: Plan, turns: list[Turn]) -> None:
    """Each process dies right after it announced a call."""
    events: tuple[Event, ...] = ()
    for _ in range(3 * plan.limits.max_iterations + 4):
        journal = MemoryJournal(events)
        killed = False
        for event in _until_killed(plan, journal, World(turns=turns)):
            killed = isinstance(event, AgentBegan)
        if not killed:
            break
        events = (*journal.events(), RunResumed(at=0.0))
    state = replay(journal)
    assert isinstance(state.ended, RunStopped)
    assert state.calls <= 3
    assert len(state.iterations) == 1


def _until_killed(plan: Plan, journal: MemoryJournal, world: World) -> list[Event]:
    state, new = replay(journal), []
    while (action := next_action(plan, state)) is not None:
        for event in world(action, state):
            journal.append(event)
            new.append(event)
            state = evolve(state, event)
            if isinstance(event, AgentBegan):
                return new
    return new


@given(turns=TURNS)
@settings(deadline=None, max_examples=50)
def test_more_iterations_go_on_from_an_exhausted_run(turns: list[Turn]) -> None:
    """A run of two and then of four iterations is the run of four."""
    plan = a_plan(max_iterations=2, threshold=1.0)
    first, journal, _ = run(plan, turns)
    assert isinstance(first.ended, RunStopped)
    if first.ended.decision is not Decision.EXHAUSTED:
        return
    more = a_plan(max_iterations=4, threshold=1.0)
    state, _, _ = run(more, turns, (*journal.events(), RunResumed(at=0.0)))
    direct, _, _ = run(more, turns)
    assert [(one.number, one.tree, one.score) for one in state.iterations] == [
        (one.number, one.tree, one.score) for one in direct.iterations
    ]
    assert isinstance(state.ended, RunStopped)
    assert isinstance(direct.ended, RunStopped)
    assert (state.ended.decision, state.ended.best) == (direct.ended.decision, direct.ended.best)


def test_each_new_state_is_told() -> None:
    told: list[State] = []
    journal = MemoryJournal()
    state = converge(PLAN, journal, World(turns=[Turn(tree="a", score=GOOD)]), told=told.append)
    assert len(told) == len(journal.events())
    assert told[-1] == state


# --- what no agent can mend ---


def test_a_base_whose_scenarios_are_all_skipped_is_blocked_before_a_call() -> None:
    skipped = ScenarioScore(id="s", name="S", status=Status.SKIPPED, reason="the command nosuch is missing")
    verdict = verdict_of(an_iteration(0, Score(scenarios=(skipped,))))
    assert verdict.decision is Decision.BLOCKED
    assert "the command nosuch is missing" in verdict.reason
    assert verdict_of(an_iteration(0, Score())).decision is Decision.BLOCKED


def test_a_red_base_is_not_blocked_for_its_scenarios_were_not_looked_at() -> None:
    red = GateScore(name="lint", layer=Layer.DETERMINISTIC, blocking=True, status=Status.FAILED, failure="f")
    assert judge(PLAN, a_state(an_iteration(0, Score(gates=(red,), skipped="layer 1 failed")))) is None


def test_a_validation_that_ends_the_factory_three_times_ends_the_run() -> None:
    unjudged = replace(an_iteration(1, BAD), score=None, feedback=None)
    state = a_state(an_iteration(0, BAD), unjudged, attempts=2)
    assert isinstance(next_action(PLAN, state), Validate)
    action = next_action(PLAN, replace(state, attempts=3))
    assert isinstance(action, Stop)
    assert action.verdict.decision is Decision.INFRASTRUCTURE
    assert action.verdict.reason == "iteration 1's validation was cut off 3 times of 3"


def test_a_call_that_was_cut_off_leaves_the_bill_unknown() -> None:
    state = a_state(an_iteration(0, BAD, usage=Usage(tokens=0, usd=0.0)))
    state = evolve(evolve(state, AgentBegan(at=1, iteration=1)), RunResumed(at=2))
    assert (state.cut_off, state.tokens, state.usd) == (1, None, None)
