from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from dark_factory.core.judging.thresholds import apply, change, figure_of
from dark_factory.core.report import Finding, Level, Reading, Status

FINDING = Finding(level=Level.ERROR, rule="R", message="m")
VALUES = st.integers(-5, 15).map(float) | st.floats(-5, 15)
NAMES = st.sampled_from(["complexity", "coverage", "findings", "high", "max_complexity", "min_maintainability"])
KEYS = st.builds(str.__add__, st.sampled_from(["max_", "min_"]), NAMES)
READINGS = st.builds(
    Reading,
    status=st.sampled_from(Status),
    findings=st.just((FINDING,)),
    figures=st.dictionaries(NAMES, VALUES, max_size=4),
    reason=st.sampled_from(["", "why"]),
    counts=st.frozensets(st.sampled_from(["findings", "high"])),
)
BOUNDS = st.dictionaries(KEYS, VALUES, max_size=3)


def passed(**figures: float) -> Reading:
    return Reading(status=Status.PASSED, figures=figures)


def counted(**figures: float) -> Reading:
    counts = frozenset({"findings", "high"})
    return Reading(status=Status.FAILED, findings=(FINDING,), figures=figures, counts=counts)


def test_beyond_the_bound_is_failed_with_value_and_limit() -> None:
    reading = apply(passed(max_complexity=14), {"max_complexity": 10})
    assert reading.status is Status.FAILED
    assert reading.reason == "max_complexity is 14, the limit is 10"
    both = apply(passed(coverage=79.5, branch_coverage=60), {"min_coverage": 80, "min_branch_coverage": 70})
    assert both.reason == "coverage is 79.5, the limit is 80; branch_coverage is 60, the limit is 70"


def test_the_bound_itself_is_allowed() -> None:
    assert apply(passed(coverage=80), {"min_coverage": 80, "max_coverage": 80}).status is Status.PASSED


def test_a_value_that_rounds_to_its_bound_is_shown_in_full() -> None:
    assert apply(passed(coverage=79.9999), {"min_coverage": 80}).reason == "coverage is 79.9999, the limit is 80"


def test_a_figure_of_the_threshold_s_own_name_comes_first() -> None:
    figures = {"max_complexity": 14.0, "complexity": 3.0}
    assert figure_of("max_complexity", figures) == "max_complexity"
    assert figure_of("min_complexity", figures) == "complexity"
    assert figure_of("complexity", figures) is None
    assert figure_of("max_size", figures) is None


def test_a_figure_that_was_not_reported_is_errored_with_the_nearest_and_the_known() -> None:
    reading = apply(passed(max_complexity=4, blocks=2), {"max_complexty": 10})
    assert reading.status is Status.ERRORED
    assert "`max_complexty`" in reading.reason
    assert "`max_complexity`" in reading.reason
    assert "blocks, max_complexity" in reading.advice


def test_thresholds_on_counted_findings_decide_instead_of_the_tool() -> None:
    assert apply(counted(findings=3), {}).status is Status.FAILED
    assert apply(counted(findings=3), {"max_findings": 3}).status is Status.PASSED
    assert apply(counted(findings=3, high=0), {"max_high": 0}).status is Status.PASSED
    assert apply(counted(findings=3), {"max_findings": 2}).reason == "findings is 3, the limit is 2"
    # A lower bound says nothing about how many findings are allowed.
    assert apply(counted(findings=3), {"min_findings": 1}).status is Status.FAILED


def test_a_failure_with_another_cause_stays_within_all_bounds() -> None:
    broken = Reading(status=Status.FAILED, figures={"findings": 1.0}, reason="a file does not parse")
    assert apply(broken, {"max_findings": 9}) == broken
    assert apply(broken, {"max_findings": 0}).reason == "a file does not parse; findings is 1, the limit is 0"
    assert apply(broken, {"max_other": 0}).status is Status.FAILED


@given(reading=READINGS, thresholds=BOUNDS)
@settings(deadline=None, max_examples=150)
def test_what_could_not_be_told_stays_so_and_evidence_is_kept(reading: Reading, thresholds: dict[str, float]) -> None:
    after = apply(reading, thresholds)
    assert (after.findings, after.figures) == (reading.findings, reading.figures)
    if reading.status in (Status.ERRORED, Status.SKIPPED) or not thresholds:
        assert after == reading
    if after.status is Status.ERRORED and reading.status is not Status.ERRORED:
        assert after.reason
        assert after.advice


@given(reading=READINGS, thresholds=BOUNDS, data=st.data())
@example(
    reading=Reading(status=Status.PASSED, figures={"coverage": 80.0}), thresholds={"min_coverage": 80.0}, data=None
)
@settings(deadline=None, max_examples=300)
def test_a_better_figure_never_turns_passed_into_failed(
    reading: Reading, thresholds: dict[str, float], data: st.DataObject | None
) -> None:
    before = apply(reading, thresholds)
    bounded = {figure_of(key, reading.figures): key[:3] for key in thresholds}
    figures = dict(reading.figures)
    for name, side in bounded.items():
        opposite = [key for key in thresholds if figure_of(key, reading.figures) == name and key[:3] != side]
        if name is not None and not opposite and data is not None:
            step = data.draw(st.floats(0, 20))
            figures[name] += step if side == "min" else -step
    after = apply(
        Reading(
            status=reading.status,
            findings=reading.findings,
            figures=figures,
            reason=reading.reason,
            counts=reading.counts,
        ),
        thresholds,
    )
    if before.status is Status.PASSED:
        assert after.status is Status.PASSED


@given(reading=READINGS, thresholds=BOUNDS, key=KEYS, step=st.floats(0, 20))
@settings(deadline=None, max_examples=150)
def test_a_looser_bound_never_turns_passed_into_failed(
    reading: Reading, thresholds: dict[str, float], key: str, step: float
) -> None:
    looser = {
        name: bound + (step if name.startswith("max_") else -step) if name == key else bound
        for name, bound in thresholds.items()
    }
    if apply(reading, thresholds).status is Status.PASSED:
        assert apply(reading, looser).status is Status.PASSED


def test_change_is_of_figures_that_both_have() -> None:
    assert change({"coverage": 0.3, "new": 1}, {"coverage": 0.1, "old": 2}) == {"coverage": 0.2}


@given(figures=st.dictionaries(NAMES, VALUES), base=st.dictionaries(NAMES, VALUES))
@settings(deadline=None, max_examples=60)
def test_change_is_antisymmetric_and_nothing_against_itself(figures: dict[str, float], base: dict[str, float]) -> None:
    there, back = change(figures, base), change(base, figures)
    assert set(there) == set(back) == set(figures) & set(base)
    assert all(there[name] == -back[name] for name in there)
    assert all(value == 0 for value in change(figures, figures).values())
