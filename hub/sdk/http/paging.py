"""Walk through pages, by cursor or by link, without going round in circles."""

import re
from collections.abc import Callable, Iterator, Mapping

from hub.sdk.errors import BadData
from hub.sdk.http.calls import Params
from hub.sdk.http.client import Http
from hub.sdk.http.response import Response

_LINK = re.compile(r"<([^>]*)>((?:\s*;\s*[^,;]+)*)")
_MAX_PAGES = 1_000_000


def pages(
    ask: Callable[[str | None], Response],
    following: Callable[[Response], str | None],
    *,
    start: str | None = None,
    cap: int = _MAX_PAGES,
) -> Iterator[Response]:
    """Yield `ask(start)`, then `ask(cursor)` for each cursor that `following` finds in the page before.

    Raises:
        BadData: a cursor came twice, or there are more than `cap` pages.
    """
    seen = {start}
    cursor = start
    for _ in range(cap):
        page = ask(cursor)
        yield page
        cursor = following(page)
        if cursor is None:
            return
        if cursor in seen:
            raise BadData(f"{page.request}: the vendor's paging goes in a circle: page {len(seen)} leads back.")
        seen.add(cursor)
    raise BadData(f"The vendor's paging did not end within {cap} pages.")


def next_link(response: Response) -> str | None:
    """Return the address that a Link header calls `rel="next"` (RFC 8288), if there is one."""
    for address, rest in _LINK.findall(response.headers.get("link", "")):
        if re.search(r';\s*rel\s*=\s*"?next"?\s*(?:;|$)', rest, re.IGNORECASE):
            return str(address)
    return None


def follow(
    http: Http,
    path: str,
    *,
    params: Params | None = None,
    headers: Mapping[str, str] | None = None,
    following: Callable[[Response], str | None] = next_link,
    cap: int = _MAX_PAGES,
) -> Iterator[Response]:
    """Yield the page at `path`, then those that the links lead to; `params` go with the first one only.

    Raises:
        BadData: a link came twice, leads to another host, or there are more than `cap` pages.
    """

    def ask(link: str | None) -> Response:
        return http.get(link or path, params={} if link else params or {}, headers=headers or {})

    return pages(ask, following, cap=cap)
