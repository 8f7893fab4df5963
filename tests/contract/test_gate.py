"""What every kind on the gates shelf promises, with the real tools: a new file is tested on the day it appears."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dark_factory.gates
from dark_factory.core.command import Captured, Command, CommandResult, Outcome
from dark_factory.core.config import GateConfig
from dark_factory.core.ports import GateKind, GateRun
from dark_factory.core.report import Layer, Level, Reading, Status

SHELF = Path(dark_factory.gates.__file__).parent
KINDS = sorted(path.stem for path in SHELF.glob("*.py") if path.stem != "__init__")

PYTHON = str(Path(sys.executable).parent / "python")
PATH = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))

CLEAN = '"""Sums."""\n\n\ndef add(a: int, b: int) -> int:\n    """Add."""\n    return a + b\n\n\nTOTAL = add(1, 2)\n'
SYNTAX = "def f(:\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One kind's samples.

    dirty: a tree that fails with a finding of `rule` at `path` and `line`, with these thresholds if any.
    broken: a tree whose code does not parse or run; the reading must not be passed, and must say why.
    silent: whether the tool says nothing at all about a clean tree, so that silence with status 0 is passed.
    reports: the files that it reads besides stdout and stderr.
    source: the command of the gate that this kind reads, when it runs nothing itself.
    """

    command: tuple[str, ...]
    clean: Mapping[str, str]
    dirty: Mapping[str, str]
    broken: Mapping[str, str]
    rule: str
    path: str | None
    line: int | None
    level: Level = Level.ERROR
    figures: Mapping[str, float] = field(default_factory=dict)
    dirty_status: Status = Status.FAILED
    broken_status: Status = Status.FAILED
    silent: bool = False
    reports: tuple[str, ...] = ()
    source: tuple[str, ...] = ()


TEST = "from calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n"
TEST_CLEAN = {"calc.py": CLEAN, "test_calc.py": TEST}
TEST_DIRTY = {"calc.py": CLEAN, "test_calc.py": TEST.replace("3", "4")}
TEST_BROKEN = {"calc.py": CLEAN, "test_calc.py": "import no_such_module\n\n\ndef test_add():\n    pass\n"}
BRANCHES = "def f(x):\n" + "".join(f"    if x == {n}:\n        return {n}\n" for n in range(12)) + "    return 0\n"
PARTLY = {
    "calc.py": "def f(x):\n    if x:\n        return 1\n    return 2\n",
    "test_calc.py": "from calc import f\n\n\ndef test_f():\n    assert f(1) == 1\n",
}

ROWS = {
    "command": Row(
        command=(PYTHON, "check.py"),
        clean={"check.py": "print('fine')\n"},
        dirty={"check.py": "raise SystemExit(3)\n"},
        broken={"check.py": SYNTAX},
        rule="",
        path=None,
        line=None,
        silent=True,
    ),
    "ruff": Row(
        command=("ruff", "check", "."),
        clean={"calc.py": CLEAN},
        dirty={"pkg/calc.py": "X = 1\nimport os\n"},
        broken={"calc.py": SYNTAX},
        rule="F401",
        path="pkg/calc.py",
        line=2,
        figures={"findings": 1},
        reports=("ruff.json",),
    ),
    "mypy": Row(
        command=("mypy", "."),
        clean={"calc.py": CLEAN},
        dirty={"calc.py": "def f(a: int) -> str:\n    return a\n"},
        broken={"calc.py": SYNTAX},
        rule="return-value",
        path="calc.py",
        line=2,
        figures={"errors": 1},
        reports=("mypy.xml",),
    ),
    "pytest": Row(
        command=("pytest", "-q"),
        clean=TEST_CLEAN,
        dirty=TEST_DIRTY,
        broken=TEST_BROKEN,
        rule="test_calc.py::test_add",
        path="test_calc.py",
        line=5,
        figures={"tests": 1, "passed": 0, "failed": 1, "errors": 0, "skipped": 0},
        reports=("junit.xml",),
    ),
    "coverage": Row(
        command=(),
        source=("pytest", "-q"),
        clean=TEST_CLEAN,
        dirty=PARTLY,
        broken=TEST_BROKEN,
        rule="missing-lines",
        path="calc.py",
        line=4,
        level=Level.NOTE,
        dirty_status=Status.PASSED,
        broken_status=Status.ERRORED,
        reports=("coverage.json",),
    ),
    "vulture": Row(
        command=("vulture", "."),
        clean={"calc.py": "print(1)\n"},
        dirty={"calc.py": "print(1)\n\n\ndef forgotten():\n    print(2)\n"},
        broken={"calc.py": SYNTAX},
        rule="unused-function",
        path="calc.py",
        line=4,
        level=Level.WARNING,
        figures={"findings": 1},
        silent=True,
    ),
    "radon": Row(
        command=("radon", "cc", "."),
        clean={"calc.py": CLEAN},
        dirty={"calc.py": "\n" + BRANCHES},
        broken={"calc.py": SYNTAX},
        rule="complexity",
        path="calc.py",
        line=2,
        level=Level.WARNING,
        figures={"max_complexity": 13, "mean_complexity": 13, "blocks": 1},
        dirty_status=Status.PASSED,
        reports=("radon.json",),
    ),
    "bandit": Row(
        command=("bandit", "-r", "."),
        clean={"calc.py": CLEAN},
        dirty={"calc.py": "import subprocess\nsubprocess.call('ls', shell=True)\n"},
        broken={"calc.py": SYNTAX},
        rule="B404",
        path="calc.py",
        line=1,
        level=Level.NOTE,
        reports=("bandit.json",),
    ),
}
TOOLS = [kind for kind in KINDS if ROWS[kind].command] if set(KINDS) <= set(ROWS) else []


def test_every_kind_on_the_shelf_has_a_row() -> None:
    assert set(ROWS) == set(KINDS)


def the_kind(name: str) -> GateKind:
    return cast("GateKind", importlib.import_module(f"dark_factory.gates.{name}"))


def the_gate(name: str, command: tuple[str, ...], **more: object) -> GateConfig:
    of = None if command else "tests"
    fields = {"name": name, "kind": name, "layer": Layer.STRUCTURAL, "command": command, "of": of, "timeout": 60.0}
    return GateConfig(**(fields | more))  # type: ignore[arg-type]


def ended(
    command: Command,
    exit_status: int | None = 0,
    *,
    outcome: Outcome = Outcome.EXITED,
    stdout: bytes = b"",
    stderr: bytes = b"",
    error: str = "",
) -> CommandResult:
    return CommandResult(
        command=command,
        outcome=outcome,
        exit_status=exit_status,
        duration=0.1,
        stdout=Captured(head=stdout, size=len(stdout)),
        stderr=Captured(head=stderr, size=len(stderr)),
        error=error,
    )


def run_for_real(name: str, row: Row, files: Mapping[str, str], folder: Path, **more: object) -> Reading:
    """The reading of the real tool, run on a tree of these files."""
    tree, outputs = folder / "tree", folder / "outputs"
    outputs.mkdir()
    for path, text in files.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text, encoding="utf-8")
    gate = the_gate(name, row.command, **more)
    argv = the_kind(name).argv(gate, outputs, wants=frozenset())
    if argv is None:
        argv = the_kind("pytest").argv(the_gate("tests", row.source), outputs, wants=frozenset({name}))
    assert argv is not None
    env = {"PATH": PATH, "HOME": str(folder), "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(argv, cwd=tree, env=env, capture_output=True, check=False, timeout=120)
    command = Command(argv=argv, cwd=tree, env=env, timeout=gate.timeout)
    result = ended(command, done.returncode, stdout=done.stdout, stderr=done.stderr)
    return the_kind(name).read(GateRun(gate=gate, result=result, outputs=outputs, tree=tree, read=read_bytes))


def read_bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def read_as(name: str, result_of: CommandResult, reports: Mapping[str, bytes] | None = None) -> Reading:
    """The reading of a result that is made up."""
    gate = the_gate(name, ROWS[name].command)
    held = reports or {}
    run = GateRun(
        gate=gate,
        result=result_of,
        outputs=Path("/outputs"),
        tree=Path("/tree"),
        read=lambda path: held.get(path.name),
    )
    return the_kind(name).read(run)


def a_command(name: str) -> Command:
    return Command(argv=ROWS[name].command or ("pytest",), cwd=Path("/tree"), env={}, timeout=60.0)


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_has_the_two_functions_of_the_port(name: str) -> None:
    kind = the_kind(name)
    assert list(inspect.signature(kind.argv).parameters) == ["gate", "outputs", "wants"]
    assert list(inspect.signature(kind.read).parameters) == ["run"]


@pytest.mark.parametrize("name", KINDS)
def test_a_clean_tree_passes(name: str, tmp_path: Path) -> None:
    reading = run_for_real(name, ROWS[name], ROWS[name].clean, tmp_path)
    assert reading.status is Status.PASSED, reading
    assert not reading.findings
    assert not reading.reason


@pytest.mark.parametrize("name", KINDS)
def test_a_dirty_tree_yields_the_finding_and_the_figures(name: str, tmp_path: Path) -> None:
    row = ROWS[name]
    reading = run_for_real(name, row, row.dirty, tmp_path)
    assert reading.status is row.dirty_status, reading
    for figure, value in row.figures.items():
        assert reading.figures[figure] == value
    if row.rule:
        finding = next(finding for finding in reading.findings if finding.rule == row.rule)
        assert (finding.level, finding.path, finding.line) == (row.level, row.path, row.line)
        assert finding.message


@pytest.mark.parametrize("name", KINDS)
def test_broken_code_is_told_and_never_passed(name: str, tmp_path: Path) -> None:
    row = ROWS[name]
    reading = run_for_real(name, row, row.broken, tmp_path)
    assert reading.status is row.broken_status, reading
    assert reading.findings or reading.reason


@pytest.mark.parametrize("name", [kind for kind in TOOLS if not ROWS[kind].silent])
def test_a_tree_without_anything_to_check_is_not_passed(name: str, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    reading = run_for_real(name, ROWS[name], {}, tmp_path)
    assert reading.status is Status.FAILED, reading
    assert reading.reason


@pytest.mark.parametrize("name", KINDS)
def test_a_tool_that_is_not_there_is_errored_with_what_to_do(name: str) -> None:
    command = a_command(name)
    for result in (
        ended(command, None, outcome=Outcome.NOT_STARTED, error="no such program"),
        ended(command, 127, stderr=b"sh: tool: not found"),
        ended(command, 126, stderr=b"sh: tool: Permission denied"),
    ):
        reading = read_as(name, result)
        assert reading.status is Status.ERRORED
        assert "[environment]" in reading.advice
        assert "`requires`" in reading.advice
        assert reading.reason


@pytest.mark.parametrize("name", KINDS)
def test_a_timeout_is_errored_and_names_the_key(name: str) -> None:
    reading = read_as(name, ended(a_command(name), 143, outcome=Outcome.TIMED_OUT))
    assert reading.status is Status.ERRORED
    assert "60 s" in reading.reason
    assert f"`timeout` of [gates.{name}]" in reading.advice


@pytest.mark.parametrize("name", KINDS)
def test_a_crash_is_errored_also_behind_a_sandbox(name: str) -> None:
    for outcome in (Outcome.SIGNALLED, Outcome.EXITED):
        killed = read_as(name, ended(a_command(name), 128 + signal.SIGKILL, outcome=outcome))
        crashed = read_as(name, ended(a_command(name), 128 + signal.SIGSEGV, outcome=outcome))
        assert killed.status is crashed.status is Status.ERRORED
        assert "SIGKILL" in killed.reason
        assert "memory" in killed.advice
        assert "SIGSEGV" in crashed.reason
        assert "memory" not in crashed.advice


@pytest.mark.parametrize("name", KINDS)
def test_a_cancelled_tool_is_errored(name: str) -> None:
    assert read_as(name, ended(a_command(name), 143, outcome=Outcome.CANCELLED)).status is Status.ERRORED


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("exit_status", [0, 1, 2, 3, 4, 255])
def test_silence_is_errored_unless_it_is_the_tool_s_word(name: str, exit_status: int) -> None:
    reading = read_as(name, ended(a_command(name), exit_status))
    if not ROWS[name].silent:
        assert reading.status is Status.ERRORED, reading
        assert reading.reason
        assert reading.advice
    else:
        assert (reading.status is Status.PASSED) == (exit_status == 0)


JSON_GARBAGE = [b"null", b"[[]]", b"{", b"{}", b"[1]", b"NaN", b"[" * 100_000]
GARBAGE = [b"", b"\x00\xff\xfe", b"<a/>", b"<testsuite/>", *JSON_GARBAGE]


@pytest.mark.parametrize("name", [kind for kind in KINDS if ROWS[kind].reports])
@pytest.mark.parametrize("garbage", GARBAGE)
def test_a_garbled_report_is_never_passed(name: str, garbage: bytes) -> None:
    for reports in ({}, dict.fromkeys(ROWS[name].reports, garbage)):
        reading = read_as(name, ended(a_command(name), 0, stdout=garbage), reports)
        assert reading.status is not Status.PASSED, reading
        assert reading.reason


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["results", "errors", "metrics", "files", "totals", "a.py", "mi", "code", "message"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(data=st.data(), exit_status=st.integers(0, 255), reported=st.booleans())
@settings(deadline=None, max_examples=60)
@pytest.mark.parametrize("name", KINDS)
def test_any_bytes_are_read_without_an_exception(
    name: str, data: st.DataObject, exit_status: int, reported: bool
) -> None:
    blob = st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode())
    stdout, stderr, report = data.draw(blob), data.draw(blob), data.draw(blob)
    reports = dict.fromkeys(ROWS[name].reports, report) if reported else {}
    reading = read_as(name, ended(a_command(name), exit_status, stdout=stdout, stderr=stderr), reports)
    for text in (reading.reason, reading.advice, *(finding.message for finding in reading.findings)):
        text.encode("utf-8")
    if ROWS[name].reports and reading.status is Status.PASSED:
        # Only an empty list is a whole report by chance: ruff's word for a clean tree.
        assert (report if reported else stdout).strip() == b"[]"
    if reading.status is Status.ERRORED:
        assert reading.reason
        assert reading.advice


@pytest.mark.parametrize("name", TOOLS)
def test_the_outputs_placeholder_is_replaced_in_any_form_of_command(name: str) -> None:
    tool = ROWS[name].command[0]
    for command in ((tool, "--x={outputs}/y"), ("bash", "-c", tool + " > {outputs}/y")):
        argv = the_kind(name).argv(the_gate(name, command), Path("/private/reports"), wants=frozenset())
        assert argv is not None
        assert any("/private/reports/y" in word for word in argv)
        assert not any("{outputs}" in word for word in argv)


@pytest.mark.parametrize("name", TOOLS)
def test_nothing_is_added_to_a_shell_s_text(name: str) -> None:
    command = ("bash", "-c", " ".join(ROWS[name].command) + " | cat")
    argv = the_kind(name).argv(the_gate(name, command), Path("/outputs"), wants=frozenset({"coverage"}))
    assert argv == command
