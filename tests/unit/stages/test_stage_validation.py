"""One validation as a whole: set-up, gates, scenarios of the base, and whose fault an unprepared tree is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from stage_samples import ENVIRON, FakeKind, a_config, a_gate, a_store, a_tree

from dark_factory.core.command import CommandResult
from dark_factory.core.config import Config, EnvironmentConfig
from dark_factory.core.errors import InputError
from dark_factory.core.ports import Executor, GateKind
from dark_factory.core.report import GateReport, Layer, ScenarioReport, Status
from dark_factory.effects.git import Store
from dark_factory.effects.project import schema
from dark_factory.effects.system import Processes, SystemClock
from dark_factory.gates import command
from dark_factory.stages.environment import ToolboxError
from dark_factory.stages.judge_tree import visible
from dark_factory.stages.validation import Bench, Wanted, validate
from dark_factory.testing import FakeExecutor, RecordingWatcher, result

SCENARIO = """\
# Scenario: It is there
## Category
c
## Preconditions
- none
## Behavioral Expectation
It is there.
## Evaluation Method
```bash
[ "$(cat made.txt)" = made ] && [ ! -e scenarios ]
```
## Pass Criteria
Exit status 0.
## Evidence Required
- none
"""
FILES = {"a.txt": "x\n", "scenarios/there.md": SCENARIO, "scenarios/README.md": "# About these\n"}
SETUP = EnvironmentConfig(backend="none", setup=(("bash", "-c", "echo made > made.txt"),))


class Case:
    def __init__(self, folder: Path, config: Config, executor: Executor | None = None) -> None:
        self.store: Store = a_store(folder)
        self.watcher = RecordingWatcher()
        kinds: dict[str, GateKind] = {"command": command, "fake": FakeKind()}
        self.bench = Bench(
            config=config,
            kind=lambda name: kinds[name],
            executor=executor or Processes(),
            clock=SystemClock(),
            watcher=self.watcher,
            environ=ENVIRON,
            folder=folder / "private",
            own=None,
            platform="linux",
            cores=2,
            scenario_schema=schema("scenario"),
        )
        self.base = a_tree(self.store, folder / "base", FILES)
        self.candidate = visible(self.store, self.base, self.bench.hidden)

    def __call__(self, wanted: Wanted | None = None, *, blame: bool = False) -> tuple[GateReport, ScenarioReport]:
        gates, scenarios = validate(
            self.bench,
            self.store,
            candidate=self.candidate,
            base=self.base,
            wanted=wanted or Wanted(),
            durations=({}, {}),
            evidence=None,
            blame=blame,
        )
        assert not (self.bench.folder / "judge").exists()
        return gates, scenarios


def statuses(report: GateReport) -> Mapping[str, str]:
    return {one.name: one.status.value for one in report.results}


def test_set_up_then_gates_then_scenarios(tmp_path: Path) -> None:
    case = Case(tmp_path, a_config(a_gate("made", "cat made.txt; ! ls scenarios"), environment=SETUP))
    gates, scenarios = case()
    assert statuses(gates) == {"made": "passed"}
    # README.md beside the scenarios is none.
    assert [(one.id, one.status) for one in scenarios.results] == [("there", Status.PASSED)]
    assert [stage.split(":")[0] for stage in case.watcher.stages] == ["set-up", "gates", "scenarios"]
    assert case.watcher.notes[-1] == "scenarios: 1 passed, 0 failed, 0 not judged"


def test_a_red_layer_one_runs_no_scenario(tmp_path: Path) -> None:
    gates, scenarios = Case(tmp_path, a_config(a_gate("lint", "exit 1"), environment=SETUP))()
    assert statuses(gates) == {"lint": "failed"}
    assert (scenarios.results, scenarios.skipped_reason) == ((), "layer 1 failed")


def test_a_red_layer_two_does_not_stop_scenarios(tmp_path: Path) -> None:
    config = a_config(a_gate("size", "exit 1", layer=Layer.STRUCTURAL), environment=SETUP)
    assert Case(tmp_path, config)()[1].satisfaction == 1.0


def test_a_wanted_reader_brings_the_gate_that_it_reads(tmp_path: Path) -> None:
    reader = replace(a_gate("cover", kind="fake", layer=Layer.STRUCTURAL), command=(), of="tests")
    case = Case(tmp_path, a_config(a_gate("lint"), a_gate("tests"), reader))
    gates, scenarios = case(Wanted(gates=lambda gate: gate.name == "cover", scenarios=None))
    assert statuses(gates) == {"tests": "passed", "cover": "passed"}
    assert scenarios == ScenarioReport()


def test_no_gate_wanted_is_no_gate_run(tmp_path: Path) -> None:
    gates, scenarios = Case(tmp_path, a_config(a_gate("lint", "exit 1"), environment=SETUP))(
        Wanted(gates=lambda _: False)
    )
    assert gates == GateReport()
    assert scenarios.satisfaction == 1.0


BROKEN = EnvironmentConfig(backend="none", setup=(("bash", "-c", "echo 'no lock file' >&2; exit 3"),))


def test_a_base_that_cannot_be_set_up_is_told_to_the_author(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        Case(tmp_path, a_config(a_gate("lint"), environment=BROKEN))()
    assert "[environment] setup" in caught.value.what
    assert "exit status 3" in caught.value.what
    assert caught.value.why == "no lock file"


def test_a_candidate_that_cannot_be_set_up_did_not_pass(tmp_path: Path) -> None:
    gates, scenarios = Case(tmp_path, a_config(a_gate("lint"), environment=BROKEN))(blame=True)
    (one,) = gates.results
    assert (one.name, one.layer, one.status, one.blocks) == ("environment", Layer.DETERMINISTIC, Status.FAILED, True)
    assert one.output == "no lock file"
    assert scenarios.skipped_reason == "layer 1 failed"


def test_requirements_that_cannot_be_installed_blame_the_candidate_alone(tmp_path: Path) -> None:
    config = a_config(a_gate("lint"), environment=EnvironmentConfig(requires=("no-such-thing==9",)))
    real = Processes()

    def answer(asked: object) -> CommandResult:
        return result(asked, 1, stderr="No solution found")  # type: ignore[arg-type]

    case = Case(tmp_path, config, FakeExecutor(lambda asked: answer(asked) if "nox" in asked.argv else real.run(asked)))
    with pytest.raises(ToolboxError):
        case()
    (one,) = case(blame=True)[0].results
    assert (one.status, one.output) == (Status.FAILED, "No solution found")


def test_gates_do_not_have_the_holdout_and_scenarios_do(tmp_path: Path) -> None:
    gate = a_gate("look", "echo made > made.txt; ! find .. -name '*.md' | grep .")
    gates, scenarios = Case(tmp_path, a_config(gate))()
    assert statuses(gates) == {"look": "passed"}
    assert scenarios.satisfaction == 1.0


def test_scenarios_judge_what_will_be_delivered_and_not_what_a_gate_made_of_it(tmp_path: Path) -> None:
    gate = a_gate("tests", "echo made > made.txt; echo forged > a.txt")
    case = Case(tmp_path, a_config(gate))
    case.base = a_tree(case.store, tmp_path / "other", {**FILES, "made.txt": "not yet\n"})
    case.candidate = visible(case.store, case.base, case.bench.hidden)
    assert case()[1].satisfaction == 0.0
