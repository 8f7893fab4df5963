"""Which job may start next, and how many may run at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dark_factory.core.ports import Job

# Above this share of idle processor time the running jobs are mostly waiting, so more of them fit.
_IDLE_ENOUGH = 0.25
# Below this one the processors are the bottleneck, and more jobs would only take time from each other.
_BUSY = 0.05
_JOBS_PER_CORE = 32


def longest_first(jobs: Sequence[Job]) -> list[Job]:
    """The jobs in the order to start them; equal weights keep their order."""
    return sorted(jobs, key=lambda job: -job.weight)


def next_job(waiting: Sequence[Job], running: Sequence[Job], capacities: Mapping[str, int]) -> Job | None:
    """The first waiting job whose resources are free, or None.

    A resource without a capacity is exclusive: it has one. A job that asks for more than there is runs when nobody
    else holds any, so that it is late but never stuck.
    """
    held: Counter[str] = Counter()
    for job in running:
        held.update(dict(job.resources))
    for job in waiting:
        if all(not held[name] or held[name] + count <= capacities.get(name, 1) for name, count in job.resources):
            return job
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Width:
    """How many jobs may run at once.

    at_once: the number now. cores: of the machine. fixed: whether the user chose the number.
    """

    at_once: int
    cores: int
    fixed: bool

    @classmethod
    def start(cls, at_once: int | None, cores: int) -> Width:
        """The first width: the user's number, or two for each core."""
        return cls(at_once=max(1, at_once or 2 * cores), cores=cores, fixed=at_once is not None)

    def adapt(self, idle: float, running: int) -> Width:
        """The next width, by the share of processor time that was idle (0 to 1) while `running` jobs ran.

        It doubles while everything waits and falls back towards the cores when everything computes.
        """
        if self.fixed or (idle > _BUSY and running < self.at_once):
            return self
        if idle > _IDLE_ENOUGH:
            return self._with(min(self.at_once * 2, self.cores * _JOBS_PER_CORE))
        if idle < _BUSY:
            return self._with(max(self.cores, self.at_once - 1))
        return self

    def _with(self, at_once: int) -> Width:
        return Width(at_once=at_once, cores=self.cores, fixed=False)
