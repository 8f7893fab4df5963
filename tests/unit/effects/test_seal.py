"""The seal on an environment: every change is noticed, and reading is none."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dark_factory.effects.seal import broken, seal


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "environment"
    (root / "bin").mkdir(parents=True)
    (root / "bin/tool").write_text("#!/bin/sh\nexit 1\n", encoding="ascii")
    (root / "bin/python").symlink_to("/usr/bin/python3")
    (root / "lib").mkdir()
    (root / "lib/a.py").write_text("a = 1\n", encoding="ascii")
    seal(root)
    return root


def test_what_is_only_read_is_whole(root: Path) -> None:
    (root / "lib/a.py").read_text(encoding="ascii")
    assert broken(root) == ()


def forge(root: Path) -> None:
    """Other content of the same length, its times put back."""
    tool = root / "bin/tool"
    before = tool.stat()
    tool.write_text("#!/bin/sh\nexit 0\n", encoding="ascii")
    os.utime(tool, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace_by_a_copy(root: Path) -> None:
    (root / "bin/new").write_bytes((root / "bin/tool").read_bytes())
    (root / "bin/new").replace(root / "bin/tool")


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (forge, ("bin/tool",)),
        (replace_by_a_copy, ("bin/tool",)),
        (lambda root: (root / "bin/tool").chmod(0o755), ("bin/tool",)),
        (lambda root: (root / "lib/a.py").unlink(), ("lib/a.py",)),
        (lambda root: (root / "lib/b.pth").touch(), ("lib/b.pth",)),
        (lambda root: (root / "lib/more").symlink_to("/tmp"), ("lib/more",)),
        (lambda root: (root.parent / "seal.json").unlink(), (".",)),
        (lambda root: (root.parent / "seal.json").write_text("[", encoding="ascii"), (".",)),
    ],
)
def test_every_change_is_noticed(root: Path, change: Callable[[Path], object], names: tuple[str, ...]) -> None:
    change(root)
    assert broken(root) == names


def test_compiled_python_that_was_added_goes_and_is_no_damage(root: Path) -> None:
    (root / "lib/__pycache__").mkdir()
    (root / "lib/__pycache__/a.pyc").write_bytes(b"forged")
    assert broken(root) == ()
    assert not (root / "lib/__pycache__/a.pyc").exists()
