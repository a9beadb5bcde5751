"""JSON as Google's REST front end takes it: unknown fields are refused, enums come by number or by name."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from hub.sdk.records import Json

Form: TypeAlias = "str | Sequence[str] | Mapping[str, Form] | list[Form]"
"""A type by name, the names of an enum in the order of their numbers, an object's fields, or a list of one form."""


class Unknown(ValueError):
    """A field that does not exist, or a value of another type. `path` is the object's, in camel case."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path


_ACCOUNT_TYPE = (
    "ACCOUNT_TYPE_UNSPECIFIED", "GOOGLE_ADS", "DISPLAY_VIDEO_PARTNER", "DISPLAY_VIDEO_ADVERTISER", "DATA_PARTNER",
    "GOOGLE_ANALYTICS_PROPERTY", "GOOGLE_AD_MANAGER_AUDIENCE_LINK", "FLOODLIGHT_CONFIG", "GOOGLE_AD_MANAGER",
)  # fmt: skip
_CONSENT_STATUS = ("CONSENT_STATUS_UNSPECIFIED", "CONSENT_GRANTED", "CONSENT_DENIED")
_ACCOUNT: Form = {"accountType": _ACCOUNT_TYPE, "accountId": "text"}
_CONSENT: Form = {"adUserData": _CONSENT_STATUS, "adPersonalization": _CONSENT_STATUS}
_ADDRESS: Form = {"givenName": "text", "familyName": "text", "regionCode": "text", "postalCode": "text"}
_IDENTIFIER: Form = {"emailAddress": "text", "phoneNumber": "text", "address": _ADDRESS}
_MEMBER: Form = {
    "destinationReferences": ["text"],
    "userData": {"userIdentifiers": [_IDENTIFIER]},
    "consent": _CONSENT,
}
_DESTINATION: Form = {
    "reference": "text",
    "loginAccount": _ACCOUNT,
    "linkedAccount": _ACCOUNT,
    "operatingAccount": _ACCOUNT,
    "productDestinationId": "text",
}
_KEY: Form = ("UPLOAD_KEY_TYPE_UNSPECIFIED", "CONTACT_ID", "MOBILE_ID", "USER_ID", "PAIR_ID", "PSEUDONYMOUS_ID")
_SOURCE: Form = {"dataSourceType": ("DATA_SOURCE_TYPE_UNSPECIFIED", "DATA_SOURCE_TYPE_FIRST_PARTY")}
REMOVE: dict[str, Form] = {
    "destinations": [_DESTINATION],
    "audienceMembers": [_MEMBER],
    "validateOnly": "flag",
    "encoding": ("ENCODING_UNSPECIFIED", "HEX", "BASE64"),
}
INGEST: dict[str, Form] = {
    **REMOVE,
    "consent": _CONSENT,
    "termsOfService": {
        "customerMatchTermsOfServiceStatus": ("TERMS_OF_SERVICE_STATUS_UNSPECIFIED", "ACCEPTED", "REJECTED")
    },
}
USER_LIST: dict[str, Form] = {
    "displayName": "text",
    "description": "text",
    "membershipDuration": "text",
    "ingestedUserListInfo": {"uploadKeyTypes": [_KEY], "contactIdInfo": _SOURCE},
}


def read(form: Form, value: Json, path: str = "") -> Json:
    """Return a value with its enums by name. Raises Unknown."""
    if isinstance(form, dict):
        return _object(form, value, path)
    if isinstance(form, list):
        if not isinstance(value, list):
            raise Unknown(path, f"Invalid value at '{path}'")
        return [read(form[0], each, f"{path}[{place}]") for place, each in enumerate(value)]
    if form in ("flag", "text"):
        if not isinstance(value, bool if form == "flag" else str):
            raise Unknown(path, f"Invalid value at '{path}'")
        return value
    return _enum([*form], value, path)


def _object(form: Mapping[str, Form], value: Json, path: str) -> Json:
    if not isinstance(value, dict):
        raise Unknown(path, f"Invalid value at '{path}'")
    for name in value:
        if name not in form:
            at = f" at '{path}'" if path else ""
            raise Unknown(path, f'Invalid JSON payload received. Unknown name "{name}"{at}: Cannot find field.')
    return {name: read(form[name], each, f"{path}.{name}".lstrip(".")) for name, each in value.items()}


def _enum(names: Sequence[str], value: Json, path: str) -> Json:
    if type(value) is int and 0 <= value < len(names):
        return names[value]
    if isinstance(value, str) and value in names:
        return value
    raise Unknown(path, f"Invalid value at '{path}'")
