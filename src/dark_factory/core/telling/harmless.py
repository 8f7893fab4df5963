"""Making text that a program wrote safe to show: in a terminal, in markdown, and within a size."""

from __future__ import annotations

import re

# ECMA-48: CSI; OSC and the other strings with their terminator (in one line: output may have been cut in between);
# escapes with intermediate bytes; escapes of two characters. Each also in its one-character form of the C1 set.
_ANSI = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x90-\x9f\r\n]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]+[0-~]"
    r"|\x1b[0-~]"
)
_SURROGATE = re.compile(r"[\ud800-\udfff]")

# Controls, separators that only some programs take for line ends, and what is invisible or turns the reading direction:
# Unicode's Cc, Zl, Zp and Cf, and its Default_Ignorable_Code_Point but for the two selectors that emoji use.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_BACKTICKS = re.compile(r"`+")
_MARKUP = re.compile(r"([\\`*<\[|])")
# What makes the line that it begins a heading, a quotation, a list, a rule or a fence.
_OPENING = re.compile(r"^(\d{0,9})((?<=\d)[.)]|(?<!\d)[#>+=~_-])")
_SNAP = 120
"""How many bytes more may be cut to cut at the end of a line."""


def harmless(text: str) -> str:
    r"""The text with nothing in it that a terminal, a reader or a parser of markdown could be misled by.

    ANSI sequences are taken out; other control characters and invisible ones are shown as `\x07` or `\u200b`; lines end
    with `\n`, and of a line that a progress bar wrote over again the last state is kept. Tabs stay. Idempotent.
    """
    text = _ANSI.sub("", _SURROGATE.sub("\ufffd", text))
    if "\r" in text:
        text = re.sub(r"\r+\n", "\n", text)
        text = "\n".join(_last_state(line) for line in text.split("\n"))
    return _INVISIBLE.sub(_escape, text)


def fenced(text: str, info: str = "text") -> str:
    """The text, made harmless, as a code block of markdown that nothing in it can end.

    info: the language after the opening fence.
    """
    return block(harmless(text), info)


def block(text: str, info: str = "text") -> str:
    """As `fenced`, for text that is harmless already."""
    fence = "`" * max(3, _longest_run(text) + 1)
    end = "" if not text or text.endswith("\n") else "\n"
    return f"{fence}{info}\n{text}{end}{fence}"


def inline(text: str, size: int = 200) -> str:
    """The text, made harmless, as one line of plain markdown of about `size` bytes, at home in lines and tables."""
    text = _MARKUP.sub(r"\\\1", _one_line(text, size))
    return _OPENING.sub(r"\1\\\2", text)


def code(text: str, size: int = 200) -> str:
    """The text, made harmless, as a code span of one line; for tables, too. Empty text gives nothing."""
    text = _one_line(text, size)
    if not text:
        return ""
    # A table ends a cell at a bare pipe even inside a code span.
    text = text.replace("|", "\\|")
    if "`" not in text:
        return f"`{text}`"
    ticks = "`" * (_longest_run(text) + 1)
    return f"{ticks} {text} {ticks}"


def clip(text: str, size: int) -> str:
    """At most `size` bytes of the text in UTF-8: its head and, twice as long, its tail, saying how much was cut.

    No character is split, and the cut is made at a line's end where one is near. A size too small for the notice
    keeps the tail alone.
    """
    data = text.encode("utf-8", "replace")
    if len(data) <= size:
        return data.decode("utf-8")
    room = size - len(_notice(len(data)))
    if room < _SNAP:
        return _tail(data, max(size, 0)).decode("utf-8")
    head, tail = _head(data, room // 3), _tail(data, room - room // 3)
    head, tail = _to_line_end(head), _from_line_start(tail)
    notice = _notice(len(data) - len(head) - len(tail))
    return head.decode("utf-8") + notice + tail.decode("utf-8")


def _notice(cut: int) -> str:
    return f"\n[... {cut:,} bytes cut ...]\n"


def _head(data: bytes, size: int) -> bytes:
    return data[:size].decode("utf-8", "ignore").encode()


def _tail(data: bytes, size: int) -> bytes:
    return data[len(data) - size :].decode("utf-8", "ignore").encode()


def _to_line_end(head: bytes) -> bytes:
    place = head.rfind(b"\n")
    return head[:place] if place > 0 and len(head) - place <= _SNAP else head


def _from_line_start(tail: bytes) -> bytes:
    place = tail.find(b"\n", 0, _SNAP)
    return tail[place + 1 :] if place >= 0 else tail


def _last_state(line: str) -> str:
    states = [state for state in line.split("\r") if state.strip()]
    return states[-1] if states else ""


def _escape(found: re.Match[str]) -> str:
    number = ord(found[0])
    if number <= 0xFF:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def _one_line(text: str, size: int) -> str:
    text = " ".join(harmless(text).split())
    if len(text.encode()) <= size:
        return text
    return _head(text.encode(), max(size - 4, 0)).decode() + " ..."


def _longest_run(text: str) -> int:
    return max((len(found[0]) for found in _BACKTICKS.finditer(text)), default=0)
