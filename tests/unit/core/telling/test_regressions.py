from __future__ import annotations

from dataclasses import replace

from example_run import NOT_RUN, UNUSED, gates, scenarios, state_of
from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.report import ScenarioReport, Status
from dark_factory.core.telling.regressions import Regression, gate_regressions, persistent, regressions


def errored(report: ScenarioReport, key: str) -> ScenarioReport:
    results = [replace(one, status=Status.ERRORED) if one.id == key else one for one in report.results]
    return ScenarioReport(results=tuple(results))


def test_a_regression_passed_before_and_fails_now() -> None:
    assert regressions(state_of()) == (Regression(id="listing", name="Links are listed newest first", passed=2),)
    assert gate_regressions(state_of()) == (Regression(id="complexity", name="complexity", passed=2),)


def test_it_counts_from_any_earlier_iteration() -> None:
    reports = (
        (gates(), scenarios()),
        (gates(), scenarios("cli")),
        (gates(), scenarios("cli")),
    )
    assert [(one.id, one.passed) for one in regressions(state_of(reports))] == [("cli", 0)]


def test_what_was_not_run_or_not_judged_is_no_regression() -> None:
    base = (gates(), scenarios())
    assert regressions(state_of((base, (gates(UNUSED), NOT_RUN)))) == ()
    assert regressions(state_of((base, (gates(), errored(scenarios("cli"), "cli"))))) == ()
    assert [one.id for one in gate_regressions(state_of((base, (gates(UNUSED), NOT_RUN))))] == ["lint"]
    assert gate_regressions(state_of((base, (gates(security=False), scenarios())))) == ()


def test_what_never_passed_is_no_regression() -> None:
    assert regressions(state_of(((gates(), scenarios("cli")), (gates(), scenarios("cli"))))) == ()


def test_the_same_failure_is_followed_over_iterations_in_which_it_was_not_run() -> None:
    found = {one.id: (one.what, one.since, one.until, one.iterations) for one in persistent(state_of())}
    assert found == {
        "expired": ("scenario", 0, 3, 3),
        "slow": ("scenario", 0, 3, 3),
        "listing": ("scenario", 3, 3, 1),
    }


def test_another_failure_of_the_same_scenario_begins_anew() -> None:
    other = scenarios("cli")
    other = ScenarioReport(
        results=tuple(replace(one, stderr="something else") if one.id == "cli" else one for one in other.results)
    )
    state = state_of(((gates(), scenarios("cli")), (gates(), other), (gates(), other)))
    assert [(one.since, one.iterations) for one in persistent(state)] == [(1, 2)]


def test_what_fails_is_still_known_when_layer_one_hides_it() -> None:
    state = state_of(((gates(), scenarios("cli")), (gates(UNUSED), NOT_RUN)))
    assert [(one.what, one.id, one.until) for one in persistent(state)] == [("gate", "lint", 1), ("scenario", "cli", 0)]


def test_gates_that_only_track_hold_nothing_up_and_what_errored_is_told() -> None:
    state = state_of(((gates(complexity=14.0), errored(scenarios("cli"), "cli")),))
    assert [(one.id, one.status) for one in persistent(state)] == [("cli", Status.ERRORED)]


KEYS = ("cli", "dashboard", "expired")


@settings(deadline=None, max_examples=150)
@given(st.lists(st.sets(st.sampled_from(KEYS)), min_size=1, max_size=6))
def test_they_agree_with_the_plain_history(failing: list[set[str]]) -> None:
    state = state_of(tuple((gates(), scenarios(*keys)) for keys in failing))
    expected = {
        key: max(number for number, keys in enumerate(failing) if key not in keys)
        for key in failing[-1]
        if any(key not in keys for keys in failing)
    }
    assert {one.id: one.passed for one in regressions(state)} == expected
    for one in persistent(state):
        assert one.id in failing[-1]
        assert one.since == expected.get(one.id, -1) + 1
        assert one.iterations == len(failing) - one.since
    assert {one.id for one in persistent(state)} == failing[-1]
