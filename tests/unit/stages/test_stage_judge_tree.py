"""The judge tree: made afresh of git trees, the holdout beside it and not in it, gone afterwards."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from stage_samples import a_store, a_tree

from dark_factory.core.patterns import Patterns
from dark_factory.effects.git import Store
from dark_factory.stages.judge_tree import beside, judge_tree, prepared, restore, visible
from dark_factory.testing import project

FILES = {
    "src/a.py": "x = 1\n",
    "run.sh": "#!/bin/sh\ntrue\n",
    "scenarios/one.md": "# Scenario: one\n",
    "scenarios/support/data.json": "{}",
    "src/scenarios/kept.py": "y = 1\n",
}
HOLDOUT = Patterns(["/scenarios"])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return a_store(tmp_path / "git")


@pytest.fixture
def base(store: Store, tmp_path: Path) -> str:
    return a_tree(store, tmp_path / "base", FILES)


def listing(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def test_the_holdout_is_beside_the_tree_and_not_in_it(store: Store, base: str, tmp_path: Path) -> None:
    candidate = visible(store, base, HOLDOUT)
    with judge_tree(store, candidate, folder=tmp_path / "judge") as judge:
        assert listing(judge.tree) == ["run.sh", "src/a.py", "src/scenarios/kept.py"]
        assert not judge.holdout.exists()
        with beside(store, judge, base=base, holdout=HOLDOUT):
            assert listing(judge.holdout) == ["scenarios/one.md", "scenarios/support/data.json"]
        # Gates and set-up have no use for it.
        assert not judge.holdout.exists()
        assert judge.id == candidate
        assert (judge.tree / "run.sh").stat().st_mode & 0o100
        assert not (judge.tree / ".git").exists()


def test_the_holdout_is_read_only_and_the_place_is_private(store: Store, base: str, tmp_path: Path) -> None:
    with judge_tree(store, base, folder=tmp_path / "judge") as judge:
        project(judge.holdout, {"scenarios/planted.md": "# Scenario: planted"})
        with beside(store, judge, base=base, holdout=HOLDOUT):
            assert listing(judge.holdout) == ["scenarios/one.md", "scenarios/support/data.json"]
            for path in judge.holdout.rglob("*"):
                assert path.stat().st_mode & 0o222 == 0
        assert (tmp_path / "judge").stat().st_mode & 0o777 == 0o700


def test_the_holdout_is_the_bases_own(store: Store, base: str, tmp_path: Path) -> None:
    forged = a_tree(store, tmp_path / "forged", {"scenarios/one.md": "# Scenario: easy\n", "src/a.py": "x = 2\n"})
    place = judge_tree(store, forged, folder=tmp_path / "judge")
    with place as judge, beside(store, judge, base=base, holdout=HOLDOUT):
        assert (judge.holdout / "scenarios/one.md").read_text(encoding="utf-8") == "# Scenario: one\n"
        assert (judge.tree / "src/a.py").read_text(encoding="utf-8") == "x = 2\n"


def test_it_is_fresh_each_time(store: Store, base: str, tmp_path: Path) -> None:
    folder = tmp_path / "judge"
    project(folder, {"tree/left.py": "from a killed run", "scratch/old/home/x": ""})
    places = []
    for _ in range(2):
        with judge_tree(store, base, folder=folder) as judge:
            assert "left.py" not in listing(judge.tree)
            assert listing(judge.scratch) == []
            project(judge.tree, {"left.py": "from the last candidate", "src/a.py": "spoilt"})
            places.append(judge.tree)
    # The same path each time, for editable installs.
    assert places[0] == places[1]


def test_it_is_gone_afterwards_also_after_a_failure(store: Store, base: str, tmp_path: Path) -> None:
    folder = tmp_path / "judge"
    with judge_tree(store, base, folder=folder) as judge:
        (judge.tree / "locked").mkdir(mode=0o000)
    assert not folder.exists()
    with pytest.raises(ZeroDivisionError), judge_tree(store, base, folder=folder):
        _ = 1 // 0
    assert not folder.exists()


def test_private_folders_differ_by_name(store: Store, base: str, tmp_path: Path) -> None:
    with judge_tree(store, base, folder=tmp_path / "judge") as judge:
        places = {*judge.private("one"), *judge.private("two")}
        assert len(places) == 6
        for place in places:
            assert place.is_dir()
            assert place.stat().st_mode & 0o777 == 0o700
            assert place.is_relative_to(judge.scratch)
            assert not place.is_relative_to(judge.tree)


def test_private_folders_are_fresh_also_when_somebody_was_there_first(store: Store, base: str, tmp_path: Path) -> None:
    with judge_tree(store, base, folder=tmp_path / "judge") as judge:
        project(judge.scratch, {"one/home/.netrc": "planted"})
        elsewhere = project(tmp_path / "elsewhere", {"kept": ""})
        (judge.scratch / "two").symlink_to(elsewhere)
        for name in ("one", "two"):
            home, _, _ = judge.private(name)
            assert listing(home) == []
        assert listing(elsewhere) == ["kept"]


def test_what_gates_change_is_put_back_before_scenarios_run(store: Store, base: str, tmp_path: Path) -> None:
    with judge_tree(store, base, folder=tmp_path / "judge") as judge:
        project(judge.tree, {"made.txt": "by set-up", "run.sh": "by set-up"})
        ready = prepared(store, judge)
        source = judge.tree / "src/a.py"
        then = source.stat()
        source.write_text("x = 2\n", encoding="utf-8")
        os.utime(source, ns=(then.st_atime_ns, then.st_mtime_ns))
        (judge.tree / "made.txt").unlink()
        (judge.tree / "src/scenarios").rename(judge.tree / "src/gone")
        (judge.tree / "src/scenarios").symlink_to(tmp_path)
        project(judge.tree, {"dist/built.js": "by a gate"})
        restore(store, judge, ready)
        assert source.read_text(encoding="utf-8") == "x = 1\n"
        assert (judge.tree / "made.txt").read_text(encoding="utf-8") == "by set-up"
        assert (judge.tree / "run.sh").read_text(encoding="utf-8") == "by set-up"
        assert not (judge.tree / "src/scenarios").is_symlink()
        assert (judge.tree / "src/scenarios/kept.py").exists()
        # A gate may build what scenarios run.
        assert (judge.tree / "dist/built.js").exists()
        restore(store, judge, ready)


def test_a_judge_tree_that_gates_took_away_comes_back(store: Store, base: str, tmp_path: Path) -> None:
    with judge_tree(store, base, folder=tmp_path / "judge") as judge:
        judge.tree.rename(tmp_path / "gone")
        judge.tree.symlink_to(project(tmp_path / "other", {"src/a.py": "mine"}))
        restore(store, judge, judge.id)
        assert not judge.tree.is_symlink()
        assert "run.sh" in listing(judge.tree)
        assert (tmp_path / "other/src/a.py").read_text(encoding="utf-8") == "mine"
