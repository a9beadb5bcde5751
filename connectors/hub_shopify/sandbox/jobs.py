"""Bulk operations: a query over whole lists, worked off step by step, and the file that it writes."""

import json
from typing import TYPE_CHECKING

from hub_shopify.sandbox.execute import Execution, operation_of, parsed
from hub_shopify.sandbox.lists import Refusal, number
from hub_shopify.sandbox.records import Record, gid, typed

if TYPE_CHECKING:
    from hub_shopify.sandbox.shop import ShopifySandbox

_STEPS = 2  # looks at a job before it is done
RUNNING = frozenset({"CREATED", "RUNNING"})


class Jobs:
    """The bulk operations of the app, by their id, and their files by name."""

    def __init__(self, shop: "ShopifySandbox") -> None:
        self._shop = shop
        self.all: dict[str, Record] = {}
        self.files: dict[str, bytes] = {}
        self.fails = ""
        """The status in which the next job ends, with its error code behind a space; empty: it is completed."""
        self._steps: dict[str, int] = {}
        self._grouped: dict[str, bool] = {}

    def start(self, query: str, *, grouped: bool) -> tuple[Record | None, str]:
        """Start a job; return it, or the code of what is wrong."""
        if sum(each["status"] in RUNNING for each in self.all.values()) >= self._shop.most_jobs:
            return None, "LIMIT_REACHED"
        try:
            self._check(query)
        except Refusal:
            return None, "INVALID"
        key = gid("BulkOperation", len(self.all) + 1)
        self.all[key] = typed(
            "BulkOperation", id=key, status="CREATED", errorCode=None, createdAt=self._shop.stamp(), completedAt=None,
            objectCount="0", rootObjectCount="0", fileSize=None, url=None, partialDataUrl=None, type="QUERY",
            query=query,
        )  # fmt: skip
        self._steps[key], self._grouped[key] = 0, grouped
        return self.all[key], ""

    def cancel(self, key: str) -> Record | None:
        """Cancel a job."""
        found = self.all.get(key)
        if found and found["status"] in RUNNING:
            found["status"] = "CANCELED"
        return found

    def work(self) -> None:
        """Do a step of every job that runs."""
        for key, each in self.all.items():
            if each["status"] in RUNNING:
                self._steps[key] += 1
                each["status"] = "RUNNING"
                if self._steps[key] >= _STEPS:
                    self._end(key, each)

    def _end(self, key: str, found: Record) -> None:
        found["completedAt"] = self._shop.stamp()
        if self.fails:
            found["status"], _, code = self.fails.partition(" ")
            found["errorCode"], self.fails = code or None, ""
            return
        try:
            lines, roots = self._written(str(found["query"]), grouped=self._grouped[key])
        except Refusal:
            found |= {"status": "FAILED", "errorCode": "ACCESS_DENIED"}
            return
        file = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
        name = f"bulk-{number(found)}.jsonl"
        self.files[name] = file
        found |= {"status": "COMPLETED", "objectCount": str(len(lines)), "rootObjectCount": str(roots)}
        found |= {"fileSize": str(len(file)), "url": f"{self._shop.url}/files/{name}?signature=s3" if lines else None}

    def _check(self, query: str) -> None:
        document = parsed(query)
        run = Execution(document, {}, frozenset())
        run.roots(operation_of(document, None), self._shop.root())
        if run.errors:
            raise Refusal("access denied")

    def _written(self, query: str, *, grouped: bool) -> tuple[list[Record], int]:
        """Return the lines and how many of them are roots; without grouping children stand anywhere behind."""
        document = parsed(query)
        run = Execution(document, {}, self._shop.hidden)
        selection, found = run.roots(operation_of(document, None), self._shop.root())
        lines, later = list[Record](), list[Record]()
        for record in found:
            run.children = []
            shown = run.one(selection, record)
            if run.errors:
                raise Refusal("access denied")
            lines.append(dict(shown) if isinstance(shown, dict) else {})
            (lines if grouped else later).extend(run.children)
        return [*lines, *reversed(later)], len(found)
