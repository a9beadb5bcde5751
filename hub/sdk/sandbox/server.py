"""The socket below a sandbox: HTTP/1.1 with kept connections, and the wire form of every fault."""

import gzip
import socket
import socketserver
import struct
import threading
import zlib
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from hub.sdk.sandbox.faults import Fault
from hub.sdk.sandbox.messages import Reply, Request

if TYPE_CHECKING:
    from hub.sdk.sandbox.base import Sandbox

_GZIP_FROM = 1_400  # bytes: below it, a gzipped body saves no packet
_LOGIN_PAGE = b"<!doctype html><title>Log in</title><form method=post><input name=user></form>"


class Server(socketserver.ThreadingTCPServer):
    """Serves one sandbox on a loopback port, each connection in its own thread, until `stop`."""

    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, box: "Sandbox", port: int) -> None:
        super().__init__(("127.0.0.1", port), _Connection)
        self.box = box
        self.reset: set[socket.socket] = set()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(
            target=self.serve_forever, args=(0.02,), name=f"sandbox-{box.name}", daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """Base URL of this server."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        with self._lock:
            return len(self._open)

    def stop(self) -> None:
        """Stop listening, cut the connections that are open, and wait for their threads."""
        self.shutdown()
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self.server_close()
        self._thread.join()

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - signature of the base class
        """Remember the connection, so that `stop` can cut it."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - signature of the base class
        """Close a connection; with a reset and without a polite end when a fault asked for that."""
        with self._lock:
            self._open.discard(request)
            reset = request in self.reset
            self.reset.discard(request)
        if reset:
            request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - signature of the base class
        """Stay silent: a client that went away is no news, and errors of handlers are in `Sandbox.crashes`."""


class _Connection(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65_536
    timeout = 120

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):  # the base class looks for do_GET, do_POST...: any method is a request to us
            return self._serve
        raise AttributeError(name)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - signature of the base class
        """Stay silent: the sandbox keeps its own log."""

    def _serve(self) -> None:
        box = self.server.box
        try:
            request = self._request()
        except (ValueError, OSError, EOFError, zlib.error):
            self.close_connection = True  # where the next request begins is anybody's guess
            return self._send(Reply(status=HTTPStatus.BAD_REQUEST), None)
        try:
            reply, fault = box.answer(request)
        except Exception as crash:  # noqa: BLE001 - a bug in a handler is raised where the sandbox is closed
            box.crashes.append(crash)
            reply, fault = Reply(status=HTTPStatus.INTERNAL_SERVER_ERROR), None
        return self._send(reply or Reply(), fault)

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self._body(headers)
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        return Request(self.command, parts.path, parse_qs(parts.query, keep_blank_values=True), headers, body)

    def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() != "chunked":
            length = int(headers.get("content-length", "0"))
            if length < 0:
                raise ValueError("a length below zero")
            return self.rfile.read(length)
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailers
        return b"".join(parts)

    def _send(self, reply: Reply, fault: Fault | None) -> None:
        match fault.kind if fault else "":
            case "reset" | "reset_after":
                self.server.reset.add(self.request)
                self.close_connection = True
            case "timeout" | "timeout_after":
                self.server.box.closing.wait(fault.seconds if fault else 0)
                self.close_connection = True
            case "content_type":
                page = fault.body.encode() if fault and fault.body else _LOGIN_PAGE
                self._write(Reply(body=page, content_type="text/html"), page)
            case "empty":
                self._write(reply, b"")
            case "slow":
                self._slowly(reply, fault.seconds if fault else 0)
            case "truncate" | "cut_chunks" | "cut_gzip" | "no_length" as kind:
                self._cut(reply, kind)
            case _:
                self._plainly(reply)

    def _plainly(self, reply: Reply) -> None:
        body = reply.payload()
        wanted = "gzip" in self.headers.get("Accept-Encoding", "") and len(body) >= _GZIP_FROM
        if self.server.box.compress and wanted and "Content-Encoding" not in reply.headers:
            self._write(reply, gzip.compress(body, 1), ("Content-Encoding", "gzip"))
        else:
            self._write(reply, body)

    def _cut(self, reply: Reply, kind: str) -> None:
        body = reply.payload()
        half = body[: len(body) // 2]
        if kind == "truncate":
            self._write(reply, half, ("Content-Length", str(len(body))))
        elif kind == "cut_chunks":
            self._write(reply, b"%x\r\n%s\r\n" % (len(half), half), ("Transfer-Encoding", "chunked"))
        elif kind == "cut_gzip":
            packed = gzip.compress(body)
            self._write(reply, packed[: len(packed) // 2], ("Content-Encoding", "gzip"))
        else:
            self._write(reply, half, ("Connection", "close"))
        self.close_connection = kind != "cut_gzip"

    def _slowly(self, reply: Reply, seconds: float) -> None:
        body = reply.payload()
        head = (
            f"HTTP/1.1 {reply.status} Slow\r\nContent-Type: {reply.content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        for byte in head.encode() + body:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            if self.server.box.closing.wait(seconds):
                break
        self.close_connection = True

    def _write(self, reply: Reply, body: bytes, *extra: tuple[str, str]) -> None:
        self.send_response(reply.status)
        headers = {"Content-Type": reply.content_type, **reply.headers, **dict(extra)}
        if not body and reply.body is None and reply.json is None:
            headers.pop("Content-Type")
        framed = {"Content-Length", "Transfer-Encoding", "Connection"} & headers.keys()
        if not framed and reply.status != HTTPStatus.NO_CONTENT:
            headers["Content-Length"] = str(len(body))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
