"""The HTTP interface. So far it only says that it is alive; see specs/shortener.md for the rest."""

import json
import socketserver
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler

from shortener.storage import LinkStore


class ShortenerServer(socketserver.TCPServer):
    """A TCP server whose requests share one store."""

    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], store: LinkStore) -> None:
        super().__init__(address, Handler)
        self.store = store

    @property
    def authority(self) -> str:
        """Host and port where the server listens."""
        host, port = self.server_address[:2]
        return f"{host!s}:{port}"


class Handler(BaseHTTPRequestHandler):
    """One connection: reads a request and writes the answer."""

    server: ShortenerServer

    def do_GET(self) -> None:
        if self.path == "/healthz":
            self._send_json(HTTPStatus.OK, {"status": "ok", "links": self.server.store.count()})
        else:
            self._send_error(HTTPStatus.NOT_FOUND, "not_found", "there is nothing here yet")

    def _send_error(self, status: HTTPStatus, code: str, message: str) -> None:
        self._send_json(status, {"error": {"code": code, "message": message}})

    def _send_json(self, status: HTTPStatus, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
