"""The feedback file: where it is written, and that the disclosure of the settings is kept to."""

from __future__ import annotations

from pathlib import Path

import pytest
from stage_samples import a_config

from dark_factory.core.config import Disclosure, FeedbackConfig
from dark_factory.core.errors import InputError
from dark_factory.core.report import GateReport, ScenarioReport, ScenarioResult, Status
from dark_factory.core.score import score
from dark_factory.core.state import RunStarted, State, Validated, evolve
from dark_factory.effects.project import schema
from dark_factory.stages.artifacts import Artifacts
from dark_factory.stages.feedback import failed_paths, write_feedback

SOURCE = b"""\
# Scenario: Links redirect

## Category
integration

## Preconditions
- A link was made.

## Behavioral Expectation
The short link leads to the page.

## Evaluation Method
```bash
curl --silent http://localhost:8080/secret-path | grep wanted-words
```

## Pass Criteria
The secret page is shown.

## Evidence Required
- The output.
"""


def a_result(key: str = "links", status: Status = Status.FAILED) -> ScenarioResult:
    return ScenarioResult(
        id=key, name="Links redirect", path=f"scenarios/{key}.md", category="integration", weight=1.0, status=status,
        reason="stdout does not match secret", public_reason="exit status 1", exit_status=1,
        stdout="KeyError: 'abc'\ncurl --silent http://localhost:8080/secret-path | grep wanted-words\n", attempts=1,
    )  # fmt: skip


def compile_feedback(folder: Path, report: ScenarioReport, *, disclosure: Disclosure, run: str = "") -> str:
    gates = GateReport()
    started = RunStarted(at=0.0, run="r", version="", commit="", tree="", visible="", dirty=False, isolation="")
    state = evolve(State(), started)
    state = evolve(state, Validated(at=0.0, iteration=0, score=score(gates, report), duration=0.0))
    path = write_feedback(
        a_config(feedback=FeedbackConfig(disclosure=disclosure)),
        Artifacts(folder / "artifacts/factory"),
        state,
        gates=gates,
        scenarios=report,
        sources=dict.fromkeys(failed_paths(report), SOURCE),
        schema=schema("scenario"),
        run=run,
    )
    assert path == "artifacts/factory/feedback_iter_0.md"
    return (folder / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("disclosure", list(Disclosure))
def test_no_level_tells_the_scenario_itself(tmp_path: Path, disclosure: Disclosure) -> None:
    text = compile_feedback(tmp_path, ScenarioReport(results=(a_result(),)), disclosure=disclosure)
    for words in ("secret", "wanted-words", "scenarios/links.md"):
        assert words not in text
    assert ("KeyError" in text) == (disclosure is Disclosure.OUTPUT)
    assert ("Links redirect" in text) == (disclosure is not Disclosure.COUNT)


def test_only_what_failed_or_errored_is_read() -> None:
    report = ScenarioReport(
        results=tuple(a_result(status.value, status) for status in Status),
    )
    assert failed_paths(report) == ("scenarios/failed.md", "scenarios/errored.md")


def test_a_run_keeps_its_own_copy(tmp_path: Path) -> None:
    report = ScenarioReport(results=(a_result("x", Status.PASSED),))
    text = compile_feedback(tmp_path, report, disclosure=Disclosure.OUTPUT, run="run-1")
    copy = tmp_path / "artifacts/factory/runs/run-1/feedback_iter_0.md"
    assert copy.read_text(encoding="utf-8") == text
    assert text.startswith("# Factory Feedback: iteration 0")


def test_outside_a_run_there_is_no_run_folder(tmp_path: Path) -> None:
    compile_feedback(tmp_path, ScenarioReport(), disclosure=Disclosure.OUTPUT)
    assert not (tmp_path / "artifacts/factory/runs").exists()


def test_a_scenario_that_can_no_longer_be_read_is_told(tmp_path: Path) -> None:
    report = ScenarioReport(results=(a_result(),))
    with pytest.raises(InputError, match=r"scenarios/links\.md"):
        write_feedback(
            a_config(),
            Artifacts(tmp_path),
            State(),
            gates=GateReport(),
            scenarios=report,
            sources={"scenarios/links.md": b""},
            schema=schema("scenario"),
            run="",
        )
