"""Run the lines on standard input against the server at BASE_URL.

The lines may use the names in ``NAMES``. Every request is printed with its answer, and the first
expectation that is not met ends the scenario with exit status 1.
"""

import http.client
import json
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

BASE_URL = os.environ["BASE_URL"]
SERVER_PID = int(os.environ["SERVER_PID"])
PATIENCE = 5
"""Seconds that one answer may take."""


class NotMet(Exception):
    """An expectation that the server did not meet."""


class Answer:
    """What came back for one request."""

    def __init__(self, asked: str, response: http.client.HTTPResponse) -> None:
        self.asked = asked
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode("utf-8", "replace")

    def __str__(self) -> str:
        location = f" Location: {self.headers['Location']}" if self.headers["Location"] else ""
        body = " ".join(self.text.split())[:300]
        return f"{self.asked} -> {self.status}{location} {body}".rstrip()

    def __getitem__(self, name: str) -> Any:
        """A field of the JSON body."""
        body = self.json()
        if not isinstance(body, dict) or name not in body:
            raise NotMet(f"{self.asked}: expected a JSON object with the field {name!r}")
        return body[name]

    def json(self) -> Any:
        """The JSON body."""
        try:
            return json.loads(self.text)
        except ValueError:
            raise NotMet(f"{self.asked}: expected a JSON body, got {self.text[:80]!r}") from None

    def expect(self, status: int, /, **fields: object) -> "Answer":
        """The answer itself, if it has this status and these fields in its JSON body."""
        if self.status != status:
            raise NotMet(f"{self.asked}: expected status {status}, got {self.status}")
        for name, value in fields.items():
            if self[name] != value:
                raise NotMet(f"{self.asked}: expected {name} {value!r}, got {self[name]!r}")
        return self

    def expect_header(self, name: str, value: str) -> "Answer":
        """The answer itself, if it has this header."""
        if self.headers[name] != value:
            found = self.headers[name]
            raise NotMet(f"{self.asked}: expected the header {name}: {value}, got {found!r}")
        return self

    def expect_error(self, status: int, code: str) -> "Answer":
        """The answer itself, if it is a refusal of the documented shape."""
        error = self.expect(status)["error"]
        if not isinstance(error, dict) or error.get("code") != code or not error.get("message"):
            raise NotMet(f"{self.asked}: expected the error code {code!r} and a message")
        if self.headers.get_content_type() != "application/json":
            raise NotMet(f"{self.asked}: expected Content-Type application/json")
        return self


def request(
    method: str, path: str, body: object = None, *, quiet: bool = False, **headers: str
) -> Answer:
    """Ask the server; a body that is neither bytes nor None is sent as JSON."""
    content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    asked = f"{method} {path}" + (f" {content[:200].decode(errors='replace')}" if content else "")
    connection = http.client.HTTPConnection(urlsplit(BASE_URL).netloc, timeout=PATIENCE)
    try:
        connection.request(method, path, content, headers)
        answer = Answer(asked, connection.getresponse())
    except (OSError, http.client.HTTPException) as error:
        raise NotMet(f"{asked}: no answer ({type(error).__name__}: {error})") from None
    finally:
        connection.close()
    if not quiet:
        print(answer)
    return answer


def get(path: str, **options: Any) -> Answer:
    """GET a path."""
    return request("GET", path, **options)


def shorten(url: str, **fields: object) -> Answer:
    """Make a link."""
    return request("POST", "/links", {"url": url, **fields})


def check(holds: bool, message: str) -> None:
    """End the scenario unless it holds."""
    if not holds:
        raise NotMet(message)


def eventually(holds: Callable[[], bool], message: str, seconds: float = 3.0) -> None:
    """End the scenario unless it holds before the time is over."""
    deadline = time.monotonic() + seconds
    while not holds():
        check(time.monotonic() < deadline, f"{message} (waited {seconds} seconds)")
        time.sleep(0.02)


def in_threads(number: int, work: Callable[[int], None]) -> None:
    """Do the work in so many threads at once; the first expectation not met counts."""
    failures: list[NotMet] = []

    def guarded(index: int) -> None:
        try:
            work(index)
        except NotMet as failure:
            failures.append(failure)

    threads = [threading.Thread(target=guarded, args=(index,)) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def open_socket() -> socket.socket:
    """A bare connection, for requests that no proper client would send."""
    address = urlsplit(BASE_URL)
    return socket.create_connection((address.hostname, address.port), timeout=PATIENCE)


def terminate_server() -> None:
    """Ask the server to end."""
    os.kill(SERVER_PID, signal.SIGTERM)


NAMES = {
    "BASE_URL": BASE_URL,
    "check": check,
    "eventually": eventually,
    "get": get,
    "in_threads": in_threads,
    "json": json,
    "open_socket": open_socket,
    "re": re,
    "request": request,
    "shorten": shorten,
    "terminate_server": terminate_server,
}


def main() -> int:
    """The exit status of the scenario."""
    try:
        exec(compile(sys.stdin.read(), "<scenario>", "exec"), dict(NAMES))
    except NotMet as failure:
        print(f"FAILED: {failure}")
        return 1
    except Exception as error:
        print(f"FAILED: what came back was of no use here: {type(error).__name__}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
