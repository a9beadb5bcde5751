"""SQL for the forms in which tools recognise people, to be put into `Capabilities.wire`.

Each form is an expression over `value`: an identifier as the hub holds it (an address in lower case, a number as
E.164) or an attribute of the profile as text. There is no universal normaliser: the same address has another digest at
Meta than at Google, so a connector puts its own table together from these parts and raises `wire_version` when one of
them changes. What normalises to nothing becomes null, so that nobody is matched by the digest of an empty text.
"""

ADDRESS = "lower(trim(value))"
"""An e-mail address; dots and suffixes stay, as everybody but Google and UID2 wants it."""

_FOLDED = f"replace(split_part(split_part({ADDRESS}, '@', 1), '+', 1), '.', '')"

GMAIL_FOLDED = (
    f"case when {ADDRESS} like '%@gmail.com' or {ADDRESS} like '%@googlemail.com'"
    f" then nullif({_FOLDED}, '') || '@' || split_part({ADDRESS}, '@', 2) else {ADDRESS} end"
)
"""An e-mail address where mailboxes of Gmail lose dots and what follows a plus; the domain stays as it is.

Source: the formatting guide of Google's Data Manager API, as of June 2026 (before, only the dots went).
"""

PHONE_DIGITS = "ltrim(regexp_replace(value, '[^0-9]', '', 'g'), '0')"
"""A phone number with country code, digits only."""

PHONE = f"'+' || nullif({PHONE_DIGITS}, '')"
"""A phone number with country code and plus."""

NAME = r"trim(regexp_replace(lower(nfc_normalize(value)), '[\pP\pS]', '', 'g'))"
"""A name in lower case without punctuation; letters of every script and inner spaces stay."""

WORD = r"regexp_replace(lower(nfc_normalize(value)), '[\pP\pS\pZ\s]', '', 'g')"
"""A name in lower case without punctuation and spaces; letters of every script stay."""

LETTERS = r"regexp_replace(lower(nfc_normalize(value)), '[\pP\pS\pZ\s\pN]', '', 'g')"
"""A place in lower case, letters only, of every script."""

COUNTRY = "upper(trim(value))"
"""A country as ISO 3166-1 alpha-2, in upper case."""


def sha256(form: str) -> str:
    """Return SQL for the SHA-256 of a form, 64 hexadecimal digits in lower case; null where the form is empty."""
    return f"sha256(nullif({form}, ''))"


def plain(form: str) -> str:
    """Return SQL for a form as it is; null where it is empty."""
    return f"nullif({form}, '')"
