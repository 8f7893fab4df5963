"""What reports say of themselves: layer 1, what blocks, satisfaction."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
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


def a_gate(status: Status, layer: Layer, *, blocking: bool = False) -> GateResult:
    return GateResult(name="g", kind="command", layer=layer, blocking=blocking, status=status)


def a_report(*parts: tuple[Status, float]) -> ScenarioReport:
    return ScenarioReport(
        results=tuple(
            ScenarioResult(id=str(number), name="n", path="p", category="", weight=weight, status=status)
            for number, (status, weight) in enumerate(parts)
        )
    )


@pytest.mark.parametrize(
    ("path", "line", "text"),
    [
        ("src/a.py", 3, "src/a.py:3: F401: unused"),
        ("src/a.py", None, "src/a.py: F401: unused"),
        (None, None, "F401: unused"),
        (None, 3, "F401: unused"),
    ],
)
def test_a_finding_names_its_place_as_editors_link_it(path: str | None, line: int | None, text: str) -> None:
    assert str(Finding(level=Level.ERROR, rule="F401", message="unused", path=path, line=line)) == text


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("layer", list(Layer))
@pytest.mark.parametrize("blocking", [False, True])
def test_a_gate_blocks_when_it_may_and_did_not_pass(status: Status, layer: Layer, blocking: bool) -> None:
    result = a_gate(status, layer, blocking=blocking)
    report = GateReport(results=(result,))
    assert result.blocks == (blocking and status is not Status.PASSED)
    assert report.blocking == ((result,) if result.blocks else ())
    assert report.layer_one_passed == (layer is Layer.STRUCTURAL or status is Status.PASSED)


def test_without_gates_nothing_blocks() -> None:
    assert GateReport().layer_one_passed
    assert GateReport().blocking == ()


@pytest.mark.parametrize(
    ("parts", "satisfaction", "passed"),
    [
        ([], None, False),
        ([(Status.SKIPPED, 1.0)], None, False),
        ([(Status.ERRORED, 1.0)], None, False),
        ([(Status.PASSED, 1.0)], 1.0, True),
        ([(Status.FAILED, 1.0)], 0.0, False),
        ([(Status.PASSED, 3.0), (Status.FAILED, 1.0)], 0.75, False),
        ([(Status.PASSED, 1.0), (Status.FAILED, 3.0)], 0.25, False),
        ([(Status.PASSED, 1.0), (Status.SKIPPED, 9.0)], 1.0, True),
        ([(Status.PASSED, 1.0), (Status.ERRORED, 9.0)], 1.0, False),
    ],
)
def test_satisfaction_is_the_weighted_share_of_what_was_evaluated(
    parts: list[tuple[Status, float]], satisfaction: float | None, passed: bool
) -> None:
    report = a_report(*parts)
    assert report.satisfaction == satisfaction
    assert report.passed == passed


@given(st.lists(st.tuples(st.sampled_from(list(Status)), st.integers(1, 1000)), max_size=15))
@settings(deadline=None, max_examples=150)
def test_satisfaction_agrees_with_exact_fractions(parts: list[tuple[Status, int]]) -> None:
    report = a_report(*((status, weight / 10) for status, weight in parts))
    passed = sum(weight for status, weight in parts if status is Status.PASSED)
    evaluated = passed + sum(weight for status, weight in parts if status is Status.FAILED)
    if not evaluated:
        assert report.satisfaction is None
        return
    assert report.satisfaction == pytest.approx(float(Fraction(passed, evaluated)), abs=1e-12)
    # Exactly one only when all passed, whatever the rounding of the sums.
    assert (report.satisfaction == 1.0) == (passed == evaluated)
    assert sum(report.count(status) for status in Status) == len(parts)
