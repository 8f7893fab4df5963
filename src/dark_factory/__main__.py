"""The console script `dark-factory`: the same tasks for repositories that have no tasks.py yet."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run a task; `status` takes a short cut past Invoke, which alone takes longer than it."""
    words = sys.argv[1:]
    if words and words[0] == "status" and set(words[1:]) <= {"--json"}:
        from dark_factory import status

        sys.exit(status.show(status.folder(os.getcwd()), as_json="--json" in words))
    from dark_factory.program import program

    program().run()


if __name__ == "__main__":
    main()
