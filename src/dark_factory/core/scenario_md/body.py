"""The sections of a scenario's markdown: what the file says below its frontmatter."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field

from dark_factory.core.checking.problems import nearest
from dark_factory.core.scenario_md.markdown import Block, Heading, Outline, outline
from dark_factory.core.scenario_md.page import Page

CATEGORY = "Category"
PRECONDITIONS = "Preconditions"
EXPECTATION = "Behavioral Expectation"
EVALUATION = "Evaluation Method"
CRITERIA = "Pass Criteria"
EVIDENCE = "Evidence Required"
SECTIONS = {
    CATEGORY: "one word such as integration, here or as `category` in the frontmatter",
    PRECONDITIONS: "a list of what must be true before the evaluation",
    EXPECTATION: "what the system should do, as seen from outside",
    EVALUATION: "a ```bash block with the command that tests it",
    CRITERIA: "the condition for a pass",
    EVIDENCE: "a list of what to keep as proof",
}
"""The sections that every scenario has, and what stands in each."""


_SHELLS = ("bash", "sh", "shell")
_TITLE = re.compile(r"scenario\s*:\s*(.*)", re.IGNORECASE)
_NEVER_EMPTY = (CATEGORY, EXPECTATION, CRITERIA)
# More headings than this are no help in guessing what a missing one was meant to be.
_MOST_GUESSES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What stands below a section's heading.

    text: without blank lines around it. start: the position of its first character. line: of the heading, from 1.
    """

    text: str
    start: int
    line: int


@dataclass(slots=True, kw_only=True)
class Body:
    """What the markdown says; whatever has a problem is left empty.

    name_line: the line of the title, from 1. sections: by their names in SECTIONS. category: its one line.
    """

    name: str = ""
    name_line: int = 1
    category: str = ""
    script: str = ""
    sections: dict[str, Section] = field(default_factory=dict)


def read_body(page: Page, *, start: int, category_given: bool) -> Body:
    """Read the page from the character `start` on; problems are added to the page.

    category_given: whether the frontmatter names the category, so that its section may be left out.
    """
    body = Body()
    if not page.text[start:].strip():
        page.add("the scenario is empty", 1, hint="begin with '# Scenario: ' and a name")
        return body
    found = outline(page.text, start=start)
    if found.unclosed_comment is not None:
        page.add("this comment is never closed", found.unclosed_comment, hint="close it with -->")
        return body
    if found.too_many is not None:
        page.add("too many headings and blocks for one scenario", found.too_many, hint="data belongs inside a block")
        return body
    unclosed = next((block for block in found.blocks if not block.closed), None)
    if unclosed:
        hint = "close it with a fence of the same signs; a block that holds ``` itself begins and ends with ````"
        page.add("this code block is never closed", unclosed.line, hint=hint)
    _read_title(page, found, body, complete=not unclosed)
    headings = _read_sections(page, found, body)
    if not unclosed:
        _report_missing(page, found, body, category_given=category_given)
        _report_empty(page, body)
    if CATEGORY in body.sections:
        _read_category(page, body)
    if EVALUATION in headings:
        _read_script(page, found, body, headings[EVALUATION])
    return body


def _read_title(page: Page, found: Outline, body: Body, *, complete: bool) -> None:
    titles = [
        (heading, match)
        for heading in found.headings
        if heading.level == 1 and (match := _TITLE.fullmatch(heading.text))
    ]
    if not titles:
        if complete:
            _report_missing_title(page, found)
        return
    heading, match = titles[0]
    for second, _ in titles[1:]:
        message = f"a second title; the first is on line {heading.line}"
        page.add(message, second.line, hint="write each scenario into a file of its own")
    body.name_line = heading.line
    body.name = " ".join(_without_brackets(match[1]).split())
    if not body.name:
        page.add("the scenario has no name", heading.line, hint="write it after '# Scenario: '")


def _report_missing_title(page: Page, found: Outline) -> None:
    near = next((heading for heading in found.headings if "scenario" in heading.text.lower()), None)
    near = near or next((heading for heading in found.headings if heading.level == 1), None)
    if near is None:
        page.add("missing title '# Scenario: name'", 1, hint="write it above the sections")
        return
    name = re.sub(r"^scenario\W*", "", near.text, flags=re.IGNORECASE) or "name"
    page.add("missing title '# Scenario: name'", near.line, hint=f"did you mean '# Scenario: {name[:80]}'?")


def _read_sections(page: Page, found: Outline, body: Body) -> dict[str, tuple[int, int]]:
    """Fill `body.sections`; return the positions where each section's text begins and ends."""
    spans: dict[str, tuple[int, int]] = {}
    for heading, end in _sections(page, found):
        name = _known(heading)
        if name is None:
            continue
        if first := body.sections.get(name):
            message = f"a second section '## {name}'; the first is on line {first.line}"
            page.add(message, heading.line, hint="join the two")
            continue
        spans[name] = (heading.end, end)
        text = page.text[heading.end : end].rstrip()
        start = heading.end + len(text) - len(text.lstrip())
        body.sections[name] = Section(text=text.lstrip(), start=start, line=heading.line)
    return spans


def _sections(page: Page, found: Outline) -> list[tuple[Heading, int]]:
    """Each heading of level 2, and where its section ends: at the next heading of level 1 or 2."""
    dividing = [heading for heading in found.headings if heading.level <= 2]
    ends = [heading.start for heading in dividing[1:]] + [len(page.text)]
    return [(heading, end) for heading, end in zip(dividing, ends, strict=False) if heading.level == 2]


def _known(heading: Heading) -> str | None:
    words = " ".join(heading.text.lower().split())
    return next((name for name in SECTIONS if name.lower() == words), None)


def _report_missing(page: Page, found: Outline, body: Body, *, category_given: bool) -> None:
    for name in SECTIONS:
        if name in body.sections or (name == CATEGORY and category_given):
            continue
        line, hint = _guess(page, found, name)
        page.add(f"missing section '## {name}'", line or body.name_line, hint=hint)


def _guess(page: Page, found: Outline, name: str) -> tuple[int | None, str]:
    """The line that was probably meant to begin a missing section, and what to write there."""
    for heading in itertools.islice(found.headings, _MOST_GUESSES):
        if len(heading.text) > 80 or (heading.level == 2 and _known(heading)):
            continue
        if nearest(heading.text, [name]):
            return heading.line, f"{'#' * heading.level} {heading.text}: did you mean '## {name}'?"
    unspaced = re.search(rf"^ {{0,3}}#+{re.escape(name)}\b", page.text, re.MULTILINE | re.IGNORECASE)
    if unspaced:
        return page.text.count("\n", 0, unspaced.start()) + 1, f"write a space after the signs: '## {name}'"
    return None, f"add it, with {SECTIONS[name]}"


def _report_empty(page: Page, body: Body) -> None:
    for name in _NEVER_EMPTY:
        section = body.sections.get(name)
        if section and not section.text:
            page.add(f"the section '## {name}' is empty", section.line, hint="write at least one line below it")


def _read_category(page: Page, body: Body) -> None:
    section = body.sections[CATEGORY]
    text = re.sub(r"<!--.*?-->", "", section.text[:2000], flags=re.DOTALL).strip()
    category = _without_brackets(text.split("\n", 1)[0].strip().strip("`"))
    if "|" in category:
        page.add("the category is a choice of several", section.line, hint="keep one of them below the heading")
        return
    body.category = category


def _read_script(page: Page, found: Outline, body: Body, span: tuple[int, int]) -> None:
    line = body.sections[EVALUATION].line
    inside = [block for block in found.blocks if span[0] <= block.start < span[1]]
    scripts = [block for block in inside if block.language in _SHELLS]
    if not scripts:
        place, hint = _guess_script(page, inside, span)
        page.add("the section '## Evaluation Method' has no bash block", place or line, hint=hint)
        return
    script = scripts[0]
    for second in scripts[1:]:
        message = f"a second bash block; the first is on line {script.line}"
        page.add(message, second.line, hint="join the two, or mark the one that is not to be run as ```console")
    if not script.closed:
        return
    if _is_empty(script.text):
        page.add("the command is empty", script.line, hint="an evaluation that runs nothing would always pass")
        return
    body.script = script.text


def _guess_script(page: Page, inside: list[Block], span: tuple[int, int]) -> tuple[int | None, str]:
    for block in inside:
        if not block.language:
            return block.line, "this block names no language: begin it with ```bash"
    if inside:
        return inside[0].line, f"a block of {inside[0].language[:40]} is not run: put the command into a ```bash block"
    near = re.compile(r"^(?:[ \t]+|\\|> ?)(?:`{3,}|~{3,})", re.MULTILINE).search(page.text, span[0], span[1])
    if near:
        line = page.text.count("\n", 0, near.start()) + 1
        return line, "a code block begins with ```bash, indented by at most three spaces and with nothing before it"
    return None, "write the command between a line ```bash and a line ```"


def _is_empty(script: str) -> bool:
    return not re.search(r"^[ \t]*[^\s#]", script, re.MULTILINE)


def _without_brackets(text: str) -> str:
    """The text without the brackets that mark a blank in the template."""
    text = text.strip()
    inner = text[1:-1]
    bracketed = text.startswith("[") and text.endswith("]") and "[" not in inner and "]" not in inner
    return inner.strip() if bracketed else text
