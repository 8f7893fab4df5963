"""One call of an agent: what becomes of its tree, how the call is judged, and what is written down."""

from __future__ import annotations

from pathlib import Path

import pytest
from stage_samples import a_store

from dark_factory.core.agent_run import AgentOutcome, AgentReport, AgentRequest, Turn, Usage
from dark_factory.core.command import Command, CommandResult, Outcome
from dark_factory.core.config import AgentConfig
from dark_factory.core.patterns import Patterns
from dark_factory.effects.system import Processes
from dark_factory.stages.agent import Call, call_agent
from dark_factory.testing import RecordingWatcher, project
from dark_factory.workspaces.clone import workspace as clone

BASE = {"src/a.py": "x = 1\n", "factory.toml": "version = 1\n", "specs/a.md": "It is 1.\n"}


class Script:
    """An agent that is a line of bash; without one it has nothing to run."""

    def __init__(self, script: str, *, timeout: float = 30.0, program: str = "bash") -> None:
        self.script, self.timeout, self.program = script, timeout, program

    def turn(self, agent: AgentConfig, request: AgentRequest) -> Turn:
        if not self.script:
            return Turn(command=None, note="the recording has ended")
        env = {**request.env, "KEY": "hunter2"}
        argv = (self.program, "-c", self.script)
        command = Command(argv=argv, cwd=request.workspace, env=env, timeout=self.timeout, secrets=("hunter2",))
        return Turn(command=command)

    def read(self, agent: AgentConfig, request: AgentRequest, result: CommandResult) -> AgentReport:
        note = "" if result.passed else result.ending()
        return AgentReport(failed=not result.passed, usage=Usage(tokens=5, usd=0.1), note=note)


def call(folder: Path, kind: Script) -> tuple[Call, Path]:
    store = a_store(folder / "git")
    tree = store.snapshot(project(folder / "base", BASE), index=folder / "base.index")
    workspace = clone(store, folder / "run")
    workspace.prepare(store.commit(tree, parents=[], message="base", when=0), tree)
    request = AgentRequest(
        iteration=1, workspace=workspace.path, prompt_file=folder / "p", feedback_file=folder / "f",
        outputs=folder / "o", env={"PATH": "/usr/local/bin:/usr/bin:/bin"}, timeout=kind.timeout,
    )  # fmt: skip
    made = call_agent(
        AgentConfig(kind="script"),
        kind,
        request,
        executor=Processes(),
        watcher=RecordingWatcher(),
        workspace=workspace,
        store=store,
        base=store.read(tree),
        before=tree,
        protected=Patterns(["/factory.toml", "/specs/"]),
        unseen=["tests/holdout/one.md"],
        ignored=Patterns(["/artifacts/factory/"]),
        record=folder / "record",
    )
    return made, workspace.path


def test_what_it_edits_is_the_candidate(tmp_path: Path) -> None:
    made, place = call(
        tmp_path,
        Script(
            "echo 'x = 2' > src/a.py; echo 'y = 1' > src/b.py; mkdir -p artifacts/factory; echo z > artifacts/factory/f"
        ),
    )
    assert (made.outcome, made.note, made.usage.tokens) == (AgentOutcome.EDITED, "", 5)
    assert made.candidate.changed == ("src/a.py", "src/b.py")
    assert sorted(made.candidate.tree) == ["factory.toml", "specs/a.md", "src/a.py", "src/b.py"]
    patch = (tmp_path / "record/changes.patch").read_text(encoding="utf-8")
    assert "+x = 2" in patch
    assert (place / "src/b.py").exists()


def test_protected_paths_are_put_back_in_the_workspace_too(tmp_path: Path) -> None:
    made, place = call(
        tmp_path, Script("echo lax >> factory.toml; rm specs/a.md; echo new > specs/b.md; echo 'x = 2' > src/a.py")
    )
    assert made.candidate.reset == ("factory.toml", "specs/a.md", "specs/b.md")
    assert made.candidate.changed == ("src/a.py",)
    assert (place / "factory.toml").read_text(encoding="utf-8") == BASE["factory.toml"]
    assert [path.name for path in (place / "specs").iterdir()] == ["a.md"]


def test_a_link_out_of_the_tree_is_refused(tmp_path: Path) -> None:
    made, place = call(tmp_path, Script("ln -s /etc/passwd src/secret; echo 'x = 2' > src/a.py"))
    assert [(one.path, one.why) for one in made.candidate.refused] == [
        ("src/secret", "a symbolic link that leaves the tree (/etc/passwd)")
    ]
    assert not (place / "src/secret").is_symlink()


@pytest.mark.parametrize(
    ("kind", "outcome", "note"),
    [
        (Script("true"), AgentOutcome.UNCHANGED, ""),
        (Script("echo 'x = 2' > src/a.py; exit 7"), AgentOutcome.CRASHED, "exit status 7"),
        (Script("exit 7"), AgentOutcome.CRASHED, "exit status 7"),
        (Script("sleep 60", timeout=0.2), AgentOutcome.TIMED_OUT, "timed out after 0.2 s"),
        (Script("true", program="no-such-agent"), AgentOutcome.NOT_STARTED, "could not be started"),
        (Script(""), AgentOutcome.UNCHANGED, "the recording has ended"),
        # It only touched what is put back.
        (Script("echo lax >> factory.toml"), AgentOutcome.UNCHANGED, ""),
    ],
)
def test_how_a_call_ended(tmp_path: Path, kind: Script, outcome: AgentOutcome, note: str) -> None:
    made, _ = call(tmp_path, kind)
    assert made.outcome is outcome
    assert made.note.startswith(note)
    assert (made.result is None) == (kind.script == "")
    if made.result is not None and outcome is AgentOutcome.TIMED_OUT:
        assert made.result.outcome is Outcome.TIMED_OUT


def test_what_it_did_before_it_crashed_is_kept(tmp_path: Path) -> None:
    made, _ = call(tmp_path, Script("echo 'x = 2' > src/a.py; exit 7"))
    assert made.candidate.changed == ("src/a.py",)


def test_the_transcript_is_kept_without_secrets(tmp_path: Path) -> None:
    call(tmp_path, Script("echo the key is $KEY; echo $KEY >&2"))
    record = tmp_path / "record"
    assert (record / "agent-stdout.txt").read_text(encoding="utf-8") == "the key is ***\n"
    assert (record / "agent-stderr.txt").read_text(encoding="utf-8") == "***\n"
    assert (record / "agent-command.txt").read_text(encoding="utf-8").endswith("\nexit status 0\n")
