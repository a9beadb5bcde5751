"""What a user writes in a config file of this connector."""

from pathlib import PurePosixPath
from typing import Literal

from pydantic import Field, field_validator

from hub.sdk.settings import Settings


class FileSettings(Settings):
    """The `[connection]` table."""

    root: str = Field("exports", description="Folder for the lists; relative ones are meant from the project folder")
    formula_safe: bool = Field(
        True, description="Put ' before CSV cells that a spreadsheet would run as a formula; false for import by programs"
    )


class FileTarget(Settings):
    """The `target` of an audience."""

    path: str = Field("{audience}", description='File below root without its suffix, such as "lists/{audience}"')
    format: Literal["csv", "parquet"] = Field("csv", description="csv or parquet")

    @field_validator("path")
    @classmethod
    def _inside_root(cls, value: str) -> str:
        path = PurePosixPath(value)
        if "{audience}" not in value:
            raise ValueError('expected "{audience}" in the path, so that no two audiences share a file')
        if path.is_absolute() or ".." in path.parts or path.name.startswith("."):
            raise ValueError("expected a path below root, without .. and not hidden")
        return value
