"""Collect the files that a scenario declared as evidence."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

_LARGEST = 64 * 1024 * 1024
_MOST = 256 * 1024 * 1024


def matches(tree: Path, pattern: str) -> bool:
    """Whether a glob, relative to the tree, finds a file inside the tree."""
    return next(_files(tree, pattern), None) is not None


def collect(tree: Path, patterns: Iterable[str], target: Path | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Copy what the globs find to `target` and return (found, globs that found nothing).

    A file over 64 MiB is named but not copied, and so is what follows 256 MiB.
    """
    found: list[str] = []
    missing: list[str] = []
    room = _MOST
    for pattern in patterns:
        files = list(_files(tree, pattern))
        if not files:
            missing.append(pattern)
        for file in files:
            name = file.relative_to(tree).as_posix()
            if name in found:
                continue
            found.append(name)
            size = file.stat().st_size
            if target is not None and size <= min(_LARGEST, room):
                room -= size
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, target / name, follow_symlinks=False)
    return tuple(found), tuple(missing)


def _files(tree: Path, pattern: str) -> Iterator[Path]:
    """Regular files only: a candidate's link or pipe would show something that is not its own, or never end."""
    root = os.path.realpath(tree)
    try:
        found = sorted(tree.glob(pattern))
    except (ValueError, NotImplementedError):
        return
    for path in found:
        inside = os.path.commonpath([root, os.path.realpath(path)]) == root
        if inside and path.is_file() and not path.is_symlink():
            yield path
