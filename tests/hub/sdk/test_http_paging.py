import pytest

from hub.sdk.errors import BadData
from hub.sdk.http import Response, follow, next_link, pages
from hub.sdk.sandbox import Fault, Reply
from tests.support.http_shop import Shop, client


def page(link: str = "", body: bytes = b"{}") -> Response:
    """Return an answer with a Link header."""
    return Response(200, {"link": link}, body, "GET /pages")


@pytest.mark.parametrize(
    ("header", "link"),
    [
        ('<https://a.example/p?c=2>; rel="next"', "https://a.example/p?c=2"),
        (
            '<https://a.example/p?c=0>; rel="previous", <https://a.example/p?c=2,3>; title="x"; rel=next',
            "https://a.example/p?c=2,3",
        ),
        ('<https://a.example/p?c=0>; rel="previous"', None),
        ('<https://a.example/p?c=0>; rel="nextish"', None),
        ("", None),
        ("rubbish", None),
    ],
)
def test_the_next_link_is_found(header: str, link: str | None) -> None:
    """RFC 8288 in the forms that Shopify and GitHub write."""
    assert link == next_link(page(header))


def test_pages_follow_the_cursor_to_its_end() -> None:
    """Each page names the next; the last names none."""
    asked: list[str | None] = []
    following = {None: "b", "b": "c", "c": None}

    def ask(cursor: str | None) -> Response:
        asked.append(cursor)
        return page(body=b"{}")

    assert len(list(pages(ask, lambda _: following[asked[-1]]))) == 3
    assert [None, "b", "c"] == asked


def test_a_circle_is_noticed() -> None:
    """A cursor that comes a second time would never end and never be complete."""
    cursors = iter(["a", "b", "a"])
    with pytest.raises(BadData, match="circle"):
        list(pages(lambda _: page(), lambda _: next(cursors)))


def test_pages_are_capped() -> None:
    """Ever new cursors end at the cap."""
    cursors = map(str, range(1_000))
    with pytest.raises(BadData, match="within 5 pages"):
        list(pages(lambda _: page(), lambda _: next(cursors), cap=5))


def test_links_are_followed_through_a_failing_page() -> None:
    """A page that fails is asked for again, never skipped; parameters go with the first request only."""
    with Shop() as box, client(box) as http:
        for number in (1, 2, 3):
            link = f'<{box.url}/v1/made/{number + 1}?cursor={number}>; rel="next"'
            box.replies[str(number)] = Reply(json=[number], headers={"Link": link} if number < 3 else {})
        box.faults.add(Fault(kind="cut_gzip", path="*/2"))
        found = [one.json() for one in follow(http, "/made/1", params={"count": 1})]
        asked = [(exchange.request.path, exchange.request.query) for exchange in box.requests]
    assert [[1], [2], [3]] == found
    assert ("/v1/made/1", {"count": ["1"]}) == asked[0]
    assert [("/v1/made/2", {"cursor": ["1"]})] * 2 == asked[1:3]


def test_a_link_to_another_host_is_not_followed() -> None:
    """The next page must be on the vendor's own host: our credentials go along."""
    with Shop() as box, Shop() as other, client(box) as http:
        box.replies["1"] = Reply(json=[], headers={"Link": f'<{other.url}/v1/made/2>; rel="next"'})
        with pytest.raises(BadData, match="leads away"):
            list(follow(http, "/made/1"))
        assert 0 == len(other.requests)
