"""YAML at the head of a file: its values, their places, and what is refused; with both of PyYAML's readers."""

from __future__ import annotations

import time

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dark_factory.core.scenario_md import frontmatter
from dark_factory.core.scenario_md.frontmatter import YamlError, read

READERS = [yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)]


@pytest.fixture(params=READERS, ids=["python", "c"], autouse=True)
def _reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frontmatter, "Loader", request.param)


def test_values_know_their_places() -> None:
    found = read("a: 1\nb:\n  - x\n  - {\u00e9: yes, c: 2.5}\nd:\n", first_line=2)
    assert found.value == {"a": 1, "b": ["x", {"\u00e9": True, "c": 2.5}], "d": None}
    assert found.keys == {
        ("a",): (2, 1),
        ("b",): (3, 1),
        ("b", 0): (4, 5),
        ("b", 1): (5, 5),
        ("b", 1, "\u00e9"): (5, 6),
        ("b", 1, "c"): (5, 14),
        ("d",): (6, 1),
    }
    assert found.values[("a",)] == (2, 4)
    assert found.unquoted == {("a",): "1", ("b", 1, "\u00e9"): "yes", ("b", 1, "c"): "2.5", ("d",): ""}


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "---\n"])
def test_nothing_is_an_empty_table(text: str) -> None:
    assert read(text).value == {}


def test_a_date_is_the_text_that_it_was_written_as() -> None:
    assert read("a: 2024-01-01\nb: 2024-99-99").value == {"a": "2024-01-01", "b": "2024-99-99"}


def test_keys_are_text_whatever_yaml_takes_them_for() -> None:
    assert read("8080: 1\non: 2\n<<: 3").value == {"8080": 1, "on": 2, "<<": 3}


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "hint"),
    [
        ("a: 1\n\nb: 2\na: 3", 4, 1, 'the key "a" is given twice, first on line 1', "keep one"),
        ("a: &b 1", 1, 4, "&b: anchors and aliases are not read", "&"),
        ("a:\n  *b : 1", 2, 3, "*b: anchors and aliases are not read", "*"),
        ("a: !!python/object:os.system x", 1, 4, "!!python/object:os.system: tags are not read", "!"),
        ("a: !b x", 1, 4, "!b: tags are not read", "!"),
        ("? [a]\n: b", 1, 3, "a key must be one word", ""),
        ("a: " + "9" * 5000, 1, 4, "this number cannot be read", "quotes"),
        ("a: 1\n--- \nb: 2", 2, 1, "a second YAML document", "keep one"),
        ("a: 'x\n", 1, 4, "not valid YAML", "must be closed"),
        ("a: [x\n", 1, 4, "not valid YAML", "closing bracket"),
        ("a:\n\tb: 1", 2, 1, "not valid YAML", "spaces"),
        ("a: b: c", 1, 5, "not valid YAML", "quotes"),
        ("a: @b", 1, 4, "not valid YAML", "quotes"),
        ('a: "\\d"', 1, 5, "not valid YAML", "backslash"),
        ("\u00e9: \u00e9\n\u00e9: \x01", 2, 4, "the character U+0001 is not allowed", "remove it"),
        ("a: 'b\u2028c'", 1, 6, "the character U+2028 is not allowed", "remove it"),
        ("a: \ufffe", 1, 4, "the character U+FFFE is not allowed", "remove it"),
        ("[" * 5000, 1, 18, "nested more than 16 deep", ""),
        ("- " * 5000, 1, 35, "nested more than 16 deep", ""),
        ("a" * 70_000, 1, 1, "70,000 characters; at most 65,536", "below"),
    ],
)
def test_what_cannot_be_read_has_its_place(text: str, line: int, column: int, message: str, hint: str) -> None:
    with pytest.raises(YamlError) as caught:
        read(text)
    error = caught.value
    # The two readers place an unknown escape one sign apart.
    assert (error.line, error.column - ("\\d" in text and error.column == 6)) == (line, column)
    assert message in error.message
    assert hint in error.hint


def test_a_billion_laughs_cost_nothing() -> None:
    text = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1},' * 9}]\n" for n in range(1, 12))
    began = time.process_time()
    with pytest.raises(YamlError, match="anchors"):
        read(text)
    assert time.process_time() - began < 0.5


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


# PyYAML writes these between quotes as they are.
ALLOWED = st.characters(codec="utf-8", exclude_characters="\x85\u2028\u2029\ufeff")
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(ALLOWED, max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc\u00e9 ", min_size=1, max_size=4), inner, max_size=3)
    ),
    max_leaves=10,
)


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text("abc", min_size=1), PLAIN, max_size=4))
def test_what_yaml_writes_is_read_back_with_a_place_for_every_key(value: dict[str, object]) -> None:
    text = yaml.dump(value, Dumper=_Dumper, allow_unicode=True)
    found = read(text)
    assert found.value == value
    rows = text.split("\n")
    for keys, (line, column) in found.keys.items():
        assert 0 < line <= len(rows)
        assert 0 < column <= len(rows[line - 1]) + 1
        if keys[-1:] == ("a",):
            assert rows[line - 1][column - 1 :].lstrip("? ").startswith(("a", "'a", '"a'))


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(codec="utf-8")) | st.text("ab:- \n\t[]{}&*!|>'\"%@#,?\\"))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    try:
        read(text)
    except YamlError as error:
        refused = error
    else:
        return
    assert 1 <= refused.line <= text.count("\n") + 1
    assert 1 <= refused.column <= len(text) + 1
    assert refused.message
