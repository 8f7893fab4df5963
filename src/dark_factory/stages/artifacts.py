"""Write what a validation found to the artifacts folder: the seed's files, and the full reports of each iteration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from dark_factory.core.codec import DecodeError, decode, encode
from dark_factory.core.errors import StateError
from dark_factory.core.report import GateReport, ScenarioReport, ScenarioResult, Status
from dark_factory.effects.project import write_atomically

_SUMMARY = 300


class Artifacts:
    """The artifacts folder of a project, whole and ignored by git through a `.gitignore` of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self) -> None:
        """Make the folder, so that nothing in it ever shows up as a change of the author's."""
        ignore = self.folder / ".gitignore"
        if not ignore.exists():
            write_atomically(ignore, b"# Made by the dark factory: what it writes here is no change of yours.\n*\n")

    def run(self, run: str) -> Path:
        """The folder of one run."""
        return self.folder / "runs" / run

    def iteration(self, run: str, number: int) -> Path:
        """The folder of one iteration of a run."""
        return self.run(run) / "iterations" / str(number)

    def publish(
        self,
        gates: GateReport | None,
        scenarios: ScenarioReport | None,
        *,
        when: float,
        run: str = "",
        iteration: int = 0,
    ) -> None:
        """Make reports the latest ones: the seed's files, and `report.json` that feedback is compiled from."""
        latest = self.latest()
        if gates is not None:
            write_json(self.folder / "gate_results.json", gate_results(gates, when=when))
            write_atomically(self.folder / "ci_output.log", ci_output(gates).encode("utf-8", "replace"))
        if scenarios is not None:
            write_json(self.folder / "scenario_results.json", scenario_results(scenarios, when=when))
        write_reports(self.folder, gates or latest[0], scenarios or latest[1], run=run, iteration=iteration)

    def latest(self) -> tuple[GateReport, ScenarioReport]:
        """The latest reports; empty ones when there are none."""
        try:
            return read_reports(self.folder)
        except StateError:
            return GateReport(), ScenarioReport()

    def all_durations(self) -> tuple[dict[str, float], dict[str, float]]:
        """Seconds of the latest gates by name, and of the latest scenarios by id, to start the longest first."""
        return self._durations("gate_results.json", "gates", "name"), self._durations(
            "scenario_results.json", "results", "id"
        )

    def _durations(self, name: str, list_name: str, key: str) -> dict[str, float]:
        try:
            data = json.loads((self.folder / name).read_bytes())
            return {str(one[key]): float(one["duration_seconds"]) for one in data[list_name]}
        except (OSError, ValueError, KeyError, TypeError):
            return {}


def write_reports(folder: Path, gates: GateReport, scenarios: ScenarioReport, *, run: str, iteration: int) -> None:
    """Keep both reports whole, so that an interrupted run can go on from them. run: empty outside a run."""
    reports = {"gates": encode(gates), "scenarios": encode(scenarios)}
    write_json(folder / "report.json", {"run": run, "iteration": iteration, **reports})


def report_of(folder: Path) -> tuple[str, int]:
    """The run (empty outside one) and the iteration that the latest reports are of."""
    try:
        data = json.loads((folder / "report.json").read_bytes())
        return str(data["run"]), int(data["iteration"])
    except (OSError, ValueError, KeyError, TypeError):
        return "", 0


def read_reports(folder: Path) -> tuple[GateReport, ScenarioReport]:
    """Both reports as `write_reports` kept them.

    Raises StateError when they are missing or unreadable.
    """
    path = folder / "report.json"
    try:
        data = json.loads(path.read_bytes())
        gates, scenarios = decode(GateReport, data["gates"]), decode(ScenarioReport, data["scenarios"])
    except (OSError, ValueError, KeyError, TypeError, DecodeError) as error:
        raise StateError(
            f"{path}: the report of this iteration can't be read", why=str(error), do="start a new run"
        ) from error
    assert isinstance(gates, GateReport)
    assert isinstance(scenarios, ScenarioReport)
    return gates, scenarios


def write_json(path: Path, data: object) -> None:
    """Write JSON for people and programs."""
    write_atomically(path, (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "replace"))


def gate_results(report: GateReport, *, when: float) -> Mapping[str, object]:
    """The content of `gate_results.json`."""
    return {
        "timestamp": _timestamp(when),
        "layer_one_passed": report.layer_one_passed,
        "gates": [
            {
                "name": result.name,
                "kind": result.kind,
                "layer": int(result.layer),
                "blocking": result.blocking,
                "status": result.status.value,
                "reason": result.reason,
                "advice": result.advice,
                "figures": dict(result.figures),
                "findings": encode(result.findings),
                "duration_seconds": round(result.duration, 3),
            }
            for result in report.results
        ],
    }


def scenario_results(report: ScenarioReport, *, when: float) -> Mapping[str, object]:
    """The content of `scenario_results.json`: the seed's fields and ours; `schemas/scenario_results.schema.json`."""
    return {
        "timestamp": _timestamp(when),
        "total": len(report.results),
        "passed": report.count(Status.PASSED),
        "failed": report.count(Status.FAILED),
        "errored": report.count(Status.ERRORED),
        "skipped": report.count(Status.SKIPPED),
        "satisfaction_score": report.satisfaction,
        "skipped_reason": report.skipped_reason,
        "results": [_scenario(result) for result in report.results],
    }


def ci_output(report: GateReport) -> str:
    """The content of `ci_output.log`: each gate's verdict, findings and own words."""
    parts = []
    for result in report.results:
        reason = f" ({result.reason})" if result.reason else ""
        lines = [f"=== {result.name} ({result.kind}, layer {int(result.layer)}): {result.status}{reason}"]
        lines += [str(finding) for finding in result.findings]
        if result.output and not result.findings:
            lines.append(result.output)
        if result.advice:
            lines.append(f"what to do: {result.advice}")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _scenario(result: ScenarioResult) -> dict[str, object]:
    return {
        "id": result.id,
        "name": result.name,
        "file_path": result.path,
        "category": result.category,
        "status": result.status.value,
        "passed": result.status is Status.PASSED,
        "exit_code": result.exit_status,
        "timed_out": result.timed_out,
        "stdout": result.stdout,
        "stderr": result.stderr,
        "duration_seconds": round(result.duration, 3),
        "error_summary": "" if result.status is Status.PASSED else _summary(result),
        "reason": result.reason,
        "weight": result.weight,
        "attempts": result.attempts,
        "passes": result.passes,
        "evidence": list(result.evidence),
    }


def _summary(result: ScenarioResult) -> str:
    words = [line.strip() for line in (result.stderr or result.stdout).splitlines() if line.strip()]
    return ": ".join(part for part in (result.reason, words[-1] if words else "") if part)[:_SUMMARY]


def _timestamp(when: float) -> str:
    return datetime.fromtimestamp(when, UTC).isoformat(timespec="seconds")
