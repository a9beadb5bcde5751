"""Batch operations: many calls in one, run later, their results in a tar.gz behind a link."""

import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import cast

from hub.sdk.records import Json
from hub.sdk.sandbox import Reply, Request, route
from hub_mailchimp.sandbox.account import body_of
from hub_mailchimp.sandbox.lists import digest
from hub_mailchimp.sandbox.problems import invalid, not_found
from hub_mailchimp.sandbox.segments import Fields
from hub_mailchimp.sandbox.views import shown, window

MAX_OPERATIONS = 1000
_STATES = ("pending", "started", "finalizing", "finished")


@dataclass
class Batch:
    """A batch and, once it ran, the results by operation, in no particular order."""

    id: str
    operations: Sequence[Mapping[str, Json]]
    authorization: str
    asked: int = 0
    results: list[Json] | None = None

    @property
    def state(self) -> str:
        """How far it is; each look moves it one step, so that no test waits for a clock."""
        return _STATES[min(self.asked, len(_STATES) - 1)]


class Batches(Fields):
    """Asynchronous calls."""

    def __init__(
        self, *, seed: int = 0, size: int = 0, port: int = 0, latency: float = 0.0, keep: int = 10_000
    ) -> None:
        super().__init__(seed=seed, size=size, port=port, latency=latency, keep=keep)
        self.batches: dict[str, Batch] = {}

    @route("POST", "/3.0/batches")
    def post_batch(self, request: Request) -> Reply:
        """Take up to 1,000 operations."""
        operations = body_of(request).get("operations")
        if not isinstance(operations, list) or not operations or len(operations) > MAX_OPERATIONS:
            raise invalid("operations", f"Give an array of 1 to {MAX_OPERATIONS} operations.")
        for place, operation in enumerate(operations):
            if not isinstance(operation, Mapping) or not isinstance(operation.get("body", ""), str):
                raise invalid(f"operations.item:{place}.body", "Schema describes string, object found instead")
        made = Batch(digest(f"batch/{len(self.batches)}")[:10], operations, request.headers["authorization"])
        self.batches[made.id] = made
        return shown(request, self._view(made))

    @route("GET", "/3.0/batches")
    def get_batches(self, request: Request) -> Reply:
        """Page through batches."""
        found: list[Json] = [self._view(batch) for batch in self.batches.values()]
        return shown(request, {"batches": found[window(request)], "total_items": len(found)})

    @route("GET", "/3.0/batches/{batch_id}")
    def get_batch(self, request: Request, batch_id: str) -> Reply:
        """Show how far a batch is; it runs before it is shown as finished."""
        batch = self._batch(batch_id)
        batch.asked += 1
        if batch.state == "finished" and batch.results is None:
            batch.results = [self._run(batch, operation) for operation in batch.operations]
            Random(self.seed).shuffle(batch.results)  # noqa: S311 - the order of results is not promised
        return shown(request, self._view(batch))

    @route("DELETE", "/3.0/batches/{batch_id}")
    def delete_batch(self, _request: Request, batch_id: str) -> Reply:
        """Cancel a batch, or lose its results."""
        del self.batches[self._batch(batch_id).id]
        return Reply(status=204)

    @route("GET", "/batch-results/{file_name}")
    def results(self, _request: Request, file_name: str) -> Reply:
        """Hand out the results; whoever knows the link may have them."""
        batch = self._batch(file_name.partition("-")[0])
        if batch.results is None:
            raise not_found()
        return Reply(body=_packed(batch.id, batch.results), content_type="application/gzip")

    def _batch(self, batch_id: str) -> Batch:
        if batch_id not in self.batches:
            raise not_found()
        return self.batches[batch_id]

    def _run(self, batch: Batch, operation: Mapping[str, Json]) -> Json:
        params = operation.get("params", {})
        query = {k: [str(v)] for k, v in params.items()} if isinstance(params, Mapping) else {}
        reply = self._guarded(
            Request(
                str(operation.get("method", "")),
                f"/3.0{operation.get('path', '')}",
                query,
                {"authorization": batch.authorization},
                str(operation.get("body", "")).encode(),
            )
        )
        answer = reply.payload().decode()
        return {"status_code": reply.status, "operation_id": operation.get("operation_id"), "response": answer}

    def _view(self, batch: Batch) -> dict[str, Json]:
        done = batch.results or []
        failed = [r for r in done if isinstance(r, Mapping) and cast("int", r["status_code"]) >= 400]  # noqa: PLR2004
        link = f"{self.url}/batch-results/{batch.id}-response.tar.gz" if batch.results is not None else ""
        return {
            "id": batch.id,
            "status": batch.state,
            "total_operations": len(batch.operations),
            "finished_operations": len(done),
            "errored_operations": len(failed),
            "response_body_url": link,
        }


def _packed(name: str, results: Sequence[Json]) -> bytes:
    out = io.BytesIO()
    content = json.dumps(results).encode()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        folder = tarfile.TarInfo("./")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        entry = tarfile.TarInfo(f"./{name}.json")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()
