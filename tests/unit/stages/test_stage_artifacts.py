"""The files of a validation: the seed's fields, their schemas, and reports that come back as they were."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.errors import StateError
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
from dark_factory.effects.project import schema
from dark_factory.stages.artifacts import (
    Artifacts,
    ci_output,
    gate_results,
    read_reports,
    report_of,
    scenario_results,
    write_reports,
)

NOON = 1_771_070_400.0
WORDS = st.text(max_size=12)
SECONDS = st.floats(0, 1e6, allow_nan=False)
COUNTS = st.integers(0, 50)
FINDINGS = st.builds(
    Finding,
    level=st.sampled_from(list(Level)),
    rule=WORDS,
    message=WORDS,
    path=st.none() | WORDS,
    line=st.none() | st.integers(1, 9999),
)
GATES = st.builds(
    GateReport,
    results=st.lists(
        st.builds(
            GateResult,
            name=st.text(min_size=1, max_size=8),
            kind=st.sampled_from(["command", "ruff"]),
            layer=st.sampled_from(list(Layer)),
            blocking=st.booleans(),
            status=st.sampled_from(list(Status)),
            findings=st.lists(FINDINGS, max_size=3).map(tuple),
            figures=st.dictionaries(WORDS, st.floats(allow_nan=False, allow_infinity=False), max_size=3),
            reason=WORDS,
            advice=WORDS,
            duration=SECONDS,
            output=WORDS,
        ),
        max_size=3,
    ).map(tuple),
)
SCENARIOS = st.builds(
    ScenarioReport,
    results=st.lists(
        st.builds(
            ScenarioResult,
            id=st.text(min_size=1, max_size=8),
            name=WORDS,
            path=WORDS,
            category=WORDS,
            weight=st.floats(0.001, 1e6, allow_nan=False),
            status=st.sampled_from(list(Status)),
            reason=st.text(max_size=400),
            public_reason=WORDS,
            exit_status=st.none() | st.integers(0, 255),
            timed_out=st.booleans(),
            duration=SECONDS,
            stdout=st.text(max_size=400),
            stderr=st.text(max_size=400),
            attempts=COUNTS,
            passes=COUNTS,
            evidence=st.lists(WORDS, max_size=2, unique=True).map(tuple),
        ),
        max_size=3,
    ).map(tuple),
    skipped_reason=WORDS,
)


def a_gate(name: str = "lint", status: Status = Status.PASSED, **fields: Any) -> GateResult:
    return GateResult(name=name, kind="ruff", layer=Layer.DETERMINISTIC, blocking=True, status=status, **fields)


def a_scenario(status: Status = Status.PASSED, **fields: Any) -> ScenarioResult:
    values = {"id": "one", "name": "One", "path": "scenarios/one.md", "category": "c", "weight": 1.0, **fields}
    return ScenarioResult(status=status, **values)


def results(status: Status, **fields: Any) -> dict[str, Any]:
    data: Any = scenario_results(ScenarioReport(results=(a_scenario(status, **fields),)), when=NOON)
    found = data["results"][0]
    assert isinstance(found, dict)
    return found


def assert_valid(name: str, data: object) -> None:
    jsonschema.validate(json.loads(json.dumps(data)), schema(name), cls=jsonschema.Draft202012Validator)


# --- the seed's fields ---


def test_scenario_results_have_the_seeds_fields() -> None:
    report = ScenarioReport(
        results=(
            a_scenario(),
            a_scenario(
                Status.FAILED, id="two", weight=3.0, exit_status=1, stderr="trace\nKeyError: 'x'\n\n", duration=1.23456
            ),
            a_scenario(Status.SKIPPED, id="three"),
            a_scenario(Status.ERRORED, id="four"),
        )
    )
    data: Any = scenario_results(report, when=NOON)
    assert {key: data[key] for key in ("timestamp", "total", "passed", "failed", "errored", "skipped")} == {
        "timestamp": "2026-02-14T12:00:00+00:00",
        "total": 4,
        "passed": 1,
        "failed": 1,
        "errored": 1,
        "skipped": 1,
    }
    assert data["satisfaction_score"] == 0.25
    two = data["results"][1]
    assert (two["name"], two["file_path"], two["category"]) == ("One", "scenarios/one.md", "c")
    assert (two["passed"], two["exit_code"], two["timed_out"], two["duration_seconds"]) == (False, 1, False, 1.235)
    assert two["stderr"] == "trace\nKeyError: 'x'\n\n"
    assert [one["passed"] for one in data["results"]] == [True, False, False, False]
    assert_valid("scenario_results", data)


def test_nothing_evaluated_has_no_score() -> None:
    data: Any = scenario_results(ScenarioReport(skipped_reason="layer 1 failed"), when=NOON)
    assert (data["satisfaction_score"], data["total"], data["skipped_reason"]) == (None, 0, "layer 1 failed")
    assert_valid("scenario_results", data)


@pytest.mark.parametrize(
    ("fields", "summary"),
    [
        ({"reason": "exit status 1", "stderr": "a\nKeyError: 'x'\n\n"}, "exit status 1: KeyError: 'x'"),
        ({"reason": "exit status 1", "stdout": "only this\n"}, "exit status 1: only this"),
        ({"reason": "timed out after 3 s"}, "timed out after 3 s"),
        ({"stderr": "x" * 999}, "x" * 300),
    ],
)
def test_a_failure_is_summed_up_in_a_line(fields: dict[str, str], summary: str) -> None:
    assert results(Status.FAILED, **fields)["error_summary"] == summary


def test_a_pass_has_no_error() -> None:
    assert results(Status.PASSED, stderr="a warning\n")["error_summary"] == ""


def test_gate_results_tell_findings_and_figures() -> None:
    found = Finding(level=Level.ERROR, rule="F401", message="unused", path="a.py", line=3)
    report = GateReport(results=(a_gate(status=Status.FAILED, findings=(found,), figures={"findings": 1.0}),))
    data: Any = gate_results(report, when=NOON)
    assert data["layer_one_passed"] is False
    (gate,) = data["gates"]
    assert (gate["name"], gate["layer"], gate["status"], gate["figures"]) == ("lint", 1, "failed", {"findings": 1.0})
    assert gate["findings"] == [{"level": "error", "rule": "F401", "message": "unused", "path": "a.py", "line": 3}]
    assert_valid("gate_results", data)


def test_the_log_has_each_gates_own_words() -> None:
    found = Finding(level=Level.ERROR, rule="F401", message="unused", path="a.py", line=3)
    report = GateReport(
        results=(
            a_gate(status=Status.FAILED, findings=(found,), output="not shown, the findings say it"),
            a_gate("types", Status.ERRORED, reason="mypy was not found", advice="install it"),
            a_gate("tests", output="3 passed"),
        )
    )
    assert ci_output(report) == (
        "=== lint (ruff, layer 1): failed\na.py:3: F401: unused\n\n"
        "=== types (ruff, layer 1): errored (mypy was not found)\nwhat to do: install it\n\n"
        "=== tests (ruff, layer 1): passed\n3 passed\n"
    )


# --- schemas ---


@given(SCENARIOS)
@settings(deadline=None, max_examples=40)
def test_every_scenario_report_fits_its_schema(report: ScenarioReport) -> None:
    assert_valid("scenario_results", scenario_results(report, when=NOON))


@given(GATES)
@settings(deadline=None, max_examples=40)
def test_every_gate_report_fits_its_schema(report: GateReport) -> None:
    assert_valid("gate_results", gate_results(report, when=NOON))


def _properties(data: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for place in (data, *data.get("$defs", {}).values()):
        yield from place["properties"].items()


@pytest.mark.parametrize("name", ["scenario_results", "gate_results"])
def test_a_schema_of_2020_12_explains_every_field(name: str) -> None:
    data: Any = schema(name)
    assert data["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(data)
    for place in (data, *data["$defs"].values()):
        assert place["title"]
        assert place["additionalProperties"] is False
        # A reader can count on every field.
        assert sorted(place["required"]) == sorted(place["properties"])
    for field, body in _properties(data):
        assert body["description"].endswith("."), field


@pytest.mark.parametrize(
    ("key", "value"), [("satisfaction_score", 1.5), ("timestamp", "yesterday"), ("passed", -1), ("surprise", 1)]
)
def test_the_schema_refuses_what_is_wrong(key: str, value: object) -> None:
    data = {**scenario_results(ScenarioReport(results=(a_scenario(),)), when=NOON), key: value}
    with pytest.raises(jsonschema.ValidationError):
        assert_valid("scenario_results", data)


# --- the folder ---


def test_the_folder_ignores_itself(tmp_path: Path) -> None:
    artifacts = Artifacts(tmp_path / "artifacts/factory")
    artifacts.open()
    ignore = tmp_path / "artifacts/factory/.gitignore"
    assert ignore.read_text(encoding="utf-8").splitlines()[-1] == "*"
    ignore.write_text("mine\n", encoding="utf-8")
    artifacts.open()
    assert ignore.read_text(encoding="utf-8") == "mine\n"


def test_publishing_writes_the_latest_files(tmp_path: Path) -> None:
    artifacts = Artifacts(tmp_path)
    gates = GateReport(results=(a_gate(output="ok", duration=2.0),))
    scenarios = ScenarioReport(results=(a_scenario(duration=3.0),))
    artifacts.publish(gates, scenarios, when=NOON, run="r", iteration=4)
    assert {path.name for path in tmp_path.iterdir()} == {
        "gate_results.json",
        "ci_output.log",
        "scenario_results.json",
        "report.json",
    }
    assert artifacts.latest() == (gates, scenarios)
    assert report_of(tmp_path) == ("r", 4)
    assert artifacts.all_durations() == ({"lint": 2.0}, {"one": 3.0})


def test_what_was_not_run_keeps_its_latest_result(tmp_path: Path) -> None:
    artifacts = Artifacts(tmp_path)
    gates = GateReport(results=(a_gate(),))
    scenarios = ScenarioReport(results=(a_scenario(),))
    artifacts.publish(gates, None, when=NOON)
    assert not (tmp_path / "scenario_results.json").exists()
    artifacts.publish(None, scenarios, when=NOON)
    assert artifacts.latest() == (gates, scenarios)


def test_places_of_a_run(tmp_path: Path) -> None:
    artifacts = Artifacts(tmp_path)
    assert artifacts.run("r") == tmp_path / "runs/r"
    assert artifacts.iteration("r", 3) == tmp_path / "runs/r/iterations/3"


@given(GATES, SCENARIOS)
@settings(deadline=None, max_examples=30)
def test_reports_come_back_as_they_were(gates: GateReport, scenarios: ScenarioReport) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        write_reports(Path(name), gates, scenarios, run="r", iteration=1)
        assert read_reports(Path(name)) == (gates, scenarios)


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"{}", b'{"gates": 1, "scenarios": {}}', b"\xff"])
def test_an_unusable_report_is_told(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "report.json").write_bytes(content)
    with pytest.raises(StateError) as caught:
        read_reports(tmp_path)
    assert str(tmp_path / "report.json") in caught.value.what
    assert Artifacts(tmp_path).latest() == (GateReport(), ScenarioReport())
    assert report_of(tmp_path) == ("", 0)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"gates": [{}]}', '{"gates": 3}', '{"gates": [{"name": 1, "duration_seconds": "x"}]}']
)
def test_unusable_durations_are_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "gate_results.json").write_text(content, encoding="utf-8")
    assert Artifacts(tmp_path).all_durations() == ({}, {})
