"""What the tests of the stages share: settings, a judge tree from a dict, a store of git trees, real processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from dark_factory.core.config import Config, EnvironmentConfig, GateConfig, ProjectConfig, ScenariosConfig
from dark_factory.core.environment import Toolbox
from dark_factory.core.ports import GateRun
from dark_factory.core.report import Finding, Layer, Level, Reading, Status
from dark_factory.core.scenario import Scenario
from dark_factory.effects.git import Git, Store
from dark_factory.effects.project import make_private
from dark_factory.effects.system import Processes
from dark_factory.stages.judge_tree import Judge
from dark_factory.testing import RecordingWatcher, project

ENVIRON = {"PATH": os.environ["PATH"], "SECRET_KEY": "hunter2-hunter2", "LANG": "C.UTF-8", "EDITOR": "vi"}


def no_toolbox(_requires: Sequence[str]) -> Toolbox:
    return Toolbox()


def a_config(*gates: GateConfig, **tables: object) -> Config:
    """Settings with these gates, and an environment without a backend unless `environment` is given."""
    config = Config(project=ProjectConfig(name="p"), gates=gates, environment=EnvironmentConfig(backend="none"))
    return replace(config, **tables)  # type: ignore[arg-type]


def a_gate(
    name: str,
    script: str = "true",
    *,
    layer: Layer = Layer.DETERMINISTIC,
    kind: str = "command",
    **fields: object,
) -> GateConfig:
    """A gate whose tool is a line of bash; with `of`, one without a command."""
    gate = GateConfig(name=name, kind=kind, layer=layer, command=("bash", "-c", script), timeout=60.0)
    return replace(gate, **fields)  # type: ignore[arg-type]


def a_scenario(script: str, *, key: str = "one", **fields: object) -> Scenario:
    scenario = Scenario(id=key, name=f"Scenario {key}", path=f"scenarios/{key}.md", text=f"# {key}", script=script)
    return replace(scenario, **fields)  # type: ignore[arg-type]


def a_judge(
    folder: Path, tree: Mapping[str, str | bytes] | None = None, holdout: Mapping[str, str] | None = None
) -> Judge:
    """A judge tree that is simply there."""
    judge = Judge(tree=folder / "tree", holdout=folder / "holdout", scratch=folder / "scratch", id="t")
    for place, files in ((judge.tree, tree or {}), (judge.holdout, holdout or {}), (judge.scratch, {})):
        project(make_private(place), files)
    return judge


def a_git() -> Git:
    return Git(executor=Processes(), environ={"PATH": os.environ["PATH"], "HOME": "/nonexistent"})


def a_store(folder: Path) -> Store:
    return Store.create(a_git(), folder / "store.git")


def a_tree(store: Store, folder: Path, files: Mapping[str, str | bytes]) -> str:
    """The git tree of these files."""
    return store.snapshot(project(folder, files), index=folder.with_suffix(".index"))


def a_scenarios_config(**fields: object) -> ScenariosConfig:
    return replace(ScenariosConfig(timeout=30.0), **fields)  # type: ignore[arg-type]


class FakeKind:
    """A kind of gate: writes no command of its own, and reads with a function; keeps the runs that it read."""

    def __init__(
        self,
        read: Callable[[GateRun], Reading] = lambda _: Reading(status=Status.PASSED),
        *,
        argv: Callable[[GateConfig, Path, frozenset[str]], tuple[str, ...] | None] = lambda *_: None,
    ) -> None:
        self._read = read
        self._argv = argv
        self.runs: list[GateRun] = []

    def argv(self, gate: GateConfig, outputs: Path, *, wants: frozenset[str]) -> tuple[str, ...] | None:
        return self._argv(gate, outputs, wants)

    def read(self, run: GateRun) -> Reading:
        self.runs.append(run)
        return self._read(run)


def failing(run: GateRun) -> Reading:
    """A reading with one finding."""
    found = Finding(level=Level.ERROR, rule="X1", message=run.result.stdout.text().strip(), path="a.py", line=1)
    return Reading(status=Status.FAILED, findings=(found,), figures={"findings": 1})


__all__ = ["RecordingWatcher"]
