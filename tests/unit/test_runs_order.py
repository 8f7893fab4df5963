"""Which of several runs is the newest one."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest

from dark_factory.assembly import House
from dark_factory.core.state import RunStarted
from dark_factory.effects.journal import Journal
from dark_factory.reports.plain import Silent
from dark_factory.runs import unfinished


@pytest.mark.parametrize(
    "names",
    [
        *itertools.permutations(["20260102-030405-0000", "20260102-030405-8888", "20260102-030405-ffff"]),
        ("20260102-030405-ffff", "20260102-030406-0000"),
    ],
)
def test_runs_are_in_the_order_in_which_they_began(tmp_path: Path, names: tuple[str, ...]) -> None:
    (tmp_path / "factory.toml").write_text("version = 1\n", encoding="utf-8")
    house = House.open(tmp_path, {**os.environ, "FACTORY_STATE": str(tmp_path / "state")}, {}, Silent())
    for place, name in enumerate(names):
        journal = Journal(house.artifacts.run(name) / "journal.jsonl")
        journal.append(
            RunStarted(at=float(place), run=name, version="", commit="", tree="", visible="", dirty=False, isolation="")
        )
        os.utime(journal.path, ns=(place, place))
    assert unfinished(house) == names
