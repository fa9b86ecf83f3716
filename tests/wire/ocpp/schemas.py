"""The official schemas as an oracle: valid instances of them, and instances broken in one place."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from decimal import Decimal
from functools import cache

import jsonschema

from ohmstead.wire.ocpp.base import Version
from tools import gen_ocpp

DRAFTS = {
    "http://json-schema.org/draft-04/schema#": jsonschema.Draft4Validator,
    "http://json-schema.org/draft-06/schema#": jsonschema.Draft6Validator,
}
MODULES = {Version(version.number): version for version in gen_ocpp.VERSIONS}


@cache
def schemas(version: Version) -> dict[str, dict]:
    """Return every official schema of a version by message name."""
    return gen_ocpp.read_schemas(MODULES[version])


@cache
def validator(version: Version, name: str) -> jsonschema.protocols.Validator:
    """Return the validator of the draft the schema names, with exact numbers in the schema too.

    ``multipleOf: 0.1`` as a binary float refuses 4.1, so schema and document are read as Decimals.
    """
    schema = json.loads(json.dumps(schemas(version)[name]), parse_float=Decimal)
    return DRAFTS[schema["$schema"]](schema)


def resolve(schema: dict, root: dict) -> dict:
    while "$ref" in schema:
        schema = root["definitions"][schema["$ref"].removeprefix("#/definitions/")]
    return schema


def instance(rng: random.Random, schema: dict, root: dict, fullness: float, depth: int = 0):
    """Return a random instance the schema accepts."""
    schema = resolve(schema, root)
    if "enum" in schema:
        return rng.choice(schema["enum"])
    match schema.get("type"):
        case "object":
            required = schema.get("required", [])
            return {
                key: instance(rng, sub, root, fullness, depth + 1)
                for key, sub in schema.get("properties", {}).items()
                if key in required or (depth < 5 and rng.random() < fullness)
            }
        case "array":
            low = schema.get("minItems", 0)
            count = rng.randint(low, min(schema.get("maxItems", low + 2), low + 2))
            return [instance(rng, schema["items"], root, fullness, depth + 1) for _ in range(count)]
        case "string":
            if schema.get("format") == "date-time":
                return "2026-11-20T12:00:00Z"
            return text(rng, rng.choice([0, 1, schema.get("maxLength", 30)]))
        case "integer":
            low = int(schema.get("minimum", -5))
            return rng.choice([low, int(schema.get("maximum", low + 100)), max(low, 1)])
        case "number":
            low = schema.get("minimum", -5)
            step = schema.get("multipleOf", 0.001)
            high = schema.get("maximum", low + 7)
            return rng.choice([low, high, min(max(low, 0) + 0.5, high), low + step])
        case "boolean":
            return rng.random() < 0.5
    return rng.choice([None, 1, "x", {"a": [1.5]}, []])


def text(rng: random.Random, length: int) -> str:
    return "".join(rng.choices('aZ0 \u00e9\u20ac\U0001f600"\\\n', k=length))


def mutants(rng: random.Random, value, schema: dict, root: dict) -> Iterator[tuple[str, object]]:
    """Yield the instance changed in one place, with what was done; it may stay valid."""
    schema = resolve(schema, root)
    for kind, other in _here(rng, value, schema):
        yield kind, other
    if isinstance(value, dict):
        for key, sub in schema.get("properties", {}).items():
            if key in value:
                for kind, other in mutants(rng, value[key], sub, root):
                    yield kind, {**value, key: other}
    elif isinstance(value, list) and "items" in schema:
        for i, item in enumerate(value):
            for kind, other in mutants(rng, item, schema["items"], root):
                yield kind, [*value[:i], other, *value[i + 1 :]]


def _here(rng: random.Random, value, schema: dict) -> Iterator[tuple[str, object]]:
    yield "null", None
    yield "other type", rng.choice([7, "7", 7.5, True, [], {}, [value], {"x": value}])
    if isinstance(value, dict):
        yield "unknown field", {**value, "zzUnknown": 1}
        for key in value:
            yield "field left out", {k: v for k, v in value.items() if k != key}
            yield "field renamed", {(k.upper() if k == key else k): v for k, v in value.items()}
    elif isinstance(value, list):
        yield "no items", []
        yield "many items", (value or [1]) * (schema.get("maxItems", 3) + 1)
    elif isinstance(value, bool):
        yield "bool as text", "true"
        yield "bool as number", 1
    elif isinstance(value, str):
        yield "other case", value.swapcase()
        yield "too long", "\u00e9" * (schema.get("maxLength", 20) + 1)
        yield "just fits", "\U0001f600" * schema.get("maxLength", 20)
    elif isinstance(value, int | float):
        yield "below", schema.get("minimum", 0) - 1
        yield "above", schema.get("maximum", 1000) + 1
        yield "fraction", value + 0.25
        yield "tenth", 4.1
        yield "whole float", float(int(value))
        yield "as text", str(value)
