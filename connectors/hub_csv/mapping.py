"""Turn a source's mapping into SQL: canonical columns, and for each line the first thing that does not fit.

The SQL stands in layers: `src` (cells as they are), `cells` (each used cell converted), `made` (computed columns and
the verdict). A verdict is the index into `Mapping.problems`; null means that the line fits.
"""

import json
from collections.abc import Callable, Sequence
from collections.abc import Mapping as Map
from dataclasses import dataclass, field

from hub_csv.cells import Rules, Use, convert, filled, literal, quoted, use_of
from hub_csv.expression import aggregates_in, bind, check_expression
from hub_csv.settings import CsvSourceSettings

TypeOf = Callable[[str, str], str]  # (SQL expression, what it is for) -> DuckDB type


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that can be wrong with a line: SQL that is true then, the header or column, and the reason."""

    when: str
    field: str
    reason: str


@dataclass
class Cells:
    """Collects which cells are used as what; gives each a column name and a check."""

    refs: Map[str, str]  # header -> column of `src`
    types: Map[str, str]  # header -> DuckDB type
    rules: Rules
    columns: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    numbered: bool = False

    def use(self, header: str, use: Use) -> str:
        """Return the column that holds the header's cell as `use`."""
        ref = self.refs[header]
        if use is Use.RAW:
            return ref
        name = f"{use.name.lower()}_{ref}"
        if name not in self.columns:
            self.columns[name] = convert(use, ref, self.types[header], self.rules)
            if use not in {Use.TEXT, Use.KEY}:
                wrong = f"({filled(ref, self.types[header])}) AND {name} IS NULL"
                self.problems.append(Problem(wrong, header, f"expected {use.value}, got {self._kind(header)}"))
        return name

    def _kind(self, header: str) -> str:
        return "other text" if self.types[header] == "VARCHAR" else f"a {self.types[header].lower()} that does not fit"

    def bind(self, sql: str, where: str, *, aggregates: bool) -> str:
        """Write a user's expression over the columns of `cells`."""
        tree = check_expression(sql, where, aggregates=aggregates)
        return bind(tree, self.use)

    def layer(self) -> str:
        """Return SQL for the layer `cells`."""
        return ", ".join(["*", *(f"{sql} AS {name}" for name, sql in self.columns.items())])


def headers_of(source: CsvSourceSettings) -> list[str]:
    """List the headers that a mapping needs, each once."""
    found: list[str] = [*source.columns.values(), *source.group_by, *source.attributes.values()]
    for headers in source.identifiers.values():
        found.extend(headers)
    expressions = [*source.compute.items(), *([("where", source.where)] if source.where else [])]
    for name, sql in expressions:
        bind(check_expression(sql, name, aggregates=bool(source.group_by)), lambda header, _: _noted(found, header))
    return list(dict.fromkeys(found))


def _noted(found: list[str], header: str) -> str:
    found.append(header)
    return "noted"


def identifiers_sql(source: CsvSourceSettings, text_of: Callable[[str], str]) -> str:
    """SQL for the list of identifiers of a line; empty cells give none."""
    pairs = [(namespace, header) for namespace, headers in source.identifiers.items() for header in headers]
    if not pairs:
        return ""
    structs = ", ".join(f"{{'namespace': {literal(name)}, 'value': {text_of(header)}}}" for name, header in pairs)
    return f"list_filter([{structs}], lambda pair: pair.value IS NOT NULL)"


def attributes_sql(source: CsvSourceSettings, text_of: Callable[[str], str]) -> str:
    """SQL for the JSON object of attributes as text; empty cells are left out."""
    parts = [
        f"{literal(json.dumps(name, ensure_ascii=False) + ':')} || CAST(to_json({text_of(header)}) AS VARCHAR)"
        for name, header in source.attributes.items()
    ]
    return f"'{{' || concat_ws(',', {', '.join(parts)}) || '}}'" if parts else ""


def required_columns(source: CsvSourceSettings) -> list[str]:
    """Canonical columns that no record may lack: the key, and the time where it is mapped."""
    stream = source.canonical
    mapped = source.columns.keys() | source.compute.keys()
    return [*stream.key, *([stream.time] if stream.time in mapped and stream.time not in stream.key else [])]


def column_use(source: CsvSourceSettings, column: str) -> Use:
    """Say how a canonical column of this source's stream reads its cells."""
    stream = source.canonical
    return use_of(column, stream.columns.field(column).type, key=column in stream.key)


def verdict_sql(problems: Sequence[Problem], first: int = 0) -> str:
    """SQL for the index of the first problem that a line has, counted from `first`; null when it has none."""
    cases = " ".join(f"WHEN {problem.when} THEN {first + at}" for at, problem in enumerate(problems))
    return f"CAST(CASE {cases} END AS SMALLINT)" if cases else "CAST(NULL AS SMALLINT)"


@dataclass(frozen=True, slots=True)
class Plain:
    """SQL for a source whose lines are records: `layers` builds on a relation `src`."""

    layers: str
    problems: tuple[Problem, ...]
    columns: tuple[str, ...]

    @property
    def select(self) -> str:
        """The outermost SELECT list.

        `_bad` is the verdict, `_keep` false where `where` passes a line over, `_row` the number of the record.
        """
        return ", ".join([*map(quoted, self.columns), "_bad", "_keep", "_row"])


def kept(keep: str | None, problems: int) -> str:
    """SQL for whether a line counts: where a damaged cell leaves `where` open, it does, and is quarantined."""
    return f"coalesce({keep}, _bad < {problems}, false)" if keep else "true"


def plain_mapping(source: CsvSourceSettings, cells: Cells, type_of: TypeOf) -> Plain:
    """Build the SQL for lines that are records."""
    outputs = {name: cells.use(header, column_use(source, name)) for name, header in source.columns.items()}
    bound = {name: cells.bind(sql, f"compute.{name}", aggregates=False) for name, sql in source.compute.items()}
    keep = cells.bind(source.where, "where", aggregates=False) if source.where else None
    outputs |= _extras(source, lambda header: cells.use(header, Use.TEXT))
    made, problems = computed(source, bound, cells.rules, type_of)
    outputs |= {name: f"made_{name}" for name in bound}
    problems = [*cells.problems, *problems, *missing(source, outputs)]
    return Plain(
        layers=(
            f"cells AS (SELECT {cells.layer()} FROM src), "
            f"made AS (SELECT {', '.join(['*', *made])} FROM cells), "
            f"judged AS (SELECT *, {verdict_sql(problems)} AS _bad FROM made), "
            f"done AS (SELECT {', '.join(f'{sql} AS {quoted(name)}' for name, sql in outputs.items())}, "
            f"_bad, {kept(keep, len(cells.problems))} AS _keep, _row FROM judged)"
        ),
        problems=tuple(problems),
        columns=tuple(outputs),
    )


def _extras(source: CsvSourceSettings, text_of: Callable[[str], str]) -> dict[str, str]:
    found = {"identifiers": identifiers_sql(source, text_of), "attributes": attributes_sql(source, text_of)}
    return {name: sql for name, sql in found.items() if sql}


def computed(
    source: CsvSourceSettings, bound: Map[str, str], rules: Rules, type_of: TypeOf
) -> tuple[list[str], list[Problem]]:
    """Cast each computed column to its canonical type: SQL for raw and cast value, and what can be wrong with it."""
    made, problems = [], []
    for name, sql in bound.items():
        use, kind = column_use(source, name), type_of(sql, name)
        ref = f"({sql})"
        made.append(f"{convert(use, ref, kind, rules)} AS made_{name}")
        if use not in {Use.TEXT, Use.KEY}:
            wrong = f"({filled(ref, kind)}) AND made_{name} IS NULL"
            problems.append(Problem(wrong, name, f"compute.{name} did not give {use.value}"))
    return made, problems


def missing(source: CsvSourceSettings, outputs: Map[str, str]) -> list[Problem]:
    """What is wrong when a required column is empty."""
    return [
        Problem(
            f"{outputs[name]} IS NULL", source.columns.get(name, name), f"{name} is empty and every record needs it"
        )
        for name in required_columns(source)
    ]


ANOTHER_LINE = Problem("", "", "another line of the same record does not fit")


@dataclass(frozen=True, slots=True)
class Grouped:
    """SQL for a source whose lines are summed up into records.

    `lines` selects from `src` every line with its verdict; `groups` selects the records from the table `lines`.
    Verdicts of records count on from those of lines; the last problem stands for innocent lines of a bad record.
    """

    lines: str
    groups: str
    keys: tuple[str, ...]
    problems: tuple[Problem, ...]
    columns: tuple[str, ...]


def grouped_mapping(source: CsvSourceSettings, cells: Cells, type_of: TypeOf) -> Grouped:
    """Build the SQL for lines that become records by `group_by`: the first filled cell counts, sums are sums."""
    keys = [cells.use(header, Use.KEY) for header in source.group_by]
    taken = {name: cells.use(header, column_use(source, name)) for name, header in source.columns.items()}
    bound = {name: _summed(cells, sql, f"compute.{name}") for name, sql in source.compute.items()}
    keep = cells.bind(source.where, "where", aggregates=False) if source.where else None
    firsts = {name: _first(ref) for name, ref in taken.items()}
    extras = _extras(source, lambda header: _first(cells.use(header, Use.TEXT)))
    made, wrong = computed(source, {name: f"sum_{name}" for name in bound}, cells.rules, _typed(bound, type_of))
    outputs = {name: f"first_{name}" for name in [*firsts, *extras]} | {name: f"made_{name}" for name in bound}
    by_line = [*cells.problems, *_keyless(source, keys)]
    by_group = [*wrong, *missing(source, outputs)]
    sums = [f"{sql} AS first_{name}" for name, sql in (firsts | extras).items()]
    sums += [f"{sql} AS sum_{name}" for name, sql in bound.items()]
    named = ", ".join(f"{ref} AS {quoted(name)}" for name, ref in outputs.items())
    return Grouped(
        lines=(
            f"SELECT *, {kept(keep, len(cells.problems))} AS _keep FROM (SELECT *, {verdict_sql(by_line)} AS _bad "
            f"FROM (SELECT {cells.layer()} FROM src))"
        ),
        groups=(
            f"SELECT {', '.join(keys)}, {named}, _source_rows, _first, _line_bad, "
            f"{verdict_sql(by_group, len(by_line))} AS _bad FROM (SELECT {', '.join(['*', *made])} FROM "
            f"(SELECT {', '.join([*keys, *sums])}, count(*) AS _source_rows, min(_row) AS _first, "
            f"min(_bad) AS _line_bad FROM lines WHERE _keep AND {' AND '.join(f'{key} IS NOT NULL' for key in keys)} "
            f"GROUP BY {', '.join(keys)}))"
        ),
        keys=tuple(keys),
        problems=(*by_line, *by_group, ANOTHER_LINE),
        columns=tuple(outputs),
    )


def _first(ref: str) -> str:
    return f"arg_min({ref}, _row)"


def _summed(cells: Cells, sql: str, where: str) -> str:
    summed = aggregates_in(check_expression(sql, where, aggregates=True))
    bound = cells.bind(sql, where, aggregates=True)
    return bound if summed else _first(f"({bound})")


def _typed(bound: Map[str, str], type_of: TypeOf) -> TypeOf:
    return lambda _, name: type_of(bound[name], name)


def _keyless(source: CsvSourceSettings, keys: Sequence[str]) -> list[Problem]:
    pairs = zip(keys, source.group_by, strict=True)
    return [Problem(f"{key} IS NULL", header, "empty, and group_by needs it") for key, header in pairs]
