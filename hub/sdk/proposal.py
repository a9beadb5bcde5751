"""What a source makes of a file that nobody has described yet: the answer behind `hub init FILE`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from hub.sdk.records import Json


@dataclass(frozen=True, slots=True)
class Proposal:
    """A config that would read the file, and what it would give.

    `connection` holds the keys of the table `[connection]` (without `connector`), `sources` those of each `[[source]]`.
    `sample`: some mapped rows, in the columns of the first one's stream. `read`: rows that were looked at;
    `quarantined`: those of them that would not land. `unused`: headers that it leaves out. `notes`: sentences on what
    was decided and what a person should check.
    """

    sources: Sequence[Mapping[str, Json]]
    connection: Mapping[str, Json]
    sample: pa.Table
    read: int
    quarantined: int
    unused: Sequence[str] = ()
    notes: Sequence[str] = field(default_factory=tuple)
