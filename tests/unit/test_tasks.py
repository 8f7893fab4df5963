"""Every task as a user starts it: a process in a small project, its exit status, stdout and stderr."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping
from pathlib import Path

import jsonschema
import pytest

from dark_factory.effects.project import schema
from dark_factory.testing import project

SCENARIO = """\
# Scenario: {name}

## Category
{category}

## Preconditions
- none

## Behavioral Expectation
It greets.

## Evaluation Method
```bash
{script}
```

## Pass Criteria
Exit status 0.

## Evidence Required
- none
"""
TASKS = "from dark_factory.tasks import factory\nfrom invoke import Collection\n\nnamespace = Collection(factory)\n"
CONFIG = """\
version = 1
[environment]
backend = "none"
[gates.lint]
layer = 1
kind = "command"
command = "! grep -rn FIXME app.sh"
[gates.size]
layer = 2
kind = "command"
command = "test $(wc -l < app.sh) -lt 5"
[agent]
kind = "command"
command = ["bash", "-c", "echo 'echo hello' > app.sh"]
"""
FILES = {
    "factory.toml": CONFIG,
    "tasks.py": TASKS,
    "noxfile.py": "from dark_factory.sessions import register\n\nregister()\n",
    "app.sh": "echo bye\n",
    "specs/app.md": "It says hello.\n",
    "scenarios/greets.md": SCENARIO.format(
        name="It greets", category="integration", script='[ "$(bash app.sh)" = hello ]'
    ),
    "scenarios/starts.md": SCENARIO.format(name="It starts", category="environment", script="bash app.sh"),
}
DONE = {**FILES, "app.sh": "echo hello\n"}
GIT = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "a"), ("EMAIL", "a@example.org"))
}


class Desk:
    """A project, and the variables of somebody who works in it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "greeter"
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder / "home"),
            "FACTORY_STATE": str(folder / "state"),
            "PYTHONWARNINGS": "error",
            "PYTHONDONTWRITEBYTECODE": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            **GIT,
            # So that the coverage of these processes counts, too.
            **{name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")},
        }

    def git(self, *args: str) -> str:
        done = subprocess.run(
            ["git", *args], cwd=self.root, env=self.environ, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def __call__(
        self, *args: str, module: str = "dark_factory", cwd: Path | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", module, *args],
            cwd=cwd or self.root,
            env={**self.environ, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done


def a_desk(folder: Path, files: Mapping[str, str], *, commit: bool = True) -> Desk:
    desk = Desk(folder)
    project(folder / "home", {})
    project(desk.root, files)
    if commit:
        desk.git("init", "--quiet", "--initial-branch=main")
        desk.git("add", "--all")
        desk.git("commit", "--quiet", "--message=base")
    return desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A project that does not yet satisfy."""
    return a_desk(tmp_path, FILES)


@pytest.fixture
def done(tmp_path: Path) -> Desk:
    """A project that satisfies."""
    return a_desk(tmp_path, DONE)


@pytest.fixture
def ungit(tmp_path: Path) -> Desk:
    """A project outside of git."""
    return a_desk(tmp_path, DONE, commit=False)


def assert_nothing_left(desk: Desk) -> None:
    """Beside artifacts, no file of the author's project is new or changed, and nothing is in his home."""
    assert desk.git("status", "--porcelain", "--untracked-files=all") == ""
    assert list(Path(desk.environ["HOME"]).iterdir()) == []


# --- check, config, list ---


def test_check_of_a_good_project(desk: Desk) -> None:
    told = desk("check")
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout == "factory.toml: 2 gates, 2 scenarios: no problems\n"
    assert_nothing_left(desk)


def test_check_tells_every_problem_of_every_file(desk: Desk) -> None:
    project(
        desk.root, {"factory.toml": CONFIG.replace("layer = 2", "layer = 7") + "[lop]\n", "scenarios/x.md": "# x\n"}
    )
    told = desk("check")
    assert (told.returncode, told.stdout) == (2, "")
    assert "factory.toml:9:" in told.stderr
    assert "loop" in told.stderr
    assert "scenarios/x.md:1:1" in told.stderr


def test_check_warns_of_a_project_without_scenarios(tmp_path: Path) -> None:
    desk = a_desk(tmp_path, {"factory.toml": CONFIG})
    told = desk("check")
    assert told.returncode == 0
    assert "no scenario in scenarios" in told.stdout


def test_config_names_the_source_of_each_value(desk: Desk) -> None:
    told = desk("config", "--json", FACTORY_LOOP_STALL_AFTER="7")
    data = json.loads(told.stdout)
    assert data["loop.stall_after"] == {"value": 7, "source": "FACTORY_LOOP_STALL_AFTER"}
    assert data["environment.backend"] == {"value": "none", "source": "factory.toml:3"}
    assert data["loop.max_iterations"] == {"value": 5, "source": "default"}
    table = desk("config")
    assert (table.returncode, table.stderr) == (0, "")
    assert any(line.split() == ["loop.stall_after", "3", "default"] for line in table.stdout.splitlines())


def test_the_list_has_every_task(desk: Desk) -> None:
    names = {"loop", "status", "local", "scenarios", "gates", "feedback", "check", "config", "demo"}
    listed = desk("--list")
    assert names <= {line.split()[0] for line in listed.stdout.splitlines() if line.startswith("  ")}
    with_invoke = desk("--list", module="invoke")
    assert with_invoke.returncode == 0
    assert {f"factory.{name}" for name in names} <= set(with_invoke.stdout.split())


def test_the_project_is_found_from_a_folder_inside(done: Desk) -> None:
    assert done("check", cwd=done.root / "specs").stdout.startswith("factory.toml: 2 gates")
    assert done("status", cwd=done.root / "specs").returncode == 0


# --- gates ---


def test_gates_that_pass(done: Desk) -> None:
    told = done("gates")
    assert (told.returncode, told.stderr) == (0, "")
    assert [line.split()[:3] for line in told.stdout.splitlines() if line.startswith((" lint", " size"))] == [
        ["lint", "1", "passed"],
        ["size", "2", "passed"],
    ]
    assert_nothing_left(done)


def test_gates_that_fail(desk: Desk) -> None:
    project(desk.root, {"app.sh": "echo bye # FIXME\n"})
    told = desk("gates")
    assert told.returncode == 1
    assert "skipped" in told.stdout
    # The tool's own words.
    assert "1:echo bye # FIXME" in told.stdout
    log = (desk.root / "artifacts/factory/ci_output.log").read_text(encoding="utf-8")
    assert "1:echo bye # FIXME" in log


def test_a_tracked_gate_does_not_fail_the_task(desk: Desk) -> None:
    project(desk.root, {"app.sh": "echo bye\n" * 9})
    told = desk("gates")
    assert told.returncode == 0
    assert any(line.split()[:3] == ["size", "2", "failed"] for line in told.stdout.splitlines())


def test_a_tool_that_is_missing_is_infrastructure(desk: Desk) -> None:
    project(desk.root, {"factory.toml": CONFIG.replace('"! grep -rn FIXME app.sh"', '["no-such-linter"]')})
    told = desk("gates", "--only", "lint")
    assert told.returncode == 3
    assert "no-such-linter" in told.stdout
    assert "what to do:" in told.stdout


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (("--only", "size"), ["size"]),
        (("--layer", "1"), ["lint"]),
        (("--only", "lint", "--only", "size"), ["lint", "size"]),
    ],
)
def test_some_gates(done: Desk, options: tuple[str, ...], names: list[str]) -> None:
    told = done("gates", "--json", *options)
    assert [gate["name"] for gate in json.loads(told.stdout)["gates"]] == names


def test_gates_work_outside_of_git(ungit: Desk) -> None:
    assert ungit("gates").returncode == 0
    assert ungit("scenarios").returncode == 0


# --- scenarios, local, feedback ---


def test_scenarios_that_pass(done: Desk) -> None:
    told = done("scenarios")
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.splitlines()[-1] == "satisfaction 100%: 2 passed"
    assert_nothing_left(done)


def test_scenarios_that_fail(desk: Desk) -> None:
    told = desk("scenarios")
    assert told.returncode == 1
    assert told.stdout.splitlines()[-1] == "satisfaction 50%: 1 passed, 1 failed"


def test_uncommitted_changes_are_judged(desk: Desk) -> None:
    project(desk.root, {"app.sh": "echo hello\n"})
    assert desk("scenarios").returncode == 0


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (("--id", "starts"), ["starts"]),
        (("--category", "integration"), ["greets"]),
        (("--jobs", "1"), ["greets", "starts"]),
    ],
)
def test_some_scenarios(done: Desk, options: tuple[str, ...], ids: list[str]) -> None:
    told = done("scenarios", "--json", *options)
    assert [one["id"] for one in json.loads(told.stdout)["results"]] == ids


def test_the_timeout_of_the_option_counts(done: Desk) -> None:
    project(done.root, {"scenarios/slow.md": SCENARIO.format(name="Slow", category="c", script="sleep 60")})
    told = done("scenarios", "--id", "slow", "--timeout", "200ms", "--json")
    assert told.returncode == 1
    assert json.loads(told.stdout)["results"][0]["reason"] == "timed out after 0.2 s"


def test_only_skipped_scenarios_do_not_satisfy(done: Desk) -> None:
    text = SCENARIO.format(name="It greets", category="c", script="true")
    project(done.root, {"scenarios/only.md": f"---\nrequires:\n  commands: no-such-program\n---\n{text}"})
    told = done("scenarios", "--id", "only")
    assert told.returncode == 1
    assert told.stdout.splitlines()[-1] == "satisfaction none: 1 skipped"
    assert "no-such-program is not found" in told.stdout


def test_local_validates_and_writes_feedback(desk: Desk) -> None:
    told = desk("local")
    assert (told.returncode, told.stderr) == (1, "")
    assert told.stdout.splitlines()[-1] == "feedback: artifacts/factory/feedback_iter_0.md"
    text = (desk.root / "artifacts/factory/feedback_iter_0.md").read_text(encoding="utf-8")
    assert "It greets" in text
    assert "$(bash app.sh)" not in text
    assert_nothing_left(desk)


def test_local_is_satisfied_by_the_threshold(desk: Desk) -> None:
    assert desk("local", FACTORY_LOOP_SATISFACTION_THRESHOLD="0.5").returncode == 0


def test_local_with_a_red_layer_one_runs_no_scenario(desk: Desk) -> None:
    project(desk.root, {"app.sh": "echo hello # FIXME\n"})
    told = desk("local")
    assert told.returncode == 1
    assert "no scenario was run: layer 1 failed" in told.stdout


def test_feedback_is_compiled_again(desk: Desk) -> None:
    desk("local")
    path = desk.root / "artifacts/factory/feedback_iter_0.md"
    before = path.read_text(encoding="utf-8")
    path.unlink()
    told = desk("feedback")
    assert (told.returncode, told.stdout) == (0, "feedback: artifacts/factory/feedback_iter_0.md\n")
    assert path.read_text(encoding="utf-8") == before


# --- JSON and plain text ---


@pytest.mark.parametrize(("task", "name"), [("gates", "gate_results"), ("scenarios", "scenario_results")])
def test_json_is_alone_on_stdout_and_fits_its_schema(desk: Desk, task: str, name: str) -> None:
    told = desk(task, "--json")
    data = json.loads(told.stdout)
    jsonschema.validate(data, schema(name), cls=jsonschema.Draft202012Validator)
    written = json.loads((desk.root / f"artifacts/factory/{name}.json").read_bytes())
    jsonschema.validate(written, schema(name), cls=jsonschema.Draft202012Validator)
    assert {**data, "timestamp": ""} == {**written, "timestamp": ""}
    # Progress is not lost, but elsewhere.
    assert f"* {task}: " in told.stderr


@pytest.mark.parametrize("task", ["gates", "scenarios", "config", "local"])
def test_a_pipe_gets_plain_lines(desk: Desk, task: str) -> None:
    told = desk(task, TERM="xterm-256color")
    assert "\x1b" not in told.stdout + told.stderr
    assert "\r" not in told.stdout + told.stderr


# --- the loop and its status ---


def test_a_run_converges_and_is_told(desk: Desk) -> None:
    told = desk("loop", "--json")
    view = json.loads(told.stdout)
    assert told.returncode == 0
    assert (view["verdict"], view["iteration"], view["satisfaction"], view["history"]) == (
        "converged",
        1,
        1.0,
        [0.5, 1.0],
    )
    branch = f"factory/{view['run']}"
    assert desk.git("show", f"{branch}:app.sh") == "echo hello"
    assert desk.git("show", "HEAD:app.sh") == "echo bye"
    assert desk.git("branch", "--show-current") == "main"
    assert_nothing_left(desk)
    status = json.loads(desk("status", "--json").stdout)
    assert {key: status[key] for key in ("run", "verdict", "iteration", "satisfaction")} == {
        key: view[key] for key in ("run", "verdict", "iteration", "satisfaction")
    }
    told = desk("status")
    assert (told.returncode, told.stderr) == (0, "")
    assert view["run"] in told.stdout
    assert "converged: satisfaction 100% reaches the threshold 80% at iteration 1" in told.stdout
    assert desk("factory.status", module="invoke").stdout == told.stdout
    # Converged has nothing to go on with, and says so again.
    again = desk("loop", "--resume", "--json")
    assert (again.returncode, json.loads(again.stdout)["verdict"]) == (0, "converged")


def test_a_satisfied_base_costs_no_call(done: Desk) -> None:
    view = json.loads(done("loop", "--json").stdout)
    assert (view["verdict"], view["iteration"], view["budget"]["iterations"]) == ("converged", 0, [0, 5])
    assert done.git("branch", "--list", "factory/*") == ""


def test_an_agent_that_does_nothing_ends_with_status_1_and_an_escalation(desk: Desk) -> None:
    project(desk.root, {"factory.toml": CONFIG.replace("echo 'echo hello' > app.sh", "true")})
    desk.git("commit", "--quiet", "--all", "--message=lazy")
    told = desk("loop", "--max-iterations", "1")
    assert told.returncode == 1
    assert "exhausted: iterations 1 of 1" in told.stdout
    assert "exhausted" in (desk.root / "artifacts/factory/escalation.md").read_text(encoding="utf-8")


def test_no_agent_is_status_4(desk: Desk) -> None:
    project(desk.root, {"factory.toml": CONFIG.partition("[agent]")[0]})
    desk.git("commit", "--quiet", "--all", "--message=alone")
    told = desk("loop")
    assert told.returncode == 4
    assert "names no agent" in told.stdout


def test_a_dirty_checkout_is_refused_or_taken(desk: Desk) -> None:
    project(desk.root, {"new.txt": "x\n"})
    told = desk("loop")
    assert told.returncode == 2
    assert "?? new.txt" in told.stderr
    assert "--allow-dirty" in told.stderr
    assert desk("loop", "--allow-dirty").returncode == 0


def test_no_run_yet(desk: Desk) -> None:
    told = desk("status")
    assert (told.returncode, told.stdout.splitlines()[0]) == (0, "no run yet")
    assert json.loads(desk("status", "--json").stdout)["run"] is None


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"run": "r"}', '{"run": "r", "history": 3}', "\udcff"])
def test_an_unreadable_status_is_status_6(desk: Desk, content: str) -> None:
    project(desk.root, {"artifacts/factory/status.json": content.encode("utf-8", "surrogateescape")})
    told = desk("status")
    assert (told.returncode, told.stdout) == (6, "")
    assert "status.json: can't be read: " in told.stderr
    assert "what to do: remove it" in told.stderr
    assert desk("factory.status", module="invoke").returncode == 6


def test_status_follows_the_configured_folder(done: Desk) -> None:
    project(done.root, {"factory.toml": CONFIG + '[project]\nartifacts = "out/factory"\n'})
    done.git("commit", "--quiet", "--all", "--message=moved")
    assert done("loop").returncode == 0
    assert (done.root / "out/factory/status.json").exists()
    assert "converged" in done("status").stdout
    assert_nothing_left(done)


def test_status_tells_a_run_from_one_whose_process_is_gone(desk: Desk) -> None:
    desk("loop")
    path = desk.root / "artifacts/factory/status.json"
    view = {**json.loads(path.read_bytes()), "verdict": None, "reason": None}
    project(desk.root, {"artifacts/factory/status.json": json.dumps({**view, "process": os.getpid()})})
    assert f"running (process {os.getpid()})" in desk("status").stdout
    with subprocess.Popen(["true"]) as gone:
        pass
    project(desk.root, {"artifacts/factory/status.json": json.dumps({**view, "process": gone.pid})})
    assert "its process is gone" in desk("status").stdout
    assert json.loads(desk("status", "--json").stdout)["process_alive"] is False


def test_delivery_to_the_current_branch_fast_forwards_a_clean_checkout(desk: Desk) -> None:
    project(desk.root, {"factory.toml": CONFIG + '[delivery]\ntarget = "current"\n'})
    desk.git("commit", "--quiet", "--all", "--message=current")
    told = desk("loop")
    assert told.returncode == 0
    assert "main is fast-forwarded" in told.stdout
    assert (desk.root / "app.sh").read_text(encoding="utf-8") == "echo hello\n"
    assert (desk.root / "scenarios/greets.md").exists()


def test_an_interrupted_run_is_taken_up_where_it_was(desk: Desk) -> None:
    began = desk.root.parent / "began"
    os.mkfifo(began)
    agent = f"echo 'echo hello' > app.sh; if [ -p {began} ]; then echo > {began}; sleep 60; fi"
    project(desk.root, {"factory.toml": CONFIG.replace("echo 'echo hello' > app.sh", agent)})
    desk.git("commit", "--quiet", "--all", "--message=slow")
    with subprocess.Popen(
        [sys.executable, "-m", "dark_factory", "loop"],
        cwd=desk.root,
        env=desk.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        began.read_bytes()
        process.send_signal(signal.SIGINT)
        stdout, _ = process.communicate(timeout=60)
    assert process.returncode == 130, stdout
    assert "interrupted: stopped by Ctrl-C" in stdout
    assert "--resume" in desk("status").stdout
    began.unlink()
    told = desk("loop", "--resume")
    assert told.returncode == 0, told.stderr
    assert "converged" in told.stdout
    # The base was not validated again.
    assert "iteration 0" not in told.stdout
    (run,) = (path.name for path in (desk.root / "artifacts/factory/runs").iterdir())
    desk("loop", "--allow-dirty")
    assert f"going on with run {run}\n" in desk("loop", f"--resume={run}").stdout
    unknown = desk("loop", "--resume=nope")
    assert (unknown.returncode, run in unknown.stderr) == (2, True)
    assert_nothing_left(desk)


def test_two_factories_at_once_are_refused(desk: Desk) -> None:
    desk("gates")
    (lock,) = Path(desk.environ["FACTORY_STATE"]).glob("*/lock")
    with lock.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for task in ("gates", "scenarios", "local", "loop"):
            told = desk(task)
            assert told.returncode == 6, task
            assert "already at work" in told.stderr
            assert "what to do" in told.stderr


# --- what the user may do wrong ---


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("gates", "--only", "lnt"), ("there is no gate 'lnt'", "lint, size")),
        (("gates", "--layer", "3"), ("--layer 3", "1 and 2")),
        (("gates", "--layer", "one"), ("--layer one",)),
        (("gates", "--only", "lint", "--layer", "2"), ("no gate is left to run",)),
        (("scenarios", "--id", "nope"), ("there is no scenario 'nope'", "greets, starts")),
        (("scenarios", "--category", "nope"), ("there is no category 'nope'", "environment, integration")),
        (("scenarios", "--jobs", "many"), ("--jobs",)),
        (("scenarios", "--timeout", "5"), ("--timeout",)),
        (("loop", "--threshold", "lots"), ("--threshold", "from 0 to 1")),
        (("loop", "--threshold", "2"), ("--threshold", "from 0 to 1")),
        (("loop", "--max-iterations", "-1"), ("--max-iterations",)),
        (("loop", "--resume"), ("there is no run to resume", "inv factory.loop")),
        (("feedback",), ("there are no results", "inv factory.local")),
        (("gates", "--nope"), ("--nope", "--list")),
        (("nope",), ("nope", "--list")),
        (("status", "--nope"), ("--nope",)),
        (("demo", "--folder", "specs"), ("specs is there already", "--folder")),
    ],
)
def test_wrong_use_is_status_2(desk: Desk, arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    told = desk(*arguments)
    assert (told.returncode, told.stdout) == (2, "")
    for part in words:
        assert part in told.stderr
    assert_nothing_left(desk)


@pytest.mark.parametrize("task", ["check", "gates", "scenarios", "local", "loop", "config", "feedback"])
def test_without_factory_toml(tmp_path: Path, task: str) -> None:
    desk = a_desk(tmp_path, {"README.md": "# nothing\n"})
    told = desk(task)
    assert (told.returncode, told.stdout) == (2, "")
    assert "factory.toml" in told.stderr


@pytest.mark.parametrize("task", ["check", "gates", "scenarios", "local", "loop", "config"])
def test_a_factory_toml_that_is_no_toml(desk: Desk, task: str) -> None:
    project(desk.root, {"factory.toml": "version = 1\n[loop\n"})
    told = desk(task)
    assert (told.returncode, told.stdout) == (2, "")
    assert "factory.toml:2:" in told.stderr


def test_a_loop_outside_of_git(ungit: Desk) -> None:
    told = ungit("loop")
    assert told.returncode == 2
    assert "not a git repository" in told.stderr
    assert "git init" in told.stderr


def test_a_repository_without_a_commit(ungit: Desk) -> None:
    ungit.git("init", "--quiet")
    told = ungit("loop")
    assert told.returncode == 2
    assert "no commit yet" in told.stderr


def test_a_requirement_of_isolation_that_cannot_be_met_is_refused(desk: Desk) -> None:
    told = desk("loop", FACTORY_ISOLATION_REQUIRE="sandbox")
    assert told.returncode in (2, 3)
    assert "isolation" in told.stderr
    assert not (desk.root / "artifacts").exists() or not list((desk.root / "artifacts/factory").glob("runs/*"))


def test_an_unknown_variable_is_told(desk: Desk) -> None:
    told = desk("check", FACTORY_LOOP_MAX_ITERATION="3")
    assert told.returncode == 2
    assert "FACTORY_LOOP_MAX_ITERATIONS" in told.stderr


# --- interruptions ---


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_task_ends_with_130_and_leaves_no_process(desk: Desk, number: signal.Signals) -> None:
    began = desk.root.parent / "began"
    os.mkfifo(began)
    gate = f'command = "echo $$ > {began}; sleep 60"'
    project(desk.root, {"factory.toml": CONFIG.replace('command = "! grep -rn FIXME app.sh"', gate)})
    with subprocess.Popen(
        [sys.executable, "-m", "dark_factory", "gates"],
        cwd=desk.root,
        env=desk.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        tool = int(began.read_text(encoding="utf-8"))
        process.send_signal(number)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stderr == "interrupted\n"
    with pytest.raises(ProcessLookupError):
        os.kill(tool, 0)


# --- a terminal ---


def on_terminal(desk: Desk, *args: str, **variables: str) -> tuple[int, str, bool]:
    """Run a task on a terminal: its exit status, all that it wrote, and whether the terminal is as before."""
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    environ = {**desk.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30", **variables}
    process = subprocess.Popen(
        [sys.executable, "-m", "dark_factory", *args],
        cwd=desk.root, env=environ, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    same = False
    written = b""
    try:
        while process.poll() is None or _more(ours):
            if _more(ours, 0.05):
                written += os.read(ours, 65536)
        same = termios.tcgetattr(theirs) == before
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)
    return process.returncode, written.decode("utf-8", "replace"), same


def _more(terminal: int, seconds: float = 0.0) -> bool:
    return bool(select.select([terminal], [], [], seconds)[0])


def test_a_terminal_shows_the_stage_and_is_left_usable(desk: Desk) -> None:
    status, text, same = on_terminal(desk, "local")
    assert status == 1
    assert "gates: lint, size" in text
    assert "scenarios: 2" in text
    # Colours, and a cursor that is hidden while something moves and shown again at the end.
    assert "\x1b[" in text
    assert 0 <= text.find("\x1b[?25l") < text.rfind("\x1b[?25h")
    assert text.rfind("\x1b[?25l") < text.rfind("\x1b[?25h")
    assert text.splitlines()[-1] == "feedback: artifacts/factory/feedback_iter_0.md"
    assert same


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_without_colours_gets_none(desk: Desk, variables: dict[str, str]) -> None:
    status, text, _ = on_terminal(desk, "scenarios", **variables)
    assert status == 1
    assert "\x1b" not in text


def test_an_error_on_a_terminal_leaves_it_usable(desk: Desk) -> None:
    status, text, same = on_terminal(desk, "scenarios", "--id", "nope")
    assert status == 2
    assert "there is no scenario 'nope'" in text
    assert text.rfind("\x1b[?25l") <= text.rfind("\x1b[?25h")
    assert same


# --- Nox ---


@pytest.fixture(scope="module")
def nox_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A project whose tracked gate fails, shared by the tests that only look."""
    files = {**DONE, "app.sh": "echo hello\n" * 9}
    desk = a_desk(tmp_path_factory.mktemp("nox"), files)
    yield desk
    with contextlib.suppress(OSError):
        shutil.rmtree(desk.root / ".nox")


def sessions(desk: Desk, *args: str) -> subprocess.CompletedProcess[str]:
    return desk(*args, module="nox", NO_COLOR="1")


def test_nox_lists_a_session_for_each_gate(nox_desk: Desk) -> None:
    told = sessions(nox_desk, "--list")
    assert told.returncode == 0
    # Only all gates together are the default.
    assert "* gates -> Run every gate of factory.toml." in told.stdout
    assert "- lint [layer1] -> Run the gate lint." in told.stdout
    assert "- size [layer2] -> Run the gate size." in told.stdout


@pytest.mark.parametrize(
    ("arguments", "ran", "absent"),
    [
        (("-s", "gates"), (" lint ", " size "), ()),
        (("-s", "lint"), (" lint ",), (" size ",)),
        (("-t", "layer2"), (" size ",), (" lint ",)),
        (("-s", "gates", "--", "--layer", "1"), (" lint ",), (" size ",)),
        (("-s", "gates", "--", "--only", "size"), (" size ",), (" lint ",)),
        ((), (" lint ", " size "), ()),
    ],
)
def test_nox_runs_gates(
    nox_desk: Desk, arguments: tuple[str, ...], ran: tuple[str, ...], absent: tuple[str, ...]
) -> None:
    told = sessions(nox_desk, *arguments)
    assert told.returncode == 0, told.stderr
    rows = [line for line in told.stdout.splitlines() if line.startswith(" ")]
    assert all(any(line.startswith(name) for line in rows) for name in ran)
    assert not any(line.startswith(name) for name in absent for line in rows)


def test_a_session_of_a_red_gate_fails(desk: Desk) -> None:
    project(desk.root, {"app.sh": "echo bye # FIXME\n"})
    told = sessions(desk, "-s", "lint")
    assert told.returncode == 1
    assert "see the table above" in told.stderr


def test_a_broken_factory_toml_is_told_by_the_session(desk: Desk) -> None:
    project(desk.root, {"factory.toml": "version = 1\n[gates.lint]\nlayer = 9\n"})
    assert sessions(desk, "--list").returncode == 0
    told = sessions(desk, "-s", "gates")
    assert told.returncode == 1
    assert "factory.toml:3:" in told.stderr


def test_the_environment_session_is_for_the_factory(desk: Desk) -> None:
    told = sessions(desk, "-s", "environment")
    assert "nox -s gates" in told.stderr


def test_check_tells_a_pipe_in_the_place_of_factory_toml_beside_all_other_problems(desk: Desk) -> None:
    (desk.root / "factory.toml").unlink()
    os.mkfifo(desk.root / "factory.toml")
    (desk.root / "scenarios/greets.md").write_text("# Scenario: y\n", encoding="utf-8")
    told = desk("check")
    assert told.returncode == 2
    assert "factory.toml: this is not a regular file" in told.stderr
    assert "scenarios/greets.md:1:1: " in told.stderr
