"""The tables that end a task: gates, scenarios, settings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dark_factory.core.report import GateReport, GateResult, ScenarioReport, Status
from dark_factory.core.shares import percent
from dark_factory.core.telling.harmless import harmless

_STYLES = {Status.PASSED: "green", Status.FAILED: "red", Status.ERRORED: "yellow", Status.SKIPPED: "dim"}
_PIPE_WIDTH = 160
_FINDINGS = 20


def gate_table(report: GateReport, out: TextIO) -> None:
    """One row a gate, and the first findings of those that did not pass."""
    console, table = _console(out), _table("gate", "layer", "status", "found", "figure", "s")
    for result in report.results:
        table.add_row(
            _words(result.name),
            str(int(result.layer)),
            Text(result.status, style=_STYLES[result.status]),
            str(len(result.findings)),
            _words(_first_figure(result)),
            f"{result.duration:.1f}",
        )
    console.print(table)
    for result in report.results:
        if result.status in (Status.FAILED, Status.ERRORED):
            _explain(console, result)
    skipped = [result for result in report.results if result.status is Status.SKIPPED]
    if skipped:
        names = ", ".join(result.name for result in skipped)
        console.print(_words(f"skipped ({skipped[0].reason}): {names}"))


def scenario_table(report: ScenarioReport, out: TextIO) -> None:
    """One row a scenario, then the satisfaction; without scenarios only why there are none."""
    console, table = _console(out), _table("scenario", "category", "status", "seconds", "why")
    if not report.results:
        console.print(f"no scenario was run: {report.skipped_reason or 'there is none'}", highlight=False)
        return
    for result in report.results:
        table.add_row(
            _words(result.id),
            _words(result.category),
            Text(result.status, style=_STYLES[result.status]),
            f"{result.duration:.2f}",
            _words(result.reason),
        )
    console.print(table)
    counts = ", ".join(f"{report.count(status)} {status}" for status in Status if report.count(status))
    console.print(f"satisfaction {percent(report.satisfaction)}: {counts}", highlight=False)


def settings_table(rows: Iterable[tuple[str, str, str]], out: TextIO) -> None:
    """One row a setting: key, value, and where it came from."""
    console, table = _console(out), _table("key", "value", "from")
    for key, value, source in rows:
        table.add_row(_words(key), _words(value), Text(source, style="dim" if source == "default" else "cyan"))
    console.print(table)


def _explain(console: Console, result: GateResult) -> None:
    console.print(Text(f"\n{result.name}: {result.status}", style=_STYLES[result.status]), end="")
    console.print(Text(f" ({harmless(result.reason)})" if result.reason else ""))
    for finding in result.findings[:_FINDINGS]:
        console.print(Text(f"  {harmless(str(finding))}"))
    if len(result.findings) > _FINDINGS:
        console.print(Text(f"  and {len(result.findings) - _FINDINGS} more in gate_results.json", style="dim"))
    if not result.findings and result.output:
        for line in harmless(result.output).strip().splitlines()[-_FINDINGS:]:
            console.print(Text(f"  {line}", style="dim"))
    if result.advice:
        console.print(Text(f"  what to do: {harmless(result.advice)}"))


def _words(text: str) -> Text:
    """Text as it is: rich would take `[name]` in a string for a mark of its own."""
    return Text(harmless(text))


def _first_figure(result: GateResult) -> str:
    """The figure that a kind puts first; gate_results.json has all."""
    return next((f"{name} {value:.4g}" for name, value in result.figures.items() if name != "findings"), "")


def _console(out: TextIO) -> Console:
    # A pipe has no width; rich would wrap it at 80 columns.
    console = Console(file=out, width=None if out.isatty() else _PIPE_WIDTH, highlight=False)
    if console.no_color:
        # Rich would still write bold: whoever sets NO_COLOR gets plain text.
        return Console(file=out, width=console.width, highlight=False, color_system=None)
    return console


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column not in ("scenario", "category", "key", "value", "why"))
    return table
