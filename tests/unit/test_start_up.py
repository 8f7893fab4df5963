"""What the quick tasks import: no library that only the loop needs, measured in a real interpreter."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dark_factory.testing import project

OWN_TASKS = "from dark_factory.tasks import factory\nfrom invoke import Collection\n\nnamespace = Collection(factory)\n"
# `name` without leading blanks: `import time:       123 |        456 |   dark_factory.core`.
IMPORTED = re.compile(r"^import time: +\d+ \| +\d+ \| +(\S+)$", re.MULTILINE)


def imported(root: Path, *arguments: str, expected: int = 0) -> set[str]:
    """The modules that `python ARGUMENTS` imports, beyond those of every start of this interpreter."""
    return _names(root, arguments, expected) - _names(root, ("-c", "pass"), 0)


def _names(root: Path, arguments: tuple[str, ...], expected: int) -> set[str]:
    env = {**os.environ, "FACTORY_STATE": str(root / "state"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments], cwd=root, env=env, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == expected, done.stderr[-2000:]
    return set(IMPORTED.findall(done.stderr))


def foreign(names: set[str]) -> set[str]:
    """Top-level names of modules that are neither Python's nor ours."""
    return {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {"dark_factory", "tasks", "__main__"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return project(tmp_path, {"tasks.py": OWN_TASKS, "factory.toml": "version = 1\n"})


def test_status_imports_nothing_foreign(root: Path) -> None:
    names = imported(root, "-m", "dark_factory", "status")
    assert "dark_factory.status" in names
    assert foreign(names) == set()
    # Each of these takes longer than all of the rest together.
    assert names.isdisjoint({"dark_factory.loop", "asyncio", "dataclasses", "pathlib", "inspect", "subprocess"})


@pytest.mark.parametrize(
    "arguments",
    [
        ("-m", "invoke", "--list"),
        ("-m", "invoke", "factory.status"),
        ("-m", "invoke", "factory.status", "--json"),
        ("-m", "dark_factory", "--list"),
    ],
)
def test_lists_and_status_import_only_invoke(root: Path, arguments: tuple[str, ...]) -> None:
    names = imported(root, *arguments)
    assert "dark_factory.tasks" in names
    # Invoke's own copy of YAML looks for a faster one.
    assert "invoke" in foreign(names) <= foreign(imported(root, "-c", "import invoke.program"))
    assert {name for name in names if name.startswith(("dark_factory.core.", "dark_factory.effects."))} <= {
        "dark_factory.core.shares"
    }


def test_a_task_that_works_imports_more(root: Path) -> None:
    """The measure itself: it sees what `check` needs."""
    assert "jsonschema" in foreign(imported(root, "-m", "dark_factory", "check"))
