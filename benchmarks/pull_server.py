"""A paged server of made-up customers of 1 KB each, in the form of the connector that `hub new` writes.

`python -m benchmarks.pull_server ROWS` prints its port and serves until it is ended. Pages are made when they are asked
for, out of a text with holes, so that neither memory nor much time goes into them. Below `/plain` customers have no
e-mail and no phone.
"""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PAGE = 100
_BYTES = 1_024


def _template(email: str, phone: str) -> str:
    head = (
        '{"id":"c%08d","first_name":"Zo\u00eb","last_name":"Brandt","email":'
        + email
        + ',"phone":'
        + phone
        + ',"country":"DE",'
        '"created_at":"2026-03-01T10:00:00+01:00","updated_at":"2026-03-01T11:00:00+01:00","tags":["a","b"],'
        '"address":{"street":"High Street 1","city":"Bristol","postcode":"BS1 4DJ","country":"GB"},"note":"'
    )
    return head + "x" * (_BYTES - len(head.encode()) - 2) + '"}'


_TEMPLATES = {
    "plain": _template("null", "null"),
    "people": _template('"person-%08d@mail.example"', '"+12025550100"'),
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    rows = 0

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        start, limit = int(query.get("cursor", ["0"])[0]), int(query["limit"][0])
        body = page(parts.path.split("/")[1], start, min(start + limit, self.rows), self.rows).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - signature of the base class
        """Stay silent."""


def page(kind: str, start: int, end: int, rows: int) -> str:
    """Return the JSON of customers from number `start` to before `end`."""
    template, holes = _TEMPLATES[kind], _TEMPLATES[kind].count("%08d")
    customers = ",".join(template % ((number,) * holes) for number in range(start, end))
    following = f'"{end}"' if end < rows else "null"
    return f'{{"customers":[{customers}],"next":{following}}}'


def main() -> None:
    """Serve."""
    _Handler.rows = int(sys.argv[1])
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
