"""The least payload an official schema accepts: what is required, and one item of each list."""

from __future__ import annotations

from ohmstead.wire.ocpp.base import Side, Version
from ohmstead.wire.ocpp.codec import ACTIONS
from tests.wire.ocpp.schemas import resolve, schemas

EVERY = [
    (version, name)
    for version in Version
    for name, action in sorted(ACTIONS[version].items())
    if Side.CSMS in action.senders
]


def minimal(version, name):
    """The least instance of a message, as in ``ResetRequest``."""
    root = schemas(Version(version))[name]
    return _least(root, root)


def _least(schema, root):
    schema = resolve(schema, root)
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            wanted = schema.get("required", [])
            return {key: _least(schema["properties"][key], root) for key in wanted}
        case "array":
            return [_least(schema["items"], root) for _ in range(max(1, schema.get("minItems", 0)))]
        case "string":
            return "2026-11-20T12:00:00Z" if schema.get("format") == "date-time" else "x"
        case "integer":
            return max(1, int(schema.get("minimum", 1)))
        case "number":
            return max(1, schema.get("minimum", 1))
        case "boolean":
            return True
    return "x"


def required(version, name):
    """The members a message cannot be without."""
    return schemas(Version(version))[name].get("required", [])
