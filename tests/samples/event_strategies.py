"""Hypothesis strategies for every kind of event, made from the type hints of the dataclasses themselves."""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from collections.abc import Mapping

from hypothesis import strategies as st

from dark_factory.core.codec import EVENT_KINDS
from dark_factory.core.state import Event

_SIMPLE: Mapping[object, st.SearchStrategy[object]] = {
    str: st.text(max_size=12),
    int: st.integers(),
    bool: st.booleans(),
    float: st.floats(allow_nan=False),
}


def values(hint: object) -> st.SearchStrategy[object]:
    """Values of a type hint that core uses in an event."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Union or origin is types.UnionType:
        return st.one_of(*(st.none() if arg is type(None) else values(arg) for arg in args))
    if origin is tuple:
        assert args[1:] == (...,), f"add {hint} here and to the codec"
        return st.lists(values(args[0]), max_size=3).map(tuple)
    if origin is not None and issubclass(origin, Mapping):
        return st.dictionaries(values(args[0]), values(args[1]), max_size=3)
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    assert isinstance(hint, type), f"add {hint} here and to the codec"
    if issubclass(hint, enum.Enum):
        return st.sampled_from(list(hint))
    assert dataclasses.is_dataclass(hint), f"add {hint} here and to the codec"
    hints = typing.get_type_hints(hint)
    return st.builds(hint, **{field.name: values(hints[field.name]) for field in dataclasses.fields(hint)})


def events_of(kind: type[Event]) -> st.SearchStrategy[Event]:
    """Events of one kind."""
    return typing.cast("st.SearchStrategy[Event]", values(kind))


EVENTS: st.SearchStrategy[Event] = st.sampled_from(sorted(EVENT_KINDS)).flatmap(
    lambda name: events_of(EVENT_KINDS[name])
)
"""Any event."""
