"""Judge one candidate: gates, then scenarios, in a fresh judge tree."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dark_factory.core.command import Command
from dark_factory.core.config import Config, GateConfig
from dark_factory.core.environment import Toolbox, judged_variables, secrets
from dark_factory.core.errors import FactoryError, InputError
from dark_factory.core.patterns import Patterns, folder_pattern
from dark_factory.core.ports import Clock, Executor, GateKind, Watcher
from dark_factory.core.report import GateReport, GateResult, Layer, ScenarioReport, Status
from dark_factory.core.scenario import Scenario
from dark_factory.core.scenario_md.load import load_scenarios
from dark_factory.effects.git import Store
from dark_factory.effects.project import Project
from dark_factory.effects.seal import seal
from dark_factory.stages.environment import ToolboxError, toolbox
from dark_factory.stages.gates import LAYER_ONE_FAILED, GateTools, run_gates
from dark_factory.stages.judge_tree import Judge, beside, judge_tree, prepared, restore
from dark_factory.stages.scenarios import ScenarioTools, run_scenarios


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """All that judging needs: settings, doors and places; the same for every candidate of a run.

    folder: the repository's private folder in the user's state. own: the folder of programs that we run from.
    platform: `linux` or `macos`. scenario_schema: of the frontmatter.
    """

    config: Config
    kind: Callable[[str], GateKind]
    executor: Executor
    clock: Clock
    watcher: Watcher
    environ: Mapping[str, str]
    folder: Path
    own: Path | None
    platform: str
    cores: int
    scenario_schema: Mapping[str, object]

    @property
    def holdout(self) -> Patterns:
        """What is copied beside the judge tree for the scenarios alone."""
        return Patterns(folder_pattern(path) for path in self.config.scenarios.holdout)

    @property
    def hidden(self) -> Patterns:
        """What neither the agent nor judged tools get to see: holdout, hidden paths, our own artifacts."""
        config = self.config
        folders = (*config.scenarios.holdout, config.project.artifacts)
        return Patterns([*map(folder_pattern, folders), *config.isolation.hidden])

    def toolbox(self, requires: Sequence[str], tree: Path) -> Toolbox:
        """The environment with these requirements."""
        return toolbox(
            self.config.environment,
            requires,
            tree=tree,
            folder=self.folder / "environments",
            executor=self.executor,
            environ=self.environ,
            watcher=self.watcher,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to judge: filters of gates and of scenarios; None runs no scenario at all."""

    gates: Callable[[GateConfig], bool] = lambda _: True
    scenarios: Callable[[Scenario], bool] | None = lambda _: True


def validate(
    bench: Bench,
    store: Store,
    *,
    candidate: str,
    base: str,
    wanted: Wanted,
    durations: tuple[Mapping[str, float], Mapping[str, float]],
    evidence: Path | None,
    blame: bool = False,
    evaluated: Collection[str] = (),
) -> tuple[GateReport, ScenarioReport]:
    """Judge `candidate` with the holdout of `base` and return both reports.

    durations: of earlier runs, by gate and by scenario id. blame: the base could be prepared, so when this candidate
    can't be, that is one more gate which it did not pass, and no failure of ours. evaluated: the scenarios that were
    evaluated with an earlier candidate of this run: the requirements of these were met.

    Raises InputError when the scenarios can't be read.
    """
    with judge_tree(store, candidate, folder=bench.folder / "judge") as judge:
        scenarios: tuple[Scenario, ...] = ()
        if wanted.scenarios is not None:
            with beside(store, judge, base=base, holdout=bench.holdout):
                found = Project(judge.holdout).markdown(bench.config.scenarios.holdout)
            scenarios = tuple(filter(wanted.scenarios, load_scenarios(found, schema=bench.scenario_schema)))
        try:
            box = bench.toolbox(bench.config.environment.requires, judge.tree)
            _set_up(bench, judge, box)
        except FactoryError as error:
            if not blame:
                raise
            return _unprepared(error), ScenarioReport(skipped_reason=LAYER_ONE_FAILED)
        ready = prepared(store, judge) if bench.config.environment.setup else judge.id
        gates = _gates(bench, judge, box, wanted, durations[0])
        if wanted.scenarios is None:
            return gates, ScenarioReport()
        if not gates.layer_one_passed:
            bench.watcher.note(f"scenarios: skipped ({LAYER_ONE_FAILED})")
            return gates, ScenarioReport(skipped_reason=LAYER_ONE_FAILED)
        restore(store, judge, ready)
        with beside(store, judge, base=base, holdout=bench.holdout):
            report = _scenarios(bench, judge, scenarios, durations=durations[1], evidence=evidence, evaluated=evaluated)
        return gates, report


def _unprepared(error: FactoryError) -> GateReport:
    result = GateResult(
        name="environment",
        kind="environment",
        layer=Layer.DETERMINISTIC,
        blocking=True,
        status=Status.FAILED if isinstance(error, ToolboxError | InputError) else Status.ERRORED,
        reason=error.what,
        advice=error.do,
        output=error.why,
    )
    return GateReport(results=(result,))


def _gates(bench: Bench, judge: Judge, box: Toolbox, wanted: Wanted, durations: Mapping[str, float]) -> GateReport:
    chosen = [gate for gate in bench.config.gates if wanted.gates(gate)]
    if not chosen:
        return GateReport()
    # A gate that reads another's output brings that one with it.
    needed = {gate.of for gate in chosen} | {gate.name for gate in chosen}
    shared = bench.config.environment.requires
    tools = GateTools(
        kind=bench.kind,
        # Asked for once: looking whether it is still as it was made takes a part of a second.
        toolbox=lambda requires: box if requires == shared else bench.toolbox(requires, judge.tree),
        executor=bench.executor,
        environ=bench.environ,
        own=bench.own,
        watcher=bench.watcher,
        cores=bench.cores,
    )
    gates = [gate for gate in bench.config.gates if gate.name in needed]
    return run_gates(bench.config, judge, tools, gates=gates, durations=durations)


def _scenarios(
    bench: Bench,
    judge: Judge,
    scenarios: Sequence[Scenario],
    *,
    durations: Mapping[str, float],
    evidence: Path | None,
    evaluated: Collection[str],
) -> ScenarioReport:
    tools = ScenarioTools(
        toolbox=bench.toolbox(bench.config.environment.requires, judge.tree),
        executor=bench.executor,
        environ=bench.environ,
        own=bench.own,
        platform=bench.platform,
        watcher=bench.watcher,
        evidence=evidence,
    )
    report = run_scenarios(bench.config, judge, tools, scenarios=scenarios, durations=durations, evaluated=evaluated)
    passed, failed = report.count(Status.PASSED), report.count(Status.FAILED)
    bench.watcher.note(
        f"scenarios: {passed} passed, {failed} failed, {len(report.results) - passed - failed} not judged"
    )
    return report


def _set_up(bench: Bench, judge: Judge, box: Toolbox) -> None:
    """Run the configured set-up commands in the fresh tree."""
    for number, argv in enumerate(bench.config.environment.setup):
        home, tmp, _ = judge.private(f"setup-{number}")
        env = judged_variables(
            bench.environ,
            toolbox=box,
            own=bench.own,
            home=home,
            tmp=tmp,
            passed_on=bench.config.environment.variables,
        )
        bench.watcher.stage(f"set-up: {argv[-1]}")
        timeout = bench.config.environment.setup_timeout
        keys = secrets(env, bench.config.environment.variables)
        command = Command(argv=argv, cwd=judge.tree, env=env, timeout=timeout, secrets=keys)
        result = bench.executor.run(command)
        if not result.passed:
            words = result.stderr.text().strip() or result.stdout.text().strip()
            raise InputError(
                f"[environment] setup: `{result.command.redacted()}` failed: {result.ending()}",
                why=command.masked(words)[-2000:],
                do="run it by hand in a fresh clone of the repository",
            )
    if bench.config.environment.setup and box.root is not None:
        # It may install, too.
        seal(box.root)
