"""Scenario files: what is read from a good one, and the place of everything that can be wrong with a bad one."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.config import Disclosure
from dark_factory.core.errors import ExitStatus, InputError
from dark_factory.core.scenario import Expectation, Requirements, Scenario
from dark_factory.core.scenario_md.load import load_scenarios, parse_scenario
from dark_factory.core.schema import Problem

SCHEMA: Mapping[str, object] = json.loads(
    (Path(__file__).parents[4] / "schemas" / "scenario.schema.json").read_text("utf-8")
)
GOOD = """\
# Scenario: Short links redirect

## Category
integration

## Preconditions
- the server is built

## Behavioral Expectation
A short link leads to its page.

## Evaluation Method
```bash
./redirect abc
```

## Pass Criteria
The command exits 0.

## Evidence Required
- the server's log
"""


def parse(text: str | bytes, path: str = "scenarios/url-redirects.md") -> Scenario:
    return parse_scenario(text if isinstance(text, bytes) else text.encode(), path=path, schema=SCHEMA)


def problems(text: str | bytes, path: str = "scenarios/a.md") -> tuple[Problem, ...]:
    with pytest.raises(InputError) as caught:
        parse(text, path)
    assert caught.value.status is ExitStatus.BAD_INPUT
    assert caught.value.do
    return caught.value.problems


def problem(text: str | bytes) -> Problem:
    (found,) = problems(text)
    return found


def with_header(header: str, body: str = GOOD) -> str:
    return f"---\n{header}\n---\n{body}"


def test_the_seed_format_needs_no_frontmatter() -> None:
    scenario = parse(GOOD)
    assert scenario == Scenario(
        id="url-redirects",
        name="Short links redirect",
        path="scenarios/url-redirects.md",
        text=GOOD,
        script="./redirect abc\n",
        category="integration",
        preconditions="- the server is built",
        expectation_text="A short link leads to its page.",
        pass_criteria="The command exits 0.",
        evidence_text="- the server's log",
    )


def test_the_frontmatter_adds_its_keys() -> None:
    header = """\
id: links.2
name: Short links redirect
category: Integration
timeout: 1m30s
weight: 2.5
repeat: 3
requires:
  commands: [curl, jq]
  env: TOKEN
  platform: linux
  modules: [numpy.linalg]
resources: {gpu: 2}
expect:
  exit_status: 0
  stdout: '^ok\\.$'
  stderr: [warn, "again"]
  files: dist/*.whl
evidence: [logs/*.txt]
disclose: outcome"""
    scenario = parse(with_header(header))
    assert scenario.id == "links.2"
    assert scenario.category == "integration"
    assert (scenario.timeout, scenario.weight, scenario.repeat) == (90.0, 2.5, 3)
    assert scenario.requires == Requirements(
        commands=("curl", "jq"), env=("TOKEN",), platform=("linux",), modules=("numpy.linalg",)
    )
    assert scenario.resources == {"gpu": 2}
    assert scenario.expect == Expectation(stdout=(r"^ok\.$",), stderr=("warn", "again"), files=("dist/*.whl",))
    assert scenario.evidence == ("logs/*.txt",)
    assert scenario.disclose is Disclosure.OUTCOME


def test_a_list_of_resources_takes_one_of_each() -> None:
    assert parse(with_header("resources: [port, gpu]")).resources == {"port": 1, "gpu": 1}


def test_the_category_may_stand_in_the_frontmatter_alone() -> None:
    body = GOOD.replace("## Category\nintegration\n\n", "")
    assert parse(with_header("category: pipeline", body)).category == "pipeline"


def test_the_brackets_of_the_template_are_no_part_of_a_name() -> None:
    scenario = parse(GOOD.replace("integration", "[integration]").replace("Short links redirect", "[short links]"))
    assert (scenario.category, scenario.name) == ("integration", "short links")


@pytest.mark.parametrize("language", ["bash", "sh", "shell", "BASH", "bash title=x"])
def test_the_script_may_be_marked_as_any_shell(language: str) -> None:
    assert parse(GOOD.replace("```bash", f"```{language}")).script == "./redirect abc\n"


def test_section_names_may_be_in_any_case() -> None:
    assert parse(GOOD.replace("## Pass Criteria", "## pass  criteria ##")).pass_criteria == "The command exits 0."


def test_unknown_sections_and_blocks_of_other_languages_are_the_authors_own() -> None:
    text = GOOD.replace("```bash", "```json\n{}\n```\n\n```bash") + "\n## Notes\n```bash\nnot run\n```\n"
    assert parse(text).script == "./redirect abc\n"


def test_a_heading_inside_a_heredoc_is_part_of_the_script() -> None:
    script = "cat <<'EOF'\n## Pass Criteria\n# Scenario: other\n```\nEOF\n"
    text = GOOD.replace("```bash\n./redirect abc\n```", f"````bash\n{script}````")
    assert parse(text).script == script


def test_what_is_in_a_comment_is_not_there() -> None:
    comment = "<!--\n## Category\nother\n```bash\nold\n```\n-->\n"
    assert parse(comment + GOOD).script == "./redirect abc\n"


def test_windows_line_ends_and_a_byte_order_mark_are_taken_away() -> None:
    source = b"\xef\xbb\xbf" + with_header("weight: 2").replace("\n", "\r\n").encode()
    scenario = parse(source)
    assert scenario.script == "./redirect abc\n"
    assert scenario.text == with_header("weight: 2")
    assert scenario.weight == 2


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("scenarios/deep/url-redirects.md", "url-redirects"),
        ("scenarios/my nice (new) one.md", "my-nice-new-one"),
        ("scenarios/.hidden.md", "hidden"),
    ],
)
def test_the_id_comes_from_the_name_of_the_file(path: str, expected: str) -> None:
    assert parse(GOOD, path).id == expected


def test_a_name_without_a_single_usable_character_gives_no_id() -> None:
    (found,) = problems(GOOD, "scenarios/\u65e5\u672c.md")
    assert found.message == 'the file\'s name "\u65e5\u672c" gives no id'


# --- the body


@pytest.mark.parametrize(
    ("old", "new", "line", "message", "hint"),
    [
        (
            "# Scenario: Short",
            "# Short",
            1,
            "missing title '# Scenario: name'",
            "did you mean '# Scenario: Short links",
        ),
        ("# Scenario: Short links redirect", "", 1, "missing title '# Scenario: name'", "above the sections"),
        ("# Scenario: Short", "## Scenario: Short", 1, "missing title", "'# Scenario: Short links redirect'?"),
        ("Short links redirect", "", 1, "the scenario has no name", "after '# Scenario: '"),
        ("## Notes\n", "# Scenario: again\n", 23, "a second title; the first is on line 1", "file of its own"),
        ("## Pass Criteria\nThe", "The", 1, "missing section '## Pass Criteria'", "the condition for a pass"),
        ("## Category\nintegration\n", "", 1, "missing section '## Category'", "`category` in the frontmatter"),
        ("## Evidence R", "##Evidence R", 20, "missing section '## Evidence Required'", "write a space"),
        (
            "## Evaluation Method",
            "## Evaluation Methods",
            12,
            "missing section '## Evaluation Method'",
            "## Evaluation Methods: did you mean '## Evaluation Method'?",
        ),
        ("## Precond", "### Precond", 6, "missing section '## Preconditions'", "did you mean '## Preconditions'?"),
        ("## Notes\n", "## Category\n", 23, "a second section '## Category'; the first is on line 3", "join"),
        ("A short link leads to its page.", "", 9, "the section '## Behavioral Expectation' is empty", "one line"),
        ("integration", "[a | b]", 3, "the category is a choice of several", "keep one"),
        ("./redirect abc", "# only words", 13, "the command is empty", "always pass"),
        ("./redirect abc\n", "", 13, "the command is empty", "always pass"),
        ("./redirect abc", " \n\t", 13, "the command is empty", "always pass"),
        ("abc\n```", "abc\n```\n```sh\nb\n```", 16, "a second bash block; the first is on line 13", "join the two"),
        ("```bash", "```", 13, "the section '## Evaluation Method' has no bash block", "begin it with ```bash"),
        ("```bash", "```python", 13, "the section '## Evaluation Method' has no bash", "a block of python is not run"),
        ("```bash\n./redirect abc\n```", "./x", 12, "the section '## Evaluation Method' has no bash", "line ```bash"),
        ("```bash\n./redirect abc\n```", "\\```bash\nx\n\\```", 13, "the section '## Evaluation Me", "nothing before"),
        ("```bash\n./redirect abc\n```", "    ```bash\n    x", 13, "the section '## Evaluation Me", "three spaces"),
        ("abc\n```", "abc\n``", 13, "this code block is never closed", "same signs"),
        ("## Notes\n", "<!-- a note", 23, "this comment is never closed", "-->"),
    ],
)
def test_each_problem_of_the_body_has_its_line(old: str, new: str, line: int, message: str, hint: str) -> None:
    text = GOOD + "\n## Notes\n"
    assert old in text
    found = problem(text.replace(old, new, 1))
    assert (found.path, found.line, found.column) == ("scenarios/a.md", line, 1)
    assert message in found.message
    assert hint in found.hint
    assert found.source == text.replace(old, new, 1).split("\n")[line - 1]


@pytest.mark.parametrize("text", ["", "\n\n", "---\n---\n"])
def test_an_empty_file_is_one_problem(text: str) -> None:
    assert problem(text).message == "the scenario is empty"


def test_all_problems_of_a_file_come_at_once_in_order() -> None:
    text = with_header("weigth: 2\nrepeat: 0\nexpect: {stdout: '('}", GOOD.replace("./redirect abc", ""))
    assert [(found.line, found.pointer) for found in problems(text)] == [
        (2, "weigth"),
        (3, "repeat"),
        (4, "expect.stdout"),
        (18, ""),
    ]


# --- the frontmatter


@pytest.mark.parametrize(
    ("header", "line", "column", "message", "hint"),
    [
        ("categoy: x", 2, 1, "unknown key", 'did you mean "category"?'),
        ("weight: 1\nexpect:\n  exit: 1", 4, 3, "unknown key", "exit_status"),
        ("timeout: 90", 2, 1, "got the integer 90", "90s"),
        ("timeout: 2s1m", 2, 10, "units from large to small", "1h30m"),
        ("id: 1.0", 2, 1, "got the float 1.0", "write it in quotes: '1.0'"),
        ("requires: {modules: 2024-01-01}", 2, 12, "2024-01-01", ""),
        ("requires: {env: [on]}", 2, 18, "got true", "write it in quotes: 'on'"),
        ("id: ../x", 2, 1, 'got the string "../x"', ""),
        ('id: "x\\n"', 2, 1, "expected a scenario id", ""),
        ("weight: .nan", 2, 1, "got the float nan", ""),
        ("weight: 0", 2, 1, "above 0", ""),
        ("repeat: 101", 2, 1, "from 1 to 100", ""),
        ("resources: {gpu: 0}", 2, 13, "at least 1", ""),
        ("requires: {platform: windows}", 2, 12, '"linux" or "macos"', ""),
        ("expect: {exit_status: 256}", 2, 10, "from 0 to 255", ""),
        ("disclose: everything", 2, 1, '"output", "outcome" or "count"', ""),
        ("expect:\n  stdout: [ok, '(a']", 3, 16, "missing ), unterminated subpattern at character 1", "backslash"),
        ("expect: {files: /etc/passwd}", 2, 17, "leaves the repository", "relative"),
        ("evidence: [logs/../../x]", 2, 12, "leaves the repository", "relative"),
        ("weight: 1\nweight: 2", 3, 1, 'the key "weight" is given twice, first on line 2', "keep one"),
        ("name: a: b", 2, 8, "not valid YAML", "in quotes"),
        ("requires:\n\tenv: X", 3, 1, "not valid YAML", "tabs"),
        ("a: &x [1]\nb: *x", 2, 4, "anchors and aliases are not read", "write the value out"),
        ("- name", 2, 1, "no table of keys", "key: value"),
        ("evidence: [a, b", 2, 11, "not valid YAML", "closing bracket"),
    ],
)
def test_each_problem_of_the_frontmatter_has_its_place(
    header: str, line: int, column: int, message: str, hint: str
) -> None:
    found = problem(with_header(header))
    assert (found.line, found.column) == (line, column), found
    assert message in found.message
    assert hint in found.hint
    assert found.source == header.split("\n")[line - 2]


def test_frontmatter_that_never_ends_is_one_problem() -> None:
    found = problem("---\nweight: 1\n" + GOOD)
    assert (found.line, found.message) == (1, "the frontmatter is never closed")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("name: Long links", 'line 2 says "Long links", but the title on line 4 says "Short links redirect"'),
        ("category: pipeline", 'line 2 says "pipeline", but the section on line 6 says "integration"'),
        ("expect: {exit_status: 3}", 'line 2 says 3, but the pass criteria on line 21 say "exits 0"'),
    ],
)
def test_a_contradiction_names_both_lines(header: str, message: str) -> None:
    found = problem(with_header(header))
    assert found.line == 2
    assert found.message == message


@pytest.mark.parametrize(
    "words", ["exit 0", "exits with `0`", "exit status 0", "Exit code: 0", "exited with status 0."]
)
def test_the_ways_to_say_exit_status_zero(words: str) -> None:
    text = with_header("expect: {exit_status: 3}", GOOD.replace("The command exits 0.", f"\nFirst.\nIt: {words}"))
    assert "pass criteria on line 23" in problem(text).message


@pytest.mark.parametrize(
    "words", ["exits 3", "does not exit 0", "exit status is other than 0", "exit code 0.5", "non-zero"]
)
def test_what_does_not_say_exit_status_zero(words: str) -> None:
    assert parse(with_header("expect: {exit_status: 3}", GOOD.replace("exits 0.", words))).expect.exit_status == 3


# --- bytes


@pytest.mark.parametrize(
    ("source", "line", "column", "message"),
    [
        (b"\xef\xbb\xbf# a\n\xc3\xa9\xe9", 2, 2, "the file is not UTF-8: byte 0xE9 at offset 9"),
        (GOOD.encode("utf-16"), 1, 1, "the file is UTF-16"),
        (b"# Scenario: a\nb\0c", 2, 2, "the file holds a NUL character"),
    ],
)
def test_bytes_that_are_no_text_have_their_place(source: bytes, line: int, column: int, message: str) -> None:
    found = problem(source)
    assert (found.line, found.column, found.message) == (line, column, message)


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("./redirect abc", "echo hello # world\n" * 270_000),
        GOOD.replace("./redirect abc", "cat <<X\n" + "## Category\n" * 420_000 + "X"),
        GOOD + "x" * 5_000_000,
        GOOD + "lorem ipsum\n" * 420_000,
    ],
    ids=["script", "heredoc", "one line", "prose"],
)
def test_five_megabytes_take_well_under_a_second(text: str) -> None:
    source = text.encode()
    began = time.process_time()
    parse(source)
    assert time.process_time() - began < 1


def test_a_file_of_headings_alone_is_refused_early() -> None:
    began = time.process_time()
    found = problem(GOOD + "#\n" * 2_500_000)
    assert time.process_time() - began < 1
    assert found.message == "too many headings and blocks for one scenario"


# --- many files


def test_scenarios_are_ordered_by_path() -> None:
    sources = {path: GOOD.encode() for path in ("scenarios/b.md", "scenarios/a.md", "scenarios/a/c.md")}
    assert [scenario.id for scenario in load_scenarios(sources, schema=SCHEMA)] == ["a", "c", "b"]


def test_problems_of_all_files_come_at_once() -> None:
    sources = {"scenarios/b.md": b"", "scenarios/a.md": b"\xff", "scenarios/c.md": GOOD.encode()}
    with pytest.raises(InputError, match="2 problems in the scenarios") as caught:
        load_scenarios(sources, schema=SCHEMA)
    assert [found.path for found in caught.value.problems] == ["scenarios/a.md", "scenarios/b.md"]


def test_a_shared_id_names_both_files_and_lines() -> None:
    sources = {
        "scenarios/a/login.md": b"\n" + GOOD.encode(),
        "scenarios/b/other.md": with_header("weight: 1\nid: Login").encode(),
    }
    with pytest.raises(InputError) as caught:
        load_scenarios(sources, schema=SCHEMA)
    (found,) = caught.value.problems
    assert found.place == "scenarios/b/other.md:3:1"
    assert found.message == 'the id "Login" is already that of scenarios/a/login.md:2'


# --- properties

BROKEN_HEADERS = ["", "---\nid: 1\n---\n", "---\n"]
PIECES = [*GOOD.split("\n"), "---", "id: x", "a: [", "~~~", "````", "<!--", "-->", "\t", "\0", "\r", "expect: {a: *b}"]


@settings(deadline=None, max_examples=150)
@given(
    st.one_of(st.binary(), st.text().map(str.encode), st.lists(st.sampled_from(PIECES)).map("\n".join).map(str.encode))
)
def test_anything_is_a_scenario_or_an_input_error(source: bytes) -> None:
    for header in BROKEN_HEADERS:
        try:
            parse_scenario(header.encode() + source, path="scenarios/a.md", schema=SCHEMA)
        except InputError as error:
            refused = error
        else:
            continue
        assert refused.problems
        assert all(found.line and found.column for found in refused.problems)
        assert str(refused)


YAML_WORDS = st.sampled_from(
    [
        "id",
        "expect",
        ":",
        ": ",
        "\n",
        "\n  ",
        "- ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "'",
        '"',
        "&a ",
        "*a",
        "!!x ",
        "yes",
        "1",
        "#",
        "|",
        ">",
    ]
)


@settings(deadline=None, max_examples=300)
@given(st.lists(YAML_WORDS, max_size=12).map("".join))
def test_any_frontmatter_is_read_or_refused(header: str) -> None:
    try:
        parse(with_header(header))
    except InputError as error:
        refused = error
    else:
        return
    assert all(found.line and found.column for found in refused.problems)


SCRIPT_LINES = st.sampled_from(
    [
        "echo hi",
        "cat <<'EOF'",
        "## Category",
        "# Scenario: x",
        "EOF",
        "```",
        "~~~~",
        "  ```bash",
        "",
        "\t",
        "<!--",
        "---",
        "a\rb",
    ]
)


@settings(deadline=None, max_examples=200)
@given(
    lines=st.lists(SCRIPT_LINES),
    fence=st.sampled_from(["`", "~"]),
    indent=st.integers(0, 3),
    ends=st.sampled_from(["\n", "\r\n"]),
    header=st.sampled_from(["", "---\nweight: 2\n---\n"]),
)
def test_a_script_is_read_exactly_as_it_was_written(
    lines: list[str], fence: str, indent: int, ends: str, header: str
) -> None:
    script = "".join(line + "\n" for line in ["true", *lines])
    # Longer than any fence inside.
    marks, blank = fence * 5, " " * indent
    block = f"{blank}{marks}bash\n" + "".join(f"{blank}{line}\n" for line in script.split("\n")[:-1]) + blank + marks
    text = header + GOOD.replace("```bash\n./redirect abc\n```", block)
    assert parse(text.replace("\n", ends)).script == script
