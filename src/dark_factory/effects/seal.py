"""Notice when an environment is not what it was when it was made: judged code can write to it, and so to its tools."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

_NAME = "seal.json"


def seal(root: Path) -> None:
    """Write down, beside an environment, what is in it."""
    (root.parent / _NAME).write_text(json.dumps(_contents(root)), encoding="ascii")


def broken(root: Path) -> tuple[str, ...]:
    """The files of an environment that are not as they were sealed, in order; all is broken without a seal.

    Compiled Python that was added since is removed and is no damage: honest tools write it, and forged it would run.
    """
    try:
        sealed: Mapping[str, list[int]] = json.loads((root.parent / _NAME).read_bytes())
    except (OSError, ValueError):
        return (".",)
    now = _contents(root)
    compiled = [path for path in now if path not in sealed and "__pycache__" in path.split("/")]
    for path in compiled:
        (root / path).unlink()
        del now[path]
    return tuple(sorted(path for path in {*now, *sealed} if now.get(path) != sealed.get(path)))


def _contents(root: Path) -> dict[str, list[int]]:
    """What the file system tells of each file, reading none: hashing them took five times as long (187 MB).

    The time of the last change of a file's entry is set by the kernel at every write, and no program can choose it.
    """
    contents = {}
    for path in _files(root):
        told = path.lstat()
        contents[path.relative_to(root).as_posix()] = [told.st_mode, told.st_size, told.st_ino, told.st_ctime_ns]
    return contents


def _files(root: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(root):
        links = [name for name in folders if Path(parent, name).is_symlink()]
        for name in (*files, *links):
            yield Path(parent, name)
