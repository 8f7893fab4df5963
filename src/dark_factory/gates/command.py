"""`kind = "command"`: any check in any language, judged by its exit status; it has no findings and no figures."""

from __future__ import annotations

from pathlib import Path

from dark_factory.core.config import GateConfig
from dark_factory.core.judging.gate_argv import placed
from dark_factory.core.judging.gate_reading import by_exit_status, program, unfinished
from dark_factory.core.ports import GateRun
from dark_factory.core.report import Reading


def argv(gate: GateConfig, outputs: Path, *, wants: frozenset[str]) -> tuple[str, ...]:  # noqa: ARG001
    """The author's command, `{outputs}` replaced."""
    return placed(gate.command, outputs)


def read(run: GateRun) -> Reading:
    """Passed with exit status 0, errored with 126 and 127 (a shell's words for a missing program), else failed."""
    return unfinished(run, program(run)) or by_exit_status(run)
