"""What a user writes: the connection to one Google Analytics 4 property."""

from typing import Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hub.sdk.settings import BaseUrl, Secret, Settings


class ServiceAccount(BaseModel):
    """The key file of a service account, as Google writes it; what is not needed is passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)  # the input holds the key

    client_email: str = Field(min_length=1)
    private_key_id: str = Field(min_length=1)
    private_key: Secret

    @model_validator(mode="after")
    def _is_rsa(self) -> Self:
        try:
            key = load_pem_private_key(self.private_key.reveal().encode(), None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise ValueError("private_key: expected an RSA key in PEM form") from None
        if not isinstance(key, RSAPrivateKey):
            raise ValueError("private_key: expected an RSA key, got another kind")  # noqa: TRY004 - pydantic's error
        return self


class GoogleAnalyticsSettings(Settings):
    """The `[connection]` table. The BigQuery export's own optional table joins these keys."""

    model_config = ConfigDict(hide_input_in_errors=True)  # the input holds the key

    property_id: str = Field(pattern=r"^\d+$", description="Number of the property, as the property's settings show it")
    key: Secret = Field(description='JSON key of a service account: "file:key.json"')
    base_url: BaseUrl | None = Field(None, description="Another server for all APIs, such as a sandbox on this machine")

    @model_validator(mode="after")
    def _key_is_one(self) -> Self:
        try:
            _ = self.account
        except ValidationError:
            raise ValueError("key: expected the JSON key file of a service account, with an RSA key") from None
        return self

    @property
    def account(self) -> ServiceAccount:
        """Whose key it is."""
        return ServiceAccount.model_validate_json(self.key.reveal())

    @property
    def token_url(self) -> str:
        """Where claims are changed for tokens."""
        return f"{self.base_url or 'https://oauth2.googleapis.com'}/token"
