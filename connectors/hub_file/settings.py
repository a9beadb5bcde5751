"""What a user writes in a config file of this connector."""

from pathlib import PurePosixPath

from pydantic import Field, field_validator

from hub.sdk.settings import Settings

KINDS = (".csv", ".parquet")


class FileSettings(Settings):
    """The `[connection]` table."""

    folder: str = Field("output", description="Folder for the lists; a relative one is meant from the project folder")
    formula_safe: bool = Field(
        True, description="true: text in a CSV that a spreadsheet would run as a formula gets an apostrophe in front"
    )


class FileTarget(Settings):
    """The `target` of an audience."""

    path: str = Field(description="File below the folder, ending in .csv or .parquet", examples=["win-back.csv"])

    @field_validator("path")
    @classmethod
    def _inside(cls, value: str) -> str:
        path = PurePosixPath(value)
        if path.suffix not in KINDS:
            raise ValueError(f'expected a file ending in .csv or .parquet, got "{path.suffix or value}"')
        if path.is_absolute() or ".." in path.parts or any(part.startswith(".") for part in path.parts):
            raise ValueError("expected a path below the folder, without .. and hidden names")
        return value
