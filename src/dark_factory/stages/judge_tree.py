"""Lay out the throw-away tree in which a candidate is judged, and the holdout beside it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dark_factory.core.patterns import Patterns, folder_pattern
from dark_factory.core.tree import only, without
from dark_factory.effects.git import Store
from dark_factory.effects.project import make_private, remove_tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Where one candidate is judged.

    The path is the same every time, so that an environment with an editable install of the tree stays valid.
    tree: the candidate's files, without the holdout. holdout: a read-only copy of the base's holdout folders.
    scratch: private folders of the judged processes. id: the git tree that `tree` was made of.
    """

    tree: Path
    holdout: Path
    scratch: Path
    id: str

    def private(self, name: str) -> tuple[Path, Path, Path]:
        """Fresh HOME, TMPDIR and outputs folders for one judged process."""
        top = self.scratch / name
        return make_private(top / "home"), make_private(top / "tmp"), make_private(top / "outputs")


@contextlib.contextmanager
def judge_tree(store: Store, candidate: str, *, base: str, holdout: Patterns, folder: Path) -> Iterator[Judge]:
    """The candidate, materialised afresh at `folder`/tree; everything is removed afterwards.

    base: the full tree that the holdout is taken from.
    """
    remove_tree(folder)
    judge = Judge(tree=folder / "tree", holdout=folder / "holdout", scratch=folder / "scratch", id=candidate)
    for path in (folder, judge.tree, judge.holdout, judge.scratch):
        make_private(path)
    try:
        store.lay_out(candidate, judge.tree, index=folder / "tree.index")
        hidden = store.write(only(store.read(base), holdout))
        store.lay_out(hidden, judge.holdout, index=folder / "holdout.index")
        _make_read_only(judge.holdout)
        yield judge
    finally:
        remove_tree(folder)


def visible(store: Store, tree: str, hidden: Patterns) -> str:
    """The tree without what the agent and the judged tools may not have."""
    return store.write(without(store.read(tree), hidden))


def hidden_patterns(*groups: tuple[str, ...]) -> Patterns:
    """Folders and patterns that never reach workspace or judge tree; plain paths are taken from the top."""
    return Patterns(folder_pattern(path) for group in groups for path in group)


def _make_read_only(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o555)
