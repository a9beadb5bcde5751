"""The destination `file`: full list and changes, whole or not at all, safe to open in a spreadsheet."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.sdk.connector import Context
from hub.sdk.errors import StopConnection
from hub.sdk.records import Batch, Op, Row
from hub.sdk.settings import AudienceSettings
from hub_file import FileDestination
from hub_file.settings import FileSettings, FileTarget


class Lists:
    """A project folder with one audience."""

    def __init__(self, folder: Path, path: str = "list.csv", *, formula_safe: bool = True) -> None:
        made = FileSettings(folder="out", formula_safe=formula_safe)
        self.tool = FileDestination(made, Context("files", folder, datetime.now(UTC)))
        self.audience = AudienceSettings(
            name="a", segment="s", target=FileTarget(path=path), match_on=("email",), fields={"NAME": "first_name"}
        )
        self.target = self.tool.targets(self.audience)[0]
        self.path = folder / "out" / path

    def deliver(self, plan: str, *batches: tuple[Op, Mapping[str, str]], close: bool = True) -> None:
        """Push batches of address -> name under one plan."""
        handle = self.tool.open(self.target, self.audience, f"{plan}/{self.target.key}", 0)
        for number, (op, people) in enumerate(batches, start=1):
            rows = [Row(key=who, wire={"email": who}, fields={"NAME": name}) for who, name in people.items()]
            batch = Batch(f"{plan}{number}", number, number == len(batches), op, rows)
            verdicts = self.tool.push(self.target, handle, batch)
            assert len(rows) == len(list(verdicts))
        if close:
            self.tool.close(self.target, handle)

    def listed(self) -> set[str]:
        """Addresses read back."""
        handle = self.tool.open(self.target, self.audience, "any", 0)
        return {seen.wire["email"] for seen in self.tool.read_back(self.target, handle)}


def delta_of(lists: Lists, plan: str) -> str:
    """The file of changes of a plan."""
    handle = lists.tool.open(lists.target, lists.audience, f"{plan}/{lists.target.key}", 0)
    assert isinstance(handle, dict)
    return lists.path.with_name(f"list.delta-{handle['plan']}.csv").read_text()


ANN, BOB = "ann@shop.example", "bob@shop.example"


def test_the_list_and_its_changes_are_written(tmp_path: Path) -> None:
    """After a delivery there is the whole list, and a file that says what changed."""
    lists = Lists(tmp_path)
    lists.deliver("p1", ("add", {ANN: "Ann", BOB: "Bob"}))
    lists.deliver("p2", ("remove", {BOB: ""}), ("update", {ANN: "Anna"}))
    assert f"email,NAME\n{ANN},Anna\n" == lists.path.read_text()
    assert f'op,email,NAME\nremove,{BOB},""\nupdate,{ANN},Anna\n' == delta_of(lists, "p2")


def test_a_plan_that_was_not_closed_changes_nothing_until_it_is(tmp_path: Path) -> None:
    """A crash between push and close leaves the old list; closing later, even twice, brings the new one."""
    lists = Lists(tmp_path)
    lists.deliver("p1", ("add", {ANN: "Ann"}), close=False)
    assert not lists.path.exists()
    handle = lists.tool.open(lists.target, lists.audience, f"p1/{lists.target.key}", 0)
    for _ in range(2):
        lists.tool.close(lists.target, handle)
        assert {ANN} == lists.listed()


def test_a_batch_pushed_twice_counts_once(tmp_path: Path) -> None:
    """Adds are upserts by what people are recognised by."""
    lists = Lists(tmp_path)
    for plan in ("p1", "p2"):
        lists.deliver(plan, ("add", {ANN: "Ann"}))
    assert 2 == len(lists.path.read_text().splitlines())


@pytest.mark.parametrize("text", ["=1+1", "+49151", "-1", "@cmd", "\tx", "'=x", "plain", "it's", "'t Hooft", ""])
def test_formulas_are_text_and_come_back_as_they_were(tmp_path: Path, text: str) -> None:
    """No cell of a CSV begins with what a spreadsheet runs, and another delivery does not change it further."""
    lists = Lists(tmp_path)
    lists.deliver("p1", ("add", {ANN: text}))
    first = lists.path.read_text()
    assert not any(
        cell.strip('"')[:1] in ("=", "+", "-", "@", "\t") for cell in first.splitlines()[1].split(",") if cell
    )
    lists.deliver("p2", ("add", {"zoe@shop.example": "Zoe"}))
    assert first.splitlines()[1] == lists.path.read_text().splitlines()[1]


def test_formulas_are_left_alone_when_asked(tmp_path: Path) -> None:
    """`formula_safe = false` writes phone numbers as they are."""
    lists = Lists(tmp_path, formula_safe=False)
    lists.deliver("p1", ("add", {ANN: "+4915112345679"}))
    assert f"{ANN},+4915112345679" == lists.path.read_text().splitlines()[1]


def test_parquet_keeps_everything_as_it_is(tmp_path: Path) -> None:
    """A list may be Parquet; there is nothing to neutralise."""
    lists = Lists(tmp_path, "list.parquet")
    lists.deliver("p1", ("add", {ANN: "=1+1"}))
    assert [{"email": ANN, "NAME": "=1+1"}] == pq.read_table(lists.path).to_pylist()


def test_a_list_deleted_by_hand_reads_as_empty(tmp_path: Path) -> None:
    """What the folder holds is the truth."""
    lists = Lists(tmp_path)
    lists.deliver("p1", ("add", {ANN: "Ann"}))
    lists.path.unlink()
    assert set() == lists.listed()


def test_files_are_readable_by_the_owner_alone(tmp_path: Path) -> None:
    """They hold personal data."""
    lists = Lists(tmp_path)
    lists.deliver("p1", ("add", {ANN: "Ann"}))
    assert {0o600} == {path.stat().st_mode & 0o777 for path in lists.path.parent.glob("*.csv")}


@pytest.mark.parametrize("path", ["../list.csv", "/tmp/list.csv", "list.txt", ".hidden/list.csv"])  # noqa: S108
def test_a_target_stays_in_its_folder(path: str) -> None:
    """Paths that leave the folder, hidden names and unknown endings are refused."""
    with pytest.raises(ValidationError):
        FileTarget(path=path)


def test_check_says_what_is_wrong_with_the_folder(tmp_path: Path) -> None:
    """A folder that cannot be made is an error, any other is fine."""
    lists = Lists(tmp_path)
    assert ["ok"] == [fact.level for fact in lists.tool.check()]
    (tmp_path / "file").write_text("")
    other = FileDestination(FileSettings(folder="file/out"), Context("files", tmp_path, datetime.now(UTC)))
    assert ["error"] == [fact.level for fact in other.check()]


@pytest.mark.parametrize(
    "edit",
    [
        lambda data: data + b'zoe@shop.example,"open',
        lambda data: data.replace(b",", b";"),
        lambda data: data.replace(b"email", b"mail"),
        lambda _: b"PK\x03\x04" + bytes(100),
    ],
)
def test_a_list_that_is_none_any_more_is_not_overwritten(tmp_path: Path, edit: Callable[[bytes], bytes]) -> None:
    """What somebody did to the file by hand is told without its content, and stays for them to mend."""
    lists = Lists(tmp_path)
    lists.deliver("p1", ("add", {ANN: "Ann", BOB: "Bob"}))
    edited = edit(lists.path.read_bytes())
    lists.path.write_bytes(edited)
    with pytest.raises(StopConnection, match=r"^list\.csv: .*delete it to have it written anew") as caught:
        lists.deliver("p2", ("add", {"eve@shop.example": "Eve"}))
    assert "@" not in str(caught.value)
    assert edited == lists.path.read_bytes()


def test_a_list_saved_by_a_spreadsheet_is_still_a_list(tmp_path: Path) -> None:
    """A byte order mark and other line ends change nobody's membership."""
    lists = Lists(tmp_path)
    lists.deliver("p1", ("add", {ANN: "Ann", BOB: "two\nlines"}))
    lists.path.write_bytes(b"\xef\xbb\xbf" + lists.path.read_bytes().replace(b"\n", b"\r\n"))
    lists.deliver("p2", ("remove", {ANN: ""}))
    assert {BOB} == lists.listed()


def test_a_row_that_no_file_can_hold_is_rejected_alone(tmp_path: Path) -> None:
    """Half a surrogate pair is no text; the other rows of the batch are kept."""
    lists = Lists(tmp_path)
    handle = lists.tool.open(lists.target, lists.audience, "p1", 0)
    rows = [Row(who, {"email": who}, {"NAME": name}) for who, name in ((ANN, "\ud83d"), (BOB, "Bob"))]
    verdicts = lists.tool.push(lists.target, handle, Batch("b", 1, True, "add", rows))
    assert ["rejected", "present"] == [verdict.outcome for verdict in verdicts]
    lists.tool.close(lists.target, handle)
    assert {BOB} == lists.listed()


PEOPLE = st.dictionaries(st.sampled_from([f"{n}@shop.example" for n in "abcd"]), st.text(max_size=6), max_size=4)
CHANGES = st.lists(st.lists(st.tuples(st.sampled_from(["add", "update", "remove"]), PEOPLE), max_size=3), max_size=4)


@settings(max_examples=40, deadline=None)
@given(CHANGES, st.sampled_from(["list.csv", "list.parquet"]))
def test_the_list_is_the_fold_of_all_changes(
    plans: Sequence[Sequence[tuple[Op, Mapping[str, str]]]], path: str
) -> None:
    """Whatever was pushed, in whatever plans, the list holds the last word about everybody."""
    expected: set[str] = set()
    with TemporaryDirectory() as folder:
        lists = Lists(Path(folder), path)
        for number, batches in enumerate(plans):
            lists.deliver(f"p{number}", *batches)
            for op, people in batches:
                expected = expected - people.keys() if op == "remove" else expected | people.keys()
        assert expected == lists.listed()
