"""Keeping the head and the tail of an output stream of any length in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from dark_factory.core.command import Captured


@dataclass(slots=True)
class HeadTail:
    """Takes a stream in pieces and keeps its first and last `cap // 2` bytes."""

    cap: int
    _head: bytearray = field(default_factory=bytearray)
    _tail: bytearray = field(default_factory=bytearray)
    _size: int = 0

    def feed(self, data: bytes) -> None:
        """Take the next piece."""
        self._size += len(data)
        half = self.cap // 2
        room = half - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        self._tail += data
        if len(self._tail) > 2 * self.cap:
            del self._tail[: len(self._tail) - half]

    def captured(self) -> Captured:
        """What is kept so far."""
        half = self.cap // 2
        tail = bytes(self._tail[-half:]) if half else b""
        if len(self._head) + len(tail) == self._size:
            return Captured(head=bytes(self._head) + tail, size=self._size)
        return Captured(head=bytes(self._head), tail=tail, size=self._size)
