"""What a user writes: the connection to one ad account, and the custom audience of an audience."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from hub.sdk.settings import BaseUrl, Secret, Settings


class MetaSettings(Settings):
    """The `[connection]` table."""

    access_token: Secret = Field(description='Token of a system user with ads_management, "${META_TOKEN}"')
    app_secret: Secret | None = Field(None, description="Secret of the app, where it requires proof (appsecret_proof)")
    ad_account: Annotated[str, StringConstraints(pattern=r"^(act_)?\d+$")] = Field(
        description='Ad account, such as "act_1234567890"'
    )
    limited_data_use: bool = Field(
        False, description="true: people are sent for limited data use; Meta works out where they live"
    )
    version: Annotated[str, StringConstraints(pattern=r"^v\d+\.\d+$")] = Field(
        "v26.0", description="Version of the Graph API"
    )
    base_url: BaseUrl = Field("https://graph.facebook.com", description="Another server, such as a sandbox here")

    @property
    def account(self) -> str:
        """The ad account as paths have it."""
        return f"act_{self.ad_account.removeprefix('act_')}"


class MetaTarget(Settings):
    """The `target` of an audience."""

    audience: str = Field(
        min_length=1, max_length=200, description="Id or name of the custom audience; made when it is missing"
    )
    customer_file_source: Literal["USER_PROVIDED_ONLY", "PARTNER_PROVIDED_ONLY", "BOTH_USER_AND_PARTNER_PROVIDED"] = (
        Field("USER_PROVIDED_ONLY", description="Who gave you the data; said of an audience that is made")
    )

    @property
    def id(self) -> str | None:
        """The audience's id, where it is given by id: digits only."""
        return self.audience if self.audience.isascii() and self.audience.isdigit() else None
