"""The door to git, on real repositories: what it reads, what it makes, and what it leaves alone."""

from __future__ import annotations

import itertools
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from git_samples import (
    HOLDOUT,
    File,
    a_program,
    all_objects,
    folders,
    found_in,
    git,
    our_git,
    put,
    repository,
)
from hypothesis import HealthCheck, given, settings

from dark_factory.core.command import Captured, Command, CommandResult, Outcome
from dark_factory.core.errors import InputError, StateError
from dark_factory.core.tree import Entry
from dark_factory.effects.git import Author, Git, GitError, Store
from dark_factory.testing import FakeExecutor

quick = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
_numbers = itertools.count()


def fresh(folder: Path) -> Path:
    """An empty folder for one example of a property."""
    path = folder / f"example-{next(_numbers)}"
    path.mkdir()
    return path


def a_store(folder: Path, *, borrow: Author | None = None) -> Store:
    return Store.create(our_git(folder), folder / "store.git", borrow=borrow.common_dir if borrow else None)


def tree_of(store: Store, commit: str) -> str:
    return store.git.run("rev-parse", f"{commit}^{{tree}}", cwd=store.git_dir, env=store.env()).decode().strip()


def opened(folder: Path, root: Path) -> tuple[Author, Store]:
    author = Author.open(our_git(folder), root)
    return author, a_store(folder, borrow=author)


# Running git


def test_a_failure_is_told_in_gits_own_words(tmp_path: Path) -> None:
    with pytest.raises(GitError, match="git rev-parse failed in") as caught:
        our_git(tmp_path).run("rev-parse", "HEAD", cwd=tmp_path)
    assert "not a git repository" in caught.value.why


def test_without_git_one_is_told_to_install_it(tmp_path: Path) -> None:
    with pytest.raises(GitError) as caught:
        replace(our_git(tmp_path), environ={"PATH": "/nowhere"}).run("version", cwd=tmp_path)
    assert "install git" in caught.value.do


def test_output_that_was_cut_is_never_taken_for_the_whole(tmp_path: Path) -> None:
    def answer(command: Command) -> CommandResult:
        out = Captured(head=b"a", tail=b"z", size=1000)
        return CommandResult(command=command, outcome=Outcome.EXITED, exit_status=0, duration=0.0, stdout=out)

    with pytest.raises(GitError, match="1,000 bytes"):
        Git(executor=FakeExecutor(answer), environ={}).run("diff", cwd=tmp_path)


# Opening the author's repository


def test_a_repository_is_opened_at_its_top(tmp_path: Path) -> None:
    root = repository(tmp_path / "project")
    author = Author.open(our_git(tmp_path), root)
    assert (author.root, author.branch) == (root, "main")
    assert (author.git_dir, author.common_dir) == (root / ".git", root / ".git")
    assert author.head == git(root, "rev-parse", "HEAD").decode().strip()


@pytest.mark.parametrize("name", ["a b", "new\nline", "é\u2028x\x85y", '"quoted"', "*[a]", "-dash"])
def test_a_repository_may_have_an_odd_name(tmp_path: Path, name: str) -> None:
    root = repository(tmp_path / name)
    author = Author.open(our_git(tmp_path), root)
    assert author.git_dir == root / ".git"
    assert author.dirty("artifacts") == ()


def test_no_repository(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    with pytest.raises(InputError, match="plain is not a git repository") as caught:
        Author.open(our_git(tmp_path), tmp_path / "plain")
    assert "git init" in caught.value.do


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "empty")
    with pytest.raises(InputError, match="no commit yet") as caught:
        Author.open(our_git(tmp_path), tmp_path / "empty")
    assert "git commit" in caught.value.do


def test_a_folder_below_the_top(tmp_path: Path) -> None:
    root = repository(tmp_path / "project", {"inner/file": File(b"")})
    with pytest.raises(InputError, match="is not the top") as caught:
        Author.open(our_git(tmp_path), root / "inner")
    assert str(root) in caught.value.do


def test_a_bare_repository(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "bare.git")
    with pytest.raises(InputError, match="with a checkout"):
        Author.open(our_git(tmp_path), tmp_path / "bare.git")


def test_variables_that_point_elsewhere_do_not_mislead(tmp_path: Path) -> None:
    root, other = repository(tmp_path / "project"), repository(tmp_path / "other")
    door = our_git(tmp_path)
    misled = {"GIT_DIR": str(other / ".git"), "GIT_WORK_TREE": str(other), "GIT_INDEX_FILE": "/nowhere"}
    author = Author.open(replace(door, environ={**door.environ, **misled}), root)
    assert author.git_dir == root / ".git"
    assert author.dirty("artifacts") == ()


def test_a_detached_head_has_no_branch(tmp_path: Path) -> None:
    root = repository(tmp_path / "project")
    git(root, "checkout", "--quiet", "--detach")
    assert Author.open(our_git(tmp_path), root).branch == ""


def test_a_worktree_shares_its_common_folder(tmp_path: Path) -> None:
    root = repository(tmp_path / "project")
    git(root, "worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    author, store = opened(tmp_path, tmp_path / "side")
    assert (author.branch, author.common_dir) == ("side", root / ".git")
    assert author.git_dir != author.common_dir
    commit = store.commit(tree_of(store, author.head), parents=[author.head], message="m", when=5)
    author.deliver(store, commit, branch="factory/x", expected=None)
    assert git(root, "rev-parse", "factory/x").decode().strip() == commit


# What differs from HEAD


def test_a_clean_checkout_is_not_dirty(tmp_path: Path) -> None:
    root = repository(tmp_path / "project", {".gitignore": File(b"ignored\n"), "a": File(b"a")})
    put(root, {"ignored": File(b"x"), "artifacts/factory/report": File(b"x")})
    (root / "a").touch()
    assert Author.open(our_git(tmp_path), root).dirty("artifacts/factory") == ()


def test_all_that_differs_is_listed(tmp_path: Path) -> None:
    root = repository(tmp_path / "project", {"gone": File(b"same"), "changed": File(b"a"), "staged": File(b"a")})
    put(root, {"changed": File(b"b"), "staged": File(b"b"), "new/one": File(b"same"), "new/two": File(b"")})
    (root / "gone").unlink()
    git(root, "add", "staged")
    listed = Author.open(our_git(tmp_path), root).dirty("artifacts/factory")
    assert sorted(listed) == [" D gone", " M changed", "?? new/one", "?? new/two", "M  staged"]


def test_odd_names_are_listed_as_they_are(tmp_path: Path) -> None:
    root = repository(tmp_path / "project")
    names = ["with space", "new\nline", "é", '"', "tab\t"]
    put(root, {name: File(b"") for name in names})
    author = Author.open(our_git(tmp_path), root)
    assert sorted(author.dirty("artifacts")) == sorted(f"?? {name}" for name in names)
    if sys.platform != "darwin":
        put(root, {"\udcff": File(b"")})
        assert "?? \ufffd" in author.dirty("artifacts")


def test_the_artifacts_folder_is_no_pattern(tmp_path: Path) -> None:
    root = repository(tmp_path / "project")
    put(root, {"art[1]/x": File(b""), "art1/x": File(b"")})
    assert Author.open(our_git(tmp_path), root).dirty("art[1]") == ("?? art1/x",)


def test_looking_writes_nothing(tmp_path: Path) -> None:
    root = repository(tmp_path / "project", {"a": File(b"a")})
    (root / "a").write_bytes(b"b")
    (root / "a").write_bytes(b"a")
    before = everything(root)
    author = Author.open(our_git(tmp_path), root)
    assert author.dirty("artifacts") == ()
    assert author.ref("factory/x") is None
    assert author.branch_name_is_valid("factory/x")
    assert not author.branch_name_is_valid("factory/..")
    assert everything(root) == before


@pytest.mark.parametrize("place", ["configured", "default", "repository"])
def test_patterns_of_ignored_files_are_found_wherever_they_stand(tmp_path: Path, place: str) -> None:
    root = repository(tmp_path / "project")
    home = tmp_path / "home"
    if place == "configured":
        git(root, "config", "core.excludesFile", "~/mine")
        put(home, {"mine": File(b"*.secret\n")})
    elif place == "default":
        put(home, {".config/git/ignore": File(b"*.secret\n")})
    else:
        put(root, {".git/info/exclude": File(b"*.secret")})
    put(root, {"a.secret": File(b"token"), "b": File(b"")})
    author, store = opened(tmp_path, root)
    ignores = tmp_path / "ignores"
    ignores.write_bytes(author.ignores())
    assert author.dirty("artifacts") == ("?? b",)
    tree = store.snapshot(root, index=tmp_path / "index", start=author.head, ignores=ignores)
    assert set(store.read(tree)) == {"README", "b"}


# Trees


@quick
@given(files=folders())
def test_a_folder_becomes_a_tree_and_a_tree_a_folder(tmp_path: Path, files: dict[str, File]) -> None:
    folder = fresh(tmp_path)
    put(folder / "one", files)
    store = a_store(folder)
    tree = store.snapshot(folder / "one", index=folder / "one.index")
    entries = store.read(tree)
    assert {path: entry.mode for path, entry in entries.items()} == {path: file.mode for path, file in files.items()}
    assert store.contents(tree, list(files)) == {path: file.content for path, file in files.items()}
    assert store.write(entries) == tree
    (folder / "two").mkdir()
    store.lay_out(tree, folder / "two", index=folder / "two.index")
    assert found_in(folder / "two") == files
    assert store.snapshot(folder / "two", index=folder / "three.index") == tree
    assert store.links(entries, but={}) == {
        path: os.fsdecode(file.content) for path, file in files.items() if file.mode == "120000"
    }
    assert store.links(entries, but=entries) == {}


@quick
@given(before=folders(), after=folders())
def test_snapshots_follow_a_folder_and_the_diff_leads_there(
    tmp_path: Path, before: dict[str, File], after: dict[str, File]
) -> None:
    folder = fresh(tmp_path)
    store, work = a_store(folder), folder / "work"
    put(work, before)
    first = store.snapshot(work, index=folder / "index")
    shutil.rmtree(work)
    put(work, after)
    second = store.snapshot(work, index=folder / "index")
    assert set(store.read(second)) == set(after)
    assert store.snapshot(work, index=folder / "new.index") == second
    patch = folder / "changes.patch"
    patch.write_bytes(store.diff(first, second))
    assert (patch.read_bytes() == b"") == (first == second)
    if first != second:
        index = store.env(index=folder / "apply.index")
        store.git.run("read-tree", first, cwd=store.git_dir, env=index)
        store.git.run("apply", "--cached", "--whitespace=nowarn", str(patch), cwd=store.git_dir, env=index)
        assert store.git.run("write-tree", cwd=store.git_dir, env=index).decode().strip() == second


def test_laying_out_replaces_what_stands_in_the_way_and_keeps_the_rest(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    put(tmp_path / "one", {"a/b": File(b"1"), "c": File(b"2"), "d": File(b"3")})
    tree = store.snapshot(tmp_path / "one", index=tmp_path / "one.index")
    put(tmp_path / "elsewhere", {"b": File(b"mine")})
    put(tmp_path / "two", {"a": File(str(tmp_path / "elsewhere").encode(), "120000"), "c/x": File(b""), "e": File(b"")})
    store.lay_out(tree, tmp_path / "two", index=tmp_path / "two.index")
    assert found_in(tmp_path / "two") == {**found_in(tmp_path / "one"), "e": File(b"")}
    assert (tmp_path / "elsewhere/b").read_bytes() == b"mine"


def test_ignored_files_are_left_out_unless_they_were_tracked(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    put(tmp_path / "one", {"kept.log": File(b"1")})
    start = store.snapshot(tmp_path / "one", index=tmp_path / "one.index")
    put(tmp_path / "one", {".gitignore": File(b"*.log\n"), "kept.log": File(b"2"), "other.log": File(b"")})
    tree = store.snapshot(tmp_path / "one", index=tmp_path / "new.index", start=start)
    assert set(store.read(tree)) == {".gitignore", "kept.log"}
    assert store.content(f"{tree}:kept.log") == b"2"


def test_what_a_user_ignores_everywhere_counts_as_a_file_of_the_agent(tmp_path: Path) -> None:
    put(tmp_path / "home", {".config/git/ignore": File(b"*\n"), ".config/git/attributes": File(b"* text eol=lf\n")})
    put(tmp_path / "one", {"a": File(b"1\r\n")})
    store = a_store(tmp_path)
    tree = store.snapshot(tmp_path / "one", index=tmp_path / "index")
    assert store.contents(tree, ["a"]) == {"a": b"1\r\n"}


def test_a_file_is_added_as_it_is(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    (tmp_path / "file").write_bytes(b"\0\r\n\xff")
    name = store.add(tmp_path / "file")
    assert store.content(name) == b"\0\r\n\xff"
    assert store.read(store.write({"x": Entry("100644", name)})) == {"x": Entry("100644", name)}


# Stores


def test_a_store_is_private_and_kept(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    tree = store.write({})
    commit = store.commit(tree, parents=[], message="m", when=0)
    assert store.git_dir.stat().st_mode & 0o777 == 0o700
    assert a_store(tmp_path).read(commit) == {}


def test_a_store_whose_making_was_interrupted_is_made_anew(tmp_path: Path) -> None:
    put(tmp_path / "store.git", {"config": File(b"[broken")})
    store = a_store(tmp_path)
    assert store.read(store.write({})) == {}


def test_locks_of_a_git_that_was_killed_do_not_stop_the_next(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    put(store.git_dir, {"write.index.lock": File(b""), "refs/heads/main.lock": File(b"")})
    store = a_store(tmp_path)
    commit = store.commit(store.write({}), parents=[], message="m", when=0)
    store.clone(commit, tmp_path / "clone")


# Commits


def test_the_same_commit_twice_is_the_same(tmp_path: Path) -> None:
    ids = set()
    for number, when in ((1, 1_700_000_000.9), (2, 1_700_000_000.1), (3, 1_700_000_001.0)):
        store = a_store(fresh(tmp_path))
        first = store.commit(store.write({}), parents=[], message="first\n", when=when)
        ids.add(store.commit(store.write({}), parents=[first], message="sécond\n\nKey: value\n", when=when))
        assert len(ids) == (1 if number < 3 else 2)


@pytest.mark.parametrize("when", [0, 1, 99_999_999, 4_102_444_800])
def test_any_time_can_be_a_commits(tmp_path: Path, when: int) -> None:
    store = a_store(tmp_path)
    commit = store.commit(store.write({}), parents=[], message="m", when=when)
    text = store.git.run("cat-file", "commit", commit, cwd=store.git_dir, env=store.env()).decode()
    assert f"author dark-factory <dark-factory@localhost> {when} +0000" in text
    assert f"committer dark-factory <dark-factory@localhost> {when} +0000" in text


# The clone that the agent gets


def a_full_history(root: Path) -> Path:
    """A repository whose holdout is in its history, a stash, a tag, a side branch, a reflog and lying about."""
    repository(root, {"code": File(b"code\n"), "scenarios/one.md": File(HOLDOUT)})
    git(root, "tag", "-a", "v1", "-m", "tagged " + HOLDOUT.decode())
    git(root, "checkout", "--quiet", "-b", "side")
    put(root, {"scenarios/two.md": File(HOLDOUT + b"2")})
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", HOLDOUT.decode())
    git(root, "checkout", "--quiet", "main")
    put(root, {"scenarios/one.md": File(HOLDOUT + b" stashed")})
    git(root, "stash", "--quiet")
    git(root, "hash-object", "-w", "--stdin", stdin=HOLDOUT + b" loose")
    return root


def a_clone(tmp_path: Path) -> tuple[Path, Store, str]:
    author, store = opened(tmp_path, a_full_history(tmp_path / "project"))
    visible = {path: entry for path, entry in store.read(author.head).items() if not path.startswith("scenarios/")}
    store.commit(tree_of(store, author.head), parents=[], message="with the holdout", when=0)
    commit = store.commit(store.write(visible), parents=[], message="base\n", when=0)
    store.clone(commit, tmp_path / "run/workspace")
    return tmp_path / "run/workspace", store, commit


def test_a_clone_has_one_commit_and_no_way_back(tmp_path: Path) -> None:
    clone, store, commit = a_clone(tmp_path)
    assert git(clone, "rev-list", "--all", "--reflog").decode().split() == [commit]
    assert git(clone, "for-each-ref", "--format=%(refname)").decode().split() == ["refs/heads/main"]
    assert git(clone, "remote") == b""
    assert git(clone, "status", "--porcelain") == b""
    assert not (clone / ".git/logs").exists()
    assert not (clone / ".git/objects/info/alternates").exists()
    assert found_in(clone) == {"code": File(b"code\n")}
    places = [str(store.git_dir).encode(), str(tmp_path / "project").encode()]
    for path in (clone / ".git").rglob("*"):
        if path.is_file():
            assert not any(place in path.read_bytes() for place in places), path
            assert path.stat().st_nlink == 1, path


def test_no_object_of_a_clone_holds_the_holdout(tmp_path: Path) -> None:
    clone, _, _ = a_clone(tmp_path)
    assert HOLDOUT in all_objects(tmp_path / "project")
    objects = all_objects(clone)
    assert b"code\n" in objects
    assert HOLDOUT not in objects
    assert b"scenarios" not in objects


def test_a_clone_outlives_its_store(tmp_path: Path) -> None:
    clone, store, _ = a_clone(tmp_path)
    shutil.rmtree(store.git_dir)
    shutil.rmtree(tmp_path / "project")
    git(clone, "fsck", "--full", "--strict")


# Delivery


def everything(root: Path) -> dict[str, tuple[bytes, int]]:
    """All files of a repository and its checkout, with the time of their change; objects and our branches aside."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_file() and not name.startswith((".git/objects/", ".git/refs/heads/factory/")):
            found[name] = (path.read_bytes(), path.stat().st_mtime_ns)
    return found


def one_more(store: Store, parent: str, text: bytes) -> str:
    """A commit that adds a file."""
    (store.git_dir / "new").write_bytes(text)
    tree = {**store.read(parent), "new": Entry("100644", store.add(store.git_dir / "new"))}
    return store.commit(store.write(tree), parents=[parent], message="more\n", when=7)


def test_a_delivery_moves_one_branch_and_nothing_else(tmp_path: Path) -> None:
    root = a_full_history(tmp_path / "project")
    put(root, {"untracked": File(b"x"), "code": File(b"half done")})
    author, store = opened(tmp_path, root)
    before = everything(root)
    first = one_more(store, author.head, b"1")
    second = one_more(store, first, b"2")
    author.deliver(store, first, branch="factory/r1", expected=None)
    assert author.ref("factory/r1") == first
    author.deliver(store, second, branch="factory/r1", expected=first)
    assert author.ref("factory/r1") == second
    assert everything(root) == before
    shutil.rmtree(store.git_dir)
    assert git(root, "show", "factory/r1:new") == b"2"
    git(root, "fsck", "--full")
    assert everything(root) == before


def test_a_delivery_may_be_done_twice(tmp_path: Path) -> None:
    author, store = opened(tmp_path, repository(tmp_path / "project"))
    commit = one_more(store, author.head, b"1")
    for _ in range(2):
        author.deliver(store, commit, branch="factory/r1", expected=None)
    assert author.ref("factory/r1") == commit


@pytest.mark.parametrize("expected", ["nothing", "first", "never made"])
def test_a_branch_that_somebody_moved_is_left_alone(tmp_path: Path, expected: str) -> None:
    author, store = opened(tmp_path, repository(tmp_path / "project"))
    first = one_more(store, author.head, b"1")
    second = one_more(store, first, b"2")
    if expected != "never made":
        git(author.root, "branch", "factory/r1", author.head)
    before = author.ref("factory/r1")
    with pytest.raises(StateError, match="factory/r1 was moved") as caught:
        author.deliver(store, second, branch="factory/r1", expected=None if expected == "nothing" else first)
    assert author.ref("factory/r1") == before
    assert "resume" in caught.value.do


def test_the_current_branch_is_brought_along_only_forward(tmp_path: Path) -> None:
    author, store = opened(tmp_path, repository(tmp_path / "project"))
    commit = one_more(store, author.head, b"1")
    author.deliver(store, commit, branch="factory/r1", expected=None)
    author.fast_forward("factory/r1")
    assert (author.root / "new").read_bytes() == b"1"
    assert author.dirty("artifacts") == ()
    git(author.root, "commit", "--quiet", "--allow-empty", "-m", "mine")
    other = one_more(store, author.head, b"2")
    author.deliver(store, other, branch="factory/r2", expected=None)
    with pytest.raises(GitError):
        author.fast_forward("factory/r2")


def test_a_shallow_repository_is_built_on_and_stays_shallow(tmp_path: Path) -> None:
    origin = repository(tmp_path / "origin")
    git(origin, "commit", "--quiet", "--allow-empty", "-m", "two")
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{origin}", "project")
    author, store = opened(tmp_path, tmp_path / "project")
    shallow = (author.git_dir / "shallow").read_bytes()
    commit = one_more(store, author.head, b"1")
    author.deliver(store, commit, branch="factory/r1", expected=None)
    assert git(author.root, "rev-list", "factory/r1").decode().split() == [commit, author.head]
    assert (author.git_dir / "shallow").read_bytes() == shallow
    store.clone(store.commit(tree_of(store, commit), parents=[], message="base", when=0), tmp_path / "clone")
    assert (tmp_path / "clone/new").read_bytes() == b"1"
    assert not (tmp_path / "clone/.git/shallow").exists()


def test_a_submodule_of_the_base_is_carried_along(tmp_path: Path) -> None:
    library = repository(tmp_path / "library")
    root = repository(tmp_path / "project")
    git(root, "submodule", "--quiet", "add", str(library), "lib")
    git(root, "commit", "--quiet", "-m", "with a library")
    author, store = opened(tmp_path, root)
    assert store.read(author.head)["lib"].mode == "160000"
    assert author.dirty("artifacts") == ()
    tree = tree_of(store, author.head)
    assert store.snapshot(root, index=tmp_path / "index", start=author.head) == tree
    assert store.write(store.read(tree)) == tree
    store.clone(store.commit(tree, parents=[], message="base", when=0), tmp_path / "clone")
    assert list((tmp_path / "clone/lib").iterdir()) == []
    assert store.snapshot(tmp_path / "clone", index=tmp_path / "clone.index", start=tree) == tree
    commit = one_more(store, author.head, b"1")
    author.deliver(store, commit, branch="factory/r1", expected=None)
    author.fast_forward("factory/r1")
    assert author.dirty("artifacts") == ()


# Nothing of anybody else is run

HOOKS = """
applypatch-msg pre-applypatch post-applypatch pre-commit pre-merge-commit prepare-commit-msg commit-msg post-commit
pre-rebase post-checkout post-merge pre-push pre-receive update post-receive post-update reference-transaction
post-index-change pre-auto-gc post-rewrite fsmonitor-watchman
"""


def test_the_authors_hooks_and_monitor_are_not_run(tmp_path: Path) -> None:
    root, ran = repository(tmp_path / "project"), tmp_path / "ran"
    for hook in HOOKS.split():
        a_program(root / ".git/hooks" / hook, f"#!/bin/sh\necho {hook} >> '{ran}'\nexit 0\n")
    monitor = a_program(tmp_path / "monitor", f"#!/bin/sh\necho monitor >> '{ran}'\n")
    git(root, "config", "core.fsmonitor", str(monitor))
    git(root, "commit", "--quiet", "--allow-empty", "-m", "they run when the author works")
    assert {"post-commit", "reference-transaction", "monitor"} <= set(ran.read_text().split())
    ran.unlink()
    author, store = opened(tmp_path, root)
    assert author.dirty("artifacts") == ()
    store.snapshot(root, index=tmp_path / "index", start=author.head)
    author.deliver(store, one_more(store, author.head, b"1"), branch="factory/r1", expected=None)
    author.fast_forward("factory/r1")
    assert not ran.exists(), ran.read_text()


def poisoned(root: Path, ran: Path) -> None:
    """What an agent could leave in its own repository to be run by whoever looks at it."""
    evil = a_program(root / ".git/evil", f"#!/bin/sh\necho $0 $1 >> '{ran}'\ncat\n")
    for hook in HOOKS.split():
        a_program(root / ".git/hooks" / hook, f"#!/bin/sh\necho {hook} >> '{ran}'\n")
    for key in (
        "core.fsmonitor",
        "core.editor",
        "core.pager",
        "core.sshCommand",
        "core.alternateRefsCommand",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "diff.evil.textconv",
        "diff.evil.command",
        "diff.external",
        "merge.evil.driver",
        "uploadpack.packObjectsHook",
    ):
        git(root, "config", key, str(evil))
    git(root, "config", "filter.evil.required", "true")
    put(root, {".gitattributes": File(b"* filter=evil diff=evil merge=evil ident\n"), "code": File(b"$Id$\n")})


def test_what_an_agent_left_in_its_repository_is_not_run(tmp_path: Path) -> None:
    clone, store, commit = a_clone(tmp_path)
    ran, index = tmp_path / "ran", tmp_path / "index"
    before = store.snapshot(clone, index=index, start=commit)
    poisoned(clone, ran)
    after = store.snapshot(clone, index=index)
    assert store.content(f"{after}:code") == b"$Id$\n"
    assert b"Id" in store.diff(before, after)
    store.lay_out(after, clone, index=index)
    (tmp_path / "judge").mkdir()
    store.lay_out(after, tmp_path / "judge", index=tmp_path / "judge.index")
    assert not ran.exists(), ran.read_text()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda root: shutil.rmtree(root / ".git"),
        lambda root: (root / ".git/config").write_text("[core]\n\tbare = true\n\tworktree = /\n[broken"),
        lambda root: (root / ".git/index.lock").touch(),
        lambda root: (root / ".git/HEAD").write_text("nonsense"),
        lambda root: put(root, {".git/info/exclude": File(b"*\n"), ".git/info/attributes": File(b"* ident\n")}),
        lambda root: git(root, "checkout", "--quiet", "--orphan", "other"),
        lambda root: git(root, "update-index", "--assume-unchanged", "code"),
    ],
)
def test_whatever_an_agent_does_to_its_repository_its_files_count(
    tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    clone, store, commit = a_clone(tmp_path)
    store.snapshot(clone, index=tmp_path / "index", start=commit)
    spoil(clone)
    put(clone, {"code": File(b"$Id$ better\n"), "more": File(b"more\n")})
    tree = store.snapshot(clone, index=tmp_path / "index")
    assert store.contents(tree, ["code", "more"]) == {"code": b"$Id$ better\n", "more": b"more\n"}
    assert set(store.read(tree)) == {"code", "more"}
