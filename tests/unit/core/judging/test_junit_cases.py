from __future__ import annotations

import contextlib
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.judging.gate_report import MAX_SIZE, ReportError
from dark_factory.core.judging.junit_cases import junit_cases
from dark_factory.core.report import Status

TEXT = st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f"), max_size=20)

BOMB = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;">]>
<testsuite><testcase name="&y;&y;&y;"/></testsuite>"""


def test_cases_have_name_place_and_outcome() -> None:
    data = b"""<testsuites><testsuite name="s"><properties><property name="p"/></properties>
    <testcase classname="t.T" name="a" file="t.py" line="4"/>
    <testcase name="b"><failure message="m">long &lt;text&gt;</failure><system-out>noise</system-out></testcase>
    <testcase name="c"><error message="e"/><failure message="later"/></testcase>
    <testcase name="d"><skipped message="s">why</skipped></testcase><testcase line="-3"/></testsuite></testsuites>"""
    first, failed, errored, skipped, nameless = junit_cases(data)
    assert (first.classname, first.name, first.file, first.line, first.status) == ("t.T", "a", "t.py", 4, Status.PASSED)
    assert (failed.status, failed.message, failed.text) == (Status.FAILED, "m", "long <text>")
    assert (errored.status, errored.message) == (Status.ERRORED, "e")
    assert (skipped.status, skipped.text) == (Status.SKIPPED, "why")
    assert (nameless.name, nameless.line, nameless.status) == ("", None, Status.PASSED)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no xml",
        b"<html/>",
        b"<testsuite>",
        b"<testsuite/><testsuite/>",
        b'<testsuite><testcase name="\x01"/></testsuite>',
        BOMB,
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><testsuite/>',
        BOMB.decode().encode("utf-16"),
        b"<testsuite>" + b" " * MAX_SIZE + b"</testsuite>",
    ],
)
def test_what_no_writer_writes_is_refused(data: bytes) -> None:
    with pytest.raises(ReportError):
        junit_cases(data)


def test_a_document_type_is_refused_for_itself() -> None:
    with pytest.raises(ReportError, match="document type"):
        junit_cases(BOMB)


def test_deep_nesting_is_read_without_recursion() -> None:
    assert junit_cases(b"<testsuite>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</testsuite>") == ()


@given(cases=st.lists(st.tuples(TEXT, TEXT, st.sampled_from(["", "failure", "error", "skipped"])), max_size=5))
@settings(deadline=None, max_examples=80)
def test_every_case_is_read_back(cases: list[tuple[str, str, str]]) -> None:
    inner = "".join(
        f"<testcase name={quoteattr(name)}>{f'<{tag}>{escape(text)}</{tag}>' if tag else ''}</testcase>"
        for name, text, tag in cases
    )
    read = junit_cases(f"<testsuite>{inner}</testsuite>".encode())
    outcomes = {"": Status.PASSED, "failure": Status.FAILED, "error": Status.ERRORED, "skipped": Status.SKIPPED}
    assert [case.status for case in read] == [outcomes[tag] for _, _, tag in cases]
    assert [case.text for case in read] == [text if tag else "" for _, text, tag in cases]
    assert [case.name.split() for case in read] == [name.split() for name, _, _ in cases]


@given(data=st.binary(max_size=80))
@settings(deadline=None, max_examples=150)
def test_any_bytes_are_cases_or_refused(data: bytes) -> None:
    for document in (data, b"<testsuite>" + data + b"</testsuite>"):
        with contextlib.suppress(ReportError):
            assert isinstance(junit_cases(document), tuple)
