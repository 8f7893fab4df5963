"""The loop: decide, perform, append, evolve."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Protocol

from dark_factory.core.plan import Action, Plan, next_action
from dark_factory.core.state import Event, State, evolve


class EventLog(Protocol):
    """Where events are kept."""

    def events(self) -> tuple[Event, ...]:
        """All of them, in order."""
        ...

    def append(self, event: Event) -> None:
        """Keep one more; it is safe when this returns."""
        ...


Perform = Callable[[Action, State], Iterator[Event]]
"""Does what an action says and tells it as events; those that announce an effect come before it."""


def replay(log: EventLog) -> State:
    """The state that a run's events give."""
    return functools.reduce(evolve, log.events(), State())


def converge(plan: Plan, log: EventLog, perform: Perform, *, told: Callable[[State], None] = lambda _: None) -> State:
    """Go on with a run until it ends; a new run is one without events.

    told: is given each new state.
    """
    state = replay(log)
    while (action := next_action(plan, state)) is not None:
        for event in perform(action, state):
            log.append(event)
            state = evolve(state, event)
            told(state)
    return state
