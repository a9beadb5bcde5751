"""What a user writes: the connection to one Mailchimp account, and where in it an audience stands."""

from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from hub.sdk.settings import BaseUrl, Secret, Settings


class MailchimpSettings(Settings):
    """The `[connection]` table."""

    model_config = ConfigDict(hide_input_in_errors=True)  # the input holds the key

    api_key: Secret = Field(description='API key of a user of the account, such as "${MAILCHIMP_API_KEY}"')
    server: str | None = Field(
        None,
        pattern=r"^[a-z]{2,}\d+$",
        description='Data centre, such as "us19"; default is what follows the last "-" of the key',
    )
    base_url: BaseUrl | None = Field(None, description='Another server, such as a sandbox at "http://127.0.0.1:8099"')

    @model_validator(mode="after")
    def _placed(self) -> Self:
        if not self.base_url and not self.server and not self._suffix().isalnum():
            raise ValueError('api_key does not end in "-" and a data centre; give server, such as "us19"')
        return self

    def _suffix(self) -> str:
        return self.api_key.reveal().rpartition("-")[2] if "-" in self.api_key.reveal() else ""

    @property
    def url(self) -> str:
        """Base URL of the API, without a slash at the end."""
        base = self.base_url or f"https://{self.server or self._suffix()}.api.mailchimp.com"
        return f"{base.removesuffix('/3.0')}/3.0"


class MailchimpTarget(Settings):
    """The `target` of an audience."""

    list: str = Field(min_length=1, description="Name or id of the list, which Mailchimp's pages call an audience")
    tag: str = Field(min_length=1, max_length=100, description="Tag that members carry; made when it is missing")
    new_contacts: Literal["never", "subscribed", "pending", "transactional"] = Field(
        "never",
        description="Status of people who are not on the list yet. never: they are left out; subscribed and pending "
        "need proven consent; pending lets Mailchimp ask them by e-mail; transactional gets no marketing",
    )
