"""A snapshot leaves folders out, whether the repository ignores them or not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dark_factory.effects.git import Git, Store
from dark_factory.effects.system import Processes


def _store(folder: Path) -> Store:
    return Store.create(Git(executor=Processes(), environ=dict(os.environ)), folder / "store.git")


def _write(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path, encoding="utf-8")


@pytest.mark.parametrize("ignored", ["", "out/factory/", "out/factory", "out/", "/out/*", "out/factory/*"])
def test_a_left_out_folder_may_be_ignored_too(tmp_path: Path, ignored: str) -> None:
    root = tmp_path / "checkout"
    _write(root, "a.txt", "out/factory/report.json", "out/factory/runs/1/journal", "src/out/factory/kept.txt")
    (root / ".gitignore").write_text(f"/{ignored.removeprefix('/')}\n" if ignored else "", encoding="utf-8")
    store = _store(tmp_path)
    tree = store.snapshot(root, index=tmp_path / "index", leave_out=("out/factory",))
    assert set(store.read(tree)) == {".gitignore", "a.txt", "src/out/factory/kept.txt"}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(alphabet="ab*?[]\\!^(): ", min_size=1, max_size=5).filter(lambda name: name.strip() == name))
def test_signs_of_patterns_are_taken_literally(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    folder = tmp_path_factory.mktemp("literal")
    root = folder / "checkout"
    _write(root, f"{name}/inside.txt", "other/inside.txt", "a.txt")
    store = _store(folder)
    tree = store.snapshot(root, index=folder / "index", leave_out=(name,))
    assert set(store.read(tree)) == {"a.txt", "other/inside.txt"}
