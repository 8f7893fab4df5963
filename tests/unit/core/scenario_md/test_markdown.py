"""Headings and fences as CommonMark sees them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.scenario_md.markdown import outline


def headings(text: str) -> list[tuple[int, str, int]]:
    return [(heading.level, heading.text, heading.line) for heading in outline(text).headings]


def blocks(text: str) -> list[tuple[str, int, str, bool]]:
    return [(block.language, block.line, block.text, block.closed) for block in outline(text).blocks]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# a", [(1, "a", 1)]),
        ("\n   ###### a # b ##  ", [(6, "a # b", 2)]),
        ("## a#", [(2, "a#", 1)]),
        ("##\ta\n#\n## ##", [(2, "a", 1), (1, "", 2), (2, "", 3)]),
        ("####### a\n#a\n    # a\ntext # a\n\\# a", []),
        ("<!-- # a\n# b\n--> # c\n# d", [(1, "d", 4)]),
        ("<!--># a\n# b", [(1, "b", 2)]),
    ],
)
def test_headings(text: str, expected: list[tuple[int, str, int]]) -> None:
    assert headings(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```Bash x\na\n```", [("bash", 1, "a\n", True)]),
        ("~~~ ` ~\na\n~~~~  ", [("`", 1, "a\n", True)]),
        ("````\n```\n# a\n~~~~\n````", [("", 1, "```\n# a\n~~~~\n", True)]),
        ("```\n``` x\n    ```\n```", [("", 1, "``` x\n    ```\n", True)]),
        ("  ```\n   a\n b\nc\n```", [("", 1, " a\nb\nc\n", True)]),
        ("``` `\n# a", []),
        ("    ```\n", []),
        ("\n```sh\na", [("sh", 2, "a", False)]),
        ("```", [("", 1, "", False)]),
        ("```\n```\n```\n```", [("", 1, "", True), ("", 3, "", True)]),
        ("<!--\n```\n-->", []),
    ],
)
def test_blocks(text: str, expected: list[tuple[str, int, str, bool]]) -> None:
    assert blocks(text) == expected


def test_an_unclosed_comment_hides_the_rest_and_says_so() -> None:
    found = outline("# a\n<!-- b\n# c\n")
    assert [heading.text for heading in found.headings] == ["a"]
    assert found.unclosed_comment == 2


def test_lines_are_counted_from_the_beginning_of_the_text() -> None:
    found = outline("x\ny\n# a\n", start=4)
    assert found.headings[0].line == 3


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(["# a", "```", "~~~", "````x", "<!--", "-->", "text", "", " #", "#"])).map("\n".join))
def test_positions_and_lines_belong_together(text: str) -> None:
    found = outline(text)
    rows = text.split("\n")
    for heading in found.headings:
        assert text[heading.start : heading.end] == rows[heading.line - 1]
        assert not any(block.line < heading.line <= block.line + block.text.count("\n") for block in found.blocks)
    for block in found.blocks:
        assert text[block.start :].startswith(rows[block.line - 1])
        assert rows[block.line - 1].strip()[:3] in ("```", "~~~")
