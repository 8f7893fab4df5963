"""Write the feedback file of a validation: what may be told, told so that an agent can act on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dark_factory.core.config import Config
from dark_factory.core.report import GateReport, ScenarioReport, ScenarioResult, Status
from dark_factory.core.scenario_md.load import parse_scenario
from dark_factory.core.state import State
from dark_factory.core.telling.disclosed import Disclosed
from dark_factory.core.telling.disclosure import disclose, quotations_of, redacted_gates
from dark_factory.core.telling.facts import FeedbackInput
from dark_factory.core.telling.feedback import feedback
from dark_factory.effects.project import write_atomically
from dark_factory.stages.artifacts import Artifacts

LARGEST_QUOTED = 1 << 20
"""Bytes of a file of the holdout whose lines are looked for; a larger one is no text that people wrote."""


def failed_paths(report: ScenarioReport) -> tuple[str, ...]:
    """The files of the scenarios whose details feedback needs."""
    return tuple(result.path for result in _told(report))


def write_feedback(
    config: Config,
    artifacts: Artifacts,
    state: State,
    *,
    gates: GateReport,
    scenarios: ScenarioReport,
    sources: Mapping[str, bytes],
    schema: Mapping[str, object],
    run: str,
    holdout: Iterable[bytes] = (),
) -> str:
    """Write `feedback_iter_N.md` for the state's last iteration and return its path relative to the repository.

    sources: the texts of the scenarios of `failed_paths`, by path.
    run: its folder gets a copy; empty outside a run. holdout: the contents of all its files, none of which is quoted.
    """
    quotations = quotations_of(holdout)
    details: dict[str, Disclosed] = {}
    for result in _told(scenarios):
        scenario = parse_scenario(sources[result.path], path=result.path, schema=schema)
        details[result.id] = disclose(result, scenario, config.feedback.disclosure, holdout=quotations)
    text = feedback(
        FeedbackInput(
            state=state,
            gates=redacted_gates(gates, quotations),
            details=details,
            threshold=config.loop.satisfaction_threshold,
            max_iterations=config.loop.max_iterations,
            disclosure=config.feedback.disclosure,
            max_size=config.feedback.max_size,
            thresholds={gate.name: gate.thresholds for gate in config.gates},
            specs=config.project.specs,
        )
    ).encode()
    name = f"feedback_iter_{state.last.number}.md"
    if run:
        write_atomically(artifacts.run(run) / name, text)
    write_atomically(artifacts.folder / name, text)
    return f"{config.project.artifacts}/{name}"


def _told(report: ScenarioReport) -> tuple[ScenarioResult, ...]:
    return tuple(result for result in report.results if result.status in (Status.FAILED, Status.ERRORED))
