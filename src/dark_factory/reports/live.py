"""Progress on a terminal: the stage, a bar, and what is running and for how long."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live as RichLive
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from dark_factory.core.ports import Progress
from dark_factory.core.telling.harmless import harmless

_SHOWN = 8
_MARKS = {"passed": "green", "failed": "red", "errored": "yellow", "skipped": "dim"}


class Live:
    """A display that is redrawn in place, with the notes scrolling by above it."""

    def __init__(self, out: TextIO) -> None:
        self._console = Console(file=out)
        self._stage = ""
        self._progress = Progress(running=(), ended=0, total=0)
        self._spinner = Spinner("dots")
        self._live = RichLive(
            console=self._console,
            get_renderable=self._draw,
            refresh_per_second=10,
            transient=True,
            redirect_stderr=False,
        )
        self._live.start()

    def stage(self, text: str) -> None:
        """A stage began."""
        self._stage = harmless(text)
        self._progress = Progress(running=(), ended=0, total=0)
        self._console.print(Text(f"* {self._stage}", style="bold"))

    def progress(self, progress: Progress) -> None:
        """What is running in this stage."""
        self._progress = progress

    def note(self, text: str) -> None:
        """Something worth keeping on the screen."""
        line = Text(f"  {harmless(text)}")
        for word, style in _MARKS.items():
            line.highlight_words([f": {word}"], style)
        self._console.print(line)

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._live.stop()

    def _draw(self) -> RenderableType:
        head = Table.grid(padding=(0, 1))
        self._spinner.text = Text(self._stage or "starting", overflow="ellipsis", no_wrap=True)
        head.add_row(self._spinner)
        rows: list[RenderableType] = [head]
        if self._progress.total > 1:
            bar = Table.grid(padding=(0, 1))
            bar.add_row(
                ProgressBar(total=self._progress.total, completed=self._progress.ended, width=40),
                f"{self._progress.ended} of {self._progress.total}",
            )
            rows.append(bar)
        oldest = sorted(self._progress.running, key=lambda one: -one[1])
        for key, age in oldest[:_SHOWN]:
            rows.append(Text(f"    {harmless(key)}  {age:.1f} s", style="cyan", overflow="ellipsis", no_wrap=True))
        if len(oldest) > _SHOWN:
            rows.append(Text(f"    and {len(oldest) - _SHOWN} more", style="dim"))
        return Group(*rows)
