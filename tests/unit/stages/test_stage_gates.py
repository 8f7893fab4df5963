"""Gates on a judge tree: real tools of one line, judged in the order of the settings."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stage_samples import ENVIRON, FakeKind, a_config, a_gate, a_judge, failing, no_toolbox

from dark_factory.core.command import Command, CommandResult, Outcome
from dark_factory.core.config import EnvironmentConfig, GateConfig
from dark_factory.core.environment import Toolbox
from dark_factory.core.judging.gate_report import MAX_SIZE
from dark_factory.core.ports import Executor, GateKind, GateRun
from dark_factory.core.report import GateReport, Layer, Reading, Status
from dark_factory.effects.system import Processes
from dark_factory.gates import command
from dark_factory.stages.gates import GateTools, run_gates
from dark_factory.stages.judge_tree import Judge
from dark_factory.testing import FakeExecutor, RecordingWatcher, result

TWO = Layer.STRUCTURAL
KINDS: dict[str, GateKind] = {"command": command}


def tools(
    *,
    executor: Executor | None = None,
    watcher: RecordingWatcher | None = None,
    kinds: dict[str, GateKind] | None = None,
    toolbox: Callable[[Sequence[str]], Toolbox] = no_toolbox,
) -> GateTools:
    known = {**KINDS, **(kinds or {})}
    return GateTools(
        kind=lambda name: known[name],
        toolbox=toolbox,
        executor=executor or Processes(),
        environ=ENVIRON,
        own=None,
        watcher=watcher or RecordingWatcher(),
        cores=2,
    )


def run(folder: Path, *gates: GateConfig, judge: Judge | None = None, **options: object) -> GateReport:
    config = a_config(*gates)
    return run_gates(config, judge or a_judge(folder), tools(**options), gates=gates, durations={})  # type: ignore[arg-type]


def statuses(report: GateReport) -> dict[str, str]:
    return {one.name: one.status.value for one in report.results}


def test_a_gate_passes_by_its_exit_status(tmp_path: Path) -> None:
    report = run(
        tmp_path, a_gate("good", "echo fine; echo aside >&2"), a_gate("bad", "echo 'no such thing' >&2; exit 3")
    )
    assert statuses(report) == {"good": "passed", "bad": "failed"}
    good, bad = report.results
    assert (good.output, bad.output) == ("fine\naside", "no such thing")
    assert (good.kind, good.layer, good.blocking) == ("command", Layer.DETERMINISTIC, True)
    assert good.duration > 0
    assert [one.name for one in report.blocking] == ["bad"]
    assert not report.layer_one_passed


def test_a_tool_that_is_missing_is_our_error_and_still_blocks(tmp_path: Path) -> None:
    gate = replace(a_gate("lint"), command=("no-such-linter", "."))
    (one,) = run(tmp_path, gate).results
    assert one.status is Status.ERRORED
    assert "no-such-linter" in one.reason
    assert one.advice
    assert one.blocks


def test_a_tool_that_takes_too_long_does_not_pass(tmp_path: Path) -> None:
    (one,) = run(tmp_path, replace(a_gate("tests", "sleep 60"), timeout=0.2)).results
    assert one.status is not Status.PASSED
    assert "timed out after 0.2 s" in one.reason


def test_the_tool_runs_in_the_tree(tmp_path: Path) -> None:
    judge = a_judge(tmp_path, {"src/a.py": "x = 1\n"})
    report = run(tmp_path, a_gate("where", "pwd; cat src/a.py"), judge=judge)
    assert report.results[0].output == f"{judge.tree}\nx = 1"


def test_each_gate_has_a_private_home_and_only_allowed_variables(tmp_path: Path) -> None:
    names = ("one", "two")
    report = run(tmp_path, *(a_gate(name, "touch $HOME/mine $TMPDIR/mine; ls $HOME; env | sort") for name in names))
    seen = []
    for one in report.results:
        listing, *lines = one.output.splitlines()
        assert listing == "mine"
        seen.append(dict(line.split("=", 1) for line in lines))
    assert {env["HOME"] for env in seen}.isdisjoint(env["TMPDIR"] for env in seen)
    assert len({env[name] for env in seen for name in ("HOME", "TMPDIR", "COVERAGE_FILE", "MYPY_CACHE_DIR")}) == 8
    for env in seen:
        assert not Path(env["HOME"]).is_relative_to(tmp_path / "tree")
        assert "EDITOR" not in env
        assert "SECRET_KEY" not in env
        assert env["PATH"] == ENVIRON["PATH"]
        assert env["CI"] == "true"
        # A candidate that could forge what the next one is judged with would pass for it.
        assert Path(env["MYPY_CACHE_DIR"]).is_relative_to(tmp_path / "scratch")


def test_a_variable_that_is_passed_on_is_a_secret(tmp_path: Path) -> None:
    gate = a_gate("uses", "echo $SECRET_KEY")
    config = a_config(gate, environment=EnvironmentConfig(backend="none", variables=("SECRET_KEY", "NOT_SET")))
    asked = FakeExecutor(result)
    run_gates(config, a_judge(tmp_path), tools(executor=asked), gates=[gate], durations={})
    (only,) = asked.commands
    assert only.env["SECRET_KEY"] == "hunter2-hunter2"
    assert only.secrets == ("hunter2-hunter2",)


def test_what_a_gate_says_never_shows_a_secret(tmp_path: Path) -> None:
    gate = a_gate("uses", "echo found $SECRET_KEY; exit 1", kind="finder")
    config = a_config(gate, environment=EnvironmentConfig(backend="none", variables=("SECRET_KEY",)))
    watcher = RecordingWatcher()
    finder = FakeKind(failing, argv=lambda gate, *_: gate.command)
    report = run_gates(
        config,
        a_judge(tmp_path),
        tools(watcher=watcher, kinds={"finder": finder}),
        gates=[gate],
        durations={},
    )
    assert report.results[0].output == "found ***"
    assert report.results[0].findings[0].message == "found ***"
    assert "hunter2" not in f"{report} {watcher.notes}"


@pytest.mark.parametrize(("kind", "safe"), [("mypy", True), ("ruff", True), ("pytest", False), ("command", False)])
def test_tools_that_only_read_take_no_module_from_the_tree(tmp_path: Path, kind: str, *, safe: bool) -> None:
    asked = FakeExecutor(result)
    gate = a_gate("one", kind=kind)
    fake = FakeKind()
    run_gates(a_config(gate), a_judge(tmp_path), tools(executor=asked, kinds={kind: fake}), gates=[gate], durations={})
    assert ("PYTHONSAFEPATH" in asked.commands[0].env) is safe


def test_a_report_without_end_is_not_read_to_its_end(tmp_path: Path) -> None:
    read: list[int] = []

    def reading(run: GateRun) -> Reading:
        read.append(len(run.read(run.outputs / "big") or b""))
        return Reading(status=Status.PASSED)

    argv = ("bash", "-c", 'truncate -s 4T "$(dirname "$COVERAGE_FILE")/big"')
    kind = FakeKind(reading, argv=lambda *_: argv)
    run(tmp_path, a_gate("big", kind="big"), kinds={"big": kind})
    assert read == [MAX_SIZE + 1]


def test_the_environment_is_the_shared_one_or_the_gates_own(tmp_path: Path) -> None:
    shared, own = a_gate("shared"), a_gate("own", environment="own", requires=("ruff==1",))
    config = a_config(shared, own, environment=EnvironmentConfig(requires=("-e .",)))
    asked = FakeExecutor(result)

    def toolbox(requires: Sequence[str]) -> Toolbox:
        return Toolbox(root=tmp_path / "-".join(requires))

    run_gates(config, a_judge(tmp_path), tools(executor=asked, toolbox=toolbox), gates=[shared, own], durations={})
    assert [one.env["VIRTUAL_ENV"] for one in asked.commands] == [str(tmp_path / "-e ."), str(tmp_path / "ruff==1")]
    assert all(one.env["PATH"].startswith(f"{one.env['VIRTUAL_ENV']}/bin{os.pathsep}") for one in asked.commands)


# --- layers ---

LAYERED = (
    a_gate("lint", layer=Layer.DETERMINISTIC),
    a_gate("complexity", layer=TWO),
    a_gate("tests", layer=Layer.DETERMINISTIC),
    a_gate("security", layer=TWO, blocking=True),
)


def in_turn(order: Sequence[str], exits: dict[str, int]) -> FakeExecutor:
    """Answers by the gate's own script, `exit N`; the order is made by the jobs' weights."""

    def answer(asked: Command) -> CommandResult:
        name = asked.argv[2]
        return result(asked, exits.get(name, 0), stdout=f"words of {name}", duration=float(order.index(name) + 1))

    return FakeExecutor(answer)


@given(order=st.permutations([gate.name for gate in LAYERED]))
@settings(deadline=None, max_examples=24, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_red_layer_one_skips_layer_two_whoever_was_faster(order: list[str], tmp_path: Path) -> None:
    gates = [replace(gate, command=("bash", "-c", gate.name)) for gate in LAYERED]
    durations = {name: float(len(order) - place) for place, name in enumerate(order)}
    executor, watcher = in_turn(order, {"lint": 1, "complexity": 1}), RecordingWatcher()
    report = run_gates(
        a_config(*gates),
        a_judge(tmp_path),
        tools(executor=executor, watcher=watcher),
        gates=gates,
        durations=durations,
    )
    assert statuses(report) == {"lint": "failed", "complexity": "skipped", "tests": "passed", "security": "skipped"}
    for one in (report.results[1], report.results[3]):
        assert (one.reason, one.duration, one.output, one.findings) == ("layer 1 failed", 0.0, "", ())
    # Skipped is not passed: a gate that blocks still does.
    assert [one.name for one in report.blocking] == ["lint", "security"]
    ran = [asked.argv[2] for asked in executor.commands]
    assert ran == [name for name in order if name in ("lint", "tests") or order.index(name) < order.index("lint")]


def test_layer_two_is_cancelled_when_layer_one_fails(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    report = run(
        tmp_path,
        a_gate("slow", f"touch {marks}/began; sleep 60; touch {marks}/ended", layer=TWO),
        a_gate("lint", f"until [ -e {marks}/began ]; do sleep 0.01; done; exit 1"),
    )
    assert statuses(report) == {"slow": "skipped", "lint": "failed"}
    assert [path.name for path in marks.iterdir()] == ["began"]


def test_a_green_layer_one_lets_layer_two_speak(tmp_path: Path) -> None:
    report = run(tmp_path, a_gate("lint"), a_gate("complexity", "exit 1", layer=TWO))
    assert statuses(report) == {"lint": "passed", "complexity": "failed"}
    assert report.layer_one_passed
    assert report.blocking == ()


def test_all_of_layer_one_is_told_even_when_the_first_is_red(tmp_path: Path) -> None:
    report = run(tmp_path, a_gate("lint", "exit 1"), a_gate("types", "exit 1"), a_gate("tests"))
    assert statuses(report) == {"lint": "failed", "types": "failed", "tests": "passed"}


# --- order ---


def test_the_longest_starts_first_and_the_report_keeps_the_settings_order(tmp_path: Path) -> None:
    gates = [replace(a_gate(name), command=("bash", "-c", name)) for name in ("a", "b", "c")]
    executor = FakeExecutor(result)
    report = run_gates(
        a_config(*gates),
        a_judge(tmp_path),
        tools(executor=executor),
        gates=gates,
        durations={"a": 1.0, "b": 30.0, "c": 2.0},
    )
    assert [asked.argv[2] for asked in executor.commands] == ["b", "c", "a"]
    assert [one.name for one in report.results] == ["a", "b", "c"]


# --- a gate that reads another's output ---


def reader(name: str = "coverage", *, of: str = "tests", layer: Layer = TWO) -> GateConfig:
    return replace(a_gate(name, kind="fake", layer=layer), command=(), of=of)


def test_a_reader_gets_the_other_gates_result_and_outputs(tmp_path: Path) -> None:
    def argv(gate: GateConfig, outputs: Path, wants: frozenset[str]) -> tuple[str, ...]:
        return ("bash", "-c", f"echo {'+'.join(sorted(wants))} > {outputs}/report; echo words")

    def read(run: GateRun) -> Reading:
        return Reading(status=Status.PASSED, reason=(run.read(run.outputs / "report") or b"").decode().strip())

    teller, kind = FakeKind(argv=argv), FakeKind(read)
    report = run(tmp_path, a_gate("tests", kind="teller"), reader(), kinds={"teller": teller, "fake": kind})
    tests, coverage = report.results
    assert (coverage.status, coverage.reason) == (Status.PASSED, "fake")
    assert (coverage.duration, coverage.output) == (0.0, "")
    assert tests.output == "words"
    (seen,) = kind.runs
    assert seen.gate.name == "coverage"
    assert seen.result.stdout.text() == "words\n"
    assert seen.tree == tmp_path / "tree"


def test_a_reader_of_a_gate_that_was_not_run_is_skipped(tmp_path: Path) -> None:
    (one,) = run(tmp_path, reader(), kinds={"fake": FakeKind()}).results
    assert one.status is Status.SKIPPED
    assert one.reason == "the gate tests, whose output it reads, was not run"


def test_a_reader_of_layer_two_is_skipped_with_its_layer(tmp_path: Path) -> None:
    report = run(tmp_path, a_gate("tests", "exit 1"), reader(), kinds={"fake": FakeKind()})
    assert statuses(report) == {"tests": "failed", "coverage": "skipped"}
    assert report.results[1].reason == "layer 1 failed"


def test_a_red_reader_of_layer_one_blocks(tmp_path: Path) -> None:
    report = run(
        tmp_path,
        a_gate("tests"),
        reader("cover", layer=Layer.DETERMINISTIC),
        a_gate("complexity", layer=TWO),
        kinds={"fake": FakeKind(failing)},
    )
    assert statuses(report) == {"tests": "passed", "cover": "failed", "complexity": "skipped"}


# --- what a kind is given ---


def test_thresholds_decide_over_the_reading(tmp_path: Path) -> None:
    def read(run: GateRun) -> Reading:
        return Reading(status=Status.PASSED, figures={"coverage": 84.0})

    gate = a_gate("cover", kind="fake", thresholds={"min_coverage": 85.0})
    (one,) = run(tmp_path, gate, kinds={"fake": FakeKind(read)}).results
    assert (one.status, one.reason) == (Status.FAILED, "coverage is 84, the limit is 85")
    assert one.figures == {"coverage": 84.0}


@pytest.mark.parametrize("trick", ["ln -s /etc/passwd", "mkfifo", "mkdir"])
def test_a_report_that_is_no_file_is_not_read(tmp_path: Path, trick: str) -> None:
    def argv(gate: GateConfig, outputs: Path, wants: frozenset[str]) -> tuple[str, ...]:
        return ("bash", "-c", f"{trick} {outputs}/report.json")

    def read(run: GateRun) -> Reading:
        assert run.result.passed
        assert run.read(run.outputs / "report.json") is None
        assert run.read(run.outputs / "absent") is None
        return Reading(status=Status.ERRORED, reason="no report")

    (one,) = run(tmp_path, a_gate("lint", kind="fake"), kinds={"fake": FakeKind(read, argv=argv)}).results
    assert one.reason == "no report"


def test_long_output_keeps_its_head_and_tail(tmp_path: Path) -> None:
    script = "echo first; head -c 200000 /dev/zero | tr '\\0' x; echo; echo last"
    (one,) = run(tmp_path, a_gate("noisy", script)).results
    assert one.output.startswith("first\nxxx")
    assert one.output.endswith("xxx\nlast")
    assert "\n[...]\n" in one.output
    assert len(one.output) < 66_000


# --- what is told ---


def test_the_watcher_hears_of_each_verdict(tmp_path: Path) -> None:
    watcher = RecordingWatcher()
    run(tmp_path, a_gate("lint", "exit 2"), a_gate("types"), watcher=watcher)
    assert watcher.stages == ["gates: lint, types"]
    assert sorted(watcher.notes) == ["gate lint: failed (exit status 2)", "gate types: passed"]


def test_a_cancelled_job_is_no_result_of_the_tool(tmp_path: Path) -> None:
    """Cancelled before it ran: the kind must not take that for a pass."""
    cancelled = FakeExecutor(lambda asked: result(asked, outcome=Outcome.CANCELLED))
    (one,) = run(tmp_path, a_gate("lint"), executor=cancelled).results
    assert one.status is Status.ERRORED
