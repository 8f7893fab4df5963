"""What goes over a real socket."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from shortener.server import ShortenerServer
from shortener.storage import LinkStore


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ShortenerServer]:
    started = threading.Event()
    running: list[ShortenerServer] = []

    def run() -> None:
        # SQLite connections stay in the thread that made them.
        with (
            closing(LinkStore(tmp_path / "links.db")) as store,
            ShortenerServer(("127.0.0.1", 0), store) as server,
        ):
            running.append(server)
            started.set()
            server.serve_forever(0.01)

    thread = threading.Thread(target=run)
    thread.start()
    assert started.wait(5)
    yield running[0]
    running[0].shutdown()
    thread.join()


def ask(
    server: ShortenerServer, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[HTTPResponse, Any]:
    connection = HTTPConnection(server.authority, timeout=5)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        content = response.read()
    finally:
        connection.close()
    return response, json.loads(content) if content else None


def test_health(server: ShortenerServer) -> None:
    response, body = ask(server, "GET", "/healthz")
    assert (response.status, body) == (200, {"status": "ok", "links": 0})


def test_unknown_paths_are_not_found(server: ShortenerServer) -> None:
    response, body = ask(server, "GET", "/nothing")
    assert (response.status, body["error"]["code"]) == (404, "not_found")
