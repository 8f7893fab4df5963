from __future__ import annotations

from xml.sax.saxutils import quoteattr

import pytest
from gate_samples import OUTPUTS, TREE, a_gate, a_run

from dark_factory.core.report import Level, Reading, Status
from dark_factory.gates import pytest as kind

GATE = a_gate("pytest", "pytest", "-q")
SHELL = a_gate("pytest", "bash", "-c", "pytest -q")
PASSED = '<testcase classname="tests.test_a" name="test_ok" file="tests/test_a.py" line="0" time="0.0" />'
SKIPPED = (
    '<testcase classname="tests.test_a" name="test_s" file="tests/test_a.py" line="3">'
    '<skipped type="pytest.skip" message="no">tests/test_a.py:7: no</skipped></testcase>'
)
OPEN = '<testcase time="0.000" />'


def failed(text: str, *, message: str = "assert 2 == 1", tag: str = "failure", head: str = "") -> str:
    head = head or 'classname="tests.test_a.TestX" name="test_y[2]" file="tests/test_a.py" line="2"'
    body = text.replace("&", "&amp;").replace("<", "&lt;")
    return f"<testcase {head}><{tag} message={quoteattr(message)}>{body}</{tag}></testcase>"


def read(exit_status: int, *cases: str, stdout: str = "", stderr: str = "") -> Reading:
    report = f'<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite>{"".join(cases)}</testsuite></testsuites>'
    return kind.read(a_run(GATE, exit_status, stdout=stdout, stderr=stderr, reports={"junit.xml": report}))


def argv(*command: str, wants: frozenset[str] = frozenset()) -> tuple[str, ...]:
    return kind.argv(a_gate("pytest", *command), OUTPUTS, wants=wants)


def test_the_report_is_asked_for_and_coverage_only_when_it_is_wanted() -> None:
    junit = (f"--junitxml={OUTPUTS}/junit.xml", "-o", "junit_family=xunit1")
    report = f"--cov-report=json:{OUTPUTS}/coverage.json"
    coverage = frozenset({"coverage"})
    assert argv("pytest", "-q") == ("pytest", "-q", *junit)
    assert argv("pytest", "-q", wants=coverage) == ("pytest", "-q", *junit, "--cov", report)
    assert argv("pytest", "--cov=src", wants=coverage) == ("pytest", "--cov=src", *junit, report)
    assert argv("python", "-m", "pytest", "--", "t", wants=coverage)[-4:] == ("--cov", report, "--", "t")
    assert argv("nox", "-s", "pytest", wants=coverage) == ("nox", "-s", "pytest")


def test_a_failure_has_the_node_id_the_innermost_place_and_the_last_lines() -> None:
    text = (
        "def test_y(self, a):\n>       assert f(a) == 1\n\ntests/test_a.py:5: \n_ _ _ _\n\n"
        f"{TREE}/src/m.py:9: in f\n    g()\n/usr/lib/python3.11/json/decoder.py:355: JSONDecodeError"
    )
    reading = read(1, PASSED, SKIPPED, failed(text))
    (finding,) = reading.findings
    assert reading.status is Status.FAILED
    assert (finding.rule, finding.path, finding.line) == ("tests/test_a.py::TestX::test_y[2]", "src/m.py", 9)
    assert finding.level is Level.ERROR
    assert finding.message.startswith("assert 2 == 1\n")
    assert finding.message.endswith("JSONDecodeError")
    # The tree has another place in each iteration; the same failure must read the same.
    assert "\nsrc/m.py:9: in f\n" in finding.message
    assert reading.figures == {"tests": 3, "passed": 1, "failed": 1, "errors": 0, "skipped": 1}
    # No threshold on a figure can make failing tests pass.
    assert reading.counts == frozenset()


def test_without_a_place_in_the_text_the_test_s_own_is_told() -> None:
    (finding,) = read(1, failed("assert False")).findings
    assert (finding.path, finding.line) == ("tests/test_a.py", 3)


def test_a_long_failure_keeps_its_end() -> None:
    (finding,) = read(1, failed("\n".join(f"E   {number}" for number in range(1000)))).findings
    assert finding.message.splitlines()[0] == "assert 2 == 1"
    assert finding.message.splitlines()[-1] == "E   999"
    assert len(finding.message.splitlines()) < 50
    (wide,) = read(1, failed("x" * 1_000_000 + "\nE   the end", message="y" * 10_000)).findings
    assert wide.message.startswith("yyy")
    assert wide.message.endswith("\nE   the end")
    assert len(wide.message) < 4000


@pytest.mark.parametrize(
    "line",
    ["E" + " " * 200_000, "!! " + "Exit ! " * 30_000, "FAILED " + ".py" * 80_000 + " y"],
    ids=["place", "banner", "summary"],
)
def test_what_the_code_prints_cannot_make_the_reading_slow(line: str) -> None:
    # With unbounded repetitions each of these takes minutes.
    assert read(0, PASSED, stdout=line).status is Status.PASSED
    assert read(1, failed(line)).status is Status.FAILED
    assert kind.read(a_run(SHELL, 0, stdout=line + "\n1 passed in 0.1s\n")).status is Status.PASSED


def test_a_module_that_cannot_be_imported_is_failed_with_its_cause() -> None:
    text = "ImportError.\ntests/test_b.py:1: in <module>\n    import nothing\nE   ModuleNotFoundError: nothing"
    head = 'classname="" name="tests.test_b" file="tests/test_b.py"'
    reading = read(2, failed(text, message="collection failure", tag="error", head=head))
    (finding,) = reading.findings
    assert reading.status is Status.FAILED
    assert (finding.rule, finding.path, finding.line) == ("tests/test_b.py", "tests/test_b.py", 1)
    assert finding.message.startswith("ModuleNotFoundError: nothing")
    assert reading.figures["errors"] == 1


def test_a_syntax_error_is_placed_although_it_ends_in_python_s_own_form() -> None:
    text = f'/usr/lib/ast.py:50: in parse\nE     File "{TREE}/test_q.py", line 4\nE       def f(:\nE   SyntaxError: no'
    (finding,) = read(2, failed(text, tag="error")).findings
    assert (finding.path, finding.line) == ("test_q.py", 4)


def test_a_broken_conftest_is_the_code_s_fault() -> None:
    said = (
        f"ImportError while loading conftest '{TREE}/conftest.py'.\nconftest.py:3: in <module>\n"
        '    raise RuntimeError("no")\nE   RuntimeError: no\n'
    )
    reading = kind.read(a_run(GATE, 4, stderr=said))
    (finding,) = reading.findings
    assert reading.status is Status.FAILED
    assert (finding.rule, finding.path, finding.line) == ("conftest.py", "conftest.py", 3)
    assert finding.message.startswith("RuntimeError: no")


def test_wrong_usage_is_errored_and_a_missing_pytest_cov_is_named() -> None:
    said = "ERROR: usage: pytest [options]\npytest: error: unrecognized arguments: --cov --cov-report=json:x\n"
    missing = kind.read(a_run(GATE, 4, stderr=said))
    assert missing.status is Status.ERRORED
    assert "`pytest-cov`" in missing.advice
    other = kind.read(a_run(GATE, 4, stderr="ERROR: file or directory not found: nothere\n"))
    assert other.status is Status.ERRORED
    assert "nothere" in other.reason


def test_an_internal_error_is_errored() -> None:
    assert read(3, failed("Traceback", tag="error")).status is Status.ERRORED


@pytest.mark.parametrize("exit_status", [0, 1, 2, 5])
def test_a_missing_report_is_errored_whatever_the_status(exit_status: int) -> None:
    reading = kind.read(a_run(GATE, exit_status, stdout="."))
    assert reading.status is Status.ERRORED
    assert "os._exit" in reading.advice


def test_a_status_of_zero_is_not_believed_alone() -> None:
    assert read(0, PASSED).status is Status.PASSED
    assert read(0).status is Status.FAILED
    assert "no test passed" in read(0, SKIPPED).reason
    assert read(0, PASSED, failed("x")).status is Status.FAILED
    assert "stopped" in read(0, PASSED, OPEN).reason
    banner = "1 passed in 0.59s\n!!!!!!!!!!!!! _pytest.outcomes.Exit: bye !!!!!!!!!!!!!\n"
    assert read(0, PASSED, stdout=banner).reason.endswith("_pytest.outcomes.Exit: bye")


def test_nothing_collected_is_failed() -> None:
    reading = read(5)
    assert reading.status is Status.FAILED
    assert reading.reason == "pytest collected no test"


def test_a_plugin_s_own_rule_is_told() -> None:
    said = "FAIL Required test coverage of 99.5% not reached. Total coverage: 50.00%\n1 passed in 0.47s\n"
    reading = read(1, PASSED, stdout=said)
    assert reading.status is Status.FAILED
    assert "Required test coverage of 99.5% not reached" in reading.reason


def test_an_interrupted_run_is_failed_with_its_banner() -> None:
    reading = read(2, PASSED, stdout="!!!!!!!!!! KeyboardInterrupt !!!!!!!!!!\n")
    assert reading.status is Status.FAILED
    assert "KeyboardInterrupt" in reading.reason


def test_other_test_writers_cases_have_a_usable_rule() -> None:
    (finding,) = read(1, failed("x", head='classname="Suite" name="works"')).findings
    assert (finding.rule, finding.path) == ("Suite::works", None)


def test_a_shell_s_pytest_must_say_how_many_passed() -> None:
    passed = kind.read(a_run(SHELL, 0, stdout="...  [100%]\n3 passed, 1 skipped in 0.12s\n"))
    assert passed.status is Status.PASSED
    assert passed.figures == {"tests": 4, "passed": 3, "failed": 0, "errors": 0, "skipped": 1}
    silent = kind.read(a_run(SHELL, 0))
    assert silent.status is Status.ERRORED
    assert "--junitxml={outputs}/junit.xml" in silent.advice
    assert kind.read(a_run(SHELL, 0, stdout="2 skipped in 0.1s\n")).status is Status.FAILED
    assert kind.read(a_run(SHELL, 5, stdout="no tests ran in 0.1s\n")).status is Status.FAILED


def test_a_shell_s_failures_are_found_in_the_summary() -> None:
    said = (
        "FAILED tests/test_a.py::TestX::test_y[2] - assert 2 == 1\n"
        "ERROR tests/test_b.py\n=== 1 failed, 1 error in 0.5s ===\n"
    )
    reading = kind.read(a_run(SHELL, 0, stdout=said))
    assert reading.status is Status.FAILED
    assert [(finding.rule, finding.path) for finding in reading.findings] == [
        ("tests/test_a.py::TestX::test_y[2]", "tests/test_a.py"),
        ("tests/test_b.py", "tests/test_b.py"),
    ]
    assert reading.figures["failed"] == reading.figures["errors"] == 1
