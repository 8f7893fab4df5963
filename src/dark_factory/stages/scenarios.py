"""Run scenarios on a judge tree: each in bash, in parallel, its text never inside the tree."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from dark_factory.core.command import Captured, Command, CommandResult, Outcome
from dark_factory.core.config import Config
from dark_factory.core.environment import Toolbox, judged_variables, secrets
from dark_factory.core.judging.expectation import judge as judge_expectation
from dark_factory.core.judging.requirement import unmet
from dark_factory.core.ports import Executor, Job, Watcher
from dark_factory.core.report import ScenarioReport, ScenarioResult, Status
from dark_factory.core.scenario import Scenario
from dark_factory.stages.evidence import collect, matches
from dark_factory.stages.judge_tree import Judge

_OUTPUT_CAP = 128 * 1024
_LOOK_TIMEOUT = 30.0
TAKEN_AWAY = "a command or module that it uses was there in an earlier iteration and is not any more"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioTools:
    """What running scenarios needs of the outside.

    environ: the author's variables. own: the folder of programs that the factory itself runs from.
    platform: `linux` or `macos`. evidence: where collected files are kept, or None to only look for them.
    """

    toolbox: Toolbox
    executor: Executor
    environ: Mapping[str, str]
    own: Path | None
    platform: str
    watcher: Watcher
    evidence: Path | None


def run_scenarios(
    config: Config,
    judge: Judge,
    tools: ScenarioTools,
    *,
    scenarios: Sequence[Scenario],
    durations: Mapping[str, float],
    evaluated: Collection[str] = (),
) -> ScenarioReport:
    """Run `scenarios`, as many at once as the load allows or the author said; the report is ordered as they are.

    durations: seconds of earlier runs by scenario id; the longest start first. evaluated: ids of scenarios whose
    commands and modules were there with an earlier candidate: one that takes them away fails, and is not skipped.
    """
    run = _Run(config=config, judge=judge, tools=tools)
    jobs = []
    for scenario in scenarios:
        run.results[scenario.id] = blank = _blank(scenario)
        env = run.variables(scenario)
        reason, taken_away = run.unmet(scenario, env)
        if taken_away and scenario.id in evaluated:
            run.results[scenario.id] = replace(blank, status=Status.FAILED, reason=reason, public_reason=TAKEN_AWAY)
            tools.watcher.note(f"scenario {scenario.id}: {Status.FAILED} ({reason})")
        elif reason:
            run.results[scenario.id] = replace(blank, status=Status.SKIPPED, reason=reason, public_reason=reason)
        else:
            jobs += run.jobs(scenario, env, durations)
    repeated = f" ({len(jobs)} runs)" if len(jobs) > len(scenarios) else ""
    tools.watcher.stage(f"scenarios: {len(scenarios)}{repeated}")
    tools.executor.run_all(
        jobs,
        at_once=config.scenarios.jobs,
        capacities=config.scenarios.resources,
        ended=run.ended,
        progress=tools.watcher.progress,
    )
    return ScenarioReport(results=tuple(run.results[scenario.id] for scenario in scenarios))


@dataclass(slots=True, kw_only=True)
class _Run:
    config: Config
    judge: Judge
    tools: ScenarioTools
    results: dict[str, ScenarioResult] = field(default_factory=dict)
    attempts: dict[str, tuple[Scenario, Path]] = field(default_factory=dict)

    def variables(self, scenario: Scenario) -> dict[str, str]:
        home, tmp, _ = self.judge.private(f"scenario-{scenario.id}")
        env = judged_variables(
            self.tools.environ,
            toolbox=self.tools.toolbox,
            own=self.tools.own,
            home=home,
            tmp=tmp,
            passed_on=(*self.config.environment.variables, *self.config.scenarios.variables),
        )
        folders = [os.path.normpath(self.judge.tree / part) for part in self.config.environment.pythonpath]
        env["PYTHONPATH"] = os.pathsep.join(folders)
        env["FACTORY_ROOT"] = str(self.judge.tree)
        env["FACTORY_SCENARIOS"] = str(self.judge.holdout / self.config.scenarios.holdout[0])
        return env

    def unmet(self, scenario: Scenario, env: Mapping[str, str]) -> tuple[str, bool]:
        """What the scenario lacks, empty for nothing, and whether the candidate can have taken it away."""
        look = partial(
            unmet,
            which=partial(_on_path, env),
            environ=env,
            platform=self.tools.platform,
            has_module=partial(self.has_module, env),
        )
        if reason := look(replace(scenario.requires, commands=(), modules=())):
            return reason, False
        reason = look(scenario.requires)
        return reason, bool(reason)

    def jobs(self, scenario: Scenario, env: Mapping[str, str], durations: Mapping[str, float]) -> list[Job]:
        """One job for each repetition."""
        script = self.judge.scratch / f"scenario-{scenario.id}" / "script"
        script.write_text(scenario.script, encoding="utf-8")
        script.chmod(0o600)
        # "In a row" is meant: the repetitions of one scenario take turns.
        turns = ((f"scenario {scenario.id}", 1),) if scenario.repeat > 1 else ()
        jobs = []
        for number in range(1, scenario.repeat + 1):
            key = scenario.id if scenario.repeat == 1 else f"{scenario.id} ({number} of {scenario.repeat})"
            home, tmp, _ = self.judge.private(f"scenario-{scenario.id}/{number}")
            command = Command(
                argv=("bash", str(script)),
                cwd=self.judge.tree,
                env={**env, "HOME": str(home), "TMPDIR": str(tmp), "XDG_CACHE_HOME": str(home / ".cache")},
                timeout=scenario.timeout or self.config.scenarios.timeout,
                output_cap=_OUTPUT_CAP,
                secrets=secrets(env, (*self.config.environment.variables, *self.config.scenarios.variables)),
            )
            self.attempts[key] = (scenario, script)
            weight = durations.get(scenario.id, 0.0)
            jobs.append(Job(key=key, command=command, weight=weight, resources=(*scenario.resources.items(), *turns)))
        return jobs

    def has_module(self, env: Mapping[str, str], name: str) -> bool:
        """Whether the project's own `python` finds a module."""
        look = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({name.split('.', 1)[0]!r}) is None)"
        command = Command(argv=("python", "-c", look), cwd=self.judge.tree, env=env, timeout=_LOOK_TIMEOUT)
        return self.tools.executor.run(command).passed

    def ended(self, key: str, result: CommandResult) -> Sequence[str]:
        scenario, script = self.attempts[key]
        if result.outcome is Outcome.CANCELLED:
            return ()
        before = self.results[scenario.id]
        evidence, missing = self._collect(scenario)
        status, reason, public = judge_expectation(
            scenario,
            result=result,
            files=lambda pattern: matches(self.judge.tree, pattern),
            missing_evidence=missing,
        )
        after = replace(
            before,
            attempts=before.attempts + 1,
            passes=before.passes + (status is Status.PASSED),
            duration=before.duration + result.duration,
            evidence=evidence,
        )
        repeated = f" (attempt {after.attempts} of {scenario.repeat})" if scenario.repeat > 1 and reason else ""
        self.results[scenario.id] = replace(
            after,
            status=status,
            reason=reason + repeated,
            public_reason=public + repeated,
            exit_status=result.exit_status,
            timed_out=result.outcome is Outcome.TIMED_OUT,
            stdout=self._shown(result, result.stdout, script),
            stderr=self._shown(result, result.stderr, script),
        )
        if status is Status.PASSED:
            return ()
        self.tools.watcher.note(f"scenario {scenario.id}: {status} ({reason})")
        # One attempt that does not pass decides; the others would only take time.
        return [other for other, (one, _) in self.attempts.items() if one is scenario]

    def _shown(self, result: CommandResult, stream: Captured, script: Path) -> str:
        """A stream without secrets, and with places as a reader of the tree knows them."""
        text = result.command.masked(stream.text()).replace(str(script), "scenario")
        return text.replace(f"{self.judge.tree}/", "").replace(f"{self.judge.holdout}/", "")

    def _collect(self, scenario: Scenario) -> tuple[tuple[str, ...], tuple[str, ...]]:
        if not scenario.evidence:
            return (), ()
        target = self.tools.evidence / scenario.id if self.tools.evidence is not None else None
        return collect(self.judge.tree, scenario.evidence, target)


def _on_path(env: Mapping[str, str], name: str) -> bool:
    return shutil.which(name, path=env["PATH"]) is not None


def _blank(scenario: Scenario) -> ScenarioResult:
    return ScenarioResult(
        id=scenario.id,
        name=scenario.name,
        path=scenario.path,
        category=scenario.category,
        weight=scenario.weight,
        status=Status.ERRORED,
        reason="it was not run",
        public_reason="it was not run",
    )
