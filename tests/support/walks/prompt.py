"""Vendors whose effects show at once: tests cannot wait the day that the real ones are allowed."""

from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

from tests.support.walks.google import GoogleDestination
from tests.support.walks.meta import MetaDestination

_AT_ONCE = timedelta(microseconds=1)


class PromptMeta(MetaDestination):
    """Meta without the day."""

    name = "walk_meta_prompt"
    capabilities: ClassVar = replace(MetaDestination.capabilities, settles_within=_AT_ONCE)


class PromptGoogle(GoogleDestination):
    """Google without the day and without the half hour before a job may be asked for."""

    name = "walk_google_prompt"
    capabilities: ClassVar = replace(
        GoogleDestination.capabilities, settles_within=_AT_ONCE, job_check_after=timedelta()
    )
