"""What a validation is reduced to, and when that is enough."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dark_factory.core.report import (
    Finding,
    GateReport,
    GateResult,
    Layer,
    Level,
    ScenarioReport,
    ScenarioResult,
    Status,
)
from dark_factory.core.score import Score, score


def gate(
    status: Status = Status.PASSED,
    *,
    name: str = "lint",
    layer: Layer = Layer.DETERMINISTIC,
    blocking: bool = True,
    findings: tuple[Finding, ...] = (),
    output: str = "",
) -> GateResult:
    return GateResult(
        name=name, kind="command", layer=layer, blocking=blocking, status=status, findings=findings, output=output
    )


def scenario(
    status: Status, *, key: str = "s", weight: float = 1.0, reason: str = "", stdout: str = "", stderr: str = ""
) -> ScenarioResult:
    return ScenarioResult(
        id=key, name=key.upper(), path=f"scenarios/{key}.md", category="c", weight=weight, status=status, reason=reason,
        public_reason="for the agent", stdout=stdout, stderr=stderr, duration=2.0,
    )  # fmt: skip


def scenarios(*results: ScenarioResult) -> ScenarioReport:
    return ScenarioReport(results=results)


def finding(message: str, *, line: int = 1, path: str = "a.py") -> Finding:
    return Finding(level=Level.ERROR, rule="F401", message=message, path=path, line=line)


def reduced(gates: list[GateResult], *results: ScenarioResult) -> Score:
    return score(GateReport(results=tuple(gates)), scenarios(*results))


def test_it_keeps_what_decisions_need() -> None:
    found = finding("unused")
    result = reduced([gate(Status.FAILED, findings=(found,))], scenario(Status.FAILED, weight=2.0))
    (one,), (other,) = result.gates, result.scenarios
    assert (one.name, one.layer, one.blocking, one.status, one.findings) == ("lint", 1, True, Status.FAILED, 1)
    assert one.failure
    assert (other.id, other.name, other.category, other.weight) == ("s", "S", "c", 2.0)
    assert other.reason == "for the agent"
    assert other.duration == 2.0


def test_what_passed_has_no_failure() -> None:
    result = reduced([gate(output="all is well")], scenario(Status.PASSED, stdout="hello"))
    assert result.gates[0].failure == result.scenarios[0].failure == result.failure == ""


def test_the_reason_why_scenarios_were_skipped_is_kept() -> None:
    report = ScenarioReport(skipped_reason="layer 1 failed")
    assert score(GateReport(), report).skipped == "layer 1 failed"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (gate(Status.FAILED, findings=(finding("x"),)), gate(Status.FAILED, findings=(finding("x", line=9),)), True),
        (gate(Status.FAILED, findings=(finding("x"),)), gate(Status.FAILED, findings=(finding("y"),)), False),
        (gate(Status.FAILED, findings=(finding("x"),)), gate(Status.FAILED, findings=(finding("x", path="b"),)), False),
        (gate(Status.FAILED, output="took 0.1 s"), gate(Status.FAILED, output="took 9.7 s"), True),
        (gate(Status.FAILED, output="a"), gate(Status.FAILED, output="b"), False),
        (gate(Status.FAILED, output="a"), gate(Status.ERRORED, output="a"), False),
    ],
)
def test_two_failures_of_a_gate_are_the_same_when_their_words_are(
    one: GateResult, other: GateResult, same: bool
) -> None:
    assert (reduced([one]).failure == reduced([other]).failure) == same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("at 0x7f3a12 in 12 ms", "at 0x11 in 9 ms", True),
        ("KeyError: 'a'", "KeyError: 'b'", False),
    ],
)
def test_two_failures_of_a_scenario_are_the_same_when_their_words_are(one: str, other: str, same: bool) -> None:
    first, second = (reduced([], scenario(Status.FAILED, stderr=text)).failure for text in (one, other))
    assert (first == second) == same


def test_a_tracked_gate_is_no_failure_of_the_candidate() -> None:
    result = reduced([gate(Status.FAILED, layer=Layer.STRUCTURAL, blocking=False)], scenario(Status.PASSED))
    assert result.failure == ""
    assert result.blocked_by == ()
    assert result.satisfied(1.0)


@pytest.mark.parametrize("status", [Status.FAILED, Status.ERRORED, Status.SKIPPED])
def test_a_blocking_gate_that_did_not_pass_blocks(status: Status) -> None:
    for layer in Layer:
        result = reduced([gate(status, layer=layer)], scenario(Status.PASSED))
        assert [one.name for one in result.blocked_by] == ["lint"]
        assert not result.satisfied(0.0)
        assert result.layer_one_passed == (layer is not Layer.DETERMINISTIC)


def test_skipped_is_not_passed() -> None:
    assert not reduced([gate()], scenario(Status.SKIPPED)).satisfied(0.0)
    half = reduced([gate()], scenario(Status.SKIPPED), scenario(Status.PASSED, key="t"))
    assert half.satisfaction == 1.0
    assert half.satisfied(1.0)


def test_nothing_evaluated_is_not_satisfied() -> None:
    empty = reduced([gate()])
    assert empty.satisfaction is None
    assert not empty.satisfied(0.0)


def test_errored_is_never_satisfied() -> None:
    result = reduced([gate()], scenario(Status.PASSED), scenario(Status.ERRORED, key="broken"))
    assert result.satisfaction == 1.0
    assert result.errored == ("scenario broken",)
    assert not result.satisfied(0.0)
    assert [one.id for one in result.failing] == ["broken"]


def test_a_tracked_gate_that_errored_does_not_make_us_unable_to_judge() -> None:
    result = reduced([gate(Status.ERRORED, layer=Layer.STRUCTURAL, blocking=False)], scenario(Status.PASSED))
    assert result.errored == ()
    assert reduced([gate(Status.ERRORED)]).errored == ("gate lint",)


def test_four_of_five_reach_four_fifths() -> None:
    results = [scenario(Status.PASSED if number < 4 else Status.FAILED, key=str(number)) for number in range(5)]
    result = reduced([], *results)
    assert result.satisfied(0.8)
    assert not result.satisfied(0.81)


WEIGHTED = st.lists(st.tuples(st.integers(1, 50), st.booleans()), min_size=1, max_size=12)


@given(WEIGHTED, st.sampled_from([1, 10, 100, 3, 7]))
@example([(1, True)] * 8 + [(1, False)] * 2, 10)
@example([(1, True), (1, True), (1, True), (1, False)], 10)
@settings(deadline=None, max_examples=200)
def test_a_share_reaches_exactly_the_threshold_that_it_is(parts: list[tuple[int, bool]], scale: int) -> None:
    """Weights such as 0.1 are no binary fractions; the comparison must not depend on how their sum is rounded."""
    exact = Fraction(sum(weight for weight, passed in parts if passed), sum(weight for weight, _ in parts))
    results = [
        scenario(Status.PASSED if passed else Status.FAILED, key=str(number), weight=weight / scale)
        for number, (weight, passed) in enumerate(parts)
    ]
    result = reduced([], *results)
    assert result.satisfaction == pytest.approx(float(exact), abs=1e-12)
    assert result.satisfied(float(exact))
    assert not result.satisfied(float(exact) + 1e-6)
    assert (result.satisfaction == 1.0) == (exact == 1)


STATUSES = st.sampled_from(list(Status))
RESULTS = st.lists(STATUSES, max_size=5).map(
    lambda many: tuple(scenario(status, key=str(number)) for number, status in enumerate(many))
)
GATES = st.lists(st.tuples(STATUSES, st.sampled_from(list(Layer)), st.booleans()), max_size=4).map(
    lambda many: tuple(
        gate(status, name=str(number), layer=layer, blocking=blocking or layer is Layer.DETERMINISTIC)
        for number, (status, layer, blocking) in enumerate(many)
    )
)
SCORES = st.builds(lambda gates, results: reduced(list(gates), *results), GATES, RESULTS)


@given(SCORES, SCORES, st.sampled_from([0.0, 0.5, 0.8, 1.0]))
@settings(deadline=None, max_examples=200)
def test_nothing_unsatisfied_ranks_above_a_satisfied_candidate(one: Score, other: Score, threshold: float) -> None:
    if one.satisfied(threshold) and other.rank >= one.rank:
        assert other.satisfied(threshold)


@given(GATES, RESULTS)
@settings(deadline=None, max_examples=100)
def test_satisfied_means_that_nothing_blocks_and_something_passed(
    gates: tuple[GateResult, ...], results: tuple[ScenarioResult, ...]
) -> None:
    result = reduced(list(gates), *results)
    if result.satisfied(0.5):
        assert not GateReport(results=gates).blocking
        assert any(one.status is Status.PASSED for one in results)
        assert not any(one.status is Status.ERRORED for one in results)


def test_candidates_are_ordered_by_gates_then_share_then_findings() -> None:
    def one(red: int, passed: int, count: int = 0) -> Score:
        gates = [gate(Status.FAILED, name=str(number), findings=(finding("x"),) * count) for number in range(red)]
        results = [
            scenario(Status.PASSED if number < passed else Status.FAILED, key=str(number)) for number in range(4)
        ]
        return reduced(gates, *results)

    order = [one(2, 4), one(1, 1, 9), one(1, 1, 3), one(1, 2, 9), one(0, 0), one(0, 3), one(0, 4)]
    assert sorted(order, key=lambda score: score.rank) == order
