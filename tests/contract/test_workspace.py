"""What every kind on the workspaces shelf promises: a new file is tested on the day it appears."""

from __future__ import annotations

import importlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from git_samples import HOLDOUT, File, all_objects, found_in, git, our_git, put, repository

from dark_factory.core.ports import Workspace, WorkspaceKind
from dark_factory.effects.git import Author, Store
from dark_factory.effects.project import kinds

FILES = {
    "specs/a.md": File(b"# Spec\n"),
    "src/app.py": File(b"x = 1\n"),
    "run": File(b"#!/bin/sh\n", "100755"),
    "link": File(b"run", "120000"),
    ".gitignore": File(b"/cache/\n"),
}
HIDDEN = {"scenarios/one.md": File(HOLDOUT)}


def kind_named(name: str) -> WorkspaceKind:
    return cast("WorkspaceKind", importlib.import_module(f"dark_factory.workspaces.{name}"))


@dataclass(frozen=True, slots=True)
class Bench:
    """An author's repository, the store of a run, and a workspace of the kind under test, prepared."""

    author: Path
    store: Store
    workspace: Workspace
    commit: str
    base: str


@pytest.fixture(params=kinds("workspaces"))
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    root = repository(tmp_path / "project", {**FILES, **HIDDEN})
    author = Author.open(our_git(tmp_path), root)
    store = Store.create(our_git(tmp_path), tmp_path / "store.git", borrow=author.common_dir)
    visible = {path: entry for path, entry in store.read(author.head).items() if path not in HIDDEN}
    base = store.write(visible)
    commit = store.commit(base, parents=[], message="base\n", when=0)
    (tmp_path / "run").mkdir(mode=0o700)
    workspace = kind_named(str(request.param)).workspace(store, tmp_path / "run")
    workspace.prepare(commit, base)
    return Bench(root, store, workspace, commit, base)


def test_it_holds_what_it_was_prepared_with(bench: Bench) -> None:
    assert bench.workspace.path.is_dir()
    assert found_in(bench.workspace.path) == FILES
    assert bench.workspace.take() == bench.base


def test_the_holdout_is_nowhere_in_it(bench: Bench) -> None:
    for path in bench.workspace.path.rglob("*"):
        assert path.name not in {"scenarios", "one.md"}
        assert path.is_dir() or path.is_symlink() or HOLDOUT not in path.read_bytes()
    if (bench.workspace.path / ".git").exists():
        assert HOLDOUT not in all_objects(bench.workspace.path)


def test_the_agents_changes_are_taken(bench: Bench) -> None:
    put(bench.workspace.path, {"src/app.py": File(b"x = 2\n"), "src/new.py": File(b""), "cache/x": File(b"")})
    (bench.workspace.path / "run").chmod(0o644)
    (bench.workspace.path / "link").unlink()
    taken = bench.store.read(bench.workspace.take())
    assert set(taken) == {*FILES, "src/new.py"} - {"link"}
    assert taken["run"].mode == "100644"


def test_commits_of_the_agent_change_nothing_about_what_is_taken(bench: Bench) -> None:
    put(bench.workspace.path, {"src/app.py": File(b"x = 2\n")})
    before = bench.workspace.take()
    git(bench.workspace.path, "add", "--all")
    git(bench.workspace.path, "commit", "--quiet", "-m", "mine")
    git(bench.workspace.path, "checkout", "--quiet", "-b", "other")
    assert bench.workspace.take() == before


def test_settling_brings_it_to_the_candidate_and_keeps_what_is_ignored(bench: Bench) -> None:
    put(bench.workspace.path, {"src/new.py": File(b""), "specs/a.md": File(b"tampered"), "cache/x": File(b"kept")})
    bench.workspace.take()
    bench.workspace.settle(bench.base)
    assert found_in(bench.workspace.path) == {**FILES, "cache/x": File(b"kept")}
    assert bench.workspace.take() == bench.base


def test_it_can_be_prepared_again_from_any_state(bench: Bench) -> None:
    put(bench.workspace.path, {"src/app.py": File(b"x = 2\n")})
    candidate = bench.workspace.take()
    shutil.rmtree(bench.workspace.path / "src")
    put(bench.workspace.path, {"rubbish/x": File(b"")})
    bench.workspace.prepare(bench.commit, candidate)
    assert bench.workspace.take() == candidate
    assert not (bench.workspace.path / "rubbish").exists()


def test_the_author_notices_nothing(bench: Bench) -> None:
    put(bench.workspace.path, {"src/app.py": File(b"x = 2\n")})
    bench.workspace.settle(bench.workspace.take())
    assert git(bench.author, "status", "--porcelain") == b""
    assert found_in(bench.author) == {**FILES, **HIDDEN}
    assert git(bench.author, "for-each-ref", "--format=%(refname)").split() == [b"refs/heads/main"]
