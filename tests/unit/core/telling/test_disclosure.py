"""What the agent is told of a failed scenario at each level, and that it never reads the scenario in it."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dark_factory.core.config import Disclosure
from dark_factory.core.report import Finding, GateReport, GateResult, Layer, Level, ScenarioResult, Status
from dark_factory.core.scenario import Expectation, Scenario
from dark_factory.core.telling.disclosed import Disclosed
from dark_factory.core.telling.disclosure import REDACTED, disclose, quotations_of, redacted_gates
from dark_factory.core.telling.harmless import harmless

TEXT = """\
---
expect:
  stdout: "^grand total"
---
# Scenario: Short links redirect

## Category
integration

## Behavioral Expectation
- A short link leads to its page.

## Evaluation Method
```bash
set -e
curl --silent http://localhost:8080/abc \\
  | grep "Location: /target"
cat <<'MARKER'
if x; then
fi
```
"""


def scenario(text: str = TEXT, script: str = "cat <<'MARKER'\n", own: Disclosure | None = None) -> Scenario:
    return Scenario(
        id="links",
        name="Short links redirect",
        path="scenarios/links.md",
        text=text,
        script=script,
        category="integration",
        expect=Expectation(stdout=("^grand total",)),
        disclose=own,
    )


def failed(stdout: str = "", stderr: str = "") -> ScenarioResult:
    return ScenarioResult(
        id="links",
        name="Short links redirect",
        path="scenarios/links.md",
        category="integration",
        weight=1.0,
        status=Status.FAILED,
        reason='stdout does not match "^grand total"',
        public_reason="exit status 1",
        exit_status=1,
        timed_out=True,
        duration=2.5,
        stdout=stdout,
        stderr=stderr,
    )


def shown(stdout: str, *, of: Scenario | None = None, private: tuple[str, ...] = ()) -> str:
    return disclose(failed(stdout), of or scenario(), Disclosure.OUTPUT, private=private).stdout


def test_each_level_tells_no_more_than_it_says() -> None:
    result = failed("out", "err")
    assert disclose(result, scenario(), Disclosure.OUTPUT) == Disclosed(
        level=Disclosure.OUTPUT,
        status=Status.FAILED,
        title="Short links redirect",
        category="integration",
        exit_status=1,
        timed_out=True,
        duration=2.5,
        reason="exit status 1",
        stdout="out",
        stderr="err",
    )
    assert disclose(result, scenario(), Disclosure.OUTCOME) == Disclosed(
        level=Disclosure.OUTCOME, status=Status.FAILED, title="Short links redirect", category="integration"
    )
    assert disclose(result, scenario(), Disclosure.COUNT) == Disclosed(level=Disclosure.COUNT, status=Status.FAILED)


@pytest.mark.parametrize("own", [None, *Disclosure])
@pytest.mark.parametrize("level", Disclosure)
def test_a_scenario_can_only_lower_the_level(level: Disclosure, own: Disclosure | None) -> None:
    order = [Disclosure.OUTPUT, Disclosure.OUTCOME, Disclosure.COUNT]
    told = disclose(failed(), scenario(own=own), level).level
    assert order.index(told) == max(order.index(level), order.index(own or level))


@pytest.mark.parametrize(
    "line",
    [
        "- A short link leads to its page.",
        "expected: A short link leads to its page.",
        "   A  short\tlink leads to its page.  ",
        "bash: line 3: `curl --silent http://localhost:8080/abc \\'",
        "ran curl --silent http://localhost:8080/abc",
        '+ grep "Location: /target"',
        "AssertionError: no match for ^grand total in output",
        '  stdout: "^grand total"',
    ],
)
def test_a_line_that_quotes_the_scenario_is_replaced_whole(line: str) -> None:
    assert shown(f"before\n{line}\nafter\n") == f"before\n{REDACTED}\nafter\n"


@pytest.mark.parametrize(
    "line",
    [
        "Traceback (most recent call last):",
        "Short links redirect: failed",
        "3 integration tests failed",
        "Category of error: Preconditions",
        "set -e; exit 1",
        "MARKER missing",
        "expect: 4",
        "```bash",
        "fi",
        "",
    ],
)
def test_a_line_that_tells_nothing_of_the_scenario_stays(line: str) -> None:
    assert shown(f"before\n{line}\nafter") == f"before\n{line}\nafter"


def test_both_streams_and_the_reason_are_redacted() -> None:
    quote = "A short link leads to its page."
    told = disclose(failed("x", f"a\n{quote}"), scenario(), Disclosure.OUTPUT)
    assert (told.stdout, told.stderr) == ("x", f"a\n{REDACTED}")


def test_private_paths_are_replaced() -> None:
    private = ("/tmp/f", "/tmp/f/script.sh", "")
    assert shown("/tmp/f/script.sh: line 3: foo: not found\n/tmp/f/x", private=private) == (
        "scenario: line 3: foo: not found\nscenario/x"
    )


@pytest.mark.parametrize("switch", ["set -x", "set -eux", "set -e -x", "set -o xtrace", "bash -x ./a.sh"])
def test_a_trace_is_redacted_although_its_variables_are_filled_in(switch: str) -> None:
    traced = scenario(script=f"{switch}\necho $HOME\n")
    assert shown("+ echo /root\n++ date\n/root\n+1 line", of=traced) == f"{REDACTED}\n{REDACTED}\n/root\n+1 line"


def test_without_a_trace_a_plus_is_only_a_plus() -> None:
    assert shown("+ echo /root") == "+ echo /root"


def test_half_of_a_long_line_is_a_quotation_too() -> None:
    secret = "".join(f"word{number} " for number in range(60)).strip()
    assert shown(secret[100:300], of=scenario(text=secret)) == REDACTED
    assert shown(secret[-70:], of=scenario(text=secret)) == REDACTED


def test_a_fence_of_signs_does_not_hide_a_secret() -> None:
    assert shown("=" * 80 + " the answer is 42", of=scenario(text="=" * 80 + " the answer is 42")) == REDACTED


def test_megabytes_of_scenario_and_output_take_little_time() -> None:
    lines = [f"assert answer_{number:06} == {number * 7919 % 100_003}" for number in range(120_000)]
    output = "\n".join(f"assert answer_{number:06} was wrong" for number in range(7_000))
    began = time.process_time()
    told = shown(output + "\nE " + lines[77_777], of=scenario(text="\n".join(lines)))
    assert time.process_time() - began < 3
    assert told == output + "\n" + REDACTED


# Without e and !, which every public word of a scenario has: section names, the title, `exit 1`, `#!/bin/sh`.
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\neE!"), max_size=30)
SECRETS = st.text(st.sampled_from("ab1-*+ \t\\;=\u00e9\u2028"), max_size=150)


@settings(deadline=None, max_examples=300)
@given(
    lines=st.lists(SECRETS | WORDS, min_size=1, max_size=8),
    noise=st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=5),
    data=st.data(),
)
@example(lines=["- a  b1234"], noise=[("x", "y")], data=None)
def test_no_line_of_a_scenario_survives_anywhere_in_an_output(
    lines: list[str], noise: list[tuple[str, str]], data: st.DataObject | None
) -> None:
    secrets = [line.strip() for line in lines]
    chosen = [data.draw(st.sampled_from(secrets)) if data else secrets[0] for _ in noise]
    output = "\n".join(before + secret + after for secret, (before, after) in zip(chosen, noise, strict=True))
    told = shown(output, of=scenario(text="\n".join(lines), script=""))
    assert told.count("\n") == output.count("\n")
    for secret in secrets:
        looked_for = len(" ".join(secret.split())) >= 6 and any(map(str.isalnum, secret))
        structure = secret.startswith(("```", "~~~")) or secret.endswith(":")
        if looked_for and not structure:
            assert secret not in told.replace(REDACTED, "")


@settings(deadline=None, max_examples=200)
@given(st.text(), st.text())
def test_output_that_shares_no_word_with_the_scenario_stays_as_it_is(left: str, right: str) -> None:
    text = "".join(character for character in left if not character.isspace())
    if not set(text) & set(right):
        assert shown(right, of=scenario(text=text, script="")) == harmless(right)


@pytest.mark.parametrize("sign", ["\x1b[0m", "\x1b]0;x\x07", "\x9b1m", "\x1b(B"])
def test_no_sign_that_feedback_leaves_out_hides_a_quotation(sign: str) -> None:
    assert shown("x " + sign.join("curl --silent http://localhost:8080/abc")) == REDACTED


def test_other_scenarios_and_their_files_are_not_told_either() -> None:
    holdout = quotations_of([b"# Scenario: two\n\ncurl http://localhost/other | grep 4711\nserver &\n", b"short\n"])
    out = "curl http://localhost/other | grep 4711\nthe server said: a short answer\n"
    told = disclose(failed(out, out), scenario(), Disclosure.OUTPUT, holdout=holdout)
    # A short line of another scenario does not blacken this one's output.
    assert told.stdout == told.stderr == f"{REDACTED}\nthe server said: a short answer\n"


def test_gates_quote_no_scenario() -> None:
    holdout = quotations_of([TEXT.encode()])
    quote = "E   curl --silent http://localhost:8080/abc \\"
    finding = Finding(level=Level.ERROR, rule="tests/a.py::test", message=f"assert 1 == 2\n{quote}")
    gate = GateResult(
        name="tests",
        kind="pytest",
        layer=Layer.DETERMINISTIC,
        blocking=True,
        status=Status.FAILED,
        findings=(finding,),
        output=quote,
        reason=quote,
    )
    (told,) = redacted_gates(GateReport(results=(gate,)), holdout).results
    assert told.findings[0].message == f"assert 1 == 2\n{REDACTED}"
    assert (told.output, told.reason, told.status) == (REDACTED, REDACTED, Status.FAILED)
