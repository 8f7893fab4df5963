"""What the core asks of the outside: the protocols that shelves and doors fulfil."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dark_factory.core.agent_run import AgentReport, AgentRequest, Turn
from dark_factory.core.command import Command, CommandResult
from dark_factory.core.config import AgentConfig, GateConfig
from dark_factory.core.report import Reading
from dark_factory.core.tree import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One command among many.

    key: its name among them.
    resources: exclusive things it holds while it runs, and how many of each.
    weight: a guess of its duration in seconds; the longest start first.
    """

    key: str
    command: Command
    weight: float = 0.0
    resources: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What is running now: (key, seconds so far) of each running job, and how many ended of how many."""

    running: tuple[tuple[str, float], ...]
    ended: int
    total: int


class Executor(Protocol):
    """Starts processes, and never leaves one behind."""

    def run(self, command: Command) -> CommandResult:
        """Run one command to its end."""
        ...

    def run_all(
        self,
        jobs: Sequence[Job],
        *,
        at_once: int | None,
        capacities: Mapping[str, int] | None = None,
        ended: Callable[[str, CommandResult], Collection[str]] | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> dict[str, CommandResult]:
        """Run many commands, at most `at_once` at a time (None: as many as the load allows).

        capacities: how many of each named resource there are; one of those not named.
        ended: told each result as it comes; returns the keys of jobs to cancel, usually none.
        progress: told some ten times a second what is running.
        """
        ...


class Watcher(Protocol):
    """Whoever is told how the work goes: the live display, plain lines, or nobody."""

    def stage(self, text: str) -> None:
        """A stage began: what is done now, in a few words."""
        ...

    def progress(self, progress: Progress) -> None:
        """What is running in this stage."""
        ...

    def note(self, text: str) -> None:
        """Something worth keeping on the screen."""
        ...

    def close(self) -> None:
        """Leave the screen to what is printed next; closing twice is harmless."""
        ...


class Trees(Protocol):
    """A store of git trees that belongs to the factory; folders are made of trees and trees of folders."""

    def read(self, tree: str) -> Mapping[str, Entry]:
        """All files of a tree."""
        ...

    def snapshot(
        self,
        folder: Path,
        *,
        index: Path,
        start: str | None = None,
        leave_out: Sequence[str] = (),
        ignores: Path | None = None,
    ) -> str:
        """The tree of a folder as it is now."""
        ...

    def lay_out(self, tree: str, folder: Path, *, index: Path) -> None:
        """Write a tree's files into a folder."""
        ...

    def clone(self, commit: str, folder: Path) -> None:
        """A repository in `folder` that has this one commit and nothing that leads back."""
        ...


class Workspace(Protocol):
    """Where the agent works: the repository without the holdout."""

    @property
    def path(self) -> Path:
        """Its root."""
        ...

    def prepare(self, commit: str, tree: str) -> None:
        """Make it anew from the base commit, holding `tree`."""
        ...

    def take(self) -> str:
        """The tree that the agent left."""
        ...

    def settle(self, tree: str) -> None:
        """Bring it from what was taken to what became the candidate."""
        ...


class WorkspaceKind(Protocol):
    """One kind of workspace: a module of the workspaces shelf, or any object with this function."""

    def workspace(self, trees: Trees, folder: Path) -> Workspace:
        """The workspace in a run's private folder."""
        ...


class Clock(Protocol):
    """Time, as an argument."""

    def now(self) -> float:
        """Seconds since the epoch, for records."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back, for durations."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRun:
    """A gate's finished tool, as its kind reads it.

    outputs: the private folder that `argv` pointed the tool's reports to; for a gate with `of`, that gate's folder.
    result: of this gate's tool; for a gate with `of`, of that gate's tool.
    tree: the judge tree's root, to make paths relative.
    """

    gate: GateConfig
    result: CommandResult
    outputs: Path
    tree: Path
    read: Callable[[Path], bytes | None]


class GateKind(Protocol):
    """One kind of gate: a module of the gates shelf, or any object with these two functions."""

    def argv(self, gate: GateConfig, outputs: Path, *, wants: frozenset[str]) -> tuple[str, ...] | None:
        """The command line that makes the tool write machine-readable output, or None to run nothing.

        wants: kinds of the gates that will read this one's output (`coverage`).
        """
        ...

    def read(self, run: GateRun) -> Reading:
        """What the finished tool says."""
        ...


class AgentKind(Protocol):
    """One kind of agent: a module of the agents shelf, or any object with these two functions."""

    def turn(self, agent: AgentConfig, request: AgentRequest) -> Turn:
        """The command of one call."""
        ...

    def read(self, agent: AgentConfig, request: AgentRequest, result: CommandResult) -> AgentReport:
        """What the finished call says of itself."""
        ...
