"""The test cases of a JUnit XML file, read as a stream because the code under test can write to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from xml.parsers import expat

from dark_factory.core.judging.gate_report import ReportError, check_size, clean
from dark_factory.core.report import Status

_OUTCOMES = {"failure": Status.FAILED, "error": Status.ERRORED, "skipped": Status.SKIPPED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test case.

    name: empty when the writer was stopped in the middle of the test.
    file, line: where the test stands, as the writer says it (pytest counts lines from 0); None in most dialects.
    status: errored when the test could not be run, e.g. its module could not be imported.
    message, text: the short and the long form of what went wrong.
    """

    name: str
    classname: str
    status: Status
    file: str | None = None
    line: int | None = None
    message: str = ""
    text: str = ""


def junit_cases(data: bytes) -> tuple[Case, ...]:
    """All test cases in the order of the file.

    A document type is refused, since entities that grow without bound need one. Raises ReportError for what is not
    well-formed XML, is too large, or has neither `testsuites` nor `testsuite` as its root.
    """
    check_size(data)
    reader = _Reader()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError) as error:
        raise ReportError(f"it is not XML ({clean(str(error), limit=200)})") from None
    return tuple(reader.cases)


class _Reader:
    """Keeps the open test case only; everything else of the document is passed by."""

    def __init__(self) -> None:
        self.cases: list[Case] = []
        self._depth = 0
        self._case: Mapping[str, str] | None = None
        self._status = Status.PASSED
        self._message = ""
        self._text: list[str] = []
        self._inside: str | None = None

    def doctype(self, *_: object) -> None:
        raise ReportError("it has a document type")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self._depth and tag not in ("testsuites", "testsuite"):
            raise ReportError(f"its root is {clean(tag, limit=40)!r}")
        self._depth += 1
        if tag == "testcase":
            self._case, self._status, self._message, self._text = attributes, Status.PASSED, "", []
        elif self._case is not None and tag in _OUTCOMES and self._status is Status.PASSED:
            self._status = _OUTCOMES[tag]
            self._message = attributes.get("message", "")
            self._inside = tag

    def end(self, tag: str) -> None:
        self._depth -= 1
        if tag == self._inside:
            self._inside = None
        elif tag == "testcase" and self._case is not None:
            self.cases.append(self._closed(self._case))
            self._case = self._inside = None

    def characters(self, text: str) -> None:
        if self._inside is not None:
            self._text.append(text)

    def _closed(self, attributes: Mapping[str, str]) -> Case:
        line = attributes.get("line", "")
        return Case(
            name=clean(attributes.get("name", "")),
            classname=clean(attributes.get("classname", "")),
            status=self._status,
            file=clean(attributes.get("file", "")) or None,
            line=int(line) if line.isascii() and line.isdigit() and len(line) < 10 else None,
            message=self._message,
            text="".join(self._text),
        )
