"""The default workspace: a clean clone of one parentless commit, without the holdout, history or a way back."""

from __future__ import annotations

import os
import re
import stat
import uuid
from collections.abc import Iterator
from pathlib import Path

from dark_factory.core.errors import FactoryError
from dark_factory.core.ports import Trees

# What git takes for a repository, on any file system, and refuses to keep as files.
_REPOSITORY = re.compile(r"(\.git|git~1)[ .]*([:\\].*)?", re.IGNORECASE)
# Bytes of a folder's path below the root: no tool takes 4,096, and folders of ours come before it.
_LONGEST = 2000
# What git refuses to keep as a link.
_MODULES = re.compile(r"\.gitmodules[ .]*([:\\].*)?|gi[0-9a-z]+~\d+", re.IGNORECASE)


def workspace(trees: Trees, folder: Path) -> Clone:
    """The workspace in a run's private folder."""
    return Clone(trees, folder)


class Clone:
    """A clone at `folder`/workspace; snapshots use an index beside it, so the agent's own `.git` is never asked."""

    def __init__(self, trees: Trees, folder: Path) -> None:
        self._trees = trees
        self._path = folder / "workspace"
        self._index = folder / "workspace.index"

    @property
    def path(self) -> Path:
        """Its root."""
        return self._path

    def prepare(self, commit: str, tree: str) -> None:
        """Make it anew from the base commit, holding `tree`."""
        _remove(self._path)
        self._index.unlink(missing_ok=True)
        # Of a git that was killed.
        self._index.with_name(f"{self._index.name}.lock").unlink(missing_ok=True)
        self._trees.clone(commit, self._path)
        taken = self._trees.snapshot(self._path, index=self._index, start=commit)
        if taken != tree:
            self._bring(taken, tree)

    def take(self) -> str:
        """The tree that the agent left: files and links; what git can't keep is removed from the workspace."""
        if self._path.is_symlink() or not self._path.is_dir():
            _remove(self._path)
            self._path.mkdir()
        _tidy(self._path)
        try:
            return self._trees.snapshot(self._path, index=self._index)
        except FactoryError:
            # An encoding that the agent claimed for its files can make git refuse them. The base's attributes count
            # in any case, so that these are only in the way.
            for attributes in self._path.rglob(".gitattributes"):
                _remove(attributes)
            return self._trees.snapshot(self._path, index=self._index)

    def settle(self, tree: str) -> None:
        """Bring it from what was taken to what became the candidate."""
        self._bring(self._trees.snapshot(self._path, index=self._index), tree)

    def _bring(self, taken: str, tree: str) -> None:
        wanted = self._trees.read(tree)
        for path in self._trees.read(taken):
            if path not in wanted:
                _unlink(self._path, path)
        self._trees.lay_out(tree, self._path, index=self._index)


def _tidy(root: Path) -> None:
    """Leave only what a tree can hold: readable files, folders and links, and no repository but the one at the root.

    A repository inside, of which git would keep only a name, is taken apart so that its files count as files.
    """
    for entry in _entries(root):
        path = Path(entry.path)
        if _REPOSITORY.fullmatch(entry.name):
            if path != root / ".git":
                _remove(path)
        elif entry.is_symlink():
            if _MODULES.fullmatch(entry.name):
                path.unlink()
        elif entry.is_file(follow_symlinks=False):
            _permit(path, stat.S_IRUSR)
        elif not entry.is_dir(follow_symlinks=False):
            # A pipe, a socket or a device.
            path.unlink()


def _entries(root: Path) -> Iterator[os.DirEntry[str]]:
    """Everything below a folder, what is inside repositories aside; folders are made accessible first."""
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        _permit(folder, stat.S_IRWXU)
        with os.scandir(folder) as found:
            entries = list(found)
        for entry in entries:
            if len(os.fsencode(entry.path)) - len(os.fsencode(root)) > _LONGEST and entry.is_dir(follow_symlinks=False):
                _remove(Path(entry.path))
                continue
            if entry.is_dir(follow_symlinks=False) and not _REPOSITORY.fullmatch(entry.name):
                waiting.append(Path(entry.path))
            yield entry


def _permit(path: Path, bits: int) -> None:
    mode = path.stat(follow_symlinks=False).st_mode
    if mode & bits != bits:
        path.chmod(stat.S_IMODE(mode) | bits)


def _remove(top: Path) -> None:
    """Remove what is there, however deep it is and whatever its permissions: folders are brought to its top first."""
    if top.is_symlink() or (top.exists() and not top.is_dir()):
        top.unlink()
        return
    if not top.exists():
        return
    while folders := _only_folders(top):
        for folder in folders:
            for inner in _only_folders(folder):
                inner.replace(top / uuid.uuid4().hex)
            folder.rmdir()
    top.rmdir()


def _only_folders(folder: Path) -> list[Path]:
    """The folders of a folder, made accessible; everything else in it is removed."""
    _permit(folder, stat.S_IRWXU)
    found = []
    for path in list(folder.iterdir()):
        if path.is_symlink() or not path.is_dir():
            path.unlink()
        else:
            _permit(path, stat.S_IRWXU)
            found.append(path)
    return found


def _unlink(root: Path, path: str) -> None:
    """Remove one file without following a link that the agent put in a folder's place."""
    parts = path.split("/")
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = inner
        # What can't be reached without following a link is not there.
        os.unlink(parts[-1], dir_fd=folder)
    except OSError:
        return
    finally:
        os.close(folder)
