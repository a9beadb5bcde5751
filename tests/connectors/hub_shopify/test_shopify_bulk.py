"""Everything at once: jobs that work, fail, stand still, and the files that they write."""

import json
from itertools import islice

import pytest

from hub.sdk.errors import BadData, HubError, RetryLater, StopConnection
from hub.sdk.http.retry import pace
from hub.sdk.records import Page
from hub.sdk.sandbox import Reply, Request, route
from hub.testing.fold import Fold
from hub_shopify.bulk import _families, _pieces
from hub_shopify.sandbox import ShopifySandbox
from hub_shopify.sandbox.jobs import Jobs
from tests.connectors.hub_shopify.reading import PATH, Roomy, asked, read, rows, shop, source


class Ungrouped(Jobs):
    """Jobs that do not heed `groupObjects`."""

    def start(self, query: str, *, grouped: bool) -> tuple[dict[str, object] | None, str]:
        """Start without grouping."""
        del grouped
        return super().start(query, grouped=False)


class Standing(Jobs):
    """Jobs that never do anything."""

    def work(self) -> None:
        """Do nothing."""


class Elsewhere(Roomy):
    """Files lie at another host, which writes down what it is sent, and knows no pieces."""

    seen: dict[str, str]

    @route("GET", "/files/{name}")
    def file(self, request: Request, name: str) -> Reply:
        """Give the file whole."""
        self.seen = dict(request.headers)
        return Reply(body=self.jobs.files[name], content_type="application/jsonl")


def raised(box: ShopifySandbox) -> HubError:
    """The error that ends a full read, which leaves no cursor of what it did not see."""
    fold = Fold()
    with pytest.raises(HubError) as found:
        read(box, fold)
    assert not fold.completed
    return found.value


def test_lines_stand_behind_their_order() -> None:
    """Every order with its own lines, none with another's."""
    with shop(products=1, orders=30) as box:
        fold = read(box)
        assert set(box.keys("order_lines")) == fold.keys("order_lines")
        [start] = [each["variables"]["query"] for each in asked(box) if "orders" in str(each["variables"].get("query"))
                   and "mutation" in each["query"]]  # fmt: skip
    assert 'query: "test:false"' in start


def test_lines_that_stand_elsewhere_are_told() -> None:
    """Without grouping lines cannot be given to their orders in little memory: the read ends, incomplete."""
    with shop(orders=3) as box:
        box.jobs = Ungrouped(box)
        assert "behind its parent" in str(raised(box))


def test_the_token_does_not_go_to_the_host_of_the_file() -> None:
    """The address is signed, and lies at another host; a server without pieces gives all."""
    with shop(Elsewhere, people=3) as box:
        assert 3 == len(rows(read(box), "people"))
        assert isinstance(box, Elsewhere)
        assert "x-shopify-access-token" not in box.seen
        assert "identity" == box.seen["accept-encoding"]


def test_a_large_file_comes_in_pieces() -> None:
    """Pieces end anywhere, in the middle of a line and of a letter; put together they are the file."""
    with shop(people=3) as box:
        for key in box.keys("people"):
            box.objects["people"][key]["note"] = "ä" * 500_000
        fold = read(box)
        ranges = [each.request.headers["range"] for each in box.requests if each.request.path.startswith("/files/")]
    assert 3 == len(rows(fold, "people"))
    assert ranges[0] == "bytes=0-7999999"
    assert len(ranges) == 2
    assert {500_000} == {json.loads(row["attributes"])["note"].count("ä") for row in rows(fold, "people")}


@pytest.mark.parametrize(
    ("end", "error", "text"),
    [
        ("FAILED INTERNAL_SERVER_ERROR", RetryLater, "FAILED INTERNAL_SERVER_ERROR"),
        ("FAILED TIMEOUT", RetryLater, "begun anew"),
        ("FAILED ACCESS_DENIED", StopConnection, "scopes"),
        ("EXPIRED", RetryLater, "EXPIRED"),
        ("CANCELED", RetryLater, "CANCELED"),
    ],
)
def test_a_job_that_fails_is_no_end_of_the_list(end: str, error: type[Exception], text: str) -> None:
    """Whatever part it wrote; the next read brings everything."""
    with shop(people=2) as box:
        box.jobs.fails = end
        found = raised(box)
        assert isinstance(found, error)
        assert text in str(found)
        assert 2 == len(rows(read(box), "people"))


def written(box: ShopifySandbox, body: bytes, **counts: object) -> list[Page]:
    """Pages of a read whose job wrote this file."""
    reading = source(box).read(["people"], None)
    first = next(reading)
    box.jobs.files["bulk-1.jsonl"] = body
    box.jobs.all["gid://shopify/BulkOperation/1"] |= {
        "status": "COMPLETED", "objectCount": "2", "rootObjectCount": "2", "fileSize": str(len(body)),
        "url": f"{box.url}/files/bulk-1.jsonl?signature=x", **counts,
    }  # fmt: skip
    return [first, *reading]


TWO = b"\n".join(
    b'{"id":"gid://shopify/Customer/%d","createdAt":"2026-02-01T00:00:00Z","updatedAt":"2026-03-01T00:00:00Z"}' % number
    for number in (1, 2)
)


@pytest.mark.parametrize("end", [b"", b"\n", b"\n\n"])
def test_a_file_may_end_without_a_line_end(end: bytes) -> None:
    """The last object is not lost."""
    with shop(people=2) as box:
        assert 2 == sum(len(rows(page, "people")) for page in written(box, TWO + end))


@pytest.mark.parametrize("body", [TWO + b"\n{", TWO + b"\n[]", TWO + b"\n\xff", TWO[:-9], TWO.replace(b"{", b"", 1)])
def test_a_file_that_is_cut_or_no_json_is_told(body: bytes) -> None:
    """Nothing of it says that it is complete."""
    with shop(people=2) as box, pytest.raises(BadData):
        written(box, body)


@pytest.mark.parametrize(
    "counts",
    [{"objectCount": "3"}, {"rootObjectCount": "1"}, {"objectCount": None}, {"fileSize": "9"}, {"fileSize": "999"}],
)
def test_other_lines_than_were_counted_are_told(counts: dict[str, object]) -> None:
    """A file that lost something on the way is not taken for all there is."""
    with shop(people=2) as box, pytest.raises(BadData):
        written(box, TWO, **counts)


def test_an_empty_shop_has_no_file() -> None:
    """A job that found nothing has no address; the read is complete, and what comes later is seen."""
    with shop() as box:
        fold = read(box)
        assert fold.completed
        box.make("people")
        assert 1 == len(rows(read(box, fold), "people"))


def test_other_jobs_are_waited_for() -> None:
    """Five jobs run: ours begins when one is done."""
    with shop(people=1) as box:
        box.most_jobs = 1
        box.jobs.start("{ products { edges { node { id } } } }", grouped=True)
        assert 1 == len(rows(read(box), "people"))


def test_jobs_that_never_end_are_given_up() -> None:
    """Standing still for ten minutes the job is cancelled, and the read says later."""
    with shop(people=1) as box:
        box.jobs = Standing(box)
        pace.set(0.0001)  # taken back by `shop`
        assert "has not moved" in str(raised(box))
        assert ["CANCELED"] == [each["status"] for each in box.jobs.all.values()]


def test_a_read_that_is_given_up_cancels_its_job() -> None:
    """Nobody fetches its file."""
    with shop(people=1) as box:
        reading = source(box).read(["people"], None)
        assert 1 == len(list(islice(reading, 1)))
        reading.close()  # type: ignore[attr-defined]
        assert ["CANCELED"] == [each["status"] for each in box.jobs.all.values()]


class Refusing(Jobs):
    """Jobs that are all invalid."""

    def start(self, query: str, *, grouped: bool) -> tuple[dict[str, object] | None, str]:
        """Refuse."""
        del query, grouped
        return None, "INVALID"


def test_a_refused_job_stops_the_connection() -> None:
    """What Shopify calls invalid does not get better."""
    with shop(people=1) as box:
        box.jobs = Refusing(box)
        assert isinstance(raised(box), StopConnection)


def test_files_are_fetched_from_https_alone() -> None:
    """An address from the vendor's answer may not lead just anywhere."""
    for address in ("http://other.example/file", "file:///etc/passwd", "ftp://other.example/file"):
        with pytest.raises(BadData, match="https"):
            list(_pieces("https://my-shop.myshopify.com", address, 10))


def test_children_of_nobody_are_told() -> None:
    """A file that begins with a line of an order has lost its order."""
    with pytest.raises(BadData, match="behind its parent"):
        list(_families(iter([{"id": "1", "__parentId": "0"}])))


def test_what_waits_gives_empty_pages() -> None:
    """The hub sees that the source is alive while a job works."""
    with shop(people=1) as box:
        pages = list(source(box).read(["people"], None))
        empty = [page for page in pages if not page.rows and page.cursor is None]
    assert empty
    assert PATH in {each.request.path for each in box.requests}
