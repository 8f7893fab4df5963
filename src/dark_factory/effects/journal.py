"""The door to a run's journal: one JSON event a line, on disk before the next decision."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

from dark_factory.core.codec import DecodeError, decode_event, encode_event
from dark_factory.core.errors import InfrastructureError, StateError
from dark_factory.core.state import Event


class Journal:
    """An append-only file of events."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def events(self) -> tuple[Event, ...]:
        """All events so far. A torn last line, which a crash leaves behind, is read as never written.

        Raises StateError naming the line when the file is corrupt before its end.
        """
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise StateError(f"{self.path}: can't be read", why=str(error)) from error
        lines = data.split(b"\n")
        complete, torn = lines[:-1], lines[-1]
        events = []
        for number, line in enumerate(complete, start=1):
            try:
                events.append(decode_event(json.loads(line)))
            except (ValueError, RecursionError) as error:
                if number == len(complete) and not torn and not isinstance(error, DecodeError):
                    break
                raise StateError(
                    f"{self.path}:{number}:1: this is not an event of a run",
                    why=f"{error}; the file was changed after it was written, or by another version",
                    do="start a new run; this one can be read up to that line but not resumed",
                ) from error
        return tuple(events)

    def append(self, event: Event) -> None:
        """Write one event and wait until it is on disk.

        Raises InfrastructureError when it can't be; then the file ends as it did before.
        """
        line = json.dumps(encode_event(event), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                self._write(fd, line)
            finally:
                os.close(fd)
        except OSError as error:
            raise InfrastructureError(
                f"{self.path}: the event could not be written", why=str(error), do="make room there and `--resume`"
            ) from error

    def _write(self, fd: int, line: bytes) -> None:
        end = _readable_length(fd)
        os.ftruncate(fd, end)
        os.lseek(fd, end, os.SEEK_SET)
        try:
            written = 0
            while written < len(line):
                written += os.write(fd, line[written:])
            os.fsync(fd)
        except OSError:
            os.ftruncate(fd, end)
            raise
        if end == 0:
            _sync_folder(self.path.parent)


class Lock:
    """One owner at a time, across processes; the kernel drops it with its owner, so it is never stale."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None

    def acquire(self, purpose: str) -> None:
        """Take it or raise StateError that names the owner."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.read(fd, 400).decode("utf-8", "replace").strip()
            os.close(fd)
            raise StateError(
                "the factory is already at work in this repository",
                why=owner or "another process holds the lock",
                do="wait for it, or end that process; the lock goes with it",
            ) from error
        os.ftruncate(fd, 0)
        os.write(fd, f"process {os.getpid()}: {purpose}\n".encode())
        self._fd = fd

    def release(self) -> None:
        """Give it back."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def _readable_length(fd: int) -> int:
    """The length of the file without what a crash left of its last line, which `events` does not read either."""
    end = _complete_length(fd, os.fstat(fd).st_size)
    start = _complete_length(fd, end - 1)
    try:
        json.loads(os.pread(fd, end - start, start))
    except (ValueError, RecursionError):
        return start
    return end


def _complete_length(fd: int, size: int) -> int:
    """The length of the first `size` bytes up to their last complete line."""
    while size > 0:
        start = max(0, size - 65536)
        block = os.pread(fd, size - start, start)
        newline = block.rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        size = start
    return 0


def _sync_folder(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
