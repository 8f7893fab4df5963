from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.config import Disclosure
from dark_factory.core.report import Finding, GateResult, Layer, Level, Status
from dark_factory.core.telling.causes import root_causes
from dark_factory.core.telling.disclosed import Disclosed
from dark_factory.core.telling.symptoms import CauseKind, symptom


def scenario(
    title: str,
    stderr: str = "",
    *,
    stdout: str = "",
    exit_status: int | None = 1,
    timed_out: bool = False,
    status: Status = Status.FAILED,
    level: Disclosure = Disclosure.OUTPUT,
) -> Disclosed:
    return Disclosed(
        level=level,
        status=status,
        title=title,
        exit_status=exit_status,
        timed_out=timed_out,
        stdout=stdout,
        stderr=stderr,
    )


def gate(name: str, kind: str, *findings: Finding, status: Status = Status.FAILED, output: str = "") -> GateResult:
    return GateResult(
        name=name,
        kind=kind,
        layer=Layer.DETERMINISTIC,
        blocking=True,
        status=status,
        findings=findings,
        output=output,
    )


def finding(rule: str, message: str, path: str = "src/a.py", line: int = 3, level: Level = Level.ERROR) -> Finding:
    return Finding(level=level, rule=rule, message=message, path=path, line=line)


@pytest.mark.parametrize(
    ("stderr", "exit_status", "kind", "subject"),
    [
        ("ModuleNotFoundError: No module named 'app.cli'", 1, CauseKind.IMPORT, "app.cli"),
        ("/usr/bin/python3.12: No module named app", 1, CauseKind.IMPORT, "app"),
        ("ImportError: cannot import name 'x' from 'app' (/t/app.py)", 1, CauseKind.IMPORT, "'x' from"),
        ("Error: Cannot find module './lib/db'", 1, CauseKind.IMPORT, "./lib/db"),
        ("error[E0432]: unresolved import `crate::db`", 101, CauseKind.IMPORT, "crate::db"),
        (
            "  File \"a.py\", line 3\n    x = (\nSyntaxError: '(' was never closed",
            1,
            CauseKind.SYNTAX,
            "was never closed",
        ),
        ("scenario: line 3: frobnicate: command not found", 127, CauseKind.COMMAND, "frobnicate"),
        ("sh: 1: frobnicate: not found", 127, CauseKind.COMMAND, "frobnicate"),
        ("/usr/bin/env: \u2018node\u2019: No such file or directory", 127, CauseKind.COMMAND, "node"),
        ("bash: line 2: ./run.sh: No such file or directory", 127, CauseKind.COMMAND, "./run.sh"),
        ("", 127, CauseKind.COMMAND, ""),
        ("", 139, CauseKind.CRASH, "SIGSEGV"),
        ("", 137, CauseKind.CRASH, "SIGKILL"),
        ("", 143, CauseKind.CRASH, "SIGTERM"),
        ("Aborted (core dumped)", 1, CauseKind.CRASH, "core dumped"),
        ("OSError: [Errno 98] Address already in use", 1, CauseKind.PORT, ""),
        ("Error: listen EADDRINUSE: address already in use :::3000", 1, CauseKind.PORT, ""),
        ("PermissionError: [Errno 13] Permission denied: '/etc/x'", 1, CauseKind.PERMISSION, "/etc/x"),
        ("bash: ./run.sh: Permission denied", 126, CauseKind.PERMISSION, "./run.sh"),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'conf.toml'", 1, CauseKind.MISSING_FILE, "conf.toml"),
        ("cat: out/report.txt: No such file or directory", 1, CauseKind.MISSING_FILE, "out/report.txt"),
        ("curl: (7) Failed to connect to localhost port 8000", 7, CauseKind.CONNECTION, ""),
        ("ConnectionRefusedError: [Errno 111] Connection refused", 1, CauseKind.CONNECTION, ""),
        ("TimeoutError: timed out", 1, CauseKind.TIMEOUT, ""),
        ("AssertionError: 500 instead of 200", 1, CauseKind.ASSERTION, ""),
        ("AssertionError", 1, CauseKind.ASSERTION, ""),
        ("E   assert 1 == 2\nE    +  where 1 = f()", 1, CauseKind.ASSERTION, ""),
        (
            "Traceback (most recent call last):\nsqlite3.OperationalError: locked",
            1,
            CauseKind.EXCEPTION,
            "OperationalError",
        ),
        ("panic: runtime error: index out of range", 2, CauseKind.EXCEPTION, "panic"),
        ("curl: (22) The requested URL returned error: 404", 22, CauseKind.OTHER, "returned error: 404"),
        ("", 1, CauseKind.SILENT, ""),
    ],
)
def test_names_the_cause(stderr: str, exit_status: int, kind: CauseKind, subject: str) -> None:
    (cause,) = root_causes([], [scenario("A title", stderr, exit_status=exit_status)])
    assert cause.kind is kind
    assert subject in cause.title + cause.detail
    assert cause.where == ("A title",)
    assert cause.advice
    assert not cause.blocking


@pytest.mark.parametrize(
    "line",
    [
        "2 passed, 0 errors",
        "error",
        "Error: the total is wrong",
        "retrying after timeout",
        "the assertion of the user holds",
        "GET /x 404: not found",
        "permission granted; no crash",
        "port 8080 is open",
        "importing modules, please wait",
        "this is not a SyntaxError: just prose",
    ],
)
def test_words_of_ordinary_sentences_name_no_cause(line: str) -> None:
    (cause,) = root_causes([], [scenario("A", line)])
    assert cause.kind is CauseKind.OTHER
    assert line in cause.detail


def test_the_server_s_exception_is_the_cause_and_the_client_s_failures_follow_from_it() -> None:
    log = (
        "Traceback (most recent call last):\n  File 'server.py', line 3, in go\nKeyError: 'short'\n"
        "Traceback (most recent call last):\nConnectionRefusedError: [Errno 111] Connection refused\n"
        "During handling of the above exception, another exception occurred:\n"
        "urllib.error.URLError: <urlopen error [Errno 111] Connection refused>\n"
        "AssertionError: the server does not answer\n"
    )
    (cause,) = root_causes([], [scenario("A", log, timed_out=True)])
    assert cause.title == "Unhandled exception: `KeyError`"
    assert cause.detail == "`KeyError: 'short'`"


def test_a_timeout_is_no_crash_though_our_signal_ended_it() -> None:
    (cause,) = root_causes([], [scenario("A", exit_status=137, timed_out=True)])
    assert (cause.kind, cause.detail) == (CauseKind.TIMEOUT, "")


def test_failures_of_one_cause_are_told_once_and_the_most_frequent_first() -> None:
    causes = root_causes(
        [],
        [
            scenario("A", "AssertionError: 1"),
            scenario("B", "total: 12.5 at 0x7f01\nexit with leftover 17"),
            scenario("C", "total: 13.5 at 0x7f02\nexit with leftover 18"),
            scenario("D", "PermissionError: [Errno 13] Permission denied: '/x'"),
            scenario("E", "AssertionError: 2", stdout="ok"),
            scenario("F", "AssertionError: 1"),
            scenario("G", "ModuleNotFoundError: No module named 'app'"),
        ],
    )
    assert [(one.kind, one.count, one.where) for one in causes] == [
        # Code that cannot be imported shows nothing else, so it goes before the more frequent.
        (CauseKind.IMPORT, 1, ("G",)),
        (CauseKind.ASSERTION, 3, ("A", "E", "F")),
        (CauseKind.OTHER, 2, ("B", "C")),
        (CauseKind.PERMISSION, 1, ("D",)),
    ]
    assert causes[1].detail == "`AssertionError: 1`\n`AssertionError: 2`"


def test_findings_are_grouped_by_rule_with_their_number() -> None:
    causes = root_causes(
        [
            gate("lint", "ruff", finding("F401", "`os` imported but unused"), finding("E501", "Line too long")),
            gate(
                "types",
                "mypy",
                finding("arg-type", "Argument 1", path="src/b.py"),
                finding("arg-type", "Argument 2", path="src/c.py"),
                finding("misc", "a hint", level=Level.NOTE),
            ),
            gate("tests", "pytest", finding("tests/test_a.py::test_x", "ModuleNotFoundError: No module named 'app'")),
        ],
        [scenario("A", "AssertionError")],
    )
    assert [(one.title, one.count, one.where, one.blocking) for one in causes] == [
        ("Import error: `app`", 1, ("`tests/test_a.py::test_x`",), True),
        ("Type errors of the rule `arg-type`", 2, ("`src/b.py`", "`src/c.py`"), True),
        ("Findings of the rule `E501`", 1, ("`src/a.py`",), True),
        ("Findings of the rule `F401`", 1, ("`src/a.py`",), True),
        ("Assertion", 1, ("A",), False),
    ]
    assert "src/b.py:3: arg-type: Argument 1" in causes[1].detail


def test_a_gate_without_findings_is_told_by_its_output() -> None:
    (cause,) = root_causes([gate("build", "command", output="make: cc: command not found")], [])
    assert (cause.kind, cause.where, cause.blocking) == (CauseKind.COMMAND, ("`build`",), True)


def test_what_was_not_judged_or_not_disclosed_has_no_cause() -> None:
    error = "ModuleNotFoundError: No module named 'app'"
    tracked = GateResult(
        name="dead", kind="vulture", layer=Layer.STRUCTURAL, blocking=False, status=Status.FAILED, output=error
    )
    assert (
        root_causes(
            [gate("lint", "ruff", status=Status.ERRORED, output=error), tracked],
            [
                scenario("A", error, status=Status.ERRORED),
                scenario("B", error, status=Status.SKIPPED),
                scenario("C", level=Disclosure.OUTCOME, exit_status=None),
                scenario("", level=Disclosure.COUNT, exit_status=None),
            ],
        )
        == ()
    )


def test_withheld_output_is_not_taken_for_silence() -> None:
    (cause,) = root_causes([], [scenario("A", "[redacted: quotes the scenario]\n---\n[... 1,024 bytes cut ...]")])
    assert cause.title == "Failures whose output is withheld"


def test_a_stream_of_one_long_line_is_read_in_linear_time() -> None:
    for part in ("E  ", "Assertion `", "thread '", "FileNotFoundError: [Errno 2] ", "\n", "a: ", "sh: x: "):
        assert root_causes([], [scenario("A", part * (60_000 // len(part)))])


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.tuples(
            st.text(max_size=80)
            | st.sampled_from(["AssertionError: \x1b[31m`x`\n", "ImportError: |\u202e", "\x07: command not found"]),
            st.none() | st.integers(0, 255),
            st.booleans(),
        ),
        max_size=6,
    )
)
def test_every_failure_has_one_cause_and_every_line_is_safe(outputs: list[tuple[str, int | None, bool]]) -> None:
    failures = [
        scenario(f"title {place}", text, exit_status=status, timed_out=late)
        for place, (text, status, late) in enumerate(outputs)
    ]
    causes = root_causes([], failures)
    assert sorted(title for cause in causes for title in cause.where) == sorted(one.title for one in failures)
    assert sum(cause.count for cause in causes) == len(failures)
    for cause in causes:
        assert all(character.isprintable() or character == "\n" for character in cause.detail if character < "\x80")
        assert len(cause.detail.splitlines()) <= 3


def test_a_client_that_says_what_it_expected_and_got_is_an_assertion() -> None:
    said = symptom("", "POST /links -> 200 OK\nFAILED: GET /links/kept: expected hits 3, got 0\n", exit_status=1)
    assert said.kind is CauseKind.ASSERTION
    assert said.line == "FAILED: GET /links/kept: expected hits 3, got 0"
