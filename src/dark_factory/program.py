"""The tasks as a program of its own, with bad usage answered by exit status 2."""

from __future__ import annotations

import sys

from invoke.exceptions import ParseError
from invoke.program import Program

import dark_factory
from dark_factory.tasks import factory


class _FactoryProgram(Program):
    def parse_tasks(self) -> None:
        try:
            super().parse_tasks()
        except ParseError as error:
            sys.stderr.write(f"{error}\n  what to do: `{self.binary} --list` shows the tasks\n")
            sys.exit(2)


def program() -> Program:
    """`dark-factory TASK [options]`."""
    return _FactoryProgram(
        name="dark-factory",
        binary="dark-factory",
        version=dark_factory.__version__,
        namespace=factory,
    )
