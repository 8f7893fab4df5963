"""Notice when an environment is not what it was when it was made: judged code can write to it, and so to its tools."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

_NAME = "seal.json"
_CHUNK = 1 << 20


def seal(root: Path) -> None:
    """Write down, beside an environment, what is in it."""
    (root.parent / _NAME).write_text(json.dumps(_contents(root)), encoding="ascii")


def broken(root: Path) -> tuple[str, ...]:
    """The files of an environment that are not as they were sealed, in order; all is broken without a seal.

    Compiled Python that was added since is removed and is no damage: honest tools write it, and forged it would run.
    """
    try:
        sealed: Mapping[str, str] = json.loads((root.parent / _NAME).read_bytes())
    except (OSError, ValueError):
        return (".",)
    now = _contents(root)
    compiled = [path for path in now if path not in sealed and "__pycache__" in path.split("/")]
    for path in compiled:
        (root / path).unlink()
        del now[path]
    return tuple(sorted(path for path in {*now, *sealed} if now.get(path) != sealed.get(path)))


def _contents(root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): _digest(path) for path in _files(root)}


def _files(root: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(root):
        links = [name for name in folders if Path(parent, name).is_symlink()]
        for name in (*files, *links):
            yield Path(parent, name)


def _digest(path: Path) -> str:
    mode = path.lstat().st_mode
    digest = hashlib.blake2b(f"{mode:o} ".encode(), digest_size=16)
    if stat.S_ISLNK(mode):
        digest.update(os.fsencode(path.readlink()))
    elif stat.S_ISREG(mode):
        try:
            with path.open("rb") as file:
                while data := file.read(_CHUNK):
                    digest.update(data)
        except PermissionError:
            return "unreadable"
    return digest.hexdigest()
