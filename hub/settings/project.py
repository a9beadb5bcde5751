"""Everything that a project's files say, valid and joined."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.sdk.settings import AudienceSettings
from hub.settings.connection import Connection
from hub.settings.models import HubSettings, IdentitySettings, SegmentSettings, StageSettings, TraitSettings
from hub.settings.toml import Document

_WORD = re.compile(r"\w+")
_STAGE_WORDS = ("stage", "previous_stage")


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """The content of `config/`. `stages` is empty when there is no `stages.toml`: then plugins' stages hold.

    `warnings` are sentences that an operator should see (a secret file that others may read).
    """

    project: Path
    hub: HubSettings
    identity: IdentitySettings
    segments: Mapping[str, SegmentSettings]
    stages: tuple[StageSettings, ...]
    traits: Mapping[str, TraitSettings]
    connections: Mapping[str, Connection]
    warnings: tuple[str, ...]
    documents: Mapping[str, Document]

    def where(self, stem: str, *loc: str | int) -> str:
        """Return `config/segments.toml:7` for a place in a file, such as `("segments", "segment", "vip", "where")`."""
        document = self.documents.get(stem)
        return f"{document.name}:{document.line(loc)}" if document else f"config/{stem}.toml"

    def audiences(self) -> Mapping[str, tuple[Connection, AudienceSettings]]:
        """Return every audience by its name, with the connection that it is delivered to."""
        return {audience.name: (one, audience) for one in self.connections.values() for audience in one.audiences}

    def config_hash(self, audience: AudienceSettings, connection: Connection) -> str:
        """Return what an approval is bound to, as 32 hexadecimal digits.

        It covers who is meant (the rules of the segment and of the exclusions with all segments, traits and stages
        that they mention, splits, the consent and whose word counts), what is sent (fields, addresses) and where to
        (account and target). It leaves out secrets, pace, texts for people, and keys left at their default.
        """
        rules = [*audience.fields.values(), audience.segment, *audience.exclude]
        meant = {
            "audience": audience.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"every"}),
            "connection": [connection.name, connection.connector],
            "settings": connection.settings.model_dump(mode="json", by_alias=True, exclude_defaults=True),
            "definitions": self._definitions(rules),
            "split": self.segments[audience.segment].split,
            "consent": sorted(self.hub.consent.get(audience.consent.channel, ())) if audience.consent else [],
        }
        return hashlib.sha256(json.dumps(meant, sort_keys=True).encode()).hexdigest()[:32]

    def _definitions(self, texts: Iterable[str]) -> dict[str, list[str]]:
        """Return every definition that the texts mention, directly or through others.

        A word that only looks like a name (in a comment, say) counts too: at worst an approval is asked for once more.
        """
        known = self._known_definitions()
        found: dict[str, list[str]] = {}
        waiting = list(texts)
        while waiting:
            for word in set(_WORD.findall(waiting.pop())) & known.keys() - found.keys():
                found[word] = known[word]
                waiting.extend(known[word])
        return found

    def _known_definitions(self) -> dict[str, list[str]]:
        """Return what each name stands for; a segment and a trait may have the same one."""
        stages = " ".join(f"{stage.name}: {stage.when}" for stage in self.stages)
        known = {word: [stages] for word in _STAGE_WORDS}
        for name, trait in self.traits.items():
            known.setdefault(name, []).append(f"{trait.stream} {trait.where} {trait.within} {trait.value}")
        for name, segment in self.segments.items():
            known.setdefault(name, []).append(segment.where.strip())
        return known
