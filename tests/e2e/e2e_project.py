"""A repository made from a dict, and the factory at work in it as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
BOUND = 600.0
"""Seconds after which a wait is given up; far above what any of these waits takes, so only a hang reaches it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a task of the factory ended: its exit status (-N after signal N) and all that it wrote."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Its standard output as one JSON object."""
        data = json.loads(self.out)
        assert isinstance(data, dict)
        return data

    def assert_status(self, status: int) -> Outcome:
        """Itself, when it ended so and without a traceback; what it wrote otherwise."""
        assert self.status == status, f"exit status {self.status} and not {status}\n{self.out}\n{self.err}"
        assert "Traceback" not in self.out + self.err
        return self


@dataclass(slots=True, kw_only=True)
class FactoryProject:
    """A git repository, and the factory's state in a folder of its own.

    env: variables for every process started here, over those of the machine.
    """

    root: Path
    state: Path
    env: dict[str, str] = field(default_factory=dict)

    def variables(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """What the factory is started with: nothing that another factory, git or test runner around us has set."""
        strange = ("FACTORY_", "GIT_", "PYTEST_", "COV_", "COVERAGE_", "NOX_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(strange)}
        state = {"FACTORY_STATE": str(self.state), "NO_COLOR": "1", "GIT_CONFIG_NOSYSTEM": "1"}
        return {**kept, **state, "GIT_CONFIG_GLOBAL": os.devnull, **self.env, **(more or {})}

    def write(self, path: str, text: str) -> None:
        """Write one file of the checkout."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def git(self, *words: str) -> str:
        """What `git WORDS` says in the checkout, as the author runs it; an AssertionError when it fails."""
        identity = ("-c", "user.name=An Author", "-c", "user.email=author@example.org")
        done = subprocess.run(
            ["git", *identity, *words],
            cwd=self.root,
            env=self.variables(),
            capture_output=True,
            text=True,
            check=False,
            timeout=BOUND,
        )
        assert done.returncode == 0, f"git {' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout

    def commit(self, message: str = "a change") -> str:
        """Commit the checkout as it is; the commit's name."""
        self.git("add", "--all")
        self.git("commit", "--quiet", f"--message={message}")
        return self.git("rev-parse", "HEAD").strip()

    def start(self, *words: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start a task and return while it runs; `ended` waits for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "dark_factory", *words],
            cwd=self.root,
            env=self.variables(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, env: Mapping[str, str] | None = None) -> Outcome:
        """Run a task to its end."""
        return ended(self.start(*words, env=env))

    @property
    def artifacts(self) -> Path:
        """The artifacts folder."""
        return self.root / "artifacts/factory"

    def runs(self) -> list[str]:
        """The names of the runs, the oldest first."""
        return sorted(path.parent.name for path in self.artifacts.glob("runs/*/journal.jsonl"))

    def events(self, kind: str = "", *, run: str | None = None) -> list[dict[str, Any]]:
        """The events of a run (the newest when not named), of one kind when given; none before there is a journal."""
        names = self.runs()
        if not names:
            return []
        text = (self.artifacts / "runs" / (run or names[-1]) / "journal.jsonl").read_text("utf-8")
        # A line that is being written has no end yet.
        events = [json.loads(line) for line in text.split("\n")[:-1]]
        return [event for event in events if not kind or event["event"] == kind]

    def in_workspace(self, name: str) -> Path | None:
        """A file that the agent made in the workspace of the newest run, when it is there and has content."""
        found = next(iter(self.state.glob(f"*/runs/*/workspace/{name}")), None)
        return found if found is not None and found.stat().st_size > 0 else None


def ended(process: subprocess.Popen[str]) -> Outcome:
    """How a started process ended, once it has."""
    try:
        out, err = process.communicate(timeout=BOUND)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"the factory did not end\n{out}\n{err}") from None
    return Outcome(status=process.returncode, out=out, err=err)


def wait_for(condition: Callable[[], T | None], process: subprocess.Popen[str]) -> T:
    """What `condition` gives once it gives something; an AssertionError when the process ends before."""
    deadline = time.monotonic() + BOUND
    while time.monotonic() < deadline:
        if found := condition():
            return found
        if process.poll() is not None:
            outcome = ended(process)
            raise AssertionError(f"the factory ended with {outcome.status} before\n{outcome.out}\n{outcome.err}")
        time.sleep(0.01)
    process.kill()
    raise AssertionError("it never came true")


def is_alive(pid: int) -> bool:
    """Whether there is such a process, and it is more than the record of its end."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return not Path("/proc/self").exists()
