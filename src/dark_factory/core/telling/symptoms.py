"""What a program's output says went wrong: one symptom of each failure, the one nearest to a cause."""

from __future__ import annotations

import enum
import re
import signal
from dataclasses import dataclass

from dark_factory.core.telling.harmless import clip, harmless


class CauseKind(enum.StrEnum):
    """Kinds of causes; of several in one output the first here is taken, for the others tend to follow from it."""

    SYNTAX = "syntax error"
    IMPORT = "import error"
    COMMAND = "command not found"
    CRASH = "crash"
    PORT = "port in use"
    PERMISSION = "permission denied"
    MISSING_FILE = "missing file"
    EXCEPTION = "unhandled exception"
    TIMEOUT = "timeout"
    CONNECTION = "connection refused"
    ASSERTION = "assertion"
    TYPES = "type errors"
    LINT = "findings"
    OTHER = "other"
    SILENT = "no output"


@dataclass(frozen=True, slots=True)
class Symptom:
    """What one failure shows. subject: what it is about (a module, a path), or empty. line: the words that say it."""

    kind: CauseKind
    subject: str
    line: str


_E = r"^(?:E[ \t]+|Uncaught |FAILED \S+ - )?"
"""What test runners write before the name of an exception."""

# Each names something that a tool says, not a word that may stand in any sentence: "error" or "timeout" alone is none.
# Each is linear in the length of its text: a line may be as long as a stream.
_PATTERNS = (
    (CauseKind.SYNTAX, _E + r"(?:SyntaxError|IndentationError|TabError): (?!.*\bJSON\b)(?P<subject>.+)$"),
    (CauseKind.SYNTAX, r"^\S*sh: .*: syntax error (?P<subject>.+)$"),
    (CauseKind.IMPORT, r"(?:ModuleNotFoundError: |^\S*python[\d.]*: )No module named '?(?P<subject>[\w.]+)"),
    (CauseKind.IMPORT, _E + r"ImportError: (?:cannot import name )?(?P<subject>.+)$"),
    (CauseKind.IMPORT, r"Cannot find (?:module|package) '(?P<subject>[^']+)'"),
    (CauseKind.IMPORT, r"unresolved import `(?P<subject>[^`]+)`"),
    (CauseKind.IMPORT, r"no required module provides package (?P<subject>\S+)"),
    (CauseKind.COMMAND, r": (?P<subject>[^\s:]+): command not found$"),
    (CauseKind.COMMAND, r"^\S*sh: (?:\d+: )?(?P<subject>[^\s:]+): not found$"),
    (CauseKind.COMMAND, r": command not found: (?P<subject>\S+)$"),
    (CauseKind.COMMAND, r"^(?:\S*/)?env: \W?(?P<subject>[\w./+-]+)\W?: No such file or directory$"),
    (CauseKind.COMMAND, r"spawn (?P<subject>\S+) ENOENT"),
    (CauseKind.CRASH, r"(?P<subject>Segmentation fault|Bus error|Illegal instruction)\b"),
    (CauseKind.CRASH, r"^(?P<subject>Fatal Python error: .+|terminate called .+|double free or corruption.*)$"),
    (CauseKind.CRASH, r"\((?P<subject>core dumped)\)"),
    (CauseKind.PORT, r"Address already in use|\bEADDRINUSE\b|OSError: \[Errno (?:48|98)\]"),
    (CauseKind.PORT, r"[Pp]ort \d+ is already (?:in use|allocated)"),
    (CauseKind.PERMISSION, r"PermissionError: (?:\[Errno \d+\] )?(?P<subject>.+)$"),
    (CauseKind.PERMISSION, r"(?:^|: )(?P<subject>[^\s:]+): (?:Permission denied|Operation not permitted)$"),
    (CauseKind.PERMISSION, r"\b(?:EACCES|EPERM)\b"),
    (CauseKind.MISSING_FILE, r"FileNotFoundError: \[Errno 2\] [^:\n]+: (?P<subject>.+)$"),
    (CauseKind.MISSING_FILE, r"FileNotFoundError: (?P<subject>.+)$"),
    (CauseKind.MISSING_FILE, r"can't open file (?P<subject>\S+):? "),
    (CauseKind.MISSING_FILE, r"(?:^|: |access )(?P<subject>[^\s:]+): No such file or directory$"),
    (CauseKind.MISSING_FILE, r"\bENOENT: no such file or directory(?:, \w+ (?P<subject>.+))?"),
    (CauseKind.TIMEOUT, r"\b(?:TimeoutError|TimeoutExpired|ReadTimeout|ConnectTimeout|ETIMEDOUT)\b"),
    (CauseKind.TIMEOUT, r"\btimed out after [\d.]+|context deadline exceeded"),
    (CauseKind.TIMEOUT, r"\b(?:[Cc]onnection|[Oo]peration|[Rr]equest) timed out\b"),
    (CauseKind.CONNECTION, r"\bConnectionRefusedError\b|\bECONNREFUSED\b|[Cc]onnection refused\b|^curl: \(7\)"),
    (CauseKind.ASSERTION, _E + r"AssertionError(?: \[\w+\])?(?:$|:)|^(?:E[ \t]+|FAILED \S+ - )?assert\s"),
    (CauseKind.ASSERTION, r"^[ \t]*expect\(.*\)\.\w|[Aa]ssertion \W.{0,200}failed|AssertionFailedError"),
    (CauseKind.ASSERTION, r"\b[Ee]xpected\b.{1,200}\b(?:got|but was|received)\b"),
)
_RULES = tuple((kind, re.compile(pattern, re.MULTILINE)) for kind, pattern in _PATTERNS)
_EXCEPTION = re.compile(
    r"^(?:E[ \t]+|Uncaught |FAILED \S+ - |Exception in thread \S+ )?(?:"
    r"(?:[a-z_]\w*\.)*(?P<name>[A-Z]\w*(?:Error|Exception))(?:$|: )"
    r"|(?P<panic>panic): |thread '[^'\n]*' (?P<panicked>panicked) at )",
    re.MULTILINE,
)
_ORDER = tuple(CauseKind)

_CRASHES = {
    128 + number: name
    for number, name in ((4, "SIGILL"), (5, "SIGTRAP"), (6, "SIGABRT"), (7, "SIGBUS"), (8, "SIGFPE"), (9, "SIGKILL"))
} | {128 + 11: "SIGSEGV"}
_NOT_FOUND = 127
_READ = 32 * 1024
"""Bytes of a stream that are looked at: its head and its tail, where causes are told."""
_LOOK_BACK = 20
"""How many exceptions are looked at, from the end of a stream, for one that says more than its consequences."""
_NOT_A_MESSAGE = re.compile(r"^\W*$|^\[redacted|^\[\.\.\. [\d,]+ bytes cut")


def symptom(stderr: str, stdout: str = "", *, exit_status: int | None = None, timed_out: bool = False) -> Symptom:
    """The symptom of a failed program, by its output, its exit status, and whether it was ended for taking too long."""
    streams = [harmless(clip(stream, _READ)) for stream in (stderr, stdout)]
    found = [one for stream in streams for one in _told(stream)]
    found += _by_ending(found, exit_status, timed_out=timed_out)
    if found:
        return min(found, key=lambda one: _ORDER.index(one.kind))
    if signalled := _signal(exit_status):
        return Symptom(CauseKind.CRASH, signalled, f"ended by {signalled}")
    for stream in streams:
        lines = [line.strip() for line in stream.splitlines() if not _NOT_A_MESSAGE.search(line.strip())]
        if lines:
            return Symptom(CauseKind.OTHER, lines[-1], lines[-1])
    if any(stream.strip() for stream in streams):
        return Symptom(CauseKind.OTHER, "", "")
    return Symptom(CauseKind.SILENT, "", "" if exit_status is None else f"exit status {exit_status}")


def _told(stream: str) -> list[Symptom]:
    """What the patterns find, each in its telling line: the last one, for that is where the program ended.

    Of an assertion it is the first: test runners follow it with its parts.
    """
    found = []
    for kind, pattern in _RULES:
        matches = list(pattern.finditer(stream))
        if matches:
            match = matches[0 if kind is CauseKind.ASSERTION else -1]
            subject = match.groupdict().get("subject") or ""
            found.append(Symptom(kind, subject.strip().strip("'\"\u2018\u2019"), _line_at(stream, match.start())))
    for match in list(_EXCEPTION.finditer(stream))[: -_LOOK_BACK - 1 : -1]:
        line = _line_at(stream, match.start())
        if not any(pattern.search(line) for _, pattern in _RULES):
            found.append(Symptom(CauseKind.EXCEPTION, match["name"] or "panic", line))
            break
    return found


def _by_ending(told: list[Symptom], exit_status: int | None, *, timed_out: bool) -> list[Symptom]:
    if timed_out:
        # The exit status is that of our own signal.
        return [Symptom(CauseKind.TIMEOUT, "", "")]
    if exit_status == _NOT_FOUND:
        missing = [one for one in told if one.kind is CauseKind.MISSING_FILE]
        return [Symptom(CauseKind.COMMAND, one.subject, one.line) for one in missing[:1]] or [
            Symptom(CauseKind.COMMAND, "", f"exit status {_NOT_FOUND}")
        ]
    if exit_status in _CRASHES:
        name = _CRASHES[exit_status]
        return [Symptom(CauseKind.CRASH, name, f"ended by {name}")]
    return []


def _signal(exit_status: int | None) -> str:
    """The signal that an exit status of 128 + number tells of, when nothing else explains it."""
    try:
        return signal.Signals((exit_status or 0) - 128).name
    except ValueError:
        return ""


def _line_at(text: str, place: int) -> str:
    start = text.rfind("\n", 0, place) + 1
    end = text.find("\n", place)
    return re.sub(r"^E[ \t]+", "", text[start : end if end >= 0 else None].strip())
