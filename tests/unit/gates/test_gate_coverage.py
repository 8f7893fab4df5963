from __future__ import annotations

import json

from gate_samples import OUTPUTS, TREE, a_gate, a_run
from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.command import Outcome
from dark_factory.core.report import Finding, Level, Reading, Status
from dark_factory.gates import coverage

GATE = a_gate("coverage", name="coverage", of="tests")


def report(files: dict[str, list[int]] | None = None, **totals: object) -> str:
    entries = {path: {"missing_lines": lines} for path, lines in (files or {}).items()}
    return json.dumps({"files": entries, "totals": {"num_statements": 8, "percent_covered": 75.0} | totals})


def read(text: str) -> Reading:
    return coverage.read(a_run(GATE, reports={"coverage.json": text}))


def test_nothing_is_run_unless_the_author_says_what() -> None:
    assert coverage.argv(GATE, OUTPUTS, wants=frozenset()) is None
    own = a_gate("coverage", "coverage", "json", "-o", "{outputs}/coverage.json")
    assert coverage.argv(own, OUTPUTS, wants=frozenset()) == ("coverage", "json", "-o", f"{OUTPUTS}/coverage.json")


def test_percentages_are_figures_and_missing_lines_are_notes() -> None:
    reading = read(report({f"{TREE}/src/m.py": [12, 3, 4, 5], "src/n.py": [], "src/o.py": [7]}))
    assert reading.status is Status.PASSED
    assert reading.figures == {"coverage": 75.0}
    assert reading.findings == (
        Finding(level=Level.NOTE, rule="missing-lines", message="lines 3-5, 12 not covered", path="src/m.py", line=3),
        Finding(level=Level.NOTE, rule="missing-lines", message="line 7 not covered", path="src/o.py", line=7),
    )


def test_branches_are_a_figure_of_their_own_where_they_were_measured() -> None:
    assert read(report(num_branches=4, covered_branches=3)).figures["branch_coverage"] == 75.0
    assert "branch_coverage" not in read(report(num_branches=0)).figures


def test_code_without_a_line_is_not_fully_covered() -> None:
    reading = read(report(num_statements=0, percent_covered=100))
    assert reading.status is Status.FAILED
    assert reading.figures == {"coverage": 0}


def test_a_missing_report_is_errored_with_what_to_install() -> None:
    reading = coverage.read(a_run(GATE, 0))
    assert reading.status is Status.ERRORED
    assert "[gates.tests]" in reading.reason
    assert "`pytest-cov`" in reading.advice
    assert "repair the tests first" in coverage.read(a_run(GATE, 1)).reason
    assert "repair" not in reading.reason


def test_tests_that_did_not_end_measured_nothing() -> None:
    run = a_run(GATE, 143, outcome=Outcome.TIMED_OUT, reports={"coverage.json": report()})
    reading = coverage.read(run)
    assert reading.status is Status.ERRORED
    assert "[gates.tests]" in reading.reason


def test_a_percentage_must_be_one() -> None:
    for value in ("101", "-1", "1e999", "NaN", '"75"', "true"):
        text = report().replace("75.0", value)
        assert read(text).status is Status.ERRORED, value


@given(lines=st.sets(st.integers(1, 60), min_size=1))
@settings(deadline=None, max_examples=80)
def test_the_ranges_say_exactly_the_missing_lines(lines: set[int]) -> None:
    (finding,) = read(report({"a.py": sorted(lines)})).findings
    said: set[int] = set()
    text, _, more = finding.message.removesuffix(" not covered").partition(" and ")
    for span in text.removeprefix("lines ").removeprefix("line ").split(", "):
        first, _, last = span.partition("-")
        said |= set(range(int(first), int(last or first) + 1))
    assert said <= lines
    assert bool(more) == (said != lines)
    assert finding.line == min(lines)
