"""In which form Meta recognises people: SHA-256 of contact data; advertising ids as they are.

Source: the custom audience guide and the page of customer information parameters. A city's letters of other scripts
stay: the guide says "a-z" and publishes no digest that would decide. Raise `VERSION` when a form changes.
"""

from hub.sdk.wire import ADDRESS, COUNTRY, LETTERS, PHONE_DIGITS, WORD, plain, sha256

VERSION = 1

_BARE = "regexp_replace(lower(value), '[\\s-]', '', 'g')"

KEYS = {
    "email": "EMAIL",
    "phone": "PHONE",
    "madid": "MADID",
    "first_name": "FN",
    "last_name": "LN",
    "gender": "GEN",
    "city": "CT",
    "region": "ST",
    "postcode": "ZIP",
    "country": "COUNTRY",
}
"""What people can be recognised by -> Meta's key, in the order of the columns."""

WIRE = {
    "email": sha256(ADDRESS),
    "phone": sha256(PHONE_DIGITS),
    "madid": plain("lower(trim(value))"),
    "first_name": sha256(WORD),
    "last_name": sha256(WORD),
    "gender": sha256("regexp_extract(lower(trim(value)), '^[mf]')"),
    "city": sha256(LETTERS),
    "region": sha256(LETTERS),
    "postcode": sha256(f"case when regexp_full_match({_BARE}, '[0-9]{{9}}') then left({_BARE}, 5) else {_BARE} end"),
    "country": sha256(f"lower(regexp_extract({COUNTRY}, '^[A-Z][A-Z]$'))"),
}
"""What people can be recognised by -> SQL over `value`; of a ZIP+4 the first five digits count."""
