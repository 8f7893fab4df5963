"""Give a candidate to the author: one commit on the run's branch, the holdout grafted back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dark_factory.core.patterns import Patterns
from dark_factory.core.shares import percent
from dark_factory.core.state import Iteration, State
from dark_factory.core.tree import Entry, graft, only
from dark_factory.effects.git import Author, Store


def deliver(
    author: Author,
    store: Store,
    state: State,
    iteration: Iteration,
    *,
    branch: str,
    hidden: Patterns,
    artifacts: Mapping[str, Path],
    when: float,
    restores: bool,
    verdict: str,
) -> str:
    """Commit `iteration`'s tree on top of the branch and return the commit.

    hidden: what the candidate does not have and the base has. artifacts: files to add, by their path in the tree.
    when: seconds since the epoch, from the journal, so that delivering again makes the same commit.
    verdict: how the run stands with this candidate: the verdict's word, or `continue`.
    """
    started = state.started
    assert started is not None
    base = store.read(started.tree)
    added = {path: Entry("100644", store.add(file)) for path, file in artifacts.items()}
    # The author's own stays, whatever stands in its place.
    tree = store.write(graft(added, graft(only(base, hidden), store.read(iteration.tree))))
    message = _message(state, iteration, restores=restores, verdict=verdict)
    commit = store.commit(tree, parents=[state.head or _ground(store, state)], message=message, when=when)
    author.deliver(store, commit, branch=branch, expected=state.head)
    return commit


def _ground(store: Store, state: State) -> str:
    """What the first commit stands on: the author's commit, or one more for his uncommitted changes."""
    started = state.started
    assert started is not None
    if not started.dirty:
        return started.commit
    message = f"The base of {started.run}, uncommitted changes included\n\nFactory-Run: {started.run}\n"
    return store.commit(started.tree, parents=[started.commit], message=message, when=started.at)


def _message(state: State, iteration: Iteration, *, restores: bool, verdict: str) -> str:
    assert state.started is not None
    score = iteration.score
    satisfaction = score.satisfaction if score else None
    red = ", ".join(gate.name for gate in score.blocked_by) if score else ""
    title = f"Factory iteration {iteration.number}: satisfaction {percent(satisfaction)}"
    body = f"Blocked by: {red}\n\n" if red else ""
    if restores:
        title = f"Factory: back to iteration {iteration.number}, the best candidate"
        body = ""
    trailers = {
        "Factory-Run": state.started.run,
        "Factory-Iteration": str(iteration.number),
        "Factory-Satisfaction": _share(satisfaction),
        "Factory-Verdict": verdict,
    }
    return f"{title}\n\n{body}" + "".join(f"{key}: {value}\n" for key, value in trailers.items())


def _share(satisfaction: float | None) -> str:
    """Four decimals, never rounded up to a threshold that was not reached."""
    return "unknown" if satisfaction is None else f"{int(satisfaction * 10_000 + 1e-6) / 10_000:.4f}"
