"""Durations and sizes as people write them in factory.toml and in scenarios: `1h30m`, `64KiB`."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

LONGEST_DURATION = 366 * 86400
"""Seconds. Waiting functions of the operating system overflow somewhere above."""

_DURATION_UNITS = {
    "d": Fraction(86400),
    "h": Fraction(3600),
    "m": Fraction(60),
    "s": Fraction(1),
    "ms": Fraction(1, 1000),
}
_SIZE_UNITS = {"GiB": 1024**3, "MiB": 1024**2, "KiB": 1024, "GB": 1000**3, "MB": 1000**2, "KB": 1000, "B": 1}
_NUMBER = r"[0-9]{1,15}(?:\.[0-9]{1,40})?"
_PART = re.compile(rf"({_NUMBER})(ms|[dhms])")
_SIZE = re.compile(rf"({_NUMBER})({'|'.join(_SIZE_UNITS)})")
_SPELLINGS = {
    **dict.fromkeys(("day", "days"), "d"),
    **dict.fromkeys(("hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("msec", "msecs", "milliseconds"), "ms"),
    **{unit.lower(): unit for unit in _SIZE_UNITS},
    **dict.fromkeys(("byte", "bytes"), "B"),
}


def parse_duration(text: str) -> float:
    """Seconds of `90s`, `1h30m`, `500ms`; units d, h, m, s, ms, from large to small, each once.

    Raises ValueError with a sentence for the user when the text is no duration, is zero, or is longer than a year.
    """
    parts = _PART.findall(text)
    units = [unit for _, unit in parts]
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f'"{text}" is not a duration such as "10m" or "1h30m"')
    if units != [unit for unit in _DURATION_UNITS if unit in units]:
        raise ValueError(f'"{text}" does not have its units from large to small, each once')
    seconds = sum((Fraction(number) * _DURATION_UNITS[unit] for number, unit in parts), Fraction())
    if not seconds:
        raise ValueError(f'"{text}" is no time at all')
    if seconds > LONGEST_DURATION:
        raise ValueError(f'"{text}" is longer than a year')
    return float(seconds)


def format_duration(seconds: float) -> str:
    """The shortest spelling that `parse_duration` reads back to the same number: 5400 is `1h30m`, 0.5 is `500ms`."""
    # The decimal digits that Python shows for a float lead back to the same float.
    rest = Fraction(Decimal(repr(float(seconds))))
    text = ""
    for unit in ("d", "h", "m"):
        count, rest = divmod(rest, _DURATION_UNITS[unit])
        text += f"{count}{unit}" if count else ""
    if 0 < rest < 1:
        return f"{text}{_decimal(rest * 1000)}ms"
    return f"{text}{_decimal(rest)}s" if rest or not text else text


def parse_size(text: str) -> int:
    """Bytes of `64KB` (1000) or `1MiB` (1024 * 1024); a fraction must come to whole bytes.

    Raises ValueError with a sentence for the user.
    """
    found = _SIZE.fullmatch(text)
    if not found:
        raise ValueError(f'"{text}" is not a size such as "64KB" or "1MiB"')
    size = Fraction(found[1]) * _SIZE_UNITS[found[2]]
    if size.denominator != 1:
        raise ValueError(f'"{text}" is not a whole number of bytes')
    return int(size)


def format_size(size: int) -> str:
    """The size in the largest unit that divides it, binary units first: 65536 is `64KiB`, 1000 is `1KB`."""
    unit = next((name for name, factor in _SIZE_UNITS.items() if size and size % factor == 0), "B")
    return f"{size // _SIZE_UNITS[unit]}{unit}"


def respelled(text: str) -> str:
    """A loosely written duration or size with its units as we spell them: `10 minutes` becomes `10m`."""
    joined = re.sub(r"\s+", "", text).lower()
    return re.sub(r"[a-z]+", lambda word: _SPELLINGS.get(word.group(), word.group()), joined)


def _decimal(value: Fraction) -> str:
    """A fraction whose denominator divides a power of ten, written out without an exponent."""
    whole, rest = divmod(value, 1)
    digits = ""
    while rest:
        digit, rest = divmod(rest * 10, 1)
        digits += str(digit)
    return f"{whole}.{digits}" if digits else str(whole)
