"""The stages by themselves: check, gates, scenarios, local and feedback, on the checkout as it is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from dark_factory.assembly import CONFIG, House, settings
from dark_factory.core.config import GateConfig
from dark_factory.core.errors import ExitStatus, InputError
from dark_factory.core.report import GateReport, ScenarioReport, Status
from dark_factory.core.scenario import Scenario
from dark_factory.core.scenario_md.load import load_scenarios
from dark_factory.core.score import score
from dark_factory.core.state import RunStarted, State, Validated, evolve
from dark_factory.effects.git import Store
from dark_factory.effects.journal import Journal
from dark_factory.effects.project import Project, schema
from dark_factory.effects.system import Processes
from dark_factory.loop import replay
from dark_factory.reports.tables import gate_table, scenario_table
from dark_factory.stages.artifacts import gate_results, read_reports, report_of, scenario_results
from dark_factory.stages.feedback import LARGEST_QUOTED, failed_paths, write_feedback
from dark_factory.stages.scripts import script_problems
from dark_factory.stages.validation import Wanted, validate

_LOCAL = "local"


def check(root: Path, environ: dict[str, str], out: TextIO) -> ExitStatus:
    """Validate factory.toml and every scenario without running anything.

    Raises InputError with all problems of all files.
    """
    problems: list[InputError] = []
    folders: tuple[str, ...] = ("scenarios",)
    gates = ""
    try:
        config = settings(root, environ, {})
        folders, gates = config.scenarios.holdout, _counted(len(config.gates), "gate")
    except InputError as error:
        problems.append(error)
    scenarios: tuple[Scenario, ...] = ()
    try:
        scenarios = load_scenarios(Project(root).markdown(folders), schema=schema("scenario"))
    except InputError as error:
        problems.append(error)
    if problems:
        every = tuple(problem for error in problems for problem in error.problems)
        lone = problems[0] if len(problems) == 1 else None
        raise InputError(
            f"{_counted(len(every) or len(problems), 'problem')} in {CONFIG} and {', '.join(folders)}",
            problems=every,
            why=lone.why or ("" if every else lone.what) if lone else "",
            do=lone.do if lone else "correct what is listed above",
        )
    broken = script_problems(scenarios, Processes(), environ=environ, cwd=root)
    if broken:
        raise InputError(f"{_counted(len(broken), 'problem')} in {', '.join(folders)}", problems=broken)
    if not scenarios:
        out.write(f"warning: no scenario in {', '.join(folders)}: nothing can be satisfied\n")
    out.write(f"{CONFIG}: {gates}, {_counted(len(scenarios), 'scenario')}: no problems\n")
    return ExitStatus.SATISFIED


def gates(house: House, out: TextIO, *, only: list[str], layer: int | None, as_json: bool) -> ExitStatus:
    """Run the gates on the checkout as it is."""
    known = [gate.name for gate in house.config.gates]
    for name in only:
        if name not in known:
            raise InputError(f"there is no gate {name!r}", do=f"the gates of {CONFIG}: {', '.join(known) or 'none'}")

    def wanted(gate: GateConfig) -> bool:
        return (not only or gate.name in only) and (layer is None or gate.layer == layer)

    if not any(wanted(gate) for gate in house.config.gates):
        raise InputError("no gate is left to run", do=f"the gates of {CONFIG}: {', '.join(known) or 'none'}")
    with house.locked("gates"):
        report, _ = _validate(house, Wanted(gates=wanted, scenarios=None))
        house.artifacts.publish(report, None, when=house.clock.now())
    house.watcher.close()
    if as_json:
        _dump(gate_results(report, when=house.clock.now()), out)
    else:
        gate_table(report, out)
    return gate_status(report)


def scenarios(house: House, out: TextIO, *, ids: list[str], categories: list[str], as_json: bool) -> ExitStatus:
    """Run the scenarios, without the gates, on the checkout as it is."""

    def wanted(scenario: Scenario) -> bool:
        return (not ids or scenario.id in ids) and (not categories or scenario.category in categories)

    with house.locked("scenarios"):
        found = load_scenarios(
            house.project.markdown(house.config.scenarios.holdout), schema=house.bench.scenario_schema
        )
        _refuse_unknown("scenario", ids, [one.id for one in found])
        _refuse_unknown("category", categories, [one.category for one in found])
        _, report = _validate(house, Wanted(gates=lambda _: False, scenarios=wanted))
        house.artifacts.publish(None, report, when=house.clock.now())
    house.watcher.close()
    if as_json:
        _dump(scenario_results(report, when=house.clock.now()), out)
    else:
        scenario_table(report, out)
    return scenario_status(report)


def local(house: House, out: TextIO) -> ExitStatus:
    """One validation without an agent: gates, scenarios, feedback."""
    with house.locked("local"):
        gate_report, scenario_report = _validate(house, Wanted())
        house.artifacts.publish(gate_report, scenario_report, when=house.clock.now())
        path = _feedback(house, gate_report, scenario_report, "", 0)
    house.watcher.close()
    gate_table(gate_report, out)
    scenario_table(scenario_report, out)
    out.write(f"feedback: {path}\n")
    result = score(gate_report, scenario_report)
    if result.satisfied(house.config.loop.satisfaction_threshold):
        return ExitStatus.SATISFIED
    return ExitStatus.INFRASTRUCTURE if result.errored else ExitStatus.NOT_SATISFIED


def feedback(house: House, out: TextIO) -> ExitStatus:
    """Compile the feedback file of the latest results again.

    Raises InputError when there are none.
    """
    if not (house.artifacts.folder / "report.json").exists():
        raise InputError("there are no results to compile feedback from", do="run `inv factory.local` first")
    with house.locked("feedback"):
        run, iteration = report_of(house.artifacts.folder)
        gate_report, scenario_report = read_reports(house.artifacts.folder)
        path = _feedback(house, gate_report, scenario_report, run, iteration)
    house.watcher.close()
    out.write(f"feedback: {path}\n")
    return ExitStatus.SATISFIED


def gate_status(report: GateReport) -> ExitStatus:
    """0 when nothing blocks, 3 when a blocking gate could not be judged, else 1."""
    if not report.blocking:
        return ExitStatus.SATISFIED
    errored = all(result.status is Status.ERRORED for result in report.blocking)
    return ExitStatus.INFRASTRUCTURE if errored else ExitStatus.NOT_SATISFIED


def scenario_status(report: ScenarioReport) -> ExitStatus:
    """0 only when something was evaluated, all of it passed and nothing errored."""
    if report.passed:
        return ExitStatus.SATISFIED
    if report.count(Status.ERRORED) and not report.count(Status.FAILED):
        return ExitStatus.INFRASTRUCTURE
    return ExitStatus.NOT_SATISFIED


def _validate(house: House, wanted: Wanted) -> tuple[GateReport, ScenarioReport]:
    folder = house.folder / "stage"
    start, borrow = _ground(house)
    store = Store.create(house.git, folder / "store.git", borrow=borrow)
    full, candidate = house.checkout(store, index=folder / "checkout.index", start=start)
    return validate(
        house.bench,
        store,
        candidate=candidate,
        base=full,
        wanted=wanted,
        durations=house.artifacts.all_durations(),
        evidence=house.artifacts.folder / "evidence",
    )


def _ground(house: House) -> tuple[str | None, Path | None]:
    """The commit that tells which ignored files are tracked, and where its objects are; neither outside of git."""
    try:
        return house.author.head, house.author.common_dir
    except InputError:
        return None, None


def _feedback(house: House, gate_report: GateReport, scenario_report: ScenarioReport, run: str, iteration: int) -> str:
    state = _state(house, gate_report, scenario_report, run, iteration)
    sources = {path: house.project.read(path) or b"" for path in failed_paths(scenario_report)}
    return write_feedback(
        house.config,
        house.artifacts,
        state,
        gates=gate_report,
        scenarios=scenario_report,
        sources=sources,
        schema=house.bench.scenario_schema,
        run=run,
        holdout=house.project.small_files(house.config.scenarios.holdout, LARGEST_QUOTED),
    )


def _state(house: House, gate_report: GateReport, scenario_report: ScenarioReport, run: str, iteration: int) -> State:
    """The run's state up to that iteration; outside a run, a history of one validation."""
    if run:
        state = replay(Journal(house.artifacts.run(run) / "journal.jsonl"))
        kept = tuple(one for one in state.iterations if one.number <= iteration)
        if kept:
            return replace(state, iterations=kept)
    now = house.clock.now()
    started = RunStarted(at=now, run=_LOCAL, version="", commit="", tree="", visible="", dirty=True, isolation="")
    state = evolve(State(), started)
    return evolve(state, Validated(at=now, iteration=0, score=score(gate_report, scenario_report), duration=0.0))


def _refuse_unknown(what: str, asked: list[str], known: list[str]) -> None:
    for name in asked:
        if name not in known:
            raise InputError(f"there is no {what} {name!r}", do=f"known: {', '.join(sorted(set(known))) or 'none'}")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _dump(data: object, out: TextIO) -> None:
    out.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
