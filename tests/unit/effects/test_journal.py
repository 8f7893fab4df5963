"""The journal on a real disk: whatever tears it, what was written is read and nothing else is made up."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from event_strategies import EVENTS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dark_factory.core.errors import InfrastructureError, StateError
from dark_factory.core.state import AgentBegan, Event, RunResumed, RunStarted, ValidationBegan
from dark_factory.effects.journal import Journal, Lock

STARTED = RunStarted(
    at=1.5, run="r1", version="1", commit="c", tree="t", visible="v", dirty=False, isolation="clone, é\nand more"
)
SOME: tuple[Event, ...] = (STARTED, ValidationBegan(at=2.0, iteration=0), AgentBegan(at=3.0, iteration=1))

quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
_numbers = itertools.count()
# Processes that import the package as this one does.
ENVIRON = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def a_journal(folder: Path, events: tuple[Event, ...] = ()) -> Journal:
    journal = Journal(folder / f"run-{next(_numbers)}/journal.jsonl")
    for event in events:
        journal.append(event)
    return journal


def test_there_is_nothing_in_a_journal_that_is_not_there(tmp_path: Path) -> None:
    assert a_journal(tmp_path).events() == ()


@quick
@given(events=st.lists(EVENTS, max_size=4).map(tuple))
def test_what_is_appended_is_read(tmp_path: Path, events: tuple[Event, ...]) -> None:
    journal = a_journal(tmp_path, events)
    assert journal.events() == events
    if events:
        assert journal.path.read_bytes().count(b"\n") == len(events)


def test_a_torn_last_line_is_read_up_to_it_and_written_over(tmp_path: Path) -> None:
    """At every byte: what a crash left of the last line counts as never written, and the next event takes its place."""
    whole = a_journal(tmp_path, SOME).path.read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1
    for cut in range(last, len(whole)):
        journal = a_journal(tmp_path)
        journal.path.parent.mkdir()
        journal.path.write_bytes(whole[:cut])
        assert journal.events() == SOME[:-1], cut
        journal.append(RunResumed(at=9.0))
        assert journal.events() == (*SOME[:-1], RunResumed(at=9.0)), cut


@quick
@given(rubbish=st.one_of(st.binary(max_size=50), st.just(b"\0" * 4096), st.just(b"x" * 200_000)))
def test_rubbish_at_the_end_is_read_up_to_it_and_written_over(tmp_path: Path, rubbish: bytes) -> None:
    """A crash may leave blocks of the last line that were never written, its end among those that were."""
    rubbish = b"\xff" + rubbish.replace(b"\n", b" ")
    for end in (b"", b"\n"):
        journal = a_journal(tmp_path, SOME)
        with journal.path.open("ab") as file:
            file.write(rubbish + end)
        assert journal.events() == SOME
        journal.append(RunResumed(at=9.0))
        journal.append(RunResumed(at=10.0))
        assert journal.events() == (*SOME, RunResumed(at=9.0), RunResumed(at=10.0))


def test_a_journal_of_rubbish_alone_starts_anew(tmp_path: Path) -> None:
    for rubbish in (b"\0" * 10, b"{", b"{\n", b"\n"):
        journal = a_journal(tmp_path)
        journal.path.parent.mkdir()
        journal.path.write_bytes(rubbish)
        assert journal.events() == ()
        journal.append(STARTED)
        assert journal.events() == (STARTED,)


@pytest.mark.parametrize("line", [0, 1])
@pytest.mark.parametrize(
    "damage",
    [b"", b"rubbish", b"[]", b"\xff\xfe", b'{"event":"RunTeleported"}', b'{"event":"RunResumed"}', b"[" * 9999],
)
def test_damage_before_the_end_names_the_line(tmp_path: Path, line: int, damage: bytes) -> None:
    journal = a_journal(tmp_path, SOME)
    lines = journal.path.read_bytes().split(b"\n")
    lines[line] = damage
    journal.path.write_bytes(b"\n".join(lines))
    with pytest.raises(StateError) as caught:
        journal.events()
    assert caught.value.what.startswith(f"{journal.path}:{line + 1}:1: ")
    assert "new run" in caught.value.do


def test_an_event_of_a_newer_version_is_refused_even_at_the_end(tmp_path: Path) -> None:
    journal = a_journal(tmp_path, SOME)
    with journal.path.open("ab") as file:
        file.write(b'{"event":"RunTeleported","at":1.0}\n')
    with pytest.raises(StateError, match=":4:1:") as caught:
        journal.events()
    assert "RunTeleported" in caught.value.why


def test_fields_of_a_newer_version_are_ignored(tmp_path: Path) -> None:
    journal = a_journal(tmp_path, SOME)
    lines = [json.loads(line) for line in journal.path.read_bytes().splitlines()]
    journal.path.write_text("".join(json.dumps({**line, "mood": ["new"]}) + "\n" for line in lines))
    assert journal.events() == SOME


def test_a_journal_that_cannot_be_read_is_a_state_error(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="can't be read"):
        Journal(tmp_path).events()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for path in (tmp_path / "file/journal.jsonl", tmp_path):
        with pytest.raises(InfrastructureError, match="could not be written") as caught:
            Journal(path).append(STARTED)
        assert caught.value.why
        assert "--resume" in caught.value.do


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to a read-only folder")
def test_a_read_only_folder_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InfrastructureError, match="could not be written"):
        Journal(tmp_path / "journal.jsonl").append(STARTED)
    assert list(tmp_path.iterdir()) == []


FULL = """
import resource, sys
from pathlib import Path
from dark_factory.core.errors import InfrastructureError
from dark_factory.core.state import RunResumed
from dark_factory.effects.journal import Journal
journal, room = Journal(Path(sys.argv[1])), int(sys.argv[2])
size = journal.path.stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + room, resource.RLIM_INFINITY))
try:
    journal.append(RunResumed(at=9.0))
except InfrastructureError as error:
    print(error.what)
"""


@pytest.mark.parametrize("room", [0, 1, 20])
def test_a_full_disk_leaves_the_journal_as_it_was(tmp_path: Path, room: int) -> None:
    """The limit of a file's size ends a write half-way, as a disk does that becomes full."""
    journal = a_journal(tmp_path, SOME)
    before = journal.path.read_bytes()
    argv = [sys.executable, "-c", FULL, str(journal.path), str(room)]
    ended = subprocess.run(argv, env=ENVIRON, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (0, f"{journal.path}: the event could not be written\n"), ended.stderr
    assert journal.path.read_bytes() == before
    journal.append(RunResumed(at=9.0))
    assert journal.events() == (*SOME, RunResumed(at=9.0))


# The lock

HOLD = """
import sys
from pathlib import Path
from dark_factory.effects.journal import Lock
lock = Lock(Path(sys.argv[1]))
lock.acquire("loop")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held_by_another(path: Path) -> Iterator[subprocess.Popen[str]]:
    argv = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(argv, env=ENVIRON, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_second_owner_is_refused_and_told_who_the_first_is(tmp_path: Path) -> None:
    path = tmp_path / "state/lock"
    with held_by_another(path) as owner, pytest.raises(StateError) as caught:
        Lock(path).acquire("loop")
    assert f"process {owner.pid}: loop" in caught.value.why


def test_a_dead_owner_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with held_by_another(path) as owner:
        owner.send_signal(signal.SIGKILL)
        assert owner.wait(timeout=60) == -signal.SIGKILL
        lock = Lock(path)
        lock.acquire("loop --resume")
    assert path.read_text() == f"process {os.getpid()}: loop --resume\n"
    lock.release()


def test_a_lock_that_was_given_back_can_be_taken(tmp_path: Path) -> None:
    first, second = Lock(tmp_path / "lock"), Lock(tmp_path / "lock")
    first.acquire("one")
    with pytest.raises(StateError, match="already at work"):
        second.acquire("two")
    first.release()
    first.release()
    second.acquire("two")
    second.release()


def test_a_child_does_not_inherit_the_lock(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "lock")
    lock.acquire("one")
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, close_fds=False):
        lock.release()
        other = Lock(tmp_path / "lock")
        other.acquire("two")
        other.release()
