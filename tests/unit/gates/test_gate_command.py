from __future__ import annotations

import pytest
from gate_samples import OUTPUTS, a_gate, a_run

from dark_factory.core.report import Reading, Status
from dark_factory.gates import command


def test_the_command_is_run_as_written() -> None:
    gate = a_gate("command", "npm", "test", "--", "--json={outputs}/x.json")
    expected = ("npm", "test", "--", f"--json={OUTPUTS}/x.json")
    assert command.argv(gate, OUTPUTS, wants=frozenset()) == expected


def test_zero_passes_and_anything_else_fails_saying_so() -> None:
    gate = a_gate("command", "npm", "test")
    assert command.read(a_run(gate, 0, stdout="whatever")) == Reading(status=Status.PASSED)
    assert command.read(a_run(gate, 3)) == Reading(status=Status.FAILED, reason="exit status 3")


@pytest.mark.parametrize("exit_status", [42, 130, 135 + 60, 255])
def test_a_runner_that_exits_with_its_number_of_failures_has_not_crashed(exit_status: int) -> None:
    assert command.read(a_run(a_gate("command", "mocha"), exit_status)).status is Status.FAILED


def test_a_shell_that_does_not_find_the_program_is_no_failure_of_the_code() -> None:
    gate = a_gate("command", "bash", "-c", "cargo test")
    reading = command.read(a_run(gate, 127, stderr="bash: line 1: cargo: command not found\n"))
    assert reading.status is Status.ERRORED
    assert "cargo: command not found" in reading.reason
