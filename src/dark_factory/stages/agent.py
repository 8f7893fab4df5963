"""Call the agent once, and make a candidate of what it left."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from dark_factory.core.agent_run import AgentOutcome, AgentReport, AgentRequest, Usage
from dark_factory.core.command import CommandResult, Outcome
from dark_factory.core.config import AgentConfig
from dark_factory.core.patterns import Patterns
from dark_factory.core.ports import AgentKind, Executor, Job, Watcher, Workspace
from dark_factory.core.tree import Candidate, Tree, adopt, without
from dark_factory.effects.git import Store
from dark_factory.effects.project import write_atomically


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What came of one call.

    tree: the candidate's id. result: None when the agent had nothing to run.
    """

    outcome: AgentOutcome
    tree: str
    candidate: Candidate
    usage: Usage
    note: str
    result: CommandResult | None


def call_agent(
    config: AgentConfig,
    kind: AgentKind,
    request: AgentRequest,
    *,
    executor: Executor,
    watcher: Watcher,
    workspace: Workspace,
    store: Store,
    base: Tree,
    before: str,
    protected: Patterns,
    unseen: Collection[str],
    ignored: Patterns,
    record: Path,
) -> Call:
    """Run the agent in the workspace, take its tree, put protected paths back, and write down what it said.

    base: what the agent's tree is compared with. before: the tree that it was given. unseen: the author's paths that
    it was not given. ignored: paths that are no part of any candidate (feedback). record: the folder for transcript
    and patch.
    """
    turn = kind.turn(config, request)
    result, report = None, AgentReport(failed=False, usage=Usage(tokens=0, usd=0.0), note=turn.note)
    if turn.command is not None:
        job = Job(key=f"agent {config.kind}", command=turn.command)
        result = executor.run_all([job], at_once=1, progress=watcher.progress)[job.key]
        report = kind.read(config, request, result)
        _keep(record, result)
    taken = without(store.read(workspace.take()), ignored)
    candidate = adopt(base, taken, links=store.links(taken, but=base), protected=protected, unseen=unseen)
    tree = store.write(candidate.tree)
    workspace.settle(tree)
    write_atomically(record / "changes.patch", store.diff(before, tree))
    outcome = _outcome(result, failed=report.failed, changed=tree != before)
    note = report.note or turn.note
    return Call(outcome=outcome, tree=tree, candidate=candidate, usage=report.usage, note=note, result=result)


def _outcome(result: CommandResult | None, *, failed: bool, changed: bool) -> AgentOutcome:
    if result is not None and result.outcome is Outcome.NOT_STARTED:
        return AgentOutcome.NOT_STARTED
    if result is not None and result.outcome is Outcome.TIMED_OUT:
        return AgentOutcome.TIMED_OUT
    if failed:
        return AgentOutcome.CRASHED
    return AgentOutcome.EDITED if changed else AgentOutcome.UNCHANGED


def _keep(record: Path, result: CommandResult) -> None:
    write_atomically(record / "agent-command.txt", f"{result.command.redacted()}\n{result.ending()}\n".encode())
    for name, captured in (("agent-stdout.txt", result.stdout), ("agent-stderr.txt", result.stderr)):
        text = result.command.masked(captured.text())
        write_atomically(record / name, text.encode("utf-8", "replace"))
