"""Shares from 0 to 1 for people, in a module without imports, so that `status` can use it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_BARS = "▁▂▃▄▅▆▇█"


def percent(share: float | None) -> str:
    """A share for people, never rounded up to a threshold that it does not reach; `none` when nothing was evaluated."""
    if share is None:
        return "none"
    tenths = int(share * 1000 + 1e-6)
    return f"{tenths // 10}%" if tenths % 10 == 0 else f"{tenths / 10:.1f}%"


def sparkline(values: Iterable[float | None]) -> str:
    """A bar for each share; `·` for one that is not known."""
    return "".join("·" if value is None else _BARS[min(max(int(value * 8), 0), 7)] for value in values)
