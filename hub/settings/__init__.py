"""What users write in `config/`: models of every file, loading with file and line, secrets by reference."""

from hub.settings.connection import Connection, ConnectorModels
from hub.settings.load import FOLDER, RESERVED, load
from hub.settings.models import (
    HOLDOUT,
    HubSettings,
    IdentitySettings,
    SegmentSettings,
    StageSettings,
    TraitSettings,
)
from hub.settings.problems import ConfigErrors, Problem
from hub.settings.project import ProjectSettings
from hub.settings.schema import SCHEMA_FOLDER, schema
from hub.settings.template import env_lines, template
from hub.settings.values import Cap, Share

__all__ = [
    "FOLDER",
    "HOLDOUT",
    "RESERVED",
    "SCHEMA_FOLDER",
    "Cap",
    "ConfigErrors",
    "Connection",
    "ConnectorModels",
    "HubSettings",
    "IdentitySettings",
    "Problem",
    "ProjectSettings",
    "SegmentSettings",
    "Share",
    "StageSettings",
    "TraitSettings",
    "env_lines",
    "load",
    "schema",
    "template",
]
