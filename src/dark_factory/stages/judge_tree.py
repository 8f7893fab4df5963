"""Lay out the throw-away tree in which a candidate is judged, and the holdout beside it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dark_factory.core.patterns import Patterns
from dark_factory.core.tree import only, without
from dark_factory.effects.git import Store
from dark_factory.effects.project import make_private, remove_tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Where one candidate is judged.

    The holdout is there only while scenarios are read and run (`beside`): gates and set-up have no use for it.

    The path is the same every time, so that an environment with an editable install of the tree stays valid.
    tree: the candidate's files, without the holdout. holdout: a read-only copy of the base's holdout folders.
    scratch: private folders of the judged processes. id: the git tree that `tree` was made of.
    """

    tree: Path
    holdout: Path
    scratch: Path
    id: str

    def private(self, name: str) -> tuple[Path, Path, Path]:
        """Fresh HOME, TMPDIR and outputs folders for one judged process.

        Whatever an earlier one has planted there is removed.
        """
        top = self.scratch / name
        remove_tree(top)
        return make_private(top / "home"), make_private(top / "tmp"), make_private(top / "outputs")


@contextlib.contextmanager
def judge_tree(store: Store, candidate: str, *, folder: Path) -> Iterator[Judge]:
    """The candidate, materialised afresh at `folder`/tree; everything is removed afterwards."""
    remove_tree(folder)
    judge = Judge(tree=folder / "tree", holdout=folder / "holdout", scratch=folder / "scratch", id=candidate)
    for path in (folder, judge.tree, judge.scratch):
        make_private(path)
    try:
        store.lay_out(candidate, judge.tree, index=folder / "tree.index")
        yield judge
    finally:
        remove_tree(folder)


@contextlib.contextmanager
def beside(store: Store, judge: Judge, *, base: str, holdout: Patterns) -> Iterator[None]:
    """The holdout of `base`, the full tree, read-only at `judge.holdout`; it is gone afterwards."""
    index = judge.tree.with_name("holdout.index")
    remove_tree(judge.holdout)
    remove_tree(index)
    make_private(judge.holdout)
    try:
        store.lay_out(store.write(only(store.read(base), holdout)), judge.holdout, index=index)
        _make_read_only(judge.holdout)
        yield
    finally:
        remove_tree(judge.holdout)


def prepared(store: Store, judge: Judge) -> str:
    """The tree as it is when set-up is over, ignored files aside."""
    return store.snapshot(judge.tree, index=judge.tree.with_name("prepared.index"), start=judge.id)


def restore(store: Store, judge: Judge, tree: str) -> None:
    """Put back what gates have changed of the files of `tree`; what they have made beside these stays.

    A test runs the candidate's code, which could otherwise show scenarios another program than it delivers.
    """
    if judge.tree.is_symlink() or not judge.tree.is_dir():
        remove_tree(judge.tree)
        make_private(judge.tree)
    # A new index, so that no time stamp is believed.
    index = judge.tree.with_name("restored.index")
    remove_tree(index)
    store.lay_out(tree, judge.tree, index=index)


def visible(store: Store, tree: str, hidden: Patterns) -> str:
    """The tree without what the agent and the judged tools may not have."""
    return store.write(without(store.read(tree), hidden))


def _make_read_only(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o555)
