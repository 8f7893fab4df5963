"""Whether what a scenario's command did is what the scenario expects."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator

from dark_factory.core.command import Captured, CommandResult, Outcome
from dark_factory.core.report import Status
from dark_factory.core.scenario import Scenario

NOT_RUN = "the scenario could not be run"
MISSING_EVIDENCE = "declared evidence is missing"


def compile_pattern(text: str) -> re.Pattern[str]:
    """A regular expression of `expect`: `^` and `$` match at every line.

    Raises ValueError with a sentence for the author when it is none.
    """
    try:
        with warnings.catch_warnings():
            # Python warns of spellings whose meaning may change one day; the author cannot act on it while we judge.
            warnings.simplefilter("ignore")
            return re.compile(text, re.MULTILINE)
    except re.error as error:
        where = "" if error.pos is None else f" at character {error.pos + 1}"
        raise ValueError(f"{error.msg}{where}") from None
    except (RecursionError, OverflowError):
        raise ValueError("it is nested too deep or repeats too often") from None


def judge(
    scenario: Scenario,
    *,
    result: CommandResult,
    files: Callable[[str], bool],
    missing_evidence: tuple[str, ...],
) -> tuple[Status, str, str]:
    """The status of one run, the reason for the author, and the reason for the agent, which never quotes the scenario.

    files: whether a glob matches a file of the tree after the run.
    missing_evidence: the scenario's evidence globs that matched nothing.
    The reasons are empty for a pass, and name everything that was not as expected otherwise.
    """
    match result.outcome:
        case Outcome.NOT_STARTED | Outcome.CANCELLED:
            return Status.ERRORED, result.ending(), NOT_RUN
        case Outcome.TIMED_OUT:
            return Status.FAILED, result.ending(), result.ending()
        case Outcome.EXITED | Outcome.SIGNALLED:
            unmet = [*_unmet(scenario, result, files)]
            if missing_evidence:
                unmet.append((f"{MISSING_EVIDENCE}: {', '.join(missing_evidence)}", MISSING_EVIDENCE))
    if not unmet:
        return Status.PASSED, "", ""
    return (
        Status.FAILED,
        "; ".join(author for author, _ in unmet),
        "; ".join(dict.fromkeys(agent for _, agent in unmet)),
    )


def _unmet(scenario: Scenario, result: CommandResult, files: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
    """What is not as expected: for the author, and for the agent."""
    expect = scenario.expect
    if result.exit_status != expect.exit_status:
        wanted = f", expected {expect.exit_status}" if expect.exit_status else ""
        yield result.ending() + wanted, result.ending()
    for name, patterns, captured in (
        ("stdout", expect.stdout, result.stdout),
        ("stderr", expect.stderr, result.stderr),
    ):
        yield from _unmatched(name, patterns, captured)
    for glob in expect.files:
        if not files(glob):
            yield f"no file matches {glob}", "an expected file is missing"


def _unmatched(name: str, patterns: tuple[str, ...], captured: Captured) -> Iterator[tuple[str, str]]:
    text = captured.text() if patterns else ""
    for pattern in patterns:
        if not compile_pattern(pattern).search(text):
            # Failed, not errored, also when output was cut: else a candidate could flood a scenario out of the score.
            cut = f" ({captured.cut:,} bytes in its middle were not kept)" if captured.cut else ""
            yield f"{name} does not match {pattern}{cut}", f"{name} is not as expected"
