"""How a run ends, and with which exit status."""

from __future__ import annotations

import pytest

from dark_factory.core.errors import ExitStatus
from dark_factory.core.verdict import EXIT_STATUS, Decision, Verdict


def test_every_decision_has_an_exit_status() -> None:
    assert set(EXIT_STATUS) == set(Decision)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, {"converged"}),
        (1, {"stalled", "oscillating", "exhausted", "over_budget", "out_of_time", "blocked"}),
        (3, {"infrastructure"}),
        (4, {"agent_failed"}),
        (5, {"leaked", "tampered"}),
        (130, {"interrupted"}),
    ],
)
def test_the_table_is_the_documented_one(status: int, words: set[str]) -> None:
    assert {decision.value for decision, exit_status in EXIT_STATUS.items() if exit_status == status} == words


@pytest.mark.parametrize("decision", list(Decision))
def test_only_converged_is_a_success(decision: Decision) -> None:
    verdict = Verdict(decision=decision, reason="why")
    assert (verdict.exit_status == 0) == (decision is Decision.CONVERGED)
    assert isinstance(verdict.exit_status, ExitStatus)
