"""Performs what the loop decides: each action as the events that tell it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import assert_never

import dark_factory
from dark_factory.assembly import House
from dark_factory.core.agent_run import AgentOutcome
from dark_factory.core.patterns import Patterns
from dark_factory.core.plan import Action, Deliver, Plan, RunAgent, Start, Stop, Validate, WriteFeedback, judge
from dark_factory.core.ports import Workspace
from dark_factory.core.report import Status
from dark_factory.core.score import score
from dark_factory.core.shares import percent
from dark_factory.core.state import (
    AgentBegan,
    AgentEnded,
    Delivered,
    Event,
    FeedbackWritten,
    Iteration,
    RunStarted,
    RunStopped,
    State,
    Validated,
    ValidationBegan,
)
from dark_factory.core.tree import only
from dark_factory.core.units import format_duration
from dark_factory.effects.git import Store
from dark_factory.effects.project import fresh_folder, make_private, remove_tree
from dark_factory.stages.agent import call_agent
from dark_factory.stages.artifacts import read_reports, write_reports
from dark_factory.stages.delivery import deliver
from dark_factory.stages.feedback import LARGEST_QUOTED, failed_paths, write_feedback
from dark_factory.stages.judge_tree import visible
from dark_factory.stages.request import agent_request
from dark_factory.stages.validation import Wanted, validate


@dataclass(slots=True, kw_only=True)
class Actions:
    """Everything that one run does to the world.

    base: the author's commit and full tree, taken before the run began. dirty: whether they differ.
    """

    house: House
    plan: Plan
    run: str
    store: Store
    base: tuple[str, str]
    dirty: bool
    _prepared: Workspace | None = field(default=None, init=False)

    @property
    def folder(self) -> Path:
        """The run's private folder."""
        return self.house.folder / "runs" / self.run

    @property
    def branch(self) -> str:
        """The branch that the run delivers to."""
        return self.house.config.delivery.branch.replace("{run}", self.run)

    def __call__(self, action: Action, state: State) -> Iterator[Event]:
        """Do what `action` says."""
        match action:
            case Start():
                yield self._start()
            case Validate():
                yield from self._validate(action.iteration, state)
            case WriteFeedback():
                yield self._write_feedback(action.iteration, state)
            case Deliver():
                yield self._deliver(action, state)
            case RunAgent():
                yield from self._run_agent(action, state)
            case Stop():
                yield self._stop(action)
            case _:
                assert_never(action)

    def _start(self) -> Event:
        commit, tree = self.base
        return RunStarted(
            at=self.house.clock.now(),
            run=self.run,
            version=dark_factory.__version__,
            commit=commit,
            tree=tree,
            visible=visible(self.store, tree, self.house.bench.hidden),
            dirty=self.dirty,
            isolation=self.house.isolation(),
        )

    def _validate(self, iteration: Iteration, state: State) -> Iterator[Event]:
        clock, artifacts = self.house.clock, self.house.artifacts
        self._say(f"iteration {iteration.number}: validating" + (" the base" if iteration.number == 0 else ""))
        yield ValidationBegan(at=clock.now(), iteration=iteration.number)
        began = clock.monotonic()
        assert state.started is not None
        record = artifacts.iteration(self.run, iteration.number)
        gates, scenarios = validate(
            self.house.bench,
            self.store,
            candidate=iteration.tree,
            base=state.started.tree,
            wanted=Wanted(),
            durations=artifacts.all_durations(),
            evidence=record / "evidence",
            blame=iteration.number > 0,
            evaluated=frozenset(
                one.id
                for earlier in state.iterations
                if earlier.score is not None
                for one in earlier.score.scenarios
                if one.status in (Status.PASSED, Status.FAILED)
            ),
        )
        write_reports(record, gates, scenarios, run=self.run, iteration=iteration.number)
        artifacts.publish(gates, scenarios, when=clock.now(), run=self.run, iteration=iteration.number)
        yield Validated(
            at=clock.now(),
            iteration=iteration.number,
            score=score(gates, scenarios),
            duration=clock.monotonic() - began,
        )

    def _write_feedback(self, iteration: Iteration, state: State) -> Event:
        began = self.house.clock.monotonic()
        gates, scenarios = read_reports(self.house.artifacts.iteration(self.run, iteration.number))
        assert state.started is not None
        path = write_feedback(
            self.house.config,
            self.house.artifacts,
            state,
            gates=gates,
            scenarios=scenarios,
            sources=self.store.contents(state.started.tree, failed_paths(scenarios)),
            schema=self.house.bench.scenario_schema,
            run=self.run,
            holdout=self._holdout(state.started.tree),
        )
        satisfaction = percent(scenarios.satisfaction)
        self._note(f"satisfaction {satisfaction}, feedback in {path}")
        duration = self.house.clock.monotonic() - began
        return FeedbackWritten(at=self.house.clock.now(), iteration=iteration.number, path=path, duration=duration)

    def _holdout(self, tree: str) -> list[bytes]:
        paths = only(self.store.read(tree), self.house.bench.holdout)
        return list(self.store.contents(tree, paths, largest=LARGEST_QUOTED).values())

    def _deliver(self, action: Deliver, state: State) -> Event:
        began = self.house.clock.monotonic()
        assert state.started is not None
        verdict = judge(self.plan, state)
        # The journal's time, not the clock's: delivering again after a crash makes the very same commit.
        when = state.started.at + state.elapsed
        commit = deliver(
            self.house.author,
            self.store,
            state,
            action.iteration,
            branch=self.branch,
            hidden=self.house.bench.hidden,
            artifacts=self._delivered_files(action.iteration),
            when=when,
            restores=action.restores,
            verdict=verdict.decision if verdict else "continue",
        )
        self._note(f"delivered to {self.branch} as {commit[:12]}")
        return Delivered(
            at=self.house.clock.now(),
            iteration=action.iteration.number,
            branch=self.branch,
            commit=commit,
            restores=action.restores,
            duration=self.house.clock.monotonic() - began,
        )

    def _delivered_files(self, iteration: Iteration) -> dict[str, Path]:
        if not self.house.config.delivery.artifacts:
            return {}
        folder = self.house.artifacts.run(self.run)
        names = ["iteration_count.txt", *(f"feedback_iter_{number}.md" for number in range(iteration.number + 1))]
        prefix = self.house.config.project.artifacts
        return {f"{prefix}/{name}": folder / name for name in names if (folder / name).exists()}

    def _run_agent(self, action: RunAgent, state: State) -> Iterator[Event]:
        house, clock = self.house, self.house.clock
        agent = house.config.agent
        assert agent is not None
        assert state.started is not None
        kind = house.agent()
        seconds = min(agent.timeout, max(1.0, action.seconds))
        self._say(f"iteration {action.iteration}: agent {agent.kind} (at most {format_duration(round(seconds))})")
        yield AgentBegan(at=clock.now(), iteration=action.iteration)
        began = clock.monotonic()
        workspace = self._workspace(state)
        with fresh_folder(self.folder / "agent") as private:
            request = agent_request(
                house.bench,
                agent,
                state,
                root=house.root,
                workspace=workspace.path,
                told=house.artifacts.run(self.run),
                private=private,
                seconds=seconds,
                max_iterations=self.plan.limits.max_iterations,
            )
            call = call_agent(
                agent,
                kind,
                request,
                executor=house.executor,
                watcher=house.watcher,
                workspace=workspace,
                store=self.store,
                base=self.store.read(state.started.visible),
                before=state.last.tree,
                protected=Patterns([*house.config.isolation.protected, *house.bench.hidden.patterns]),
                unseen=tuple(only(self.store.read(state.started.tree), house.bench.hidden)),
                ignored=Patterns([f"/{house.config.project.artifacts}/"]),
                record=house.artifacts.iteration(self.run, action.iteration),
            )
        self._tell_call(call.outcome, call.note, call.candidate.reset)
        yield AgentEnded(
            at=clock.now(),
            iteration=action.iteration,
            outcome=call.outcome,
            tree=call.tree,
            changed=len(call.candidate.changed),
            reset=call.candidate.reset,
            refused=tuple(f"{refusal.path}: {refusal.why}" for refusal in call.candidate.refused),
            usage=call.usage,
            exit_status=call.result.exit_status if call.result else None,
            note=call.note,
            duration=clock.monotonic() - began,
        )

    def _workspace(self, state: State) -> Workspace:
        """The workspace, holding the last candidate; made anew once by each process that works on a run."""
        if self._prepared is None:
            assert state.started is not None
            workspace = self.house.workspace_kind().workspace(self.store, make_private(self.folder))
            commit = self.store.commit(state.started.visible, parents=[], message="base\n", when=state.started.at)
            workspace.prepare(commit, state.last.tree)
            self._prepared = workspace
        return self._prepared

    def _stop(self, action: Stop) -> Event:
        remove_tree(self.folder / "workspace")
        verdict = action.verdict
        return RunStopped(
            at=self.house.clock.now(),
            decision=verdict.decision,
            reason=verdict.reason,
            best=action.best,
            do=verdict.do,
        )

    def _tell_call(self, outcome: AgentOutcome, note: str, reset: tuple[str, ...]) -> None:
        self._note(f"agent: {outcome}" + (f" ({note})" if note else ""))
        if reset:
            self._note(f"put back, because protected: {', '.join(reset)}")

    def _say(self, text: str) -> None:
        self.house.watcher.stage(text)

    def _note(self, text: str) -> None:
        self.house.watcher.note(text)
