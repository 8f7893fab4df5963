"""What one feedback is made of, and what follows from it: asked once, told in several sections."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from dark_factory.core.config import Disclosure
from dark_factory.core.report import GateReport, GateResult, Layer, Status
from dark_factory.core.score import Score
from dark_factory.core.state import Iteration, State
from dark_factory.core.telling.causes import Cause, root_causes
from dark_factory.core.telling.disclosed import Disclosed
from dark_factory.core.telling.regressions import Persistent, Regression, gate_regressions, persistent, regressions
from dark_factory.core.telling.trajectory import Step, trajectory


@dataclass(frozen=True, kw_only=True)
class FeedbackInput:
    """What the feedback on the last iteration of a run is made of.

    state: with the last iteration's score. gates: its full report.
    details: by scenario id what may be told of each failed scenario, in their order; the ids are never shown.
    threshold: of satisfaction, 0 to 1. disclosure: `feedback.disclosure`. max_size: bytes; less than 4096
    counts as that.
    thresholds: by gate, its bounds on figures. specs: where the specification is.
    """

    state: State
    gates: GateReport
    details: Mapping[str, Disclosed]
    threshold: float
    max_iterations: int
    disclosure: Disclosure = Disclosure.OUTPUT
    max_size: int = 64 * 1024
    thresholds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    specs: tuple[str, ...] = ("specs",)


class Standing(enum.Enum):
    """What the feedback asks for: nothing but in the last case.

    ENOUGH: satisfied, though not all passed. UNJUDGED: not satisfied, though nothing failed that could be judged.
    """

    ALL_PASSED = enum.auto()
    ENOUGH = enum.auto()
    UNJUDGED = enum.auto()
    WORK = enum.auto()


@dataclass(frozen=True)
class Facts:
    """What follows from the input."""

    request: FeedbackInput

    @property
    def last(self) -> Iteration:
        """The iteration that the feedback is on."""
        return self.request.state.last

    @cached_property
    def score(self) -> Score:
        """Its score; an empty one before it was judged."""
        return self.last.score or Score()

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """All iterations."""
        return trajectory(self.request.state)

    @cached_property
    def red(self) -> tuple[GateResult, ...]:
        """The failed gates of layer 1."""
        return tuple(one for one in self._failed if one.layer is Layer.DETERMINISTIC)

    @cached_property
    def blocking(self) -> tuple[GateResult, ...]:
        """The failed gates of layer 2 that keep the candidate from being satisfied."""
        return tuple(one for one in self._failed if one.layer is not Layer.DETERMINISTIC and one.blocking)

    @cached_property
    def tracked(self) -> tuple[GateResult, ...]:
        """The failed gates of layer 2 that are only told."""
        return tuple(one for one in self._failed if one.layer is not Layer.DETERMINISTIC and not one.blocking)

    @cached_property
    def causes(self) -> tuple[Cause, ...]:
        """The likely root causes of all that failed."""
        return root_causes(self.request.gates.results, [one for _, one in self.failed])

    @cached_property
    def regressions(self) -> Mapping[str, Regression]:
        """By id, the scenarios that passed before."""
        return {one.id: one for one in regressions(self.request.state)}

    @cached_property
    def gate_regressions(self) -> Mapping[str, Regression]:
        """By name, the gates that passed before."""
        return {one.id: one for one in gate_regressions(self.request.state)}

    @cached_property
    def lasting(self) -> Mapping[str, Persistent]:
        """By id, the scenarios that fail in this iteration as they did in the one before it was tried."""
        entries = persistent(self.request.state)
        return {
            one.id: one
            for one in entries
            if one.what == "scenario" and one.iterations > 1 and one.until == self.last.number
        }

    @cached_property
    def failed(self) -> tuple[tuple[str, Disclosed], ...]:
        """The failed scenarios that are told by title, regressions first, with their ids."""
        told = [
            (key, _at_most(self.request.disclosure, one))
            for key, one in self.request.details.items()
            if one.status is Status.FAILED and Disclosure.COUNT not in (one.level, self.request.disclosure)
        ]
        return tuple(sorted(told, key=lambda entry: entry[0] not in self.regressions))

    @cached_property
    def untold(self) -> int:
        """How many scenarios failed beside those."""
        return max(self.count(Status.FAILED) - len(self.failed), 0)

    @cached_property
    def standing(self) -> Standing:
        """What the feedback asks for."""
        if self.score.satisfied(self.request.threshold):
            return Standing.ENOUGH if self._failed or self.count(Status.FAILED) else Standing.ALL_PASSED
        return Standing.WORK if self.red or self.blocking or self.count(Status.FAILED) else Standing.UNJUDGED

    def count(self, status: Status) -> int:
        """How many scenarios have this status."""
        return sum(one.status is status for one in self.score.scenarios)

    def gates(self, status: Status) -> tuple[GateResult, ...]:
        """The gates of any layer with this status."""
        return tuple(one for one in self.request.gates.results if one.status is status)

    @cached_property
    def _failed(self) -> tuple[GateResult, ...]:
        return self.gates(Status.FAILED)


def _at_most(level: Disclosure, one: Disclosed) -> Disclosed:
    """What a run's level leaves of a detail that was made for a level that tells more."""
    if level is Disclosure.OUTPUT or one.level is not Disclosure.OUTPUT:
        return one
    return Disclosed(level=level, status=one.status, title=one.title, category=one.category)
