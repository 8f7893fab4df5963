"""Finds kinds by name, and opens the doors of one repository."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import cast

from dark_factory.core.config import Config
from dark_factory.core.errors import InfrastructureError, InputError
from dark_factory.core.factory_toml.load import load_config
from dark_factory.core.factory_toml.sources import Option
from dark_factory.core.ports import AgentKind, Clock, Executor, GateKind, Watcher, WorkspaceKind
from dark_factory.effects.git import Author, Git, GitError, Store
from dark_factory.effects.journal import Lock
from dark_factory.effects.leftovers import end_leftovers
from dark_factory.effects.project import Project, kinds, schema, state_folder, write_atomically
from dark_factory.effects.system import Processes, SystemClock
from dark_factory.stages.artifacts import Artifacts
from dark_factory.stages.judge_tree import visible
from dark_factory.stages.validation import Bench

CONFIG = "factory.toml"
_SHELVES = ("gates", "agents", "workspaces", "sandboxes")


def plugin(shelf: str, kind: str) -> ModuleType:
    """The module of a kind: a file of the shelf, or anyone's module when the name has a dot.

    Raises InputError when it can't be imported.
    """
    name = kind if "." in kind else f"dark_factory.{shelf}.{kind}"
    try:
        return importlib.import_module(name)
    except ImportError as error:
        known = ", ".join(kinds(shelf))
        raise InputError(
            f"{CONFIG}: the kind {kind!r} can't be imported",
            why=str(error),
            do=f"known kinds: {known}; or a module's dotted name",
        ) from error


def settings(root: Path, environ: Mapping[str, str], options: Mapping[str, Option]) -> Config:
    """The configuration of the repository at `root`. Raises InputError with all problems."""
    return load_config(
        Project(root).read(CONFIG),
        path=CONFIG,
        schema=schema("factory"),
        kinds={shelf: kinds(shelf) for shelf in _SHELVES},
        environ=environ,
        options=options,
        project_name=root.name,
    )


@dataclass(frozen=True)
class House:
    """One repository, its settings, and the open doors.

    root: absolute. environ: the author's variables.
    """

    root: Path
    config: Config
    environ: Mapping[str, str]
    watcher: Watcher
    executor: Executor
    clock: Clock

    @classmethod
    def open(cls, root: Path, environ: Mapping[str, str], options: Mapping[str, Option], watcher: Watcher) -> House:
        """Read the settings and open the doors."""
        config = settings(root, environ, options)
        return cls(root, config, environ, watcher, Processes(), SystemClock())

    @cached_property
    def git(self) -> Git:
        """Our git."""
        return Git(executor=self.executor, environ=self.environ)

    @cached_property
    def author(self) -> Author:
        """The author's repository. Raises InputError when `root` is not the top of one."""
        return Author.open(self.git, self.root)

    @cached_property
    def folder(self) -> Path:
        """The repository's private folder in the user's state, the same for all its worktrees."""
        try:
            repository = Path(
                os.fsdecode(
                    self.git.run("rev-parse", "--path-format=absolute", "--git-common-dir", cwd=self.root, ours=False)
                ).strip()
            )
        except GitError:
            repository = self.root
        return state_folder(self.environ, Path.home(), repository)

    @cached_property
    def project(self) -> Project:
        """The files of the checkout."""
        return Project(self.root)

    @cached_property
    def artifacts(self) -> Artifacts:
        """The artifacts folder."""
        return Artifacts(self.root / self.config.project.artifacts)

    @cached_property
    def bench(self) -> Bench:
        """What judging needs."""
        return Bench(
            config=self.config,
            kind=lambda kind: cast("GateKind", plugin("gates", kind)),
            executor=self.executor,
            clock=self.clock,
            watcher=self.watcher,
            environ=self.environ,
            folder=self.folder,
            own=Path(sys.executable).parent if sys.prefix != sys.base_prefix else None,
            platform={"linux": "linux", "darwin": "macos"}.get(sys.platform, sys.platform),
            cores=os.cpu_count() or 1,
            scenario_schema=schema("scenario"),
        )

    def agent(self) -> AgentKind:
        """The configured agent's kind."""
        if self.config.agent is None:
            raise InputError(f"{CONFIG} names no agent", do="add an [agent] table")
        return cast("AgentKind", plugin("agents", self.config.agent.kind))

    def workspace_kind(self) -> WorkspaceKind:
        """The configured workspace's kind."""
        return cast("WorkspaceKind", plugin("workspaces", self.config.isolation.workspace))

    def isolation(self) -> str:
        """What this machine holds, in words for the run's record.

        Raises InfrastructureError when factory.toml requires more than this version has.
        """
        if self.config.isolation.require != "none":
            raise InfrastructureError(
                f"isolation.require is {self.config.isolation.require!r}, and this version has no sandbox",
                do='set require = "none" to run with the clean clone alone',
            )
        return f"{self.config.isolation.workspace} without the holdout; no sandbox of the operating system"

    @contextlib.contextmanager
    def locked(self, purpose: str) -> Iterator[None]:
        """The only factory at work in this repository. Raises StateError when another is."""
        lock = Lock(self.folder / "lock")
        lock.acquire(purpose)
        try:
            if left := end_leftovers(self.folder):
                self.watcher.note(f"ended {left} process{'es' if left > 1 else ''} that a killed factory had left")
            self.artifacts.open()
            yield
        finally:
            lock.release()

    def checkout(self, store: Store, *, index: Path, start: str | None) -> tuple[str, str]:
        """The checkout as it is, uncommitted changes included: (the full tree, the same without what is hidden)."""
        full = store.snapshot(
            self.root,
            index=index,
            start=start,
            leave_out=(self.config.project.artifacts,),
            ignores=self._ignores(),
        )
        return full, visible(store, full, self.bench.hidden)

    def _ignores(self) -> Path | None:
        """The author's patterns of ignored files beside `.gitignore`."""
        with contextlib.suppress(InputError):
            path = self.folder / "ignores"
            write_atomically(path, self.author.ignores())
            return path
        return None
