"""Telling whether two failures are the same one, whatever changes from run to run in their words."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")
_VARYING = (
    (re.compile(r"0x[0-9a-fA-F]+"), "<address>"),
    (re.compile(r"\b[0-9a-fA-F]{8,}(?:-[0-9a-fA-F]{4,})*\b"), "<number>"),
    (re.compile(r"(?:/[\w.@+-]+){2,}/"), "<folder>/"),
    (re.compile(r"\d+(?:\.\d+)?"), "<number>"),
    (re.compile(r"\s+"), " "),
)
_KEPT = 4000


def normalise(text: str) -> str:
    """The text without what varies between two runs of the same failure: numbers, addresses, ids, folders, colour."""
    text = _CONTROL.sub("", text[-_KEPT:])
    for pattern, word in _VARYING:
        text = pattern.sub(word, text)
    return text.strip()


def fingerprint(parts: Iterable[str]) -> str:
    """A short name of a failure: equal for equal normalised parts."""
    joined = "\0".join(normalise(part) for part in parts)
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()[:16]
