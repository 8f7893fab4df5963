"""Starts a run or takes one up again, and tells how it ended."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable

from dark_factory.actions import Actions
from dark_factory.assembly import House
from dark_factory.core.config import Config
from dark_factory.core.errors import (
    ExitStatus,
    FactoryError,
    InfrastructureError,
    InputError,
    InterruptedByUserError,
    StateError,
)
from dark_factory.core.plan import Limits, Plan, ending
from dark_factory.core.scenario_md.load import load_scenarios
from dark_factory.core.state import RunPaused, RunResumed, State
from dark_factory.core.telling.escalation import escalation
from dark_factory.core.telling.harmless import harmless
from dark_factory.core.telling.status_view import snapshot
from dark_factory.core.verdict import Decision, Verdict
from dark_factory.effects.git import Author, GitError, Store
from dark_factory.effects.journal import Journal
from dark_factory.effects.project import make_private, write_atomically
from dark_factory.loop import converge, replay
from dark_factory.stages.artifacts import write_json
from dark_factory.stages.scripts import script_problems

_LISTED = 20


def plan_of(config: Config) -> Plan:
    """What the settings ask for."""
    return Plan(
        limits=Limits(
            max_iterations=config.loop.max_iterations,
            satisfaction_threshold=config.loop.satisfaction_threshold,
            stall_after=config.loop.stall_after,
            max_duration=config.loop.max_duration,
            usd=config.budget.usd,
            tokens=config.budget.tokens,
        ),
        agent=config.agent.kind if config.agent else None,
    )


def start(house: House, *, allow_dirty: bool) -> tuple[Verdict, State]:
    """Begin a run on the checkout's commit and go on until it ends.

    Raises InputError when the checkout is dirty and that is not allowed, or a scenario is malformed; StateError when
    another run is at work.
    """
    house.isolation()
    author = house.author
    dirty = author.dirty(house.config.project.artifacts)
    if dirty and not allow_dirty:
        listed = "\n".join(f"    {harmless(line)}" for line in dirty[:_LISTED])
        more = f"\n    and {len(dirty) - _LISTED} more" if len(dirty) > _LISTED else ""
        files = f"{len(dirty)} file{'s' if len(dirty) > 1 else ''}"
        raise InputError(
            f"the checkout differs from its commit in {files}:\n{listed}{more}",
            do="commit or stash them, or take them into the base with --allow-dirty",
        )
    # Told before anything begins; what the run judges with is read from the base, where it is the same.
    refuse_unusable(house)
    with house.locked("loop"):
        if left := unfinished(house):
            house.watcher.note(f"unfinished: {', '.join(left)}")
            house.watcher.note("this is a new run; `--resume=RUN` goes on with one of those")
        run = _new_name(house)
        store = _store(house, run)
        tree = f"{author.head}^{{tree}}"
        base = store.git.run("rev-parse", tree, cwd=store.git_dir, env=store.env()).decode().strip()
        if dirty:
            base, _ = house.checkout(store, index=store.git_dir / "base.index", start=author.head)
        _clear(house)
        return _go(house, run, store, base=(author.head, base), dirty=bool(dirty))


def refuse_unusable(house: House) -> None:
    """Raise InputError when the scenarios can't judge anything: none, malformed, or with a script that is not bash."""
    found = load_scenarios(house.project.markdown(house.config.scenarios.holdout), schema=house.bench.scenario_schema)
    if not found:
        folders = ", ".join(house.config.scenarios.holdout)
        raise InputError(f"there is no scenario in {folders}: nothing can be satisfied", do="write a scenario first")
    problems = script_problems(found, house.executor, environ=house.environ, cwd=house.root)
    if problems:
        raise InputError(f"{len(problems)} scripts of scenarios are no valid bash", problems=problems)


def resume(house: House, wanted: str = "") -> tuple[Verdict, State]:
    """Go on with a run, the newest one when `wanted` names none.

    Raises InputError when there is no such run, StateError when its journal or its trees are unusable.
    """
    house.isolation()
    with house.locked("loop --resume"):
        names = _names(house)
        if not names:
            raise InputError("there is no run to resume", do="start one with `inv factory.loop`")
        if wanted and wanted not in names:
            raise InputError(f"there is no run {wanted!r}", do=f"the runs: {', '.join(names[-_LISTED:])}")
        run = wanted or names[-1]
        # An agent may have taken its own folder's permissions away.
        make_private(house.folder / "runs" / run)
        journal = Journal(house.artifacts.run(run) / "journal.jsonl")
        state = replay(journal)
        if state.started is None:
            raise StateError(f"run {run} never began", do="start a new one with `inv factory.loop`")
        if not (house.folder / "runs" / run / "store.git").exists():
            raise StateError(
                f"the trees of run {run} are gone from this machine", do="start a new one with `inv factory.loop`"
            )
        house.watcher.note(f"going on with run {run}")
        journal.append(RunResumed(at=house.clock.now()))
        started = state.started
        return _go(house, run, _store(house, run), base=(started.commit, started.tree), dirty=started.dirty)


def how_to_merge(house: House, state: State) -> str:
    """The command that brings the run's result into the current branch; empty when there is nothing to merge.

    Feedback files of an earlier run that the author merged are tracked, and this run has written over them: git would
    refuse to merge above them.
    """
    converged = state.ended is not None and state.ended.decision is Decision.CONVERGED
    if not converged or state.head is None or state.started is None:
        return ""
    if author_has(house, state.head):
        return ""
    branch = state.branch
    if state.started.dirty:
        return f"git stash && git merge {branch}   (your uncommitted changes are part of that branch)"
    artifacts = house.config.project.artifacts
    tracked = house.git.run("ls-files", "--", artifacts, cwd=house.root, ours=False)
    return f"git restore -- {artifacts} && git merge {branch}" if tracked else f"git merge {branch}"


def author_has(house: House, commit: str) -> bool:
    """Whether the current branch has a commit already."""
    try:
        house.git.run("merge-base", "--is-ancestor", commit, "HEAD", cwd=house.root, ours=False)
    except GitError:
        return False
    return True


def unfinished(house: House) -> tuple[str, ...]:
    """The runs that have neither a verdict nor anybody at work on them."""
    found = []
    for name in _names(house):
        try:
            state = replay(Journal(house.artifacts.run(name) / "journal.jsonl"))
        except StateError:
            continue
        if state.started is not None and (state.ended is None or isinstance(state.ended, RunPaused)):
            found.append(name)
    return tuple(found)


def _go(house: House, run: str, store: Store, *, base: tuple[str, str], dirty: bool) -> tuple[Verdict, State]:
    plan = plan_of(house.config)
    journal = Journal(house.artifacts.run(run) / "journal.jsonl")
    actions = Actions(house=house, plan=plan, run=run, store=store, base=base, dirty=dirty)
    if not house.author.branch_name_is_valid(actions.branch):
        raise InputError(f"[delivery] branch gives {actions.branch!r}, which git refuses as a branch", do="change it")
    tell = _teller(house, plan)
    try:
        state = converge(plan, journal, actions, told=tell)
    except KeyboardInterrupt:
        state = _pause(house, journal, Decision.INTERRUPTED, "stopped by Ctrl-C or a signal", tell)
    except FactoryError as error:
        if error.status is not ExitStatus.INFRASTRUCTURE:
            raise
        state = _pause(house, journal, Decision.INFRASTRUCTURE, str(error), tell)
    verdict = ending(state)
    assert verdict is not None
    if verdict.decision is Decision.CONVERGED:
        _fast_forward(house, actions.branch, state)
    else:
        _escalate(house, run, actions.branch, state, verdict)
    return verdict, state


def _pause(house: House, journal: Journal, decision: Decision, reason: str, tell: Callable[[State], None]) -> State:
    if replay(journal).started is None:
        raise InterruptedByUserError(reason) if decision is Decision.INTERRUPTED else InfrastructureError(reason)
    journal.append(RunPaused(at=house.clock.now(), decision=decision, reason=reason))
    state = replay(journal)
    tell(state)
    return state


def _teller(house: House, plan: Plan) -> Callable[[State], None]:
    """Keeps `status.json` and `iteration_count.txt` up to date; what they say can always be had from the journal."""

    def tell(state: State) -> None:
        assert state.started is not None
        view = {**snapshot(state, plan=plan), "process": os.getpid()}
        write_json(house.artifacts.folder / "status.json", view)
        count = f"{state.last.number}\n".encode()
        for folder in (house.artifacts.folder, house.artifacts.run(state.started.run)):
            if not (folder / "iteration_count.txt").exists() or (folder / "iteration_count.txt").read_bytes() != count:
                write_atomically(folder / "iteration_count.txt", count)

    return tell


def _escalate(house: House, run: str, branch: str, state: State, verdict: Verdict) -> None:
    _, scenarios = house.artifacts.latest()
    text = escalation(
        state,
        verdict,
        limits=plan_of(house.config).limits,
        branch=branch,
        artifacts=house.config.project.artifacts,
        paths={result.id: result.path for result in scenarios.results},
    ).encode()
    write_atomically(house.artifacts.folder / "escalation.md", text)
    write_atomically(house.artifacts.run(run) / "escalation.md", text)


def _fast_forward(house: House, branch: str, state: State) -> None:
    """Bring the current branch along when the author asked for it and nothing stands in the way."""
    if house.config.delivery.target != "current" or state.head is None or state.started is None:
        return
    author = Author.open(house.git, house.root)
    if author.head != state.started.commit or author.dirty(house.config.project.artifacts) or not author.branch:
        house.watcher.note(f"the checkout has changed since: merge by hand with `git merge {branch}`")
        return
    author.fast_forward(branch)
    house.watcher.note(f"{author.branch} is fast-forwarded to {branch}")


def _store(house: House, run: str) -> Store:
    return Store.create(house.git, house.folder / "runs" / run / "store.git", borrow=house.author.common_dir)


def _names(house: House) -> list[str]:
    """All runs, the newest last; of two that began in the same second, the one that was written to last."""
    journals = (house.artifacts.folder / "runs").glob("*/journal.jsonl")
    stamp = len("20261231-235959")
    return [
        path.parent.name
        for path in sorted(journals, key=lambda path: (path.parent.name[:stamp], path.stat().st_mtime_ns))
    ]


def _new_name(house: House) -> str:
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(house.clock.now()))
    return f"{stamp}-{secrets.token_hex(2)}"


def _clear(house: House) -> None:
    """Take the last run's feedback and escalation out of the way; each run's own folder keeps them."""
    for path in (*house.artifacts.folder.glob("feedback_iter_*.md"), house.artifacts.folder / "escalation.md"):
        path.unlink(missing_ok=True)
