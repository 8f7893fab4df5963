"""Frozen values to JSON and back, by their type hints."""

from __future__ import annotations

import dataclasses
import enum
import functools
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path

from dark_factory.core.state import Event

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]

EVENT_KINDS: Mapping[str, type[Event]] = {kind.__name__: kind for kind in typing.get_args(Event)}
"""The released kinds of events, by the name that journals hold."""


class DecodeError(ValueError):
    """JSON that is not the value it should be."""


def encode(value: object) -> Json:
    """A value of `core` as plain JSON data."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: encode(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, enum.Enum):
        return encode(value.value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, str):
        # A name that is not UTF-8 carries surrogates, which JSON files can't hold; escape them readably.
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, (bool, int, float, type(None))):
        return value
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [encode(item) for item in value]
    raise TypeError(f"no JSON for {type(value).__name__}")


def encode_event(event: Event) -> dict[str, Json]:
    """An event as one JSON object, its kind first."""
    fields = encode(event)
    assert isinstance(fields, dict)
    return {"event": type(event).__name__, **fields}


def decode_event(data: object) -> Event:
    """The event of a JSON object; fields that we don't know are ignored.

    Raises DecodeError for an unknown kind or a field of the wrong shape.
    """
    if not isinstance(data, Mapping):
        raise DecodeError(f"expected an object, got {type(data).__name__}")
    kind = EVENT_KINDS.get(str(data.get("event")))
    if kind is None:
        raise DecodeError(f"unknown event {data.get('event')!r}: written by a newer version?")
    event = decode(kind, data)
    return typing.cast("Event", event)


def decode(hint: object, data: object) -> object:
    """The value of type `hint` that `encode` made `data` of.

    Raises DecodeError.
    """
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Union or origin is types.UnionType:
        return _decode_optional(args, data)
    if origin is tuple:
        return tuple(decode(args[0], item) for item in _expect(data, list))
    if origin is not None and issubclass(origin, Mapping):
        return {str(key): decode(args[1], item) for key, item in _expect(data, dict).items()}
    if isinstance(hint, type):
        if dataclasses.is_dataclass(hint):
            return _decode_dataclass(hint, _expect(data, dict))
        if issubclass(hint, enum.Enum):
            return _decode_enum(hint, data)
        if hint is float and isinstance(data, int) and not isinstance(data, bool):
            return float(data)
        if isinstance(data, hint) and not (hint is int and isinstance(data, bool)):
            return data
    raise DecodeError(f"expected {getattr(hint, '__name__', hint)}, got {type(data).__name__}")


def _decode_optional(args: tuple[object, ...], data: object) -> object:
    if data is None and type(None) in args:
        return None
    kinds = [arg for arg in args if arg is not type(None)]
    return decode(kinds[0], data)


def _decode_enum(hint: type[enum.Enum], data: object) -> object:
    try:
        return hint(data)
    except ValueError as error:
        raise DecodeError(f"{data!r} is not a {hint.__name__}") from error


def _decode_dataclass(hint: type, data: Mapping[str, object]) -> object:
    values: dict[str, object] = {}
    for field in dataclasses.fields(hint):
        if field.name in data:
            try:
                values[field.name] = decode(_hints(hint)[field.name], data[field.name])
            except DecodeError as error:
                raise DecodeError(f"{field.name}: {error}") from error
    try:
        return hint(**values)
    except TypeError as error:
        raise DecodeError(f"{hint.__name__}: {error}") from error


@functools.cache
def _hints(hint: type) -> dict[str, object]:
    return typing.get_type_hints(hint)


T = typing.TypeVar("T")


def _expect(data: object, kind: type[T]) -> T:
    if not isinstance(data, kind):
        raise DecodeError(f"expected {kind.__name__}, got {type(data).__name__}")
    return data
