"""Google's discovery documents, as they come with google-api-python-client: is a request one that they describe?"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

Document = Mapping[str, Any]
_TYPES: Mapping[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "any": (object,),
}
_LONG = {"int64", "uint64"}  # texts in JSON; a number is taken, too


@cache
def document(name: str) -> Document:
    """Return a document, such as "analyticsdata.v1beta"."""
    text = (files("googleapiclient.discovery_cache.documents") / f"{name}.json").read_text(encoding="utf-8")
    found: Document = json.loads(text)
    return found


def problems(found: Document, method: str, path: str, query: Mapping[str, object], body: object = None) -> list[str]:
    """Say what is wrong with a request; nothing where the document describes it."""
    for each in _methods(found):
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(each.get("flatPath", each["path"])))
        base = "/" + found.get("servicePath", "")
        if method == each["httpMethod"] and re.fullmatch(re.escape(base) + pattern, path):
            known = {**each.get("parameters", {}), **found.get("parameters", {})}
            told = [f"no parameter {name}" for name in query if name not in known]
            schema = each.get("request", {})
            return [*told, *_checked(found, schema, body, "body")] if body is not None or schema else told
    return [f"no method {method} {path}"]


def _methods(part: Document) -> Iterator[Document]:
    yield from part.get("methods", {}).values()
    for inner in part.get("resources", {}).values():
        yield from _methods(inner)


def _checked(found: Document, schema: Document, value: object, where: str) -> Iterator[str]:
    if "$ref" in schema:
        schema = found["schemas"][schema["$ref"]]
    match schema.get("type"):
        case "object" if isinstance(value, Mapping):
            inner, others = schema.get("properties", {}), schema.get("additionalProperties")
            for name, each in value.items():
                if name in inner or others:
                    yield from _checked(found, inner.get(name, others), each, f"{where}.{name}")
                else:
                    yield f"{where} has no {name}"
        case "array" if isinstance(value, list):
            for place, each in enumerate(value):
                yield from _checked(found, schema["items"], each, f"{where}[{place}]")
        case "string" if isinstance(value, str) or (schema.get("format") in _LONG and type(value) is int):
            if "enum" in schema and value not in schema["enum"]:
                yield f"{where} is none of {', '.join(schema['enum'])}"
        case kind if isinstance(value, _TYPES.get(kind or "any", ())) and (kind == "boolean" or value is not True):
            pass
        case kind:
            yield f"{where} is no {kind}"
