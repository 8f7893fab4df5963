"""Run the gates of factory.toml on a judge tree: in parallel, longest first, layer 1 deciding over the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from dark_factory.core.command import Command, CommandResult, Outcome
from dark_factory.core.config import Config, GateConfig
from dark_factory.core.environment import Toolbox, judged_variables, secrets
from dark_factory.core.judging.gate_report import MAX_SIZE
from dark_factory.core.judging.thresholds import apply
from dark_factory.core.ports import Executor, GateKind, GateRun, Job, Watcher
from dark_factory.core.report import GateReport, GateResult, Layer, Reading, Status
from dark_factory.stages.judge_tree import Judge

LAYER_ONE_FAILED = "layer 1 failed"
_OUTPUT_CAP = 8 * 1024 * 1024
_SHOWN = 64 * 1024
# Tools that read the code under judgement and have no reason to run it.
_READERS = frozenset({"ruff", "mypy", "radon", "vulture", "bandit"})
# Guesses in seconds for the first run, only to start the longest first; later runs know better.
_USUAL = {"pytest": 20.0, "mypy": 10.0, "command": 5.0, "bandit": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class GateTools:
    """What running gates needs of the outside.

    kind: finds a kind by its name. toolbox: the environment for some requirements. environ: the author's variables.
    own: the folder of programs that the factory itself runs from.
    """

    kind: Callable[[str], GateKind]
    toolbox: Callable[[Sequence[str]], Toolbox]
    executor: Executor
    environ: Mapping[str, str]
    own: Path | None
    watcher: Watcher
    cores: int


def run_gates(
    config: Config, judge: Judge, tools: GateTools, *, gates: Sequence[GateConfig], durations: Mapping[str, float]
) -> GateReport:
    """Run `gates`; a gate that reads another's output is judged when that one has ended, without a process of its own.

    When a layer 1 gate does not pass, layer 2 is cancelled and reported as skipped, whatever it had found by then, so
    that the report does not depend on who was faster. durations: seconds of earlier runs by gate.
    """
    run = _Run(config=config, judge=judge, tools=tools, gates=gates)
    jobs = [run.job(gate, durations) for gate in gates if gate.of is None]
    tools.watcher.stage(f"gates: {', '.join(gate.name for gate in gates)}")
    tools.executor.run_all(jobs, at_once=tools.cores, ended=run.ended, progress=tools.watcher.progress)
    for gate in gates:
        if gate.of is not None:
            run.read_other(gate)
    return run.report()


@dataclass(slots=True, kw_only=True)
class _Run:
    config: Config
    judge: Judge
    tools: GateTools
    gates: Sequence[GateConfig]
    results: dict[str, GateResult] = field(default_factory=dict)
    finished: dict[str, tuple[CommandResult, Path]] = field(default_factory=dict)
    untold: list[str] = field(default_factory=list)
    red: bool = False

    def job(self, gate: GateConfig, durations: Mapping[str, float]) -> Job:
        home, tmp, outputs = self.judge.private(f"gate-{gate.name}")
        requires = gate.requires if gate.environment == "own" else self.config.environment.requires
        env = judged_variables(
            self.tools.environ,
            toolbox=self.tools.toolbox(requires),
            own=self.tools.own,
            home=home,
            tmp=tmp,
            passed_on=self.config.environment.variables,
        )
        env |= {
            # Nothing that a candidate can write outlives its validation: a forged cache would pass for the next one.
            "MYPY_CACHE_DIR": str(outputs / "mypy_cache"),
            "COVERAGE_FILE": str(outputs / ".coverage"),
        }
        if gate.kind in _READERS:
            # `python -m mypy` would run a mypy.py at the top of the tree.
            env["PYTHONSAFEPATH"] = "1"
        wants = frozenset(other.kind for other in self.gates if other.of == gate.name)
        argv = self.tools.kind(gate.kind).argv(gate, outputs, wants=wants) or gate.command
        command = Command(
            argv=argv,
            cwd=self.judge.tree,
            env=env,
            timeout=gate.timeout,
            output_cap=_OUTPUT_CAP,
            secrets=secrets(env, self.config.environment.variables),
        )
        self.finished[gate.name] = (_never_ran(command), outputs)
        return Job(key=gate.name, command=command, weight=durations.get(gate.name) or _USUAL.get(gate.kind, 0.5))

    def ended(self, name: str, result: CommandResult) -> Sequence[str]:
        gate = next(gate for gate in self.gates if gate.name == name)
        outputs = self.finished[name][1]
        self.finished[name] = (result, outputs)
        self._judge(gate, result, outputs, result.duration)
        if self.red:
            return [other.name for other in self.gates if other.layer is not Layer.DETERMINISTIC]
        return ()

    def read_other(self, gate: GateConfig) -> None:
        if gate.of not in self.finished:
            reason = f"the gate {gate.of}, whose output it reads, was not run"
            self.results[gate.name] = _result(gate, Reading(status=Status.SKIPPED, reason=reason), 0.0, "")
            return
        result, outputs = self.finished[gate.of]
        self._judge(gate, result, outputs, 0.0)

    def _judge(self, gate: GateConfig, result: CommandResult, outputs: Path, duration: float) -> None:
        run = GateRun(gate=gate, result=result, outputs=outputs, tree=self.judge.tree, read=_read)
        reading = _masked(apply(self.tools.kind(gate.kind).read(run), gate.thresholds), result.command)
        output = "" if gate.of is not None else result.command.masked(_output(result))
        self.results[gate.name] = _result(gate, reading, duration, output)
        self.red = self.red or (gate.layer is Layer.DETERMINISTIC and reading.status is not Status.PASSED)
        self._tell(gate, reading)

    def _tell(self, gate: GateConfig, reading: Reading) -> None:
        """Show a result; those of layer 2 wait until layer 1 says whether they count."""
        line = f"gate {gate.name}: {_in_brief(reading)}"
        if gate.layer is Layer.DETERMINISTIC:
            self.tools.watcher.note(line)
        else:
            self.untold.append(line)
        if all(one.name in self.results for one in self.gates if one.layer is Layer.DETERMINISTIC):
            for waiting in () if self.red else tuple(self.untold):
                self.tools.watcher.note(waiting)
            self.untold.clear()

    def report(self) -> GateReport:
        results = tuple(self.results[gate.name] for gate in self.gates)
        if not self.red:
            return GateReport(results=results)
        skipped = Reading(status=Status.SKIPPED, reason=LAYER_ONE_FAILED)
        return GateReport(
            results=tuple(
                result if gate.layer is Layer.DETERMINISTIC else _result(gate, skipped, 0.0, "")
                for gate, result in zip(self.gates, results, strict=True)
            )
        )


def _in_brief(reading: Reading) -> str:
    if reading.reason or reading.status is Status.PASSED or not reading.findings:
        return reading.status + (f" ({reading.reason})" if reading.reason else "")
    return f"{reading.status} ({len(reading.findings)} findings, the first: {reading.findings[0]})"


def _masked(reading: Reading, command: Command) -> Reading:
    """The reading without the values of the variables that the command was trusted with."""
    mask = command.masked
    findings = tuple(
        replace(one, rule=mask(one.rule), message=mask(one.message), path=one.path and mask(one.path))
        for one in reading.findings
    )
    return replace(reading, findings=findings, reason=mask(reading.reason), advice=mask(reading.advice))


def _result(gate: GateConfig, reading: Reading, duration: float, output: str) -> GateResult:
    return GateResult(
        name=gate.name,
        kind=gate.kind,
        layer=gate.layer,
        blocking=gate.blocking or gate.layer is Layer.DETERMINISTIC,
        status=reading.status,
        findings=reading.findings,
        figures=reading.figures,
        reason=reading.reason,
        advice=reading.advice,
        duration=duration,
        output=output,
    )


def _output(result: CommandResult) -> str:
    text = "\n".join(part for part in (result.stdout.text().strip(), result.stderr.text().strip()) if part)
    return text if len(text) <= _SHOWN else text[: _SHOWN // 2] + "\n[...]\n" + text[-_SHOWN // 2 :]


def _read(path: Path) -> bytes | None:
    # The judged tool could leave a link or a pipe here, which would read something else or wait for ever.
    if path.is_symlink() or not path.is_file():
        return None
    with path.open("rb") as file:
        # One byte more than any kind reads, so that each says by itself that it is too much.
        return file.read(MAX_SIZE + 1)


def _never_ran(command: Command) -> CommandResult:
    return CommandResult(command=command, outcome=Outcome.CANCELLED, exit_status=None, duration=0.0)
