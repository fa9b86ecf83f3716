"""The contracts as they were compiled: calls, events and errors, by name.

ABI and bytecode are committed in ``artifacts/``, so that nobody needs a compiler to run this.
Addresses are lower-case ``0x`` hex both ways, ``bytesN`` are bytes, structs are tuples.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

import msgspec
from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError, EncodingError

from ohmstead.adapters.chain.evm.rpc import RpcRefused
from ohmstead.adapters.chain.evm.shapes import Log
from ohmstead.errors import ChainUnavailable, LocalProtocolError, ProtocolError
from ohmstead.frozen import Frozen
from ohmstead.hashing import keccak

CONTRACTS = ("TestStablecoin", "StationRegistry", "ChargingEscrow", "Settlement")
SELECTOR_LENGTH = 4
# Every contract may revert with these two (Solidity, "Panic via assert and Error via require").
_BUILT_IN = {"Error": ("string",), "Panic": ("uint256",)}


class CallReverted(ProtocolError):
    """A contract refused: ``name`` is its error, ``arguments`` what it says about it.

    ``name`` is empty when the contract gave no reason, or one that none of ours has.
    """

    def __init__(self, name: str, arguments: Mapping[str, Any], data: bytes) -> None:
        shown = ", ".join(f"{key}={_shown(value)}" for key, value in arguments.items())
        super().__init__(f"{name}({shown})" if name else f"reverted with 0x{data.hex()}")
        self.name = name
        self.arguments = arguments
        self.data = data


class Signature(Frozen):
    """A function or an error: how its arguments and results are laid out."""

    name: str
    selector: bytes
    input_types: tuple[str, ...]
    input_names: tuple[str, ...]
    output_types: tuple[str, ...]

    def encode(self, *arguments: object) -> bytes:
        """Return call data; raises LocalProtocolError for arguments that do not fit."""
        try:
            return self.selector + encode(self.input_types, arguments)
        except (EncodingError, TypeError, ValueError) as wrong:
            raise LocalProtocolError(f"{self.name}: {wrong}") from wrong

    def decode_result(self, data: bytes) -> tuple[Any, ...]:
        """Return the results; raises ChainUnavailable where there is no such contract."""
        return _decode(self.output_types, data, self.name)

    def decode_arguments(self, data: bytes) -> dict[str, Any]:
        """Return the arguments by name, of bytes that follow the selector."""
        return dict(zip(self.input_names, _decode(self.input_types, data, self.name), strict=True))


class EventSignature(Frozen):
    """An event: indexed arguments are topics, the others are data."""

    name: str
    topic: bytes
    names: tuple[str, ...]
    types: tuple[str, ...]
    indexed: tuple[bool, ...]

    def decode(self, log: Log) -> dict[str, Any]:
        """Return the arguments by name; raises ChainUnavailable for a log of another shape."""
        columns = list(zip(self.names, self.types, self.indexed, strict=True))
        topics = [(name, kind) for name, kind, indexed in columns if indexed]
        rest = [(name, kind) for name, kind, indexed in columns if not indexed]
        if len(log.topics) != len(topics) + 1:
            raise ChainUnavailable(f"{self.name} has {len(topics) + 1} topics")
        found = {
            name: _decode((kind,), topic, self.name)[0]
            for (name, kind), topic in zip(topics, log.topics[1:], strict=True)
        }
        values = _decode(tuple(kind for _, kind in rest), log.data, self.name)
        return found | {name: value for (name, _), value in zip(rest, values, strict=True)}


class Artifact(Frozen):
    """One compiled contract."""

    name: str
    bytecode: bytes
    functions: Mapping[str, Signature]
    events: Mapping[bytes, EventSignature]
    errors: Mapping[bytes, Signature]
    constructor_types: tuple[str, ...]

    def function(self, name: str) -> Signature:
        """Return a function; raises LocalProtocolError when there is none, or more than one."""
        if name not in self.functions:
            raise LocalProtocolError(f"{self.name} has no function {name}")
        return self.functions[name]

    def creation(self, *arguments: object) -> bytes:
        """Return the data of a transaction that creates the contract."""
        try:
            return self.bytecode + encode(self.constructor_types, arguments)
        except (EncodingError, TypeError, ValueError) as wrong:
            raise LocalProtocolError(f"{self.name}: {wrong}") from wrong


@functools.cache
def artifact(name: str) -> Artifact:
    """Load one of :data:`CONTRACTS`."""
    folder = resources.files("ohmstead.adapters.chain.evm") / "artifacts"
    parsed = msgspec.json.decode((folder / f"{name}.json").read_bytes())
    return read_artifact(name, parsed["abi"], bytes.fromhex(parsed["bytecode"][2:]))


def read_artifact(name: str, abi: Sequence[Mapping[str, Any]], bytecode: bytes) -> Artifact:
    """Read an ABI; functions with one name and several signatures are keyed by the whole one."""
    functions: dict[str, Signature] = {}
    events: dict[bytes, EventSignature] = {}
    errors: dict[bytes, Signature] = {}
    constructor: tuple[str, ...] = ()
    names = [entry.get("name") for entry in abi if entry["type"] == "function"]
    for entry in abi:
        if entry["type"] == "function":
            whole = _canonical(entry)
            short = entry["name"] if names.count(entry["name"]) == 1 else whole
            functions[short] = _signature(entry)
        elif entry["type"] == "event":
            event = _event(entry)
            events[event.topic] = event
        elif entry["type"] == "error":
            error = _signature(entry)
            errors[error.selector] = error
        elif entry["type"] == "constructor":
            constructor = tuple(_type_of(item) for item in entry["inputs"])
    return Artifact(name, bytecode, functions, events, errors, constructor)


@functools.cache
def _known_errors() -> dict[bytes, Signature]:
    """Every error of every contract: one of them surfaces through another's call."""
    known = {
        keccak(f"{name}({','.join(types)})".encode())[:SELECTOR_LENGTH]: Signature(
            name, b"", types, ("reason",), ()
        )
        for name, types in _BUILT_IN.items()
    }
    for name in CONTRACTS:
        known |= artifact(name).errors
    return known


def explain_revert(data: bytes) -> CallReverted:
    """Turn revert data into an exception that names the contract's error."""
    error = _known_errors().get(data[:SELECTOR_LENGTH])
    if error is None:
        return CallReverted("", {}, data)
    try:
        return CallReverted(error.name, error.decode_arguments(data[SELECTOR_LENGTH:]), data)
    except ChainUnavailable:
        return CallReverted("", {}, data)


def revert_of(refused: RpcRefused) -> CallReverted | None:
    """Return the contract's refusal in a node's, None when the node refused for its own reasons."""
    if refused.data is not None:
        return explain_revert(refused.data)
    # Not every node sends data with a revert that gives no reason.
    return explain_revert(b"") if "revert" in refused.message.lower() else None


def _decode(types: tuple[str, ...], data: bytes, name: str) -> tuple[Any, ...]:
    try:
        return decode(types, data)
    except (DecodingError, OverflowError, UnicodeDecodeError) as wrong:
        raise ChainUnavailable(f"{name}: the chain answered other bytes: {wrong}") from wrong


def _signature(entry: Mapping[str, Any]) -> Signature:
    selector = keccak(_canonical(entry).encode())[:SELECTOR_LENGTH]
    inputs, outputs = entry["inputs"], entry.get("outputs", ())
    return Signature(
        entry["name"],
        selector,
        tuple(_type_of(item) for item in inputs),
        tuple(item["name"] or str(place) for place, item in enumerate(inputs)),
        tuple(_type_of(item) for item in outputs),
    )


def _event(entry: Mapping[str, Any]) -> EventSignature:
    inputs = entry["inputs"]
    return EventSignature(
        entry["name"],
        keccak(_canonical(entry).encode()),
        tuple(item["name"] or str(place) for place, item in enumerate(inputs)),
        tuple(_type_of(item) for item in inputs),
        tuple(item["indexed"] for item in inputs),
    )


def _canonical(entry: Mapping[str, Any]) -> str:
    return f"{entry['name']}({','.join(_type_of(item) for item in entry['inputs'])})"


def _type_of(item: Mapping[str, Any]) -> str:
    kind: str = item["type"]
    if not kind.startswith("tuple"):
        return kind
    inner = ",".join(_type_of(part) for part in item["components"])
    return f"({inner}){kind.removeprefix('tuple')}"


def _shown(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
