"""Values that nobody expected: they cost at most their own record, and never anything without a word."""

import json

from hub.sdk.errors import HubError
from hub.sdk.records import Json
from hub.sdk.sandbox import Fault
from hub.sdk.sandbox.reshape import places
from hub.testing.bench import Bench, Vendor
from hub.testing.checks.changes import shows
from hub.testing.fold import Fold
from hub.testing.registry import Violation, check, must

_TEXTS = (
    "Zoë Ångström",
    "李小龍",
    "\U0001f469\u200d\U0001f467",
    "a\u2028b",
    "O'Brien; DROP TABLE",
    'quo"te\\',
    "  blanks  ",
    "x" * 5_000,
)
_MENDED = ("nul\x00byte", "half \ud83d smiley")
_OTHERS: tuple[Json, ...] = (
    *(None, [], {}, [{}], "", "text", False, True, -1, 10**30, 1.5),
    *("9" * 40, "0001-01-01", "\x00"),
)


@check
def text_arrives_whole(bench: Bench) -> None:
    """Letters of any script, joined signs, quotes and length are the same when they land."""
    with bench.vendor(0.05) as vendor:
        stream = _main(vendor)
        key, fold = vendor.box.keys(stream)[0], vendor.read()
        for text in _TEXTS:
            vendor.wait()
            vendor.box.touch(stream, key, text)
            vendor.wait()
            must(shows(vendor.read(fold), stream, key, text.strip()), f"{stream}: {text[:40]!r} did not arrive whole")


@check
def broken_text_costs_at_most_its_record(bench: Bench) -> None:
    """NUL and half characters: the record lands or is in quarantine, and so does everything else."""
    with bench.vendor(0.3) as vendor:
        stream = _main(vendor)
        known = set(vendor.box.keys(stream))
        for text in _MENDED:
            fold, key = Fold(), vendor.box.keys(stream)[0]
            vendor.box.touch(stream, key, text)
            vendor.wait()
            vendor.read(fold)
            must(known - fold.keys(stream) <= {key}, f"{stream}: {text!r} cost other records")
            must(key in fold.keys(stream) or fold.quarantined, f"{stream}: the record with {text!r} is lost")


@check
def a_value_of_another_type_costs_at_most_its_record(bench: Bench) -> None:
    """Whatever a field of a record becomes: that record is in quarantine, or the read says what is wrong."""
    with bench.vendor(0.05) as vendor:
        before = len(vendor.box.requests)
        whole = vendor.read()
        for place in range(min(len(vendor.box.requests) - before, 6)):
            for field, where in _fields(vendor, place):
                for value in _OTHERS:
                    if not (where == "list" and isinstance(value, list)):  # other rows than there are: who could tell?
                        error = _replaced(vendor, whole, place, field, value)
                        must(
                            not error or where != "field",
                            f"{field} = {value!r:.50} of one record ended the read: {error}",
                        )


def _replaced(vendor: Vendor, whole: Fold, place: int, field: str, value: Json) -> HubError | None:
    fold, what = Fold(), f"{field} = {json.dumps(value)[:50]} in the answer to request {place}"
    with vendor.fault(Fault(kind="other_type", skip=place, field=field, body=json.dumps(value))):
        try:
            error = vendor.try_to_read(fold)
        except Violation:
            raise
        except Exception as crash:
            raise Violation(f"{what}: {type(crash).__name__}: {crash}") from crash
    if error is None:
        for stream, rows in whole.rows.items():
            found = set(fold.rows.get(stream, {}))
            lost, renamed = len(set(rows) - found), found - set(rows)
            must(lost <= _most_lost(rows), f"{what}: {lost} records of {stream} are lost without a word")
            must(
                not lost or renamed or fold.quarantined or _is_absence(value),
                f"{what}: a record of {stream} is not in quarantine",
            )
    return error


def _is_absence(value: Json) -> bool:
    """Nothing may mean that there is nothing: no address, no lines, a record that is not there."""
    return value in (None, [], {}, "", False)


def _most_lost(rows: object) -> int:
    """Of one vendor's record several may be made (a line each, a consent each), never most of what there is."""
    return max(1, len(rows) // 2)  # type: ignore[arg-type]


def _fields(vendor: Vendor, place: int) -> list[tuple[str, str]]:
    """The paths within an answer, and where each is: around the rows, the list of rows, a row, within a row."""
    found: list[tuple[str, str]] = []
    rows_of = vendor.box.rows

    def look(body: Json) -> list[Json] | None:
        rows = rows_of(body)
        if rows and not found:
            paths = places(body, rows)
            list_of = next((path for path in paths if _at(body, path) is rows), "")
            found.extend((path, _where(path, list_of)) for path in paths)
        return rows

    vendor.box.rows = look  # type: ignore[method-assign]
    try:
        with vendor.fault(Fault(kind="unknown_field", skip=place)):
            vendor.read(Fold())
    finally:
        vendor.box.rows = rows_of  # type: ignore[method-assign]
    return found


def _where(path: str, list_of: str) -> str:
    row = f"{list_of}.0" if list_of else "0"
    return {list_of: "list", row: "row"}.get(path, "field" if path.startswith(f"{row}.") else "around")


def _at(body: Json, path: str) -> object:
    found: object = body
    for name in path.split("."):
        found = found[int(name)] if isinstance(found, list) else found[name]  # type: ignore[index]
    return found


def _main(vendor: Vendor) -> str:
    """The first stream whose records change. Raises ValueError where there is none."""
    for stream, noticed in vendor.box.kinds.items():
        if "touch" in noticed:
            return stream
    raise ValueError(
        "No record changes at this vendor: leave the check out by `without`, and test text in new records."
    )
