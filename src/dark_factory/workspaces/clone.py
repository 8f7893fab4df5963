"""The default workspace: a clean clone of one parentless commit, without the holdout, history or a way back."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from dark_factory.core.ports import Trees


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
        self._trees.clone(commit, self._path)
        taken = self._trees.snapshot(self._path, index=self._index, start=commit)
        if taken != tree:
            self._bring(taken, tree)

    def take(self) -> str:
        """The tree that the agent left."""
        _unnest(self._path)
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


def _unnest(root: Path) -> None:
    """Take the `.git` out of repositories that the agent made inside, so that their files count as files."""
    for parent, folders, files in os.walk(root):
        if Path(parent) == root:
            if ".git" in folders:
                folders.remove(".git")
        elif ".git" in folders:
            folders.remove(".git")
            _remove(Path(parent, ".git"))
        elif ".git" in files:
            Path(parent, ".git").unlink()


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


def _unlink(root: Path, path: str) -> None:
    """Remove one file without following a link that the agent put in a folder's place."""
    parts = path.split("/")
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = inner
        os.unlink(parts[-1], dir_fd=folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError:
        # A link in a folder's place (ELOOP): what it leads to is not ours to remove.
        with contextlib.suppress(OSError):
            os.unlink(parts[-1], dir_fd=folder)
    finally:
        os.close(folder)
