"""Made-up gate runs, for the tests of how each kind reads what its tool printed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dark_factory.core.command import Captured, Command, CommandResult, Outcome
from dark_factory.core.config import GateConfig
from dark_factory.core.ports import GateRun
from dark_factory.core.report import Layer

TREE = Path("/tmp/judge/tree")
OUTPUTS = Path("/tmp/judge/outputs")


def a_gate(
    kind: str, *command: str, name: str = "check", of: str | None = None, thresholds: Mapping[str, float] | None = None
) -> GateConfig:
    return GateConfig(
        name=name, kind=kind, layer=Layer.STRUCTURAL, command=command, of=of, thresholds=thresholds or {}, timeout=600.0
    )


def a_run(
    gate: GateConfig,
    exit_status: int | None = 0,
    *,
    stdout: str | bytes = "",
    stderr: str = "",
    reports: Mapping[str, str | bytes] | None = None,
    size: int | None = None,
    outcome: Outcome = Outcome.EXITED,
) -> GateRun:
    """A run whose tool ended like this; `size` larger than stdout says that the rest of it was cut."""
    out = stdout.encode() if isinstance(stdout, str) else stdout
    held = {name: text.encode() if isinstance(text, str) else text for name, text in (reports or {}).items()}
    result = CommandResult(
        command=Command(argv=gate.command or ("pytest",), cwd=TREE, env={}, timeout=gate.timeout),
        outcome=outcome,
        exit_status=exit_status,
        duration=1.0,
        stdout=Captured(head=out, size=size or len(out)),
        stderr=Captured(head=stderr.encode(), size=len(stderr.encode())),
    )

    def read(path: Path) -> bytes | None:
        assert path.parent == OUTPUTS
        return held.get(path.name)

    return GateRun(gate=gate, result=result, outputs=OUTPUTS, tree=TREE, read=read)
