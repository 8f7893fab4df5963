"""Processes of a killed factory are ended by the next one, and nobody else's are."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from dark_factory.effects.leftovers import end_leftovers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the variables of a process")


@contextmanager
def living_in(home: Path, script: str = "echo ready; exec sleep 600") -> Iterator[subprocess.Popen[str]]:
    """A process with that HOME, ready once it has said so."""
    env = {"PATH": os.environ["PATH"], "HOME": str(home)}
    words = ["bash", "-c", script]
    with subprocess.Popen(words, env=env, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


def test_those_with_a_home_inside_are_ended(tmp_path: Path) -> None:
    with ExitStack() as stack:
        mine = [stack.enter_context(living_in(tmp_path / "repo-1" / name)) for name in ("agent/home", "judge/x/home")]
        assert end_leftovers(tmp_path / "repo-1") == 2
        assert [process.wait(timeout=60) for process in mine] == [-9, -9]
    assert end_leftovers(tmp_path / "repo-1") == 0


def test_descendants_are_ended_too(tmp_path: Path) -> None:
    with living_in(tmp_path / "repo/home", "setsid bash -c 'echo ready; exec sleep 600' & wait") as process:
        assert end_leftovers(tmp_path / "repo") >= 2
        # The outer one waits for the inner one: it may end by itself before it is ended.
        process.wait(timeout=60)
        assert process.stdout is not None
        assert process.stdout.read() == ""  # the end of it: nobody holds the other side


def test_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()
    with ExitStack() as stack:
        homes = (tmp_path / "repo-of-another/home", tmp_path / "repo", tmp_path)
        others = [stack.enter_context(living_in(home)) for home in homes]
        assert end_leftovers(tmp_path / "repo") == 0
        assert [process.poll() for process in others] == [None, None, None]


def test_a_factory_does_not_end_what_it_comes_from(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import sys, pathlib\n"
        "from dark_factory.effects.leftovers import end_leftovers\n"
        "print(end_leftovers(pathlib.Path(sys.argv[1])))\n",
        encoding="utf-8",
    )
    script = f'echo ready; "{sys.executable}" "{program}" "{tmp_path}"; exec sleep 600'
    with living_in(tmp_path / "home", script) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "0\n"
        assert process.poll() is None
