"""What a database is asked, and what it gives."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import Select

Query: TypeAlias = Select[*tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Result:
    """The columns of a query, and its rows in batches."""

    columns: Sequence[str]
    batches: Iterator[Sequence[Sequence[object]]]
