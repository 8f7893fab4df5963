"""Progress as plain lines, for pipes, CI logs and `NO_COLOR`."""

from __future__ import annotations

from typing import TextIO

from dark_factory.core.ports import Progress
from dark_factory.core.telling.harmless import harmless


class Plain:
    """One line for each stage and each note; what is running now is left to the live display."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._deaf = False

    def stage(self, text: str) -> None:
        """A stage began."""
        self._say(f"* {text}")

    def progress(self, progress: Progress) -> None:
        """Nothing: a line ten times a second would be noise."""

    def note(self, text: str) -> None:
        """Something worth keeping."""
        self._say(f"  {text}")

    def close(self) -> None:
        """Nothing is open."""

    def _say(self, text: str) -> None:
        if self._deaf:
            return
        try:
            print(harmless(text), file=self._out, flush=True)
        except BrokenPipeError:
            # Whoever read this has left (`| head`); a run that may be paid for does not end with its reader.
            self._deaf = True


class Silent:
    """Tells nobody."""

    def stage(self, text: str) -> None:
        """Nothing."""

    def progress(self, progress: Progress) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing is open."""
