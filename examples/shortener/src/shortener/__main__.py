"""The command line: ``python -m shortener --database links.db``."""

import argparse
import contextlib
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from shortener.server import ShortenerServer
from shortener.storage import LinkStore


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop; the exit status is 2 when there is nothing to serve with."""
    options = _parser().parse_args(arguments)
    try:
        store = LinkStore(options.database)
    except sqlite3.Error as error:
        return _complain(f"cannot open the database {options.database}: {error}")
    with closing(store):
        try:
            server = ShortenerServer((options.host, options.port), store)
        except OSError as error:
            return _complain(f"cannot listen on {options.host}:{options.port}: {error}")
        serve(server)
    return 0


def serve(server: ShortenerServer) -> None:
    """Answer requests until the user presses Ctrl-C."""
    with server, contextlib.suppress(KeyboardInterrupt):
        print(f"listening on http://{server.authority}", flush=True)
        server.serve_forever()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="shortener", description="Serve short links.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", default=8080, type=int, help="port; 0 takes a free one")
    parser.add_argument("--database", default=Path("shortener.db"), type=Path, help="SQLite file")
    return parser


def _complain(message: str) -> int:
    print(f"shortener: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
