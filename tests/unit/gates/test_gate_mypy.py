from __future__ import annotations

import json

import pytest
from gate_samples import OUTPUTS, TREE, a_gate, a_run

from dark_factory.core.report import Finding, Level, Status
from dark_factory.gates import mypy

GATE = a_gate("mypy", "mypy", "src")
DONE = '<testsuite errors="0" failures="0"><testcase classname="mypy" name="mypy-py3_11-linux"></testcase></testsuite>'


def line(**more: object) -> str:
    return json.dumps(
        {
            "file": "src/a.py",
            "line": 6,
            "column": 11,
            "message": 'Incompatible return value type (got "int")',
            "hint": None,
            "code": "return-value",
            "severity": "error",
        }
        | more
    )


def test_json_the_report_and_a_cache_of_our_own_are_asked_for() -> None:
    added = ("--output=json", f"--junit-xml={OUTPUTS}/mypy.xml", f"--cache-dir={OUTPUTS}/mypy_cache")
    assert mypy.argv(GATE, OUTPUTS, wants=frozenset()) == ("mypy", "src", *added)
    own = a_gate("mypy", "uv", "run", "mypy", "--cache-dir", "x", "src")
    assert mypy.argv(own, OUTPUTS, wants=frozenset()) == (*own.command, *added[:2])


def test_errors_notes_and_hints_are_findings() -> None:
    text = "\n".join(
        [
            line(),
            line(severity="note", code="misc", message="Revealed type"),
            line(code=None, line=-1, hint="See b"),
            "",
        ]
    )
    reading = mypy.read(a_run(GATE, 1, stdout=text, reports={"mypy.xml": DONE}))
    assert reading.status is Status.FAILED
    assert reading.findings == (
        Finding(
            level=Level.ERROR,
            rule="return-value",
            message='Incompatible return value type (got "int")',
            path="src/a.py",
            line=6,
        ),
        Finding(level=Level.NOTE, rule="misc", message="Revealed type", path="src/a.py", line=6),
        Finding(
            level=Level.ERROR,
            rule="misc",
            message='Incompatible return value type (got "int")\nSee b',
            path="src/a.py",
            line=None,
        ),
    )
    assert reading.figures == {"errors": 2}
    assert reading.counts == {"errors"}


def test_a_blank_line_is_mypy_s_word_for_a_clean_tree_only_with_its_report() -> None:
    assert mypy.read(a_run(GATE, 0, stdout="\n", reports={"mypy.xml": DONE})).status is Status.PASSED
    assert mypy.read(a_run(GATE, 0, stdout="\n")).status is Status.ERRORED
    assert mypy.read(a_run(GATE, 0, stdout="\n", reports={"mypy.xml": "<testsuite/>"})).status is Status.ERRORED


def test_a_syntax_error_is_the_code_s_fault_and_no_count_to_bound() -> None:
    for run in (
        a_run(GATE, 2, stdout=line(code="syntax", message="invalid syntax")),
        a_run(GATE, 2, stderr=f"{TREE}/src/a.py:6: error: invalid syntax  [syntax]\n"),
    ):
        reading = mypy.read(run)
        assert reading.status is Status.FAILED
        assert [(found.rule, found.path, found.line) for found in reading.findings] == [("syntax", "src/a.py", 6)]
        assert reading.counts == frozenset()


@pytest.mark.parametrize(
    ("stdout", "stderr", "words"),
    [
        ("Found 1 error in 1 file\n", "nothere: error: Cannot read file: No such file or directory\n", "Cannot read"),
        ("", "usage: mypy [-h]\n\nmypy: error: unrecognized arguments: --output=json\n", "unrecognized arguments"),
        ("", "src/a.py:3: error: INTERNAL ERROR -- please report a bug\n", "INTERNAL ERROR"),
    ],
)
def test_what_kept_mypy_from_checking_is_errored(stdout: str, stderr: str, words: str) -> None:
    reading = mypy.read(a_run(GATE, 2, stdout=stdout, stderr=stderr))
    assert reading.status is Status.ERRORED
    assert words in reading.reason


def test_a_configuration_that_mypy_leaves_aside_is_not_passed() -> None:
    said = "pyproject.toml: Expected ']' at the end of a table declaration (at line 1, column 11)\n"
    reading = mypy.read(a_run(GATE, 0, stdout="\n", stderr=said, reports={"mypy.xml": DONE}))
    assert reading.status is Status.ERRORED
    assert "Expected ']'" in reading.reason
    one_option = "setup.cfg: [mypy]: Unrecognized option: foo = True\n"
    assert mypy.read(a_run(GATE, 0, stderr=one_option, reports={"mypy.xml": DONE})).status is Status.PASSED


def test_no_file_to_check_is_failed() -> None:
    reading = mypy.read(a_run(GATE, 2, stderr="There are no .py[i] files in directory 'src'\n"))
    assert reading.status is Status.FAILED


def test_notes_alone_with_status_one_are_failed_with_a_reason() -> None:
    reading = mypy.read(a_run(GATE, 1, stdout=line(severity="note"), reports={"mypy.xml": DONE}))
    assert reading.status is Status.FAILED
    assert reading.reason
    assert reading.counts == frozenset()


def test_what_was_cut_from_stdout_is_taken_from_the_report() -> None:
    text = "\n".join(line(line=number) for number in range(1, 5)).replace('"', "&quot;")
    report = f'<testsuite><testcase name="m"><failure message="x">{text}</failure></testcase></testsuite>'
    reading = mypy.read(a_run(GATE, 1, stdout=line()[:40], size=10**6, reports={"mypy.xml": report}))
    assert reading.figures == {"errors": 4}


def test_a_shell_s_text_is_read_as_far_as_it_goes() -> None:
    gate = a_gate("mypy", "bash", "-c", "mypy src")
    said = 'src/a.py:6: error: Incompatible "int"  [return-value]\nsrc/a.py:6:3: note: see\nFound 1 error\n'
    reading = mypy.read(a_run(gate, 1, stdout=said))
    assert reading.status is Status.FAILED
    assert [(found.level, found.rule, found.line) for found in reading.findings] == [
        (Level.ERROR, "return-value", 6),
        (Level.NOTE, "misc", 6),
    ]
    assert mypy.read(a_run(gate, 0, stdout="Success: no issues found in 1 source file\n")).status is Status.PASSED
