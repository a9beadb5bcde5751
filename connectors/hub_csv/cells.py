"""How one cell becomes a value of a canonical type: SQL that gives NULL where the cell does not fit, never an error.

A file's cells arrive as text and are read by the rules of its format. Cells of Parquet files arrive typed; the same
function takes both.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import pyarrow as pa

from hub.sdk import streams
from hub.sdk.countries import ALIASES, COUNTRIES


class Use(Enum):
    """What a cell is needed as; the value says what was expected when it does not fit."""

    RAW = "anything"
    TEXT = "text"
    KEY = "text without blanks around it"
    EXACT = "a number"
    MONEY = "an amount with at most 14 digits before the decimal mark"
    FLOAT = "a number (finite)"
    COUNT = "a whole number"
    FLAG = "yes or no"
    WHEN = "a date or time as in format.dates"
    DAY = "a date as in format.dates"
    COUNTRY = "an ISO country code of two letters"
    CURRENCY = "an ISO currency code of three letters"


@dataclass(frozen=True, slots=True)
class Rules:
    """The part of a format that decides what a cell means."""

    decimal: str
    thousands: str
    dates: tuple[str, ...]
    timezone: str


_BY_TYPE = {
    streams.TEXT: Use.TEXT,
    streams.WHEN: Use.WHEN,
    streams.DAY: Use.DAY,
    streams.MONEY: Use.MONEY,
    streams.COUNT: Use.COUNT,
    streams.NUMBER: Use.FLOAT,
    streams.FLAG: Use.FLAG,
}
_BY_NAME = {"country": Use.COUNTRY, "currency": Use.CURRENCY}


def use_of(column: str, kind: pa.DataType, *, key: bool) -> Use:
    """Say how a canonical column reads its cells."""
    return Use.KEY if key else _BY_NAME.get(column, _BY_TYPE[kind])


def literal(text: str) -> str:
    """Write text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """Write a name as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def filled(ref: str, kind: str) -> str:
    """SQL that is true where a cell holds something."""
    return f"trim({ref}) <> ''" if kind == "VARCHAR" else f"{ref} IS NOT NULL"


def convert(use: Use, ref: str, kind: str, rules: Rules) -> str:
    """SQL for the value of `ref`, a cell of DuckDB type `kind`; NULL where it is empty or does not fit."""
    if use is Use.RAW:
        return ref
    if use in {Use.WHEN, Use.DAY}:
        return _time(use, ref, kind, rules)
    if use in {Use.EXACT, Use.MONEY, Use.FLOAT, Use.COUNT}:
        return _number(use, ref, kind, rules)
    return _TEXTUAL[use](_text(ref, kind))


def _text(ref: str, kind: str) -> str:
    if kind == "VARCHAR":
        return f"nullif({ref}, '')"
    if kind in {"DOUBLE", "FLOAT"}:  # ids that a spreadsheet or pandas turned into 17850.0
        whole = f"CAST(CAST({ref} AS BIGINT) AS VARCHAR)"
        return f"CASE WHEN {ref} = trunc({ref}) AND abs({ref}) < 9e15 THEN {whole} ELSE CAST({ref} AS VARCHAR) END"
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP")):
        return f"CAST(to_json({ref}) AS VARCHAR)"
    return f"CAST({ref} AS VARCHAR)"


def _flag(text: str) -> str:
    word = f"lower(trim({text}))"
    yes, no = "('true', 't', 'yes', 'y', '1', 'on')", "('false', 'f', 'no', 'n', '0', 'off')"
    return f"CASE WHEN {word} IN {yes} THEN true WHEN {word} IN {no} THEN false END"


def _country(text: str) -> str:
    code = f"upper(trim({text}))"
    known = f"regexp_full_match({code}, {literal('|'.join(COUNTRIES))})"
    renamed = " ".join(f"WHEN {code} = {literal(alias)} THEN {literal(iso)}" for alias, iso in ALIASES.items())
    return f"CASE WHEN {known} THEN {code} {renamed} END"


def _currency(text: str) -> str:
    code = f"upper(trim({text}))"
    return f"CASE WHEN regexp_full_match({code}, '[A-Z]{{3}}') THEN {code} END"


_TEXTUAL: dict[Use, Callable[[str], str]] = {
    Use.TEXT: lambda text: text,
    Use.KEY: lambda text: f"nullif(trim({text}), '')",
    Use.FLAG: _flag,
    Use.COUNTRY: _country,
    Use.CURRENCY: _currency,
}
_EXACT = "DECIMAL(24, 6)"  # three of them may be multiplied before 38 digits are full


def _number(use: Use, ref: str, kind: str, rules: Rules) -> str:
    plain = _plain_number(ref, rules) if kind == "VARCHAR" else ref
    if use is Use.MONEY:
        return f"TRY_CAST({plain} AS DECIMAL(18, 4))"
    if use is Use.FLOAT:
        number = f"TRY_CAST({plain} AS DOUBLE)"
        return f"CASE WHEN isfinite({number}) THEN {number} END"
    exact = f"TRY_CAST({plain} AS {_EXACT})"
    if use is Use.COUNT:
        return f"CASE WHEN {exact} = trunc({exact}) THEN TRY_CAST({exact} AS BIGINT) END"
    return exact


def _plain_number(ref: str, rules: Rules) -> str:
    """SQL for a number's text with a point and no grouping; NULL where marks stand in the wrong places."""
    decimal, thousands = rules.decimal, rules.thousands
    pointed = f"replace({ref}, ',', '.')" if decimal == "," else ref
    refused = f"CASE WHEN contains({ref}, '.') THEN NULL ELSE {pointed} END" if decimal == "," else ref
    if not thousands:
        return refused
    mark, point = _escaped(thousands), _escaped(decimal)
    grouped = literal(rf"\s*[+-]?\d{{1,3}}({mark}\d{{3}})+({point}\d*)?\s*")
    bare = f"replace({ref}, {literal(thousands)}, '')"
    joined = f"replace({bare}, ',', '.')" if decimal == "," else bare
    checked = f"CASE WHEN regexp_full_match({ref}, {grouped}) THEN {joined} END"
    return f"CASE WHEN contains({ref}, {literal(thousands)}) THEN {checked} ELSE {refused} END"


def _escaped(mark: str) -> str:
    return f"[{mark}]" if mark not in "^]\\" else f"\\{mark}"


def _time(use: Use, ref: str, kind: str, rules: Rules) -> str:
    if kind == "VARCHAR":
        parts = [_parsed(use, f"trim({ref})", pattern, rules) for pattern in rules.dates]
        moment = f"coalesce({', '.join(parts)})" if len(parts) > 1 else parts[0]
    elif kind == "TIMESTAMP WITH TIME ZONE":
        moment = f"timezone('UTC', {ref})"
    else:
        moment = _local(use, f"TRY_CAST({ref} AS TIMESTAMP)", rules)
    value = f"CAST({moment} AS DATE)" if use is Use.DAY else moment
    return f"CASE WHEN {moment} < TIMESTAMP '9999-01-01' AND {moment} >= TIMESTAMP '0001-01-01' THEN {value} END"


def _parsed(use: Use, text: str, pattern: str, rules: Rules) -> str:
    if pattern in {"epoch", "epoch_ms"}:
        micros = "1000000" if pattern == "epoch" else "1000"
        return f"make_timestamp(TRY_CAST(TRY_CAST({text} AS DECIMAL(20, 6)) * {micros} AS BIGINT))"
    if pattern != "iso":
        parsed = f"try_strptime({text}, {literal(pattern)})"
        return f"timezone('UTC', {parsed})" if "%z" in pattern else _local(use, parsed, rules)
    if use is Use.DAY or rules.timezone == "UTC":
        return f"TRY_CAST({text} AS TIMESTAMP)"
    # The connection's time zone is the format's, so that text without an offset is read in it and text with one is not.
    return f"timezone('UTC', TRY_CAST({text} AS TIMESTAMPTZ))"


def _local(use: Use, naive: str, rules: Rules) -> str:
    if use is Use.DAY or rules.timezone == "UTC":  # a birthday has no time zone
        return naive
    return f"timezone('UTC', timezone({literal(rules.timezone)}, {naive}))"
