"""In which form Google recognises people: hashes of contact data; country and postal code as they are.

Source: the formatting guide of the Data Manager API, as of June 2026. Raise `VERSION` when a form changes.
"""

from hub.sdk.wire import COUNTRY, GMAIL_FOLDED, NAME, PHONE, plain, sha256

VERSION = 1

WIRE = {
    "email": sha256(GMAIL_FOLDED),
    "phone": sha256(PHONE),
    "first_name": sha256(NAME),
    "last_name": sha256(NAME),
    "country": plain(f"regexp_extract({COUNTRY}, '^[A-Z][A-Z]$')"),  # "Germany" would refuse the whole request
    "postcode": plain("trim(value)"),
}
"""What people can be recognised by -> SQL over `value`."""
