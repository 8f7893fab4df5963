"""Bounds on the figures of a gate, and how figures changed since the base.

The rule, for every kind of gate:

- A threshold `max_NAME` or `min_NAME` bounds the figure of exactly that name where there is one (radon's
  `max_complexity`), else the figure `NAME` (`min_coverage` bounds `coverage`). The bound itself is allowed.
- Beyond a bound the gate failed.
- A threshold on a figure that the gate did not report makes the gate errored: we could not tell.
- A tool that failed by its own word stays failed within all bounds, with one exception: where a `max_` threshold bounds
  a figure that counts the findings (`Reading.counts`: ruff's `findings`, mypy's `errors`, bandit's `high`, ...), the
  thresholds decide instead of the tool, whose own word is that one finding is too many.
- Errored stays errored.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping

from dark_factory.core.report import Reading, Status


def apply(reading: Reading, thresholds: Mapping[str, float]) -> Reading:
    """The reading as its thresholds see it; the rule stands at the top of this module."""
    if not thresholds or reading.status not in (Status.PASSED, Status.FAILED):
        return reading
    names = {key: figure_of(key, reading.figures) for key in thresholds}
    broken = [
        sentence
        for key, name in names.items()
        if name is not None and (sentence := _beyond(key, thresholds[key], name, reading.figures[name]))
    ]
    unknown = [key for key, name in names.items() if name is None]
    replaced = any(key.startswith("max_") and name in reading.counts for key, name in names.items())
    if reading.status is Status.FAILED and not replaced:
        return dataclasses.replace(reading, reason="; ".join(part for part in (reading.reason, *broken) if part))
    if unknown:
        return _errored(reading, unknown)
    if broken:
        reason = "; ".join(part for part in (reading.reason, *broken) if part)
        return dataclasses.replace(reading, status=Status.FAILED, reason=reason)
    return dataclasses.replace(reading, status=Status.PASSED)


def figure_of(key: str, figures: Mapping[str, float]) -> str | None:
    """The name of the figure that a threshold bounds, or None when there is no such figure."""
    if not key.startswith(("max_", "min_")):
        return None
    return next((name for name in (key, key[len("max_") :]) if name in figures), None)


def change(now: Mapping[str, float], base: Mapping[str, float]) -> Mapping[str, float]:
    """`now` less `base` of each figure that both have, in the order of `now`; positive means more."""
    # Ten decimals hide the noise of binary fractions: 0.3 - 0.1 is 0.2.
    return {name: round(value - base[name], 10) for name, value in now.items() if name in base}


def _beyond(key: str, bound: float, name: str, value: float) -> str:
    if value > bound if key.startswith("max_") else value < bound:
        shown, limit = _plain(value), _plain(bound)
        return f"{name} is {shown if shown != limit else repr(value)}, the limit is {limit}"
    return ""


def _errored(reading: Reading, unknown: list[str]) -> Reading:
    known = sorted({name if name.startswith(("max_", "min_")) else f"max_{name}" for name in reading.figures})
    known += [f"min_{name}" for name in sorted(reading.figures) if not name.startswith(("max_", "min_"))]
    sentences = []
    for key in unknown:
        near = difflib.get_close_matches(key, known, n=1)
        sentences.append(f"the threshold `{key}` bounds no figure of this gate" + (f" (`{near[0]}`?)" if near else ""))
    figures = ", ".join(sorted(reading.figures)) or "none"
    return dataclasses.replace(
        reading,
        status=Status.ERRORED,
        reason="; ".join(sentences),
        advice=f"Write max_NAME or min_NAME in `thresholds`; the figures of this gate are: {figures}.",
    )


def _plain(value: float) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".").replace(",", "")
