from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.factory_toml.places import toml_places

TEXT = '''\
version = 1  # [not.a.table]
dotted . "quoted key" = 'x'

[gates.lint]
command = [
  "ruff",  # first
  [1, { inner = 2, "other one".deep = 3 }],
]
text = """
[not.a.table]
key = 1
\\""" still text """""
	after = 'tab'
[[steps]]
name = "a"
[[ steps ]]
name = "b"
[steps.sub]
x = 1
[ "é\\u00e9" . 'b.c' ]
y = { }
'''


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        (("version",), (1, 1)),
        (("dotted",), (2, 1)),
        (("dotted", "quoted key"), (2, 10)),
        (("gates",), (4, 2)),
        (("gates", "lint"), (4, 8)),
        (("gates", "lint", "command"), (5, 1)),
        (("gates", "lint", "command", 0), (6, 3)),
        (("gates", "lint", "command", 1), (7, 3)),
        (("gates", "lint", "command", 1, 0), (7, 4)),
        (("gates", "lint", "command", 1, 1, "inner"), (7, 9)),
        (("gates", "lint", "command", 1, 1, "other one"), (7, 20)),
        (("gates", "lint", "command", 1, 1, "other one", "deep"), (7, 32)),
        (("gates", "lint", "text"), (9, 1)),
        (("gates", "lint", "after"), (13, 2)),
        (("steps", 0), (14, 3)),
        (("steps", 0, "name"), (15, 1)),
        (("steps", 1), (16, 4)),
        (("steps", 1, "name"), (17, 1)),
        (("steps", 1, "sub"), (18, 8)),
        (("steps", 1, "sub", "x"), (19, 1)),
        (("éé", "b.c", "y"), (21, 1)),
    ],
)
def test_each_key_and_element_has_its_line_and_column(keys: tuple[str | int, ...], place: tuple[int, int]) -> None:
    tomli.loads(TEXT)
    assert toml_places(TEXT).find(keys) == place


@pytest.mark.parametrize("keys", [("not",), ("key",), ("gates", "lint", "command", 2), ("steps", 0, "sub")])
def test_what_only_looks_like_a_key_has_no_place(keys: tuple[str | int, ...]) -> None:
    assert toml_places(TEXT).find(keys) is None


def test_both_places_of_a_duplicate_are_known() -> None:
    places = toml_places("[a]\nx = 1\nx = 2\n[a]\n")
    assert places.definitions[("a", "x")] == (4, 10)
    assert len(places.definitions[("a",)]) == 2


@given(st.text(alphabet="[]{}=.,#\"'\\\n\t ab1é", max_size=80))
@settings(deadline=None, max_examples=400)
def test_any_text_is_scanned_to_its_end(text: str) -> None:
    for offset in toml_places(text).mentions.values():
        assert 0 <= offset <= len(text)


def test_hostile_nesting_is_scanned() -> None:
    assert toml_places("a = " + "[" * 50_000).find(("a",)) == (1, 1)
    assert toml_places(".".join("a" * 5_000) + " = 1").find(("a",)) == (1, 1)


SCALARS = st.one_of(
    st.integers(-99, 99).map(str),
    st.sampled_from(
        ["true", "1979-05-27 07:32:00Z", "-1.5e3", "inf", "'[x]'", '"# = [y]"', '""', "''", '"""\n[t]\nk = 1 \\""""""']
    ),
    st.sampled_from(["'''\n[t]\nk = [1,'''", '"""a""b"""', '"\\"\\\\"']),
)
KEYS = st.one_of(st.sampled_from(["a", "b", "c-d", "7", "_"]), st.text(max_size=4, alphabet="a.# ='\"[]\\é\n\t"))
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=12
)


class Writer:
    """Writes a document as TOML, drawing one of the ways to write each table, key and gap."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.lines: list[str] = []

    def noise(self) -> str:
        return self.draw(st.sampled_from(["", "", "  # [x] = 'y'", "\t"]))

    def key(self, name: str) -> str:
        if re.fullmatch(r"[A-Za-z0-9_-]+", name) and self.draw(st.booleans()):
            return name
        if "'" not in name and "\n" not in name and self.draw(st.booleans()):
            return f"'{name}'"
        return json.dumps(name, ensure_ascii=self.draw(st.booleans()))

    def inline(self, value: Any) -> str:
        if isinstance(value, dict):
            return "{" + ", ".join(f"{self.key(name)} = {self.inline(item)}" for name, item in value.items()) + "}"
        if isinstance(value, list):
            gap = self.draw(st.sampled_from([" ", "\n", " # ], [z]\n\t"]))
            return "[" + "".join(f"{gap}{self.inline(item)}{gap}," for item in value) + gap + "]"
        return str(value)

    def table(self, value: dict[str, Any], header: tuple[str, ...]) -> None:
        later = {name: item for name, item in value.items() if self.has_header(item)}
        for name, item in value.items():
            if name not in later:
                self.pair(name, item)
        for name, item in later.items():
            spelled = ".".join(self.key(part) for part in (*header, name))
            for one in item if isinstance(item, list) else [item]:
                self.lines.append((f"[[{spelled}]]" if isinstance(item, list) else f"[ {spelled} ]") + self.noise())
                self.table(one, (*header, name))

    def has_header(self, item: Any) -> bool:
        if isinstance(item, list):
            return bool(item) and all(isinstance(one, dict) for one in item) and self.draw(st.booleans())
        return isinstance(item, dict) and self.draw(st.booleans())

    def pair(self, name: str, item: Any) -> None:
        if isinstance(item, dict) and item and self.draw(st.booleans()):
            for sub, inner in item.items():
                self.lines.append(f"{self.key(name)} . {self.key(sub)}={self.inline(inner)}{self.noise()}")
        else:
            self.lines.append(f" {self.key(name)} = {self.inline(item)}{self.noise()}")


@st.composite
def documents(draw: st.DrawFn) -> str:
    writer = Writer(draw)
    writer.table(draw(st.dictionaries(KEYS, VALUES, max_size=4)), ())
    return "\n".join(writer.lines)


def paths(value: object, keys: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*keys, key)
        yield from paths(item, (*keys, key))


def key_at(text: str, offset: int) -> str | None:
    token = re.compile(r"""[A-Za-z0-9_-]+|'[^']*'|"(?:[^"\\]|\\.)*\"""").match(text, offset)
    return next(iter(tomli.loads(f"{token.group()} = 1"))) if token else None


@given(documents())
@settings(deadline=None, max_examples=300)
def test_every_key_of_a_document_stands_at_its_place(text: str) -> None:
    places = toml_places(text)
    for keys in paths(tomli.loads(text)):
        place = places.find(keys)
        assert place is not None, keys
        line, column = place
        offset = sum(len(one) + 1 for one in text.split("\n")[: line - 1]) + column - 1
        if isinstance(keys[-1], str):
            assert key_at(text, offset) == keys[-1]
        else:
            assert text[offset] not in " \t\n#,]}="
