"""The events of a run, and the state that replaying them gives."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import assert_never

from dark_factory.core.agent_run import AgentOutcome, Usage
from dark_factory.core.score import Score
from dark_factory.core.verdict import Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """The run began on a base.

    at: seconds since the epoch, here and in every event. commit: the author's commit that deliveries build on.
    tree: the base tree, uncommitted changes included when `dirty`. visible: the same without the holdout.
    isolation: what this machine held, in words.
    """

    at: float
    run: str
    version: str
    commit: str
    tree: str
    visible: str
    dirty: bool
    isolation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResumed:
    """Another process took the run up again."""

    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationBegan:
    """A candidate is about to be judged."""

    at: float
    iteration: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """A candidate was judged; the full reports are in the iteration's folder. duration: seconds."""

    at: float
    iteration: int
    score: Score
    duration: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackWritten:
    """The feedback on a candidate is on disk. path: relative to the repository."""

    at: float
    iteration: int
    path: str
    duration: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentBegan:
    """The agent is about to be called for this iteration; a call that never ends still counts as an attempt."""

    at: float
    iteration: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentEnded:
    """The agent's call ended and its tree was taken.

    tree: the candidate, protected paths reset; without the holdout. changed: how many files differ from the base.
    reset: protected paths that it had touched. refused: paths left out, with the reason.
    """

    at: float
    iteration: int
    outcome: AgentOutcome
    tree: str
    changed: int
    reset: tuple[str, ...]
    refused: tuple[str, ...]
    usage: Usage
    exit_status: int | None
    note: str
    duration: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A candidate is a commit on the run's branch. restores: it puts an earlier, better candidate back on top."""

    at: float
    iteration: int
    branch: str
    commit: str
    restores: bool
    duration: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPaused:
    """The run can't go on now, but can be resumed: interrupted, or the machine failed."""

    at: float
    decision: Decision
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStopped:
    """The run ended with a verdict. best: the iteration that the branch's head holds. do: what a person may do next."""

    at: float
    decision: Decision
    reason: str
    best: int
    do: str = ""


Event = (
    RunStarted
    | RunResumed
    | ValidationBegan
    | Validated
    | FeedbackWritten
    | AgentBegan
    | AgentEnded
    | Delivered
    | RunPaused
    | RunStopped
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Iteration:
    """One candidate and what is known of it so far; number 0 is the base.

    changed: how many files differ from the base.
    """

    number: int
    tree: str
    score: Score | None = None
    feedback: str | None = None
    commit: str | None = None
    outcome: AgentOutcome | None = None
    usage: Usage | None = None
    note: str = ""
    changed: int = 0
    reset: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    duration: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A run as its events tell it.

    elapsed: seconds of work, pauses aside. attempts: validations or agent calls begun since the last one that ended.
    cut_off: agent calls that began and never ended: nobody knows their bill.
    resumed_from: the newest iteration when the run was taken up again after its agent had failed: its calls up to then
    no longer count against it.
    calls: agent calls begun in all. began: what was announced and has not ended, for people.
    head: the commit that the run's branch is at, and the iteration whose tree it has.
    """

    started: RunStarted | None = None
    iterations: tuple[Iteration, ...] = ()
    elapsed: float = 0.0
    attempts: int = 0
    calls: int = 0
    began: str = ""
    head: str | None = None
    head_iteration: int = 0
    ended: RunStopped | RunPaused | None = None
    resumed_from: int = 0
    cut_off: int = 0
    branch: str = ""

    @property
    def last(self) -> Iteration:
        """The newest candidate."""
        return self.iterations[-1]

    @property
    def tokens(self) -> int | None:
        """Tokens of all calls that ended; None when one of them is unknown."""
        usages = [iteration.usage for iteration in self.iterations if iteration.usage is not None]
        known = [usage.tokens for usage in usages if usage.tokens is not None]
        return sum(known) if len(known) == len(usages) and not self.cut_off else None

    @property
    def usd(self) -> float | None:
        """Money of all calls that ended; None when one of them is unknown."""
        usages = [iteration.usage for iteration in self.iterations if iteration.usage is not None]
        known = [usage.usd for usage in usages if usage.usd is not None]
        return sum(known) if len(known) == len(usages) and not self.cut_off else None

    @property
    def least_tokens(self) -> int:
        """Tokens of the calls whose bill is known: at least so many were used."""
        return sum(one.usage.tokens or 0 for one in self.iterations if one.usage is not None)

    @property
    def least_usd(self) -> float:
        """Money of the calls whose bill is known: at least so much was spent."""
        return sum(one.usage.usd or 0.0 for one in self.iterations if one.usage is not None)

    @property
    def best(self) -> Iteration:
        """The best judged candidate, the latest of equals."""
        judged = [iteration for iteration in self.iterations if iteration.score is not None]
        return max(judged, key=lambda one: (one.score.rank if one.score else (), one.number))


@dataclass(frozen=True, slots=True)
class _Update:
    """The last iteration, changed."""

    state: State
    fields: dict[str, object] = field(default_factory=dict)

    def apply(self, duration: float) -> State:
        last = replace(self.state.last, **self.fields)  # type: ignore[arg-type]
        return replace(
            self.state,
            iterations=(*self.state.iterations[:-1], last),
            elapsed=self.state.elapsed + duration,
            began="",
        )


def evolve(state: State, event: Event) -> State:  # noqa: PLR0911 - one for each kind of event
    """The state after one more event."""
    match event:
        case RunStarted():
            return replace(state, started=event, iterations=(Iteration(number=0, tree=event.visible),))
        case RunResumed():
            cut_off = state.cut_off + (state.began == "agent")
            # Only a factory that was killed says that something here kills factories; an orderly end starts afresh.
            attempts = state.attempts if state.ended is None else 0
            # In all other cases a run goes on as if it had not been cut off.
            mended = state.ended is not None and state.ended.decision is Decision.AGENT_FAILED
            since = state.last.number if mended else state.resumed_from
            return replace(state, ended=None, began="", resumed_from=since, cut_off=cut_off, attempts=attempts)
        case ValidationBegan():
            return replace(state, began="validation", attempts=state.attempts + 1)
        case Validated():
            return replace(_Update(state, {"score": event.score}).apply(event.duration), attempts=0)
        case FeedbackWritten():
            return _Update(state, {"feedback": event.path}).apply(event.duration)
        case AgentBegan():
            return replace(state, began="agent", attempts=state.attempts + 1, calls=state.calls + 1)
        case AgentEnded():
            return _agent_ended(state, event)
        case Delivered():
            return _delivered(state, event)
        case RunPaused() | RunStopped():
            return replace(state, ended=event, began="", cut_off=state.cut_off + (state.began == "agent"))
        case _:
            assert_never(event)


def _agent_ended(state: State, event: AgentEnded) -> State:
    iteration = Iteration(
        number=event.iteration,
        tree=event.tree,
        outcome=event.outcome,
        usage=event.usage,
        note=event.note,
        changed=event.changed,
        reset=event.reset,
        refused=event.refused,
        duration=event.duration,
    )
    return replace(
        state,
        iterations=(*state.iterations, iteration),
        elapsed=state.elapsed + event.duration,
        attempts=0,
        began="",
    )


def _delivered(state: State, event: Delivered) -> State:
    state = replace(state, head=event.commit, head_iteration=event.iteration, branch=event.branch)
    fields: dict[str, object] = {} if event.restores else {"commit": event.commit}
    return _Update(state, fields).apply(event.duration)
