"""Identifiers in one form: what makes two records recognise the same person.

Values are normalised before they land: plain cases by columnar rules, the rest, once per distinct value, by the
libraries `email-validator` and `phonenumbers`. What cannot be an identifier (no digits in a phone, no domain in an
address) is left out and counted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc
from email_validator import EmailNotValidError, validate_email

from hub.sdk.streams import IDENTIFIERS

# Namespaces that mean the same wherever they come from; every other one belongs to the connection that names it.
GLOBAL = frozenset({"email", "phone", "madid", "ga_client"})

_SHORT_EMAIL = 64  # longer ones may break a limit for one of their parts
_PLAIN_EMAIL = (
    r"^[a-z0-9_%+'-]+(\.[a-z0-9_%+'-]+)*@[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\.[a-z]{2,}$"
)
# Numbers that the library gives back as they are: country code, no trunk zero after it, a length used there.
_PLAIN_PHONE = (
    r"^\+(1[2-9][0-9]{9}|(33|34|41|61|351)[1-9][0-9]{8}|(39|43|49)[1-9][0-9]{6,11}|44[1-9][0-9]{8,9}"
    r"|(45|47)[1-9][0-9]{7}|46[1-9][0-9]{6,9}|(31|48)[1-9][0-9]{8}|32[1-9][0-9]{7,8}|353[1-9][0-9]{6,9})$"
)


@dataclass(frozen=True, slots=True)
class Normalised:
    """Identifiers after normalisation and how many values per namespace could not be one."""

    identifiers: pa.ChunkedArray
    dropped: Mapping[str, int]


def base_of(namespace: str) -> str:
    """Return the namespace without the connection: `card` of `card@tills`."""
    return namespace.partition("@")[0]


def qualify(namespace: str, connection: str) -> str:
    """Return the namespace as it is stored: `card` of connection `tills` becomes `card@tills`."""
    return namespace if namespace in GLOBAL or "@" in namespace else f"{namespace}@{connection}"


def normalise_email(value: str) -> str | None:
    """Return the address in lower case with an ASCII domain, None when it cannot be one."""
    try:
        result = validate_email(value.strip(), check_deliverability=False, allow_smtputf8=True)
    except EmailNotValidError:
        return None
    return f"{result.local_part}@{result.ascii_domain}".lower()


def normalise_phone(value: str, country: str | None) -> str | None:
    """Return the number as E.164; one without a country code is read as of `country` (ISO alpha-2).

    A part of a number, such as an area code alone, is none: cut-off numbers would link strangers.
    """
    try:
        number = phonenumbers.parse(value, country)
        if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
            return None
        text = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        if number.italian_leading_zero and phonenumbers.parse(text) != number:
            return None  # nothing but zeros, say: each reading would take one more for a trunk prefix
    except phonenumbers.NumberParseException:
        return None
    return text


def normalise(identifiers: pa.ChunkedArray, connection: str, country: str | None = None) -> Normalised:
    """Normalise a column of (namespace, value) lists; see the module's text. Lists keep their place and order."""
    lists = identifiers.combine_chunks() if isinstance(identifiers, pa.ChunkedArray) else identifiers
    lists = lists.cast(IDENTIFIERS)
    flat = lists.flatten()
    namespaces, values = pc.struct_field(flat, "namespace"), pc.struct_field(flat, "value")
    dropped: dict[str, int] = {}
    for namespace in filter(None, pc.unique(namespaces).to_pylist()):
        mask = pc.fill_null(pc.equal(namespaces, namespace), False)
        before = values.filter(mask)
        after = _rule(base_of(namespace), country)(before)
        values = pc.replace_with_mask(values, mask, after)
        lost = before.drop_null().filter(pc.not_equal(pc.utf8_length(before.drop_null()), 0))
        dropped[namespace] = len(lost) - (len(after) - after.null_count)
        namespaces = pc.if_else(mask, qualify(namespace, connection), namespaces)
    column = pa.chunked_array([_rebuild(lists, namespaces, values)])
    return Normalised(column, {name: count for name, count in dropped.items() if count > 0})


def _rebuild(lists: pa.ListArray, namespaces: pa.Array, values: pa.Array) -> pa.ListArray:
    """Put the pairs back into their lists, without those that have no value."""
    valid = pc.and_(pc.is_valid(values), pc.is_valid(namespaces))
    kept = np.concatenate([[0], np.cumsum(valid.to_numpy(zero_copy_only=False))])
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    ends = np.concatenate([[0], np.cumsum(lengths)])
    pairs = pa.StructArray.from_arrays([namespaces, values], ["namespace", "value"]).filter(valid)
    return pa.ListArray.from_arrays(pa.array(kept[ends].astype(np.int32)), pairs.cast(IDENTIFIERS.value_type))


def _rule(namespace: str, country: str | None) -> Callable[[pa.Array], pa.Array]:
    if namespace == "email":
        return _emails
    if namespace == "phone":
        return lambda values: _phones(values, country)
    return _trimmed


def _trimmed(values: pa.Array) -> pa.Array:
    clean = pc.utf8_trim_whitespace(values)
    return pc.if_else(pc.equal(pc.utf8_length(clean), 0), pa.scalar(None, pa.string()), clean)


def _emails(values: pa.Array) -> pa.Array:
    clean = pc.utf8_lower(pc.utf8_trim_whitespace(values))
    short = pc.less_equal(pc.binary_length(clean), _SHORT_EMAIL)
    return _with_library(clean, values, pc.and_(short, pc.match_substring_regex(clean, _PLAIN_EMAIL)), normalise_email)


def _phones(values: pa.Array, country: str | None) -> pa.Array:
    clean = pc.replace_substring_regex(values, r"[\s().\-/]", "")
    return _with_library(
        clean, values, pc.match_substring_regex(clean, _PLAIN_PHONE), lambda value: normalise_phone(value, country)
    )


def _with_library(clean: pa.Array, values: pa.Array, plain: pa.Array, library: Callable[[str], str | None]) -> pa.Array:
    """Take the columnar result where it is plain, and ask the library for the others, once per distinct value."""
    odd = pc.invert(pc.fill_null(plain, False))
    coded = values.filter(odd).dictionary_encode()
    answers = [None if value is None else library(value) for value in coded.dictionary.to_pylist()]
    return pc.replace_with_mask(clean, odd, pa.array(answers, pa.string()).take(coded.indices))
