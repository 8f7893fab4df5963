"""Every event survives the way to JSON and back, and what is no event is refused in words."""

from __future__ import annotations

import contextlib
import enum
import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from event_strategies import EVENTS, events_of
from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.codec import EVENT_KINDS, DecodeError, decode, decode_event, encode, encode_event
from dark_factory.core.state import Event, RunResumed, RunStarted, ValidationBegan

STARTED = RunStarted(at=1.5, run="r1", version="1", commit="c", tree="t", visible="v", dirty=False, isolation="clone")
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)


@pytest.mark.parametrize("kind", sorted(EVENT_KINDS))
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_every_event_survives_the_round_trip(kind: str, data: st.DataObject) -> None:
    event = data.draw(events_of(EVENT_KINDS[kind]))
    line = json.dumps(encode_event(event), ensure_ascii=False)
    line.encode("utf-8")
    assert decode_event(json.loads(line)) == event


@settings(max_examples=50, deadline=None)
@given(event=EVENTS, unknown=st.dictionaries(st.text(min_size=1).map(lambda name: f"x-{name}"), JSON, max_size=3))
def test_unknown_fields_are_ignored(event: Event, unknown: dict[str, object]) -> None:
    assert decode_event({**encode_event(event), **unknown}) == event


@settings(max_examples=100, deadline=None)
@given(event=EVENTS, data=st.data())
def test_a_damaged_event_is_refused_or_read_never_crashed_on(event: Event, data: st.DataObject) -> None:
    fields = dict(encode_event(event))
    name = data.draw(st.sampled_from(sorted(fields)))
    if data.draw(st.booleans()):
        del fields[name]
    else:
        fields[name] = data.draw(JSON)
    with contextlib.suppress(DecodeError):
        assert decode_event(fields) is not None


@settings(max_examples=100, deadline=None)
@given(JSON)
def test_what_is_no_event_is_refused(data: object) -> None:
    with pytest.raises(DecodeError):
        decode_event(data)


def test_an_unknown_kind_is_told_by_its_name() -> None:
    with pytest.raises(DecodeError, match=r"unknown event 'RunTeleported'.*newer version"):
        decode_event({"event": "RunTeleported", "at": 1.0})


def test_what_is_wrong_is_told_by_the_field() -> None:
    fields = encode_event(STARTED)
    with pytest.raises(DecodeError, match="dirty: expected bool, got str"):
        decode_event({**fields, "dirty": "no"})
    with pytest.raises(DecodeError, match="'run'"):
        decode_event({name: value for name, value in fields.items() if name != "run"})


def test_the_kind_comes_first() -> None:
    assert next(iter(encode_event(STARTED).items())) == ("event", "RunStarted")


def test_a_whole_number_is_a_float_but_never_a_truth() -> None:
    assert decode_event({"event": "RunResumed", "at": 3}) == RunResumed(at=3.0)
    for wrong in (True, "3", None):
        with pytest.raises(DecodeError):
            decode_event({"event": "RunResumed", "at": wrong})
    with pytest.raises(DecodeError):
        decode_event({"event": "ValidationBegan", "at": 1.0, "iteration": True})
    assert decode_event({"event": "ValidationBegan", "at": 1.0, "iteration": 1}) == ValidationBegan(at=1.0, iteration=1)


def test_names_that_are_not_text_are_written_readably() -> None:
    line = json.dumps(encode_event(replace(STARTED, isolation="a\udcffb")), ensure_ascii=False).encode("utf-8")
    event = decode_event(json.loads(line))
    assert isinstance(event, RunStarted)
    assert event.isolation == "a\\udcffb"


class Colour(enum.Enum):
    RED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    colour: Colour
    names: tuple[str, ...] = ("default",)
    maybe: int | None = None


def test_other_values_are_encoded_by_their_type() -> None:
    sample = Sample(colour=Colour.RED, names=("a", "b"), maybe=3)
    assert encode(sample) == {"colour": 1, "names": ["a", "b"], "maybe": 3}
    assert decode(Sample, encode(sample)) == sample
    assert decode(Sample, {"colour": 1}) == Sample(colour=Colour.RED)
    assert encode(Path("a/b")) == "a/b"
    with pytest.raises(DecodeError, match="colour: 2 is not a Colour"):
        decode(Sample, {"colour": 2})
    with pytest.raises(TypeError, match="no JSON for object"):
        encode(object())
