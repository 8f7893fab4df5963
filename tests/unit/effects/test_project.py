"""The door to files: whole or not at all, private, and nobody's links followed."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dark_factory.core.errors import InfrastructureError
from dark_factory.effects.project import (
    Project,
    folder_inside,
    fresh_folder,
    kinds,
    make_private,
    remove_tree,
    schema,
    shipped,
    state_folder,
    write_atomically,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contents=st.lists(st.binary(max_size=100), min_size=1, max_size=3))
def test_the_last_content_written_is_read(tmp_path: Path, contents: list[bytes]) -> None:
    project = Project(tmp_path)
    for content in contents:
        assert project.write("a/b/file", content) == tmp_path / "a/b/file"
    assert project.read("a/b/file") == contents[-1]
    assert [path.name for path in (tmp_path / "a/b").iterdir()] == ["file"]


def test_who_has_the_old_file_open_reads_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "file"
    write_atomically(target, b"old")
    with target.open("rb") as reader:
        write_atomically(target, b"new and longer")
        assert reader.read() == b"old"
    assert target.read_bytes() == b"new and longer"


def test_a_link_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"mine")
    (tmp_path / "link").symlink_to("other")
    write_atomically(tmp_path / "link", b"new")
    assert not (tmp_path / "link").is_symlink()
    assert (tmp_path / "other").read_bytes() == b"mine"


def test_what_cannot_be_written_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "folder").mkdir()
    for target in (tmp_path / "file/inner", tmp_path / "folder", tmp_path / ("x" * 300)):
        with pytest.raises(InfrastructureError, match="could not be written") as caught:
            write_atomically(target, b"new")
        assert caught.value.why
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder"]
    assert (tmp_path / "file").read_bytes() == b"old"


def test_what_is_no_file_reads_as_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    project = Project(tmp_path)
    assert [project.read(path) for path in ("none", ".", "file/inner")] == [None] * 3


def test_markdown_is_found_in_folders_and_by_name(tmp_path: Path) -> None:
    project = Project(tmp_path)
    for path in ("specs/b.md", "specs/deep/a.md", "specs/README.md", "specs/readme.MD", "specs/x.txt", "one.md"):
        project.write(path, path.encode())
    (tmp_path / "specs/folder.md").mkdir()
    found = project.markdown(["specs", "one.md", "missing"])
    assert found == {path: path.encode() for path in ("specs/b.md", "specs/deep/a.md", "one.md")}


# Removing


def a_shut_tree(folder: Path) -> Path:
    """A tree that takes its own permissions away, with links that lead out."""
    for inner in ("a/b/c", "d"):
        (folder / inner).mkdir(parents=True)
        (folder / inner / "file").write_bytes(b"x")
        (folder / inner / "file").chmod(0)
    (folder / "d/link").symlink_to(folder.parent / "kept", target_is_directory=True)
    (folder / "d/broken").symlink_to("nowhere")
    os.mkfifo(folder / "d/pipe")
    for inner in ("a/b/c", "a/b", "a", "d", "."):
        (folder / inner).chmod(0)
    return folder


def test_a_tree_is_removed_whatever_its_permissions_and_no_link_is_followed(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir(mode=0o500)
    (kept / "file").write_bytes(b"mine") if os.geteuid() == 0 else None
    before = kept.stat().st_mode
    remove_tree(a_shut_tree(tmp_path / "tree"))
    assert not (tmp_path / "tree").exists()
    assert kept.stat().st_mode == before
    assert os.geteuid() != 0 or (kept / "file").read_bytes() == b"mine"


def test_a_tree_deeper_than_any_path_is_removed(tmp_path: Path) -> None:
    top = tmp_path / "deep"
    top.mkdir()
    folder = os.open(top, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d" * 20, dir_fd=folder)
        inner = os.open("d" * 20, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.fchmod(folder, 0)
    os.close(folder)
    remove_tree(top)
    assert not top.exists()


def test_anything_else_in_its_place_is_removed_too(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "link").symlink_to("kept")
    (tmp_path / "broken").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    for name in ("file", "link", "broken", "pipe", "missing"):
        remove_tree(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_a_fresh_folder_is_empty_private_and_gone_afterwards(tmp_path: Path) -> None:
    folder = tmp_path / "fresh"
    (folder / "old").mkdir(parents=True)
    with fresh_folder(folder) as given_folder:
        assert given_folder == folder
        assert list(folder.iterdir()) == []
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "new").write_bytes(b"")
    assert not folder.exists()


def test_a_folder_inside_leads_nowhere_else(tmp_path: Path) -> None:
    """What somebody else left on the way, a link above all, is taken away and not followed."""
    authors, tree = tmp_path / "authors", tmp_path / "tree"
    (authors / "factory").mkdir(parents=True)
    (authors / "factory/report").write_bytes(b"mine")
    tree.mkdir()
    (tree / "artifacts").symlink_to(authors)
    folder = folder_inside(tree, "artifacts/factory")
    assert folder == tree / "artifacts/factory"
    assert folder.resolve() == tree.resolve() / "artifacts/factory"
    assert list(folder.iterdir()) == []
    assert (authors / "factory/report").read_bytes() == b"mine"
    (folder / "kept").write_bytes(b"x")
    assert folder_inside(tree, "artifacts/factory") == folder
    assert (folder / "kept").read_bytes() == b"x"
    (tree / "file").write_bytes(b"")
    assert folder_inside(tree, "file/inner").is_dir()


# The state folder


def test_the_state_folder_is_where_one_says(tmp_path: Path) -> None:
    repository = tmp_path / "project/.git"
    repository.mkdir(parents=True)
    home = tmp_path / "home"
    chosen = state_folder({"FACTORY_STATE": str(tmp_path / "s"), "XDG_STATE_HOME": "/x"}, home, repository)
    assert chosen.parent == tmp_path / "s"
    assert state_folder({"XDG_STATE_HOME": str(tmp_path / "x")}, home, repository).parent == tmp_path / "x/dark-factory"
    assert state_folder({}, home, repository).parent == home / ".local/state/dark-factory"
    assert stat.S_IMODE(chosen.stat().st_mode) == 0o700


def test_each_repository_has_a_state_folder_of_its_own_by_any_path(tmp_path: Path) -> None:
    environ = {"FACTORY_STATE": str(tmp_path / "state")}
    for name in ("one", "two"):
        (tmp_path / name / ".git").mkdir(parents=True)
    (tmp_path / "link").symlink_to("one")
    one, two, link = (state_folder(environ, tmp_path, tmp_path / name / ".git") for name in ("one", "two", "link"))
    assert one == link
    assert one != two
    assert (tmp_path / "state").exists()
    assert one == state_folder(environ, tmp_path, tmp_path / "one/.git")


def test_a_state_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InfrastructureError, match="can't make") as caught:
        state_folder({"FACTORY_STATE": str(tmp_path / "file")}, tmp_path, tmp_path)
    assert "FACTORY_STATE" in caught.value.do


def test_a_private_folder_is_its_owners_alone(tmp_path: Path) -> None:
    assert stat.S_IMODE(make_private(tmp_path / "a/b").stat().st_mode) == 0o700
    assert make_private(tmp_path / "a/b") == tmp_path / "a/b"


# What we ship


@pytest.mark.parametrize("name", ["factory", "scenario"])
def test_schemas_are_shipped(name: str) -> None:
    assert "$schema" in schema(name)
    assert "properties" in schema(name)


def test_what_is_not_shipped_is_told() -> None:
    with pytest.raises(InfrastructureError, match=r"schemas/none.schema.json is missing") as caught:
        shipped("schemas/none.schema.json")
    assert "install" in caught.value.do


@pytest.mark.parametrize(
    ("shelf", "some"),
    [
        ("agents", {"command", "replay"}),
        ("gates", {"command", "mypy", "pytest", "ruff"}),
        ("workspaces", {"clone"}),
        ("sandboxes", {"none"}),
        ("no-such-shelf", set()),
    ],
)
def test_kinds_are_the_files_of_a_shelf(shelf: str, some: set[str]) -> None:
    found = kinds(shelf)
    assert some <= set(found)
    assert list(found) == sorted(found)
    assert not any(name.startswith("_") for name in found)


@pytest.mark.skipif(sys.platform == "darwin", reason="file names of macOS are always text")
def test_names_that_are_not_text_are_files_like_others(tmp_path: Path) -> None:
    write_atomically(tmp_path / "\udcff", b"x")
    assert (tmp_path / "\udcff").read_bytes() == b"x"
    remove_tree(tmp_path / "\udcff")
    assert list(tmp_path.iterdir()) == []
