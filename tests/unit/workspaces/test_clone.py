"""The clone as a workspace: whatever the agent does to it, its files are taken and nobody else's are touched."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from git_samples import File, folders, found_in, our_git, put
from hypothesis import HealthCheck, given, settings

from dark_factory.effects.git import Store
from dark_factory.workspaces.clone import Clone, workspace

BASE = {"a": File(b"a\n"), "src/b": File(b"b\n"), "run": File(b"#!/bin/sh\n", "100755"), "link": File(b"a", "120000")}
OUTSIDE = {"kept": File(b"mine")}


class Run:
    """A store, a base commit, and a workspace that was prepared from it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Store.create(our_git(folder), folder / "store.git")
        self.base = self.tree(BASE)
        self.commit = self.store.commit(self.base, parents=[], message="base\n", when=0)
        put(folder / "outside", OUTSIDE)
        (folder / "run").mkdir()
        self.workspace: Clone = workspace(self.store, folder / "run")
        self.workspace.prepare(self.commit, self.base)

    def tree(self, files: dict[str, File]) -> str:
        """A tree of the store that holds these files."""
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            put(Path(name, "files"), files)
            return self.store.snapshot(Path(name, "files"), index=Path(name, "index"))

    def files(self, tree: str) -> set[str]:
        return set(self.store.read(tree))

    @property
    def path(self) -> Path:
        return self.workspace.path


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def test_it_holds_the_base_and_taking_it_changes_nothing(run: Run) -> None:
    assert found_in(run.path) == BASE
    assert run.workspace.take() == run.base
    assert run.workspace.take() == run.base


def test_it_can_be_made_anew_with_a_later_candidate(run: Run) -> None:
    later = {"a": File(b"better\n"), "src": File(b"now a file\n"), "new/file": File(b"x", "100755")}
    put(run.path, {"rubbish": File(b""), ".git/index.lock": File(b"")})
    put(run.path.parent, {"workspace.index.lock": File(b"")})
    run.workspace.prepare(run.commit, run.tree(later))
    assert found_in(run.path) == later
    assert run.workspace.take() == run.tree(later)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(left=folders(), settled=folders())
def test_what_was_left_is_taken_and_what_is_settled_is_there(
    tmp_path_factory: pytest.TempPathFactory, left: dict[str, File], settled: dict[str, File]
) -> None:
    run = Run(tmp_path_factory.mktemp("property"))
    for path in BASE:
        (run.path / path).unlink()
    (run.path / "src").rmdir()
    put(run.path, left)
    assert run.workspace.take() == run.tree(left)
    run.workspace.settle(run.tree(settled))
    assert found_in(run.path) == settled
    assert run.workspace.take() == run.tree(settled)


def test_ignored_files_of_the_agent_stay_and_are_not_taken(run: Run) -> None:
    put(run.path, {".gitignore": File(b"/cache/\n"), "cache/x": File(b"")})
    taken = run.workspace.take()
    assert run.files(taken) == {*BASE, ".gitignore"}
    run.workspace.settle(run.base)
    assert (run.path / "cache/x").exists()
    assert found_in(run.path) == {**BASE, "cache/x": File(b"")}


def test_ignoring_a_file_of_the_base_does_not_hide_it(run: Run) -> None:
    put(run.path, {".git/info/exclude": File(b"*\n"), ".gitignore": File(b"a\n"), "a": File(b"changed\n")})
    taken = run.workspace.take()
    assert run.store.content(f"{taken}:a") == b"changed\n"


def nest(path: Path) -> None:
    put(path, {"lib/.git/HEAD": File(b"ref: refs/heads/main\n"), "lib/code": File(b"code")})
    (path / "lib/.git/objects").mkdir()
    (path / "lib/.git/refs").mkdir()


def shut(path: Path) -> None:
    put(path, {"lib/deep/code": File(b"code"), "b": File(b"")})
    (path / "b").chmod(0)
    for name in ("lib/deep", "lib"):
        (path / name).chmod(0)


def pipe_in_place(path: Path) -> None:
    (path / "a").unlink()
    os.mkfifo(path / "a")


def a_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path)
    try:
        with socket.socket(socket.AF_UNIX) as opened:
            opened.bind("socket")
    finally:
        os.chdir(here)


@pytest.mark.parametrize(
    ("change", "added", "removed"),
    [
        pytest.param(nest, {"lib/code"}, set(), id="a repository inside"),
        pytest.param(
            lambda path: put(path, {"lib/.git": File(b"gitdir: /elsewhere\n"), "lib/code": File(b"")}),
            {"lib/code"},
            set(),
            id="a repository elsewhere",
        ),
        pytest.param(
            lambda path: put(path, {"lib/.GIT/config": File(b""), "git~1": File(b""), "x/.git ": File(b"")}),
            set(),
            set(),
            id="a repository to other file systems",
        ),
        pytest.param(
            lambda path: put(path, {".gitmodules": File(b"a", "120000"), "x/.Gitmodules": File(b"a", "120000")}),
            set(),
            set(),
            id="submodules by a link",
        ),
        pytest.param(shut, {"lib/deep/code", "b"}, set(), id="permissions taken away"),
        pytest.param(pipe_in_place, set(), {"a"}, id="a pipe in a file's place"),
        pytest.param(lambda path: os.mkfifo(path / "pipe"), set(), set(), id="a pipe"),
        pytest.param(a_socket, set(), set(), id="a socket"),
        pytest.param(lambda path: shutil.rmtree(path / ".git"), set(), set(), id="no repository any more"),
        pytest.param(lambda path: put(path, {".git/index.lock": File(b"")}), set(), set(), id="a locked index"),
        pytest.param(shutil.rmtree, set(), set(BASE), id="no workspace any more"),
    ],
)
def test_whatever_the_agent_leaves_is_taken_as_files(
    run: Run, change: Callable[[Path], object], added: set[str], removed: set[str]
) -> None:
    change(run.path)
    assert run.files(run.workspace.take()) == set(BASE) - removed | added
    run.workspace.settle(run.base)
    assert run.workspace.take() == run.base
    run.workspace.prepare(run.commit, run.base)
    assert found_in(run.path) == BASE


def test_links_that_lead_out_are_taken_as_links_and_never_followed(run: Run) -> None:
    outside = run.folder / "outside"
    shutil.rmtree(run.path / "src")
    (run.path / "src").symlink_to(outside)
    (run.path / "a").unlink()
    (run.path / "a").symlink_to(outside / "kept")
    taken = run.workspace.take()
    assert {path: run.store.read(taken)[path].mode for path in ("src", "a")} == {"src": "120000", "a": "120000"}
    run.workspace.settle(run.tree({**BASE, "src/kept": File(b"new")}))
    assert found_in(run.path) == {**BASE, "src/kept": File(b"new")}
    assert found_in(outside) == OUTSIDE


def test_a_link_in_the_workspaces_own_place_is_not_followed(run: Run) -> None:
    run.path.rename(run.folder / "moved")
    run.path.symlink_to(run.folder / "outside")
    assert run.files(run.workspace.take()) == set()
    run.workspace.settle(run.base)
    assert found_in(run.path) == BASE
    assert found_in(run.folder / "outside") == OUTSIDE
    shutil.rmtree(run.path)
    run.path.symlink_to(run.folder / "outside")
    run.workspace.prepare(run.commit, run.base)
    assert found_in(run.path) == BASE
    assert found_in(run.folder / "outside") == OUTSIDE


def test_folders_deeper_than_any_path_are_left_out_and_nothing_breaks(run: Run) -> None:
    folder = os.open(run.path, os.O_RDONLY)
    for _ in range(40):
        os.mkdir("d" * 200, dir_fd=folder)
        inner = os.open("d" * 200, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=folder))
    os.close(folder)
    put(run.path, {"new": File(b"1")})
    taken = run.workspace.take()
    assert run.files(taken) == {*BASE, "new"}
    run.workspace.settle(taken)
    run.workspace.prepare(run.commit, run.base)
    assert found_in(run.path) == BASE


def test_a_workspace_of_any_depth_is_made_anew(run: Run) -> None:
    folder = os.open(run.path / ".git", os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d" * 20, dir_fd=folder)
        inner = os.open("d" * 20, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.fchmod(folder, 0)
    os.close(folder)
    run.workspace.prepare(run.commit, run.base)
    assert found_in(run.path) == BASE


def test_an_encoding_that_the_files_do_not_have_stands_in_nobodys_way(run: Run) -> None:
    (run.path / ".gitattributes").write_text("a working-tree-encoding=UTF-16\n", encoding="ascii")
    (run.path / "a").write_bytes(b"\xff\xfe\x00")
    assert run.files(run.workspace.take()) == set(BASE)
