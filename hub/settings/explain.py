"""Turn pydantic's findings into sentences: place, what was expected, what came, nearest valid key."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from difflib import get_close_matches

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from hub.sdk.redact import redact
from hub.settings import shape
from hub.settings.problems import Problem, listed, nearest
from hub.settings.secrets import Filler, References
from hub.settings.toml import Document, Loc

_ARRAYS = ("source", "audience", "stage")
_SHOWN = 60  # characters of a wrong text that are quoted back
_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "true or false"),
    (int, "a whole number"),
    (float, "a number"),
    (str, "text"),
    (list, "a list"),
    (dict, "a table"),
    (datetime, "a date with a time"),
    (date, "a date"),
    (time, "a time of day"),
)
_WORDS = (
    ("Input should be", "expected"),
    ("String should match pattern", "expected text that matches the pattern"),
    ("String should", "expected text that should"),
    ("a valid string", "text"),
    ("a valid tuple", "a list"),
    ("a valid list", "a list"),
    ("a valid dictionary", "a table"),
    ("a valid integer", "a whole number"),
    ("a valid number", "a number"),
    ("a valid boolean", "true or false"),
)


def validate(
    document: Document, model: type[BaseModel], references: References, connection: str
) -> BaseModel | list[Problem]:
    """Fill the references in a document and validate it; the problems are in the order in which they were found."""
    here = shape.kinds(model)
    filler = Filler(document, connection, references)
    filled = filler.fill(here, document.data)
    failed = dict(filler.problems)
    try:
        valid = model.model_validate(filled)
    except ValidationError as error:
        found = error.errors(include_url=False)
        return [*failed.values(), *_problems(document, here, found, failed)]
    except Exception as error:  # noqa: BLE001 - a validator of a connector may raise anything
        reason = f"the settings model of the connector failed: {type(error).__name__}: {redact(str(error))}."
        return [*failed.values(), Problem(document.name, None, reason)]
    return list(failed.values()) or valid


def _problems(
    document: Document, here: shape.Kinds, errors: Iterable[ErrorDetails], failed: Mapping[Loc, Problem]
) -> Iterator[Problem]:
    found = [(error, _written(document, error)) for error in errors]
    misspelt = {_meant(here, loc) for error, loc in found if error["type"] == "extra_forbidden"}
    for error, loc in found:
        # a placeholder's fault is not the user's, and a misspelt key is not missing besides
        if loc not in misspelt and not any(loc == other[: len(loc)] for other in failed):
            yield document.problem(loc, _sentence(document, here, error, loc))


def _meant(here: shape.Kinds, loc: Loc) -> Loc:
    near = get_close_matches(_key(loc), list(shape.keys(shape.descend(here, loc[:-1]))), n=1)
    return (*loc[:-1], *near) if near else loc[:-1]


def _written(document: Document, error: ErrorDetails) -> Loc:
    """Return the error's place without the parts that pydantic adds (tags of unions, `[key]`)."""
    loc: Loc = ()
    for part in error["loc"]:
        absent = error["type"] == "missing" and part == error["loc"][-1]
        if absent or document.at((*loc, part)) is not None:
            loc = (*loc, part)
    return loc


def _sentence(document: Document, here: shape.Kinds, error: ErrorDetails, loc: Loc) -> str:
    key, table = _key(loc), table_name(loc[:-1])
    known = shape.keys(shape.descend(here, loc[:-1]))
    if error["type"] == "extra_forbidden":
        return f'unknown key "{key}" in {table}.{nearest(key, known) or f" Known keys: {listed(known)}."}'
    if error["type"] == "missing":
        meaning = (known[key].description or "").rstrip(".") if key in known else ""
        return f'"{key}" is missing in {table}{": " if meaning else ""}{meaning}.'
    value = document.at(loc)
    if key in _ARRAYS and isinstance(value, dict):
        return f"[{key}] may be there several times: write [[{key}]]."
    text, hint = _expected(error, value)
    told = text.startswith("expected") and not (error["type"] == "value_error" and isinstance(value, dict | list))
    got = "a secret" if shape.is_secret(shape.descend(here, loc)) else _got(value)
    return f"{_subject(loc, value)}{text}{f', got {got}' if told else ''}.{hint}"


def _subject(loc: Loc, value: object) -> str:
    if not loc:
        return ""
    if isinstance(loc[-1], int) or isinstance(value, dict):
        return f"{table_name(loc)}: "
    return f'"{loc[-1]}" in {table_name(loc[:-1])}: '


def _expected(error: ErrorDetails, value: object) -> tuple[str, str]:
    """Return what was expected, without the full stop, and a hint that may follow it."""
    if error["type"] == "value_error" and "ctx" in error:  # raised by a validator: a text, and perhaps a hint
        text, *hint = map(str, error["ctx"]["error"].args)
        return redact(text).rstrip("."), "".join(hint)
    if error["type"] == "literal_error":
        choices = error["ctx"]["expected"].replace("'", '"')
        return f"expected {choices}", nearest(str(value), re.findall(r'"(.*?)"', choices))
    text = re.sub(r", unable to .*|, got .*| or instance of .*", "", error["msg"])
    for theirs, ours in _WORDS:
        text = text.replace(theirs, ours)
    return text, ""


def _got(value: object) -> str:
    if isinstance(value, bool | int | float):
        return str(value).lower()
    if isinstance(value, str) and len(value) <= _SHOWN:
        return redact(f'"{value}"')
    return next((name for kind, name in _KINDS if isinstance(value, kind)), "nothing")


def _key(loc: Loc) -> str:
    return str(loc[-1]) if loc else ""


def table_name(loc: Loc) -> str:
    """Return a table as it is written: `[[audience]]`, `[shop]`, `[[audience]] target`; `the file` for the top."""
    names = [part for part in loc if isinstance(part, str)]
    if not names:
        return "the file"
    if names[0] in _ARRAYS:
        return " ".join([f"[[{names[0]}]]", *names[1:]])
    return f"[{'.'.join(names)}]"
