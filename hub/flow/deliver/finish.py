"""Close a plan: its receipts move from the batches into a sealed file, and from there into the ledger."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from hub.flow.deliver.batches import decode
from hub.flow.deliver.ledger import fold_plans
from hub.flow.deliver.tools import Tools
from hub.outbox.parts import Receipt
from hub.outbox.plan import RECEIPTS, AudienceJob
from hub.sdk.errors import BrokenPlugin, HubError
from hub.sdk.records import Observed, Suppression, Target
from hub.sdk.streams import STREAMS
from hub.store.models import BatchRow, PlanRow

_BLOCKED = timedelta(days=1)  # a refused removal is tried once a day
_REFUSED = ("rejected", "suppressed", "retry")
CONSENTS = STREAMS["consents"].columns


@dataclass(slots=True)
class Outcome:
    """What closing a plan gave: outcomes by row of the plan, opt-outs in the columns of `consents`."""

    receipts: Mapping[int, Receipt] = field(default_factory=dict)
    consents: list[Mapping[str, object]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Word:
    """The last word on a row, with how long an unseen attempt may still land."""

    receipt: Receipt
    doubted: bool
    settle_until: datetime | None


def close_plan(tools: Tools, job: AudienceJob | None, target: Target | None, plan: PlanRow, rows: pa.Table) -> Outcome:
    """Close an open plan of which no job is running any more: at the tool, in the log, in the store, in the ledger.

    Closing twice does no harm, so a crash in here is mended by closing again.

    Raises:
        HubError: the tool could not close it; the plan stays open.
    """
    if job and target and plan.state == "sending":
        _close_at_tool(job, target, plan)
    words = _words(tools.store.batches(plan.id))
    outcome = Outcome()
    if job and target:
        words = _read_back(job, target, plan, rows, words, outcome)
    outcome.receipts = {row: word.receipt for row, word in words.items()}
    outcome.consents += _opt_outs(plan, rows, outcome.receipts)
    tools.heard(outcome.consents)
    write_receipts(tools, plan, receipts_table(plan, rows, words, tools.now()))
    return outcome


def _close_at_tool(job: AudienceJob, target: Target, plan: PlanRow) -> None:
    try:
        job.destination.close(target, plan.handle)
    except HubError:
        raise
    except Exception as error:
        raise BrokenPlugin(f"{type(job.destination).__name__}.close failed with {type(error).__name__}.") from error


def write_receipts(tools: Tools, plan: PlanRow, receipts: pa.Table) -> None:
    """Make receipts durable, close the plan with them, and fold them into the ledger."""
    path = tools.log.receipts_path(plan.path)
    tools.log.write(path, receipts)
    tools.store.close_plan(plan.id, receipts_path=path)
    with tools.lock:
        fold_plans(tools.engine, tools.log, [tools.store.plan(plan.id)])


def unknown_words(count: int, settle_until: datetime) -> dict[int, _Word]:
    """Return the words on rows of which nobody knows whether they were sent."""
    return {row: _Word(Receipt("unknown"), doubted=True, settle_until=settle_until) for row in range(count)}


def _words(batches: Sequence[BatchRow]) -> dict[int, _Word]:
    words: dict[int, _Word] = {}
    for batch in batches:
        part = decode(batch)
        doubted = part.doubted or batch.state in ("intent", "in_doubt")
        whole = part.settle("unknown") if part.doubted or batch.state in ("intent", "job") else part
        for row, receipt in whole.receipts.items():
            words[row] = _Word(receipt, doubted, batch.settle_until)
    return words


def receipts_table(plan: PlanRow, rows: pa.Table, words: Mapping[int, _Word], now: datetime) -> pa.Table:
    """Return the receipts of a plan in the columns of `RECEIPTS`, rows that were not applied left out."""
    lines = list(_lines(plan, rows["op"].to_pylist(), words, now))
    told = pa.Table.from_pylist(lines, pa.schema([("place", pa.int64()), *_own_columns()]))
    known = rows.take(told["place"]).select(["key", "wire", "profile_id", "op", "payload_hash", "vendor_id"])
    columns = {name: known[name] for name in known.column_names} | {
        name: told[name] for name in told.column_names if name != "vendor_id"
    }
    columns["vendor_id"] = pa.array(
        new or old for new, old in zip(told["vendor_id"].to_pylist(), known["vendor_id"].to_pylist(), strict=True)
    ).cast(pa.string())
    return pa.table({name: columns[name] for name in RECEIPTS.names}).cast(RECEIPTS)


def _own_columns() -> Iterator[pa.Field]:
    taken = ("key", "wire", "profile_id", "op", "payload_hash")
    return (column for column in RECEIPTS if column.name not in taken)


def _lines(
    plan: PlanRow, ops: Sequence[str], words: Mapping[int, _Word], now: datetime
) -> Iterator[Mapping[str, object]]:
    """One line per row; two where an unseen attempt came before a refusal: it may have been applied."""
    for row, word in sorted(words.items()):
        receipt, open_until = word.receipt, None
        if word.doubted or receipt.outcome in ("unknown", "accepted"):
            open_until = word.settle_until
        line = {"place": row, "sent_at": plan.created_at, "settle_until": open_until}
        if word.doubted and receipt.outcome in _REFUSED:
            yield {**line, "ord": 2 * row, "outcome": "unknown", "code": ""}
        yield {
            **line,
            "ord": 2 * row + 1,
            "outcome": receipt.outcome,
            "code": receipt.code,
            "vendor_id": receipt.vendor_id,
            "retry_at": _retry_at(ops[row], receipt, now),
        }


def _retry_at(op: str, receipt: Receipt, now: datetime) -> datetime | None:
    if receipt.outcome == "retry":
        return now + (receipt.after or timedelta())
    return now + _BLOCKED if receipt.outcome == "rejected" and op == "remove" else None


def _read_back(
    job: AudienceJob,
    target: Target,
    plan: PlanRow,
    rows: pa.Table,
    words: dict[int, _Word],
    outcome: Outcome,
) -> dict[int, _Word]:
    """Settle unknown rows by what the tool says it holds, where it can tell all of it.

    Seeing somebody proves membership, not the fields of a contact; not seeing them proves a removal.
    """
    open_rows = [row for row, word in words.items() if word.receipt.outcome == "unknown"]
    if not open_rows or job.destination.capabilities.read_back != "full":
        return words
    try:
        seen = {_wire(observed.wire): observed for observed in job.destination.read_back(target, plan.handle)}
    except HubError as error:
        outcome.messages.append(str(error))
        return words
    wires = rows["wire"].to_pylist()
    ops = rows["op"].to_pylist()
    settled = dict(words)
    for row in open_rows:
        observed = seen.get(_wire(json.loads(wires[row])))
        receipt = _observe(ops[row], observed, target)
        if receipt:
            settled[row] = replace(words[row], receipt=receipt)
    outcome.consents += _seen_opt_outs(job, plan, list(seen.values()))
    return settled


def _observe(op: str, observed: Observed | None, target: Target) -> Receipt | None:
    state = observed.state if observed else "absent"
    vendor_id = observed.vendor_id if observed else None
    if state == "suppressed" and observed:
        return Receipt("suppressed", vendor_id=vendor_id)
    if op == "remove":
        return Receipt("absent") if state == "absent" else None
    return Receipt("present", vendor_id=vendor_id) if state == "present" and not target.fields else None


def _wire(wire: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset(wire.items())


def _opt_outs(plan: PlanRow, rows: pa.Table, receipts: Mapping[int, Receipt]) -> Iterator[Mapping[str, object]]:
    """Opt-outs that answers told, by the identifiers that the person was addressed with."""
    told = {row: receipt for row, receipt in receipts.items() if receipt.suppression}
    addresses = rows.take(pa.array(list(told), pa.int64()))["address"].to_pylist()
    for address, receipt in zip(addresses, told.values(), strict=True):
        if receipt.suppression and address:
            yield consent_row(plan, receipt.suppression, json.loads(address), receipt.code)


def _seen_opt_outs(job: AudienceJob, plan: PlanRow, seen: Sequence[Observed]) -> Iterator[Mapping[str, object]]:
    """Opt-outs seen while reading back; only wire ids that are plain identifiers can be named to the hub."""
    plain = [name for name in job.destination.capabilities.address_by if name not in job.destination.capabilities.wire]
    for observed in seen:
        address = {name: value for name, value in observed.wire.items() if name in plain}
        if observed.state == "suppressed" and observed.suppression and address:
            yield consent_row(plan, observed.suppression, address, "")


def consent_row(plan: PlanRow, suppression: Suppression, address: Mapping[str, str], code: str) -> Mapping[str, object]:
    """Return a row of the stream `consents` for an opt-out that a tool reported."""
    when = suppression.occurred_at
    return {
        "channel": suppression.channel,
        "purpose": suppression.purpose,
        "state": "denied",
        "occurred_at": _naive(when) if when else plan.created_at,
        "source": plan.connection,
        "evidence": f"{plan.target_key} {code}".strip(),
        "identifiers": [{"namespace": name, "value": value} for name, value in sorted(address.items())],
    }


def _naive(when: datetime) -> datetime:
    return when.astimezone(UTC).replace(tzinfo=None) if when.tzinfo else when


def consents_table(rows: Sequence[Mapping[str, object]]) -> pa.Table:
    """Return opt-outs in the columns of the stream `consents`."""
    return pa.Table.from_pylist([dict(row) for row in rows], CONSENTS)
