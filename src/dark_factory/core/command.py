"""What to run, and what came of it: the only currency of an executor."""

from __future__ import annotations

import enum
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


class Outcome(enum.StrEnum):
    """How a process ended."""

    EXITED = "exited"
    SIGNALLED = "signalled"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    NOT_STARTED = "not_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A process to run; everything that it may know is in here.

    argv: the program and its arguments; a name without a slash is looked up on `env["PATH"]`.
    cwd: the folder that it starts in.
    env: the whole environment, not additions to ours.
    timeout: seconds of wall time, or None for no limit of its own.
    stdin: a file to read from, or None for an empty input.
    interrupt_grace: seconds between a polite SIGINT and the end of every descendant at a timeout; 0 ends them at once.
    output_cap: bytes kept of each of stdout and stderr; of more, the head and the tail are kept.
    secrets: values that must never be shown or stored.
    """

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    timeout: float | None = None
    stdin: Path | None = None
    interrupt_grace: float = 0.0
    output_cap: int = 256 * 1024
    secrets: tuple[str, ...] = ()

    def redacted(self) -> str:
        """The command line for people and files, secrets masked."""
        return " ".join(_quote(self.masked(part)) for part in self.argv)

    def masked(self, text: str) -> str:
        """A text with this command's secrets masked; of two of which one holds the other, the longer goes first."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            if secret:
                text = text.replace(secret, "***")
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """One output stream of a process.

    head, tail: its first and last bytes; `tail` is empty when nothing was cut.
    size: how many bytes the process wrote in all.
    """

    head: bytes = b""
    tail: bytes = b""
    size: int = 0

    @property
    def cut(self) -> int:
        """How many bytes were left out between head and tail."""
        return self.size - len(self.head) - len(self.tail)

    def text(self) -> str:
        """The stream as text, invalid UTF-8 replaced, saying what was cut."""
        if not self.cut:
            return (self.head + self.tail).decode("utf-8", "replace")
        middle = f"\n[... {self.cut:,} bytes cut ...]\n"
        return self.head.decode("utf-8", "replace") + middle + self.tail.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """What came of a command.

    exit_status: 0 to 255 as a shell would show it (128 + number for a signal), or None when it never started.
    duration: seconds of wall time; cpu: seconds of user and system time of the process and what it waited for.
    error: why it could not be started.
    """

    command: Command
    outcome: Outcome
    exit_status: int | None
    duration: float
    cpu: float = 0.0
    stdout: Captured = field(default_factory=Captured)
    stderr: Captured = field(default_factory=Captured)
    error: str = ""

    @property
    def passed(self) -> bool:
        """Whether it ran to its end by itself and exited with 0."""
        return self.outcome is Outcome.EXITED and self.exit_status == 0

    def ending(self) -> str:
        """How it ended, in a few words."""
        match self.outcome:
            case Outcome.EXITED:
                return f"exit status {self.exit_status}"
            case Outcome.SIGNALLED:
                return f"ended by {_signal_name((self.exit_status or 128) - 128)}"
            case Outcome.TIMED_OUT:
                return f"timed out after {self.command.timeout:g} s"
            case Outcome.CANCELLED:
                return "cancelled"
            case Outcome.NOT_STARTED:
                return f"could not be started: {self.error}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _quote(part: str) -> str:
    safe = part and all(character.isalnum() or character in "@%+=:,./-_" for character in part)
    return part if safe else "'" + part.replace("'", "'\"'\"'") + "'"
