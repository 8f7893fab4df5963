from __future__ import annotations

from dataclasses import replace

import pytest
from example_run import BRANCH, NOT_RUN, REPORTS, UNUSED, gates, scenarios, state_of
from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.plan import Limits
from dark_factory.core.report import GateReport, ScenarioReport, Status
from dark_factory.core.state import State
from dark_factory.core.telling.escalation import escalation
from dark_factory.core.verdict import Decision, Verdict

LIMITS = Limits(max_iterations=3, satisfaction_threshold=0.8, stall_after=3, max_duration=7200.0)


def written(state: State, decision: Decision = Decision.STALLED, reason: str = "no better score", do: str = "") -> str:
    return escalation(
        state,
        Verdict(decision=decision, reason=reason, do=do),
        limits=LIMITS,
        branch=BRANCH,
        paths={"slow": "scenarios/slow.md"},
    )


def part(text: str, heading: str) -> str:
    return text.partition(f"## {heading}\n\n")[2].partition("\n\n## ")[0].rstrip("\n")


def test_the_note_says_how_it_ended_and_what_was_tried() -> None:
    text = written(state_of(), Decision.EXHAUSTED, "iterations 3 of 3", "`--resume --max-iterations` goes on from here")
    assert text.startswith(
        "# Escalation: run `20260714-1` ended as exhausted\n\n"
        "iterations 3 of 3.\n\n"
        "What to do next: `--resume --max-iterations` goes on from here.\n\n"
    )
    rows = part(text, "What Was Tried").splitlines()
    assert rows[2:6] == [
        "| 0 | 20% | 1 of 5 | none | the base |  |  |",
        "| 1 | not known | none was run | `lint` | the agent edited files | 4 |  |",
        "| 2 | 60% | 3 of 5 | none | the agent edited files | 5 |  |",
        "| 3 | 40% | 2 of 5 | none | the agent edited files; 1 protected path put back; 1 path refused | 6 |  |",
    ]
    assert rows[-1] == ("3 agent calls begun, 36,000 tokens, 0.75 USD. The best candidate is that of iteration 2.")


def test_it_says_what_keeps_failing_and_since_when() -> None:
    assert part(written(state_of()), "What Keeps Failing") == (
        "- Scenario `expired` (An expired alias is free again): failed, in the same way in 3 iterations, 0 to 3: "
        "exit status 1.\n"
        "- Scenario `slow` (A slow client blocks nobody) in `scenarios/slow.md`: failed, in the same way in "
        "3 iterations, 0 to 3: timed out after 20 s.\n"
        "- Scenario `listing` (Links are listed newest first): failed, in this way only in iteration 3: exit status 1."
    )


def test_it_says_where_to_look() -> None:
    look = part(written(state_of()), "What to Look At")
    assert "The same failure outlasted every try: scenario `expired`, scenario `slow`." in look
    assert "These passed in an earlier iteration: `listing`." in look
    assert "The agent changed protected paths 1 time: `factory.toml`." in look
    assert "`artifacts/factory/feedback_iter_1.md`, `artifacts/factory/feedback_iter_2.md`" in look
    assert "`artifacts/factory/runs/20260714-1/iterations/3/`" in look


def test_red_gates_are_named_before_the_scenarios() -> None:
    text = written(state_of(((gates(UNUSED), NOT_RUN), (gates(UNUSED), NOT_RUN))))
    assert part(text, "What Keeps Failing") == "- Gate `lint`: failed, in the same way in 2 iterations, 0 to 1."
    assert "Gates are red: gate `lint`." in part(text, "What to Look At")


def test_what_could_not_be_judged_is_told_as_ours() -> None:
    report = scenarios("cli")
    lost = tuple(replace(one, status=Status.ERRORED) if one.id == "cli" else one for one in report.results)
    text = written(state_of(((gates(), ScenarioReport(results=lost)),)), Decision.INFRASTRUCTURE)
    assert "Scenario `cli` (The command line creates links): could not be judged" in text
    assert "Mend first what could not be judged, it is no fault of the agent: scenario `cli`." in text
    assert "outlasted" not in text


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        (Decision.STALLED, "take over interactively"),
        (Decision.OSCILLATING, "read the feedback of iterations 2 and 3 side by side"),
        (Decision.AGENT_FAILED, "read its transcript"),
        (Decision.INFRASTRUCTURE, "held up from outside"),
        (Decision.INTERRUPTED, "held up from outside"),
        (Decision.BLOCKED, "held up from outside"),
        (Decision.TAMPERED, "Do not merge"),
        (Decision.LEAKED, "Do not merge"),
        (Decision.EXHAUSTED, "raise the limit"),
        (Decision.OVER_BUDGET, "raise the limit"),
        (Decision.OUT_OF_TIME, "raise the limit"),
    ],
)
def test_each_ending_has_its_own_advice(decision: Decision, words: str) -> None:
    assert words in part(written(state_of(), decision), "What to Look At")


def test_the_commands_go_on_where_the_run_stopped() -> None:
    assert part(written(state_of(), Decision.EXHAUSTED), "How to Go On").splitlines() == [
        "```bash",
        f"git log --stat 0123456789ab..{BRANCH}",
        f"git diff 0123456789ab {BRANCH}",
        f"git switch {BRANCH}",
        "inv factory.status",
        "inv factory.loop --resume --max-iterations 8",
        "```",
    ]
    stalled = written(state_of(REPORTS[:1]), Decision.STALLED)
    assert "git" not in part(stalled, "How to Go On"), "nothing was delivered"
    assert "FACTORY_LOOP_STALL_AFTER=8 inv factory.loop --resume --max-iterations 5" in stalled
    assert "inv factory.loop --resume\n" in written(state_of(), Decision.INFRASTRUCTURE)


def test_a_run_that_judged_nothing_has_a_note_too() -> None:
    text = written(State(), Decision.INFRASTRUCTURE)
    assert part(text, "What Keeps Failing") == "Nothing failed when it was last judged."


def test_a_bill_that_is_not_known_is_not_shown_as_zero() -> None:
    state = state_of()
    last = state.iterations[-1]
    assert last.usage is not None
    last = replace(last, usage=replace(last.usage, usd=None, tokens=None))
    text = written(replace(state, iterations=(*state.iterations[:-1], last)))
    assert "tokens unknown, cost unknown" in text


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=80), st.text(max_size=80), st.sampled_from(Decision))
def test_notes_and_reasons_of_programs_can_not_add_sections(note: str, reason: str, decision: Decision) -> None:
    state = state_of(((GateReport(), scenarios("cli")), (GateReport(), scenarios("cli"))))
    state = replace(
        state, iterations=(state.iterations[0], replace(state.iterations[1], note=f"{note}\n## x\n\x1b[2J"))
    )
    text = written(state, decision, f"{reason}\n## x\n")
    headings = [line for line in text.split("\n") if line.startswith("#")]
    assert [line.partition(":")[0] for line in headings] == [
        "# Escalation",
        "## What Was Tried",
        "## What Keeps Failing",
        "## What to Look At",
        "## How to Go On",
    ]
    assert "\x1b" not in text
