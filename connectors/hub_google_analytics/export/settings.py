"""What a user writes: where the export is, and whose ids its events carry."""

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from hub.sdk.http.service_account import ServiceAccount
from hub.sdk.settings import BaseUrl, Duration, Settings, SourceSettings
from hub_google_analytics.settings import Namespace


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError('expected a time zone such as "Europe/Berlin"') from None
    return value


class ExportSettings(Settings):
    """The `[connection]` table: a data set in BigQuery, or a folder with files of it."""

    model_config = ConfigDict(hide_input_in_errors=True)  # the input holds the key

    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        description='Time zone of the property, such as "Europe/Berlin": a table holds a day of it'
    )
    key: ServiceAccount | None = Field(
        None, description='Key of a service account, the JSON file as a whole: "file:google-key.json"'
    )
    project: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.:-]+$")] | None = Field(
        None, description="Google Cloud project that has the data set, and is billed"
    )
    dataset: Annotated[str, StringConstraints(pattern=r"^\w+$")] | None = Field(
        None, description='Data set of the export, such as "analytics_123456789"'
    )
    location: str = Field("US", description='Where the data set is, such as "EU" or "europe-west3"')
    most_bytes: int = Field(
        10_000_000_000, ge=1, description="Most bytes that the query of a day may be billed for; more is an error"
    )
    files: Path | None = Field(
        None, description="Instead of BigQuery: folder with Parquet or JSON files named after the tables"
    )
    start: date | None = Field(None, description="First day that is read; without it all that there are")
    lookback: Duration = Field(
        timedelta(days=7), ge=timedelta(days=1), description="How many days are asked for changes: tables are rewritten"
    )
    page_rows: int = Field(10_000, ge=1, le=100_000, description="Events that are taken at a time")
    base_url: BaseUrl = Field(
        "https://bigquery.googleapis.com", description="Another server, such as a sandbox on this machine"
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        given = [self.key is not None, self.project is not None, self.dataset is not None]
        if (self.files is None and all(given)) or (self.files is not None and not any(given)):
            return self
        raise ValueError("expected either key, project and dataset, or files")


class ExportSourceSettings(SourceSettings):
    """One `[[source]]` entry."""

    user_namespace: Namespace = Field(
        "user_id", description='Namespace of `user_id`; "customer@shop" where it is the id of connection "shop"'
    )
    orders: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$")] | None = Field(
        None, description='Connection whose orders the transactions are, by id or number, such as "shop"'
    )
