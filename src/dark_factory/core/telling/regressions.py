"""What worked before and fails now, and what keeps failing in the same way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dark_factory.core.report import Layer, Status
from dark_factory.core.score import GateScore, ScenarioScore, Score
from dark_factory.core.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """A scenario or gate that fails in the last judged iteration and passed before.

    passed: the last iteration that it passed in.
    """

    id: str
    name: str
    passed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Persistent:
    """A scenario or gate that does not pass, and for how long in the same way.

    what: `scenario` or `gate`. since, until: the first and the last iteration with this same failure; iterations in
    which it was not run are between them but are not counted. iterations: how many showed it.
    reason: for a scenario, in words that do not quote it.
    """

    what: str
    id: str
    name: str
    status: Status
    since: int
    until: int
    iterations: int
    reason: str


_Judged = GateScore | ScenarioScore


def regressions(state: State) -> tuple[Regression, ...]:
    """The scenarios that fail in the last judged iteration and passed in an earlier one, in their order."""
    return tuple(_regressions(state, gates=False))


def gate_regressions(state: State) -> tuple[Regression, ...]:
    """The gates of any layer that fail in the last judged iteration and passed in an earlier one."""
    return tuple(_regressions(state, gates=True))


def persistent(state: State) -> tuple[Persistent, ...]:
    """What did not pass when it was last tried, gates first, each kind ordered by how often it failed in this same way.

    What could not be judged is in here too, with its status: a person must see to it. Gates that only track are not.
    """
    found: list[Persistent] = []
    for gates in (True, False):
        histories = _histories(state, gates=gates)
        entries = [entry for key, history in histories.items() if (entry := _persistent(key, history)) is not None]
        found += sorted(entries, key=lambda one: -one.iterations)
    return tuple(found)


def _histories(state: State, *, gates: bool) -> Mapping[str, dict[int, _Judged]]:
    """By id, what each iteration that tried it says; ids in the order of the newest score that knows them."""
    scores = [(one.number, one.score) for one in state.iterations if one.score is not None]
    histories: dict[str, dict[int, _Judged]] = {}
    for _, score in reversed(scores):
        for one in _all(score, gates=gates):
            histories.setdefault(_id(one), {})
    for number, score in scores:
        for one in _all(score, gates=gates):
            if one.status is not Status.SKIPPED:
                histories[_id(one)][number] = one
    return histories


def _all(score: Score, *, gates: bool) -> tuple[_Judged, ...]:
    return score.gates if gates else score.scenarios


def _id(one: _Judged) -> str:
    return one.name if isinstance(one, GateScore) else one.id


def _holds_up(gate: GateScore) -> bool:
    return gate.blocking or gate.layer is Layer.DETERMINISTIC


def _regressions(state: State, *, gates: bool) -> Iterator[Regression]:
    last = max((one.number for one in state.iterations if one.score is not None), default=0)
    for key, history in _histories(state, gates=gates).items():
        now = history.get(last)
        passed = [number for number, one in history.items() if one.status is Status.PASSED]
        if now is not None and now.status is Status.FAILED and passed:
            yield Regression(id=key, name=now.name, passed=max(passed))


def _persistent(key: str, history: dict[int, _Judged]) -> Persistent | None:
    if not history:
        return None
    until = max(history)
    now = history[until]
    if now.status is Status.PASSED or (isinstance(now, GateScore) and not _holds_up(now)):
        return None
    same: list[int] = []
    for number in sorted(history, reverse=True):
        if history[number].failure != now.failure:
            break
        same.append(number)
    return Persistent(
        what="gate" if isinstance(now, GateScore) else "scenario",
        id=key,
        name=now.name,
        status=now.status,
        since=min(same),
        until=until,
        iterations=len(same),
        reason=now.reason,
    )
