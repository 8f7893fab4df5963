"""Who starts next: capacities hold, nobody waits for ever, the longest start first, and the width stays in bounds."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.command import Command
from dark_factory.core.ports import Job
from dark_factory.core.schedule import Width, longest_first, next_job

COMMAND = Command(argv=("true",), cwd=Path("/"), env={})
NAMES = st.sampled_from(["port", "gpu", "db"])
CAPACITIES = st.dictionaries(NAMES, st.integers(1, 4))


@st.composite
def some_jobs(draw: st.DrawFn) -> list[Job]:
    asked = st.dictionaries(NAMES, st.integers(1, 6), max_size=3).map(lambda found: tuple(found.items()))
    weights = st.sampled_from([0.0, 1.0, 1.0, 2.5, 60.0])
    many = draw(st.lists(st.tuples(asked, weights), max_size=12))
    return [
        Job(key=str(n), command=COMMAND, resources=resources, weight=weight)
        for n, (resources, weight) in enumerate(many)
    ]


def held(jobs: Sequence[Job]) -> Mapping[str, int]:
    found: Counter[str] = Counter()
    for job in jobs:
        found.update(dict(job.resources))
    return found


@settings(max_examples=200, deadline=None)
@given(jobs=some_jobs(), capacities=CAPACITIES, choices=st.lists(st.integers(0, 99), min_size=1, max_size=12))
def test_capacities_hold_and_everybody_has_a_turn(
    jobs: list[Job], capacities: dict[str, int], choices: list[int]
) -> None:
    """A whole day of starting and ending, in any order of endings."""
    waiting, running, had = list(jobs), list[Job](), list[str]()
    for choice in itertools.cycle(choices):
        if not waiting and not running:
            break
        job = next_job(waiting, running, capacities)
        assert job is not None or running or not waiting, "nothing runs, and nobody may start"
        if job is not None and (choice % 3 or not running):
            assert job in waiting
            waiting.remove(job)
            running.append(job)
            had.append(job.key)
            for name, count in held(running).items():
                alone = sum(name in dict(one.resources) for one in running) == 1
                assert count <= capacities.get(name, 1) or alone
        else:
            running.pop(choice % len(running))
    assert sorted(had) == sorted(job.key for job in jobs)


@settings(max_examples=200, deadline=None)
@given(jobs=some_jobs(), capacities=CAPACITIES)
def test_the_first_that_fits_starts(jobs: list[Job], capacities: dict[str, int]) -> None:
    for number in range(len(jobs)):
        running, waiting = jobs[:number], jobs[number:]
        found = next_job(waiting, running, capacities)
        passed_over = waiting if found is None else waiting[: waiting.index(found)]
        for job in passed_over:
            now, then = held(running), held([*running, job])
            assert any(now.get(name, 0) and then[name] > capacities.get(name, 1) for name in dict(job.resources))


@settings(max_examples=200, deadline=None)
@given(jobs=some_jobs())
def test_the_longest_start_first_and_equals_keep_their_order(jobs: list[Job]) -> None:
    ordered = longest_first(jobs)
    assert sorted(job.key for job in ordered) == sorted(job.key for job in jobs)
    keys = [(-job.weight, int(job.key)) for job in ordered]
    assert keys == sorted(keys)


def test_without_resources_the_first_starts() -> None:
    jobs = [Job(key="a", command=COMMAND), Job(key="b", command=COMMAND)]
    assert next_job(jobs, jobs, {}) is jobs[0]
    assert next_job([], jobs, {}) is None


SHARES = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 500)), max_size=30)


@settings(max_examples=200, deadline=None)
@given(cores=st.integers(1, 64), steps=SHARES)
def test_the_width_stays_within_bounds(cores: int, steps: list[tuple[float, int]]) -> None:
    width = Width.start(None, cores)
    assert width.at_once == 2 * cores
    for idle, running in steps:
        width = width.adapt(idle, running)
        assert cores <= width.at_once <= 32 * cores


@settings(max_examples=100, deadline=None)
@given(cores=st.integers(1, 64), chosen=st.integers(0, 500), steps=SHARES)
def test_a_chosen_width_never_changes(cores: int, chosen: int, steps: list[tuple[float, int]]) -> None:
    width = Width.start(chosen, cores)
    if chosen:
        assert width.at_once == chosen
    for idle, running in steps:
        assert width.adapt(idle, running) == width


def test_jobs_that_wait_make_room_and_jobs_that_compute_take_it() -> None:
    width = Width.start(None, 4)
    assert width.adapt(0.9, running=8).at_once == 16
    assert width.adapt(0.9, running=7).at_once == 8, "not full: more room would change nothing"
    assert width.adapt(0.1, running=8).at_once == 8
    assert width.adapt(0.0, running=3).at_once == 7
