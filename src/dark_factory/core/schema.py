"""Problems in what the user wrote: where, what is wrong, and the nearest valid spelling."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem of one file.

    path: the file as the user knows it, relative to the repository.
    line, column: where, counted from 1; None when the problem has no place (a missing file).
    source: the text of that line.
    pointer: the key, as in TOML (`gates.lint.layer`); empty when there is none.
    message: what is wrong.
    hint: the nearest known spelling, or what to write instead.
    """

    path: str
    message: str
    line: int | None = None
    column: int | None = None
    source: str = ""
    pointer: str = ""
    hint: str = ""

    @property
    def place(self) -> str:
        """`path:line:column`, as editors and terminals link it."""
        return ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)

    def __str__(self) -> str:
        head = f"{self.place}: {self.pointer + ': ' if self.pointer else ''}{self.message}"
        lines = [head]
        if self.source and self.line is not None:
            gutter = f"{self.line:>5} | "
            lines.append(gutter + self.source)
            if self.column is not None:
                blank = "".join("\t" if character == "\t" else " " for character in self.source[: self.column - 1])
                lines.append(" " * (len(gutter) - 2) + "| " + blank + "^")
        if self.hint:
            lines.append(f"        {self.hint}")
        return "\n".join(lines)
