"""Which files of the tree count as evidence, and what is kept of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dark_factory.stages.evidence import collect, matches
from dark_factory.testing import project


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return project(tmp_path / "tree", {"out/a.png": b"\x89PNG", "out/deep/b.png": b"b", "run.log": "done\n"})


def test_files_are_copied_under_their_own_paths(tree: Path, tmp_path: Path) -> None:
    found, missing = collect(tree, ["out/**/*.png", "run.log"], tmp_path / "kept")
    assert (found, missing) == (("out/a.png", "out/deep/b.png", "run.log"), ())
    assert (tmp_path / "kept/out/a.png").read_bytes() == b"\x89PNG"
    assert (tmp_path / "kept/out/deep/b.png").read_bytes() == b"b"


def test_a_glob_that_finds_nothing_is_named(tree: Path) -> None:
    assert collect(tree, ["*.log", "*.csv", "nowhere/*"], None) == (("run.log",), ("*.csv", "nowhere/*"))


def test_a_file_that_two_globs_find_is_one(tree: Path) -> None:
    assert collect(tree, ["out/*.png", "out/a.*"], None) == (("out/a.png",), ())


def test_without_a_target_nothing_is_written(tree: Path, tmp_path: Path) -> None:
    collect(tree, ["*.log"], None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tree"]


@pytest.mark.parametrize(
    "pattern", ["link.txt", "linked/secret.txt", "../secret.txt", "out", "pipe", "/etc/passwd", ""]
)
def test_only_regular_files_inside_the_tree_count(tree: Path, tmp_path: Path, pattern: str) -> None:
    project(tmp_path / "outside", {"secret.txt": "holdout"})
    project(tmp_path, {"secret.txt": "holdout"})
    (tree / "link.txt").symlink_to(tmp_path / "outside/secret.txt")
    (tree / "linked").symlink_to(tmp_path / "outside")
    os.mkfifo(tree / "pipe")
    assert not matches(tree, pattern)
    assert collect(tree, [pattern], tmp_path / "kept") == ((), (pattern,))
    assert not (tmp_path / "kept").exists()


def test_a_link_to_a_file_of_the_tree_is_no_evidence_of_its_own(tree: Path) -> None:
    (tree / "alias.log").symlink_to("run.log")
    assert not matches(tree, "alias.log")
    assert matches(tree, "*.log")


def test_a_large_file_is_named_but_not_copied(tree: Path, tmp_path: Path) -> None:
    with (tree / "huge.bin").open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)
    assert collect(tree, ["huge.bin"], tmp_path / "kept") == (("huge.bin",), ())
    assert not (tmp_path / "kept").exists()


def test_many_files_do_not_fill_the_authors_disk(tree: Path, tmp_path: Path) -> None:
    for number in range(6):
        with (tree / f"big{number}.bin").open("wb") as file:
            file.truncate(60 * 1024 * 1024)
    found, missing = collect(tree, ["big*.bin"], tmp_path / "kept")
    assert (len(found), missing) == (6, ())
    assert len(list((tmp_path / "kept").iterdir())) == 4
