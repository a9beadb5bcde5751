"""How the stores of files are reached: one table of settings for each kind, and what its client is told."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TypeAlias
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from hub.sdk.settings import Secret, Settings

Options: TypeAlias = dict[str, object]
_CONNECT, _READ, _ATTEMPTS = 15, 60, 3  # seconds, seconds, tries of one request
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def _told(options: Mapping[str, object]) -> Options:
    """Leave out what was not set, so that the client looks where it usually does."""
    return {name: value for name, value in options.items() if value is not None}


def _plain(secret: Secret | None) -> str | None:
    return None if secret is None else secret.reveal()


class Access(Settings, ABC):
    """How one kind of store is reached."""

    @abstractmethod
    def options(self) -> Options:
        """Return what the store's client is told."""


class S3(Access):
    """`[connection.s3]`; without keys, the environment's usual chain: AWS_* variables, profiles, the machine's role."""

    access_key: str | None = Field(None, description='Access key id, such as "${AWS_ACCESS_KEY_ID}"')
    secret_key: Secret | None = Field(None, description='Secret access key, such as "${AWS_SECRET_ACCESS_KEY}"')
    session_token: Secret | None = Field(None, description="Only for temporary keys")
    region: str | None = Field(None, description='Such as "eu-central-1"; R2 wants "auto"')
    endpoint: str | None = Field(None, description="Address of a store that speaks S3, such as MinIO or R2")
    anonymous: bool = Field(False, description="true: a public bucket, requests are not signed")

    @field_validator("endpoint")
    @classmethod
    def _encrypted(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        host = parts.hostname or ""
        if parts.scheme != "https" and not (parts.scheme == "http" and (host in _LOCAL or "." not in host)):
            raise ValueError("expected an address with https://; http:// only for this machine or a name without dots")
        return value

    def options(self) -> Options:
        """Return what s3fs is told."""
        keys = {"key": self.access_key, "secret": _plain(self.secret_key), "token": _plain(self.session_token)}
        retries = {"max_attempts": _ATTEMPTS, "mode": "standard"}
        config = {"connect_timeout": _CONNECT, "read_timeout": _READ, "retries": retries}
        client = _told({"region_name": self.region})
        return _told(keys) | _told(
            {
                "endpoint_url": self.endpoint,
                "client_kwargs": client,
                "config_kwargs": config,
                "anon": self.anonymous,
            }
        )


class Gcs(Access):
    """`[connection.gcs]`; without a key file, Google's application default credentials."""

    key_file: str | None = Field(None, description="Path of a service account's JSON key")
    gcp_project: str | None = Field(None, description="Project that is billed, where the bucket demands one")

    def options(self) -> Options:
        """Return what gcsfs is told."""
        return _told({"token": self.key_file, "project": self.gcp_project})


class Azure(Access):
    """`[connection.azure]`; without a key, Azure's default credential: environment, managed identity, CLI."""

    account: str | None = Field(None, description="Name of the storage account")
    account_key: Secret | None = Field(None, description='Such as "${AZURE_STORAGE_KEY}"')
    sas_token: Secret | None = Field(None, description="A shared access signature instead of the key")

    def options(self) -> Options:
        """Return what adlfs is told."""
        keys = {"account_key": _plain(self.account_key), "sas_token": _plain(self.sas_token)}
        return _told({"account_name": self.account, **keys}) | {"anon": False}


class Sftp(Access):
    """`[connection.sftp]`; without password and key file, the SSH agent and the keys in `~/.ssh`."""

    password: Secret | None = Field(None, description='Such as "${SFTP_PASSWORD}"')
    key_file: str | None = Field(None, description="Path of a private key")
    passphrase: Secret | None = Field(None, description="Of the private key")
    host_key: str | None = Field(
        None, pattern="^SHA256:[A-Za-z0-9+/]{43}$", description="Fingerprint of the server; default: ~/.ssh/known_hosts"
    )

    def options(self) -> Options:
        """Return what paramiko is told."""
        given = {"password": _plain(self.password), "passphrase": _plain(self.passphrase)}
        waits = dict.fromkeys(("timeout", "banner_timeout", "auth_timeout"), _CONNECT)
        return _told({**given, "key_filename": self.key_file}) | waits
