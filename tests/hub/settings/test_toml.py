"""The line index: every key, table and item stands where it is written."""

import string
import tomllib
from collections.abc import Iterator
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.settings.problems import Problem
from hub.settings.toml import Document, Loc, parse, read

EVERYTHING = r'''# a comment with [brackets] and = signs
top = 1
"quoted \u00e4.key" = 'x'   # [not.a.table]

[a.b]
c.d = "one # two"
e = """
fake = 1
[fake]
two ""\" still inside, and two more at the end"""""
f = QQQ
[[fake]]
QQQ
g = [
  1,   # ]
  [2, 3],
  { h = 2022-01-01, "i j" = { k = "}" } },
]

[[list]]
x = 1979-05-27 07:32:00

[list.sub]
y = 1

[[list]]
x = -1.5e3
[[list.inner]]
z = true
[[list.inner]]
z = false
'''.replace("QQQ", "'''")


def parsed(text: str) -> Document:
    """Parse text that must be valid."""
    document = parse(text, "config/x.toml")
    assert isinstance(document, Document), document
    return document


def paths(value: object, loc: Loc = ()) -> Iterator[Loc]:
    """Yield the place of everything in parsed TOML."""
    if loc:
        yield loc
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for part, item in items:
        yield from paths(item, (*loc, part))


def test_lines_of_every_notation() -> None:
    """Dotted and quoted keys, inline tables, strings over lines and arrays of tables are found on their lines."""
    lines = parsed(EVERYTHING).lines
    expected = {
        ("top",): 2,
        ("quoted ä.key",): 3,
        ("a", "b"): 5,
        ("a", "b", "c", "d"): 6,
        ("a", "b", "e"): 7,
        ("a", "b", "f"): 11,
        ("a", "b", "g"): 14,
        ("a", "b", "g", 1, 0): 16,
        ("a", "b", "g", 2, "i j", "k"): 17,
        ("list", 0): 20,
        ("list", 0, "sub", "y"): 24,
        ("list", 1): 26,
        ("list", 1, "inner", 0, "z"): 29,
        ("list", 1, "inner", 1, "z"): 31,
    }
    assert expected == {loc: lines[loc] for loc in expected}


def test_the_index_is_complete() -> None:
    """The index holds exactly the places that tomllib finds."""
    assert set(paths(tomllib.loads(EVERYTHING))) == set(parsed(EVERYTHING).lines)


KEYS = st.one_of(st.text(string.ascii_letters + "-_", min_size=1, max_size=3), st.text(max_size=3))
SCALARS = st.one_of(
    st.integers(-9, 99),
    st.booleans(),
    st.dates(),
    st.text("ab\"'\\#=[]{},\n\té", max_size=8),
)
TREES = st.dictionaries(
    KEYS,
    st.recursive(SCALARS, lambda deep: st.lists(deep, max_size=3) | st.dictionaries(KEYS, deep, max_size=3)),
    max_size=5,
)


def quoted(text: str) -> str:
    """Write text as a basic TOML string."""
    return '"' + "".join(c if c.isalnum() else f"\\U{ord(c):08x}" for c in text) + '"'


def multi(text: str) -> str:
    """Write text as a string over several lines, with as many raw quotes as TOML allows."""
    inner = text.replace("\\", "\\\\").replace('"""', '""\\"')
    return f'"""\n{inner}"""' if not inner.endswith('"') or inner.endswith('\\"') else f'"""\n{inner[:-1]}\\""""'


def written(value: object) -> str:
    """Write a value as TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return multi(value)
    if isinstance(value, list):
        return "[ # ]\n" + ",\n".join(map(written, value)) + "\n]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)} = {written(item)}" for key, item in value.items()) + "}"
    return str(value)


@settings(deadline=None)
@given(tables=st.lists(TREES, max_size=3), base=TREES)
def test_any_document_is_indexed_whole(tables: list[dict[str, object]], base: dict[str, object]) -> None:
    """Whatever TOML holds, each of its places has a line, and the line holds the key that was asked for."""
    lines = [f"{quoted(key)} = {written(value)}" for key, value in base.items() if key != "t"]
    for table in tables:
        lines.append("[[t]]")
        lines += [f"{quoted(key)} = {written(value)}" for key, value in table.items()]
    text = "\n".join(lines).replace("\r\n", "\n")
    document = parsed(text)
    assert set(paths(document.data)) == set(document.lines)
    source = text.split("\n")
    named = [(loc[-1], line) for loc, line in document.lines.items() if isinstance(loc[-1], str)]
    assert [key for key, line in named if key not in source[line - 1] and quoted(key) not in source[line - 1]] == []


def test_a_key_that_is_not_written_stands_at_its_table() -> None:
    """A missing key is reported at the table that lacks it."""
    assert parsed(EVERYTHING).line(("list", 1, "nothing", "here")) == 26


def test_windows_files_load(tmp_path: Path) -> None:
    """A byte order mark and CRLF do no harm, and lines are counted right."""
    path = tmp_path / "x.toml"
    path.write_bytes(b"\xef\xbb\xbfa = 1\r\n[b]\r\nc = 2\r\n")
    document = read(path, "config/x.toml")
    assert isinstance(document, Document)
    assert document.line(("b", "c")) == 3


def test_other_encodings_are_named_with_the_line(tmp_path: Path) -> None:
    """A file in Latin-1 is a problem at the line of the first odd byte."""
    path = tmp_path / "x.toml"
    path.write_bytes(b'a = 1\nb = "M\xfcller"\n')
    expected = Problem("config/x.toml", 2, "expected UTF-8 text, got other bytes. Save the file as UTF-8.")
    assert expected == read(path, "config/x.toml")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """A folder called x.toml is a problem, not a crash."""
    assert Problem("config/x.toml", None, "cannot be read: Is a directory.") == read(tmp_path, "config/x.toml")


def test_absurd_documents_are_problems() -> None:
    """Numbers and nesting beyond Python's limits are problems, not crashes."""
    too_deep, too_long = parse("a = " + "[" * 5000, "x"), parse("a = " + "1" * 5000, "x")
    assert [too_deep, too_long] == [
        Problem("x", None, "is nested too deeply."),
        Problem("x", None, "holds a number that is too long."),
    ]
