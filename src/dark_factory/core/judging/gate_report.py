"""Reports that tools write about untrusted code: bounded JSON, and values of the expected shape or an error."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence

MAX_SIZE = 20 * 1024 * 1024
"""The largest report that is read, in bytes."""

MAX_MESSAGE = 4000
"""The longest message of a finding, in characters."""

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")


class ReportError(Exception):
    """A report that is not what its tool writes; the text says in what way."""


def parse_json(data: bytes) -> object:
    """A JSON document. Raises ReportError for one that is too large, too deep, not JSON, or has NaN or an infinity."""
    check_size(data)
    try:
        value: object = json.loads(data, parse_constant=_no_constant)
    except RecursionError:
        raise ReportError("it is nested too deeply") from None
    except ValueError as error:
        raise ReportError(f"it is not JSON ({clean(str(error), limit=200)})") from None
    return value


def check_size(data: bytes) -> None:
    """Raise ReportError when there is nothing, or more than `MAX_SIZE`."""
    if not data.strip():
        raise ReportError("it is empty")
    if len(data) > MAX_SIZE:
        raise ReportError(f"it has {len(data):,} bytes, the limit is {MAX_SIZE:,}")


def mapping(value: object, what: str) -> Mapping[str, object]:
    """The value as an object of JSON; `what` names it in the ReportError."""
    if not isinstance(value, dict):
        raise ReportError(f"{what} is not an object")
    return value


def listing(value: object, what: str) -> Sequence[object]:
    """The value as an array of JSON; `what` names it in the ReportError."""
    if not isinstance(value, list):
        raise ReportError(f"{what} is not an array")
    return value


def words(value: object, what: str) -> str:
    """The value as a clean string; `what` names it in the ReportError."""
    if not isinstance(value, str):
        raise ReportError(f"{what} is not a string")
    return clean(value)


def number(value: object, what: str) -> float:
    """The value as a finite number; `what` names it in the ReportError."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ReportError(f"{what} is not a number")
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        raise ReportError(f"{what} is not a finite number")
    return result


def line_number(value: object) -> int | None:
    """A line, counted from 1; None for anything else: mypy says -1 for a whole file."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def clean(text: str, *, limit: int = MAX_MESSAGE) -> str:
    """Text that every file and terminal can take: no colours, control characters or halves of surrogate pairs.

    Of more than `limit` characters the beginning is kept.
    """
    text = _CONTROL.sub("", text).encode("utf-8", "replace").decode("utf-8").strip()
    return text if len(text) <= limit else text[: limit - 4] + " ..."


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number of JSON")
