"""The environment of judged tools: when a new one is made, with which words, and what is told when it can't be."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from dark_factory.core.command import Command, CommandResult
from dark_factory.core.config import EnvironmentConfig
from dark_factory.core.environment import Toolbox
from dark_factory.core.errors import ExitStatus
from dark_factory.stages.environment import ToolboxError, toolbox
from dark_factory.testing import FakeExecutor, RecordingWatcher, project, result

PINNED = EnvironmentConfig(requires=("ruff==0.14.1", "pytest"))
EDITABLE = EnvironmentConfig(requires=("-e .", "-r deps/dev.in"))
TREE: Mapping[str, str] = {"pyproject.toml": "[project]\n", "deps/dev.in": "pytest\n", "src/a.py": ""}


def installer() -> FakeExecutor:
    """Does what the session `environment` does at its end: says where the environment is."""

    def answer(asked: Command) -> CommandResult:
        ready = Path(asked.env["FACTORY_READY"])
        project(ready.parent / "environment", {"bin/ruff": "#!ruff\n", "lib/a.py": "", "lib/__pycache__/a.pyc": "1"})
        ready.write_text(f"{ready.parent}/environment\n", encoding="utf-8")
        return result(asked)

    return FakeExecutor(answer)


class Bench:
    """A tree, a folder of environments, and an installer that can be asked how often it was called."""

    def __init__(self, folder: Path) -> None:
        self.tree = project(folder / "tree", TREE)
        self.folder = folder / "environments"
        self.executor = installer()
        self.watcher = RecordingWatcher()

    def make(self, config: EnvironmentConfig, *, tree: Path | None = None, anchor: Path | None = None) -> Toolbox:
        return toolbox(
            config,
            config.requires,
            tree=tree or self.tree,
            folder=self.folder,
            executor=self.executor,
            environ={"PATH": "/bin", "UV_INDEX_URL": "https://example.org/simple"},
            watcher=self.watcher,
            anchor=anchor,
        )

    @property
    def made(self) -> int:
        return len(self.executor.commands)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.parametrize("config", [replace(PINNED, backend="none"), EnvironmentConfig()])
def test_without_a_backend_or_requirements_there_is_none(bench: Bench, config: EnvironmentConfig) -> None:
    assert bench.make(config) == Toolbox()
    assert (bench.made, bench.watcher.stages) == (0, [])


def test_nox_makes_it_once(bench: Bench) -> None:
    first, second = bench.make(PINNED), bench.make(PINNED)
    assert first == second
    assert first.root is not None
    assert first.root.is_relative_to(bench.folder)
    assert bench.watcher.stages == ["making the environment of 2 requirements (once)"]
    (asked,) = bench.executor.commands
    assert asked.argv[:3] == (sys.executable, "-m", "nox")
    assert asked.argv[asked.argv.index("--") + 1 :] == ("ruff==0.14.1", "pytest")
    assert Path(asked.argv[asked.argv.index("--noxfile") + 1]).name == "sessions.py"
    # `python -m nox` from inside the tree would run a nox.py of the candidate's.
    assert asked.cwd.is_relative_to(bench.folder)
    assert asked.env["FACTORY_TREE"] == str(bench.tree)
    # The index of the author's choice is asked, with his own variables.
    assert asked.env["UV_INDEX_URL"] == "https://example.org/simple"
    assert asked.timeout == PINNED.setup_timeout


def test_the_configured_python_makes_it(bench: Bench) -> None:
    bench.make(replace(PINNED, python="3.12"))
    (asked,) = bench.executor.commands
    assert asked.argv[asked.argv.index("--force-python") + 1] == "3.12"


def test_options_and_their_values_are_separate_arguments(bench: Bench) -> None:
    bench.make(EDITABLE)
    assert bench.executor.commands[0].argv[-4:] == ("-e", ".", "-r", "deps/dev.in")


@pytest.mark.parametrize(
    "other",
    [
        replace(PINNED, requires=("ruff==0.14.2", "pytest")),
        replace(PINNED, requires=("ruff==0.14.1",)),
        replace(PINNED, python="3.12"),
    ],
)
def test_other_requirements_make_another_one(bench: Bench, other: EnvironmentConfig) -> None:
    assert bench.make(PINNED).root != bench.make(other).root
    assert bench.made == 2


@pytest.mark.parametrize("path", ["pyproject.toml", "deps/dev.in", "sub/requirements-x.txt"])
def test_a_changed_dependency_file_makes_another_one(bench: Bench, path: str) -> None:
    before = bench.make(EDITABLE).root
    project(bench.tree, {path: "flask\n"})
    assert bench.make(EDITABLE).root != before
    assert bench.made == 2


def test_changed_code_makes_no_other_one(bench: Bench) -> None:
    before = bench.make(EDITABLE)
    project(bench.tree, {"src/a.py": "x = 1\n", "README.md": "# hello\n"})
    assert bench.make(EDITABLE) == before
    assert bench.made == 1


def test_requirements_that_do_not_read_the_tree_do_not_depend_on_it(bench: Bench, tmp_path: Path) -> None:
    before = bench.make(PINNED)
    assert bench.make(PINNED, tree=project(tmp_path / "other", {"pyproject.toml": "[tool]\n"})) == before


def test_an_editable_install_belongs_to_one_place(bench: Bench, tmp_path: Path) -> None:
    before = bench.make(EDITABLE)
    elsewhere = project(tmp_path / "other", TREE)
    assert bench.make(EDITABLE, tree=elsewhere) != before
    # With the judge tree as its anchor the agent's workspace finds the one of the judge tree.
    assert bench.make(EDITABLE, tree=elsewhere, anchor=bench.tree) == before


def test_for_the_agent_nothing_is_made(bench: Bench, tmp_path: Path) -> None:
    assert bench.make(EDITABLE, anchor=tmp_path / "judge/tree") == Toolbox()
    assert bench.made == 0


def test_a_failure_gives_the_installers_own_words(bench: Bench) -> None:
    words = "\n".join(
        ["nox > running", *(f"noise {number}" for number in range(30)), "  x No solution found: ruff==99"]
    )
    bench.executor = FakeExecutor(lambda asked: result(asked, 1, stderr=words))
    with pytest.raises(ToolboxError) as caught:
        bench.make(PINNED)
    error = caught.value
    assert error.what == "the environment of the gates could not be made: exit status 1"
    assert error.why.endswith("x No solution found: ruff==99")
    assert "noise 3\n" not in error.why
    assert "[environment] requires" in error.do
    assert error.status is ExitStatus.INFRASTRUCTURE


def test_a_failed_one_is_made_again(bench: Bench) -> None:
    good, bench.executor = bench.executor, FakeExecutor(lambda asked: result(asked, 1))
    with pytest.raises(ToolboxError):
        bench.make(PINNED)
    bench.executor = good
    assert bench.make(PINNED).root is not None


def test_an_installer_that_says_nothing_has_failed(bench: Bench) -> None:
    bench.executor = FakeExecutor(result)
    with pytest.raises(ToolboxError):
        bench.make(PINNED)


def test_what_an_interrupted_installer_left_is_removed_first(bench: Bench) -> None:
    key = bench.make(PINNED).root
    assert key is not None
    folder = key.parent
    (folder / "ready").unlink()
    (folder / "half-made").mkdir()
    bench.make(PINNED)
    assert sorted(path.name for path in folder.iterdir()) == ["environment", "ready", "seal.json"]


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "bin/ruff").write_text("#!/bin/sh\nexit 0\n", encoding="utf-8"),
        lambda root: (root / "bin/ruff").chmod(0o777),
        lambda root: (root / "lib/a.py").unlink(),
        lambda root: (root / "lib/evil.pth").write_text("import evil", encoding="utf-8"),
        lambda root: (root / "lib/__pycache__/a.pyc").write_text("2", encoding="utf-8"),
        lambda root: (root / "lib/linked").symlink_to("/tmp"),
        lambda root: (root.parent / "seal.json").unlink(),
        lambda root: (root.parent / "seal.json").write_text("[", encoding="utf-8"),
    ],
)
def test_an_environment_that_judged_code_changed_is_made_anew(bench: Bench, change: Callable[[Path], object]) -> None:
    root = bench.make(PINNED).root
    assert root is not None
    change(root)
    assert bench.make(PINNED).root == root
    assert bench.made == 2
    assert "is not as it was made" in bench.watcher.notes[0]
    assert sorted(path.name for path in root.rglob("*") if path.is_file()) == ["a.py", "a.pyc", "ruff"]
    bench.make(PINNED)
    assert bench.made == 2


def test_python_that_tools_compiled_is_removed_and_no_damage(bench: Bench) -> None:
    root = bench.make(PINNED).root
    assert root is not None
    project(root, {"lib/__pycache__/a-pytest-9.pyc": "", "lib/x/__pycache__/b\n\u00e9.pyc": ""})
    bench.make(PINNED)
    assert bench.made == 1
    assert [path.name for path in root.rglob("*.pyc")] == ["a.pyc"]
