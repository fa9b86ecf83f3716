"""Trust files: what somebody who verifies receipts pins before looking at one.

A JSON object, written by ``ohmstead up`` as ``trust.json`` and handed on by a way that the network
cannot change (a printed page, a friend, a well-known site):

    format      "ohmstead-trust/1"
    network     the network's name
    chain_id    number of the chain
    settlement  address of the contract that epochs are anchored in
    registry    address of the contract that names the meters' keys
    escrow      address of the contract that holds the money
    validators  addresses whose attestations are asked for; empty until there are validators
    meter_keys  optional: key ids (0x hex) by station id; then no other key is taken for a station
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import msgspec

from ohmstead.core.receipt_findings import Trust
from ohmstead.core.receipt_session import LedgerRef
from ohmstead.errors import OperatorError

FILE_NAME = "trust.json"
FORMAT = "ohmstead-trust/1"
LENGTH_MAX = 16 << 20

Address = Annotated[str, msgspec.Meta(pattern="^0x[0-9a-fA-F]{40}$")]
KeyId = Annotated[str, msgspec.Meta(pattern="^0x[0-9a-fA-F]{64}$")]


class TrustFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The file, member by member."""

    format: str
    network: str
    chain_id: Annotated[int, msgspec.Meta(ge=1)]
    settlement: Address
    registry: Address
    escrow: Address
    validators: tuple[Address, ...] = ()
    meter_keys: dict[str, tuple[KeyId, ...]] | None = None


def load_trust(path: Path) -> Trust:
    """Read a trust file; raises OperatorError naming the file and the member that is wrong."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise OperatorError(f"{path}: {error.strerror}; name a trust file with --trust") from None
    if len(raw) > LENGTH_MAX:
        raise OperatorError(f"{path}: more than {LENGTH_MAX} bytes; this is no trust file")
    try:
        file = msgspec.json.decode(raw, type=TrustFile)
    except (ValueError, RecursionError) as error:
        raise OperatorError(f"{path} is no trust file: {error}") from None
    if file.format != FORMAT:
        raise OperatorError(f"{path}: format is {file.format!r}, and this version reads {FORMAT}")
    keys = file.meter_keys
    return Trust(
        network=file.network,
        chain_id=file.chain_id,
        settlement=file.settlement.lower(),
        registry=file.registry.lower(),
        escrow=file.escrow.lower(),
        validators=frozenset(address.lower() for address in file.validators),
        meter_keys=None
        if keys is None
        else {station: frozenset(k.lower() for k in ids) for station, ids in keys.items()},
    )


def write_trust(directory: Path, network: str, ledger: LedgerRef) -> Path:
    """Write ``trust.json`` for this network, whole or not at all."""
    file = TrustFile(
        FORMAT, network, ledger.chain_id, ledger.settlement, ledger.registry, ledger.escrow
    )
    path = directory / FILE_NAME
    write_whole(path, msgspec.json.format(msgspec.json.encode(file), indent=2) + b"\n")
    return path


def write_whole(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Replace a file so that whoever reads it sees the old or the new one, never a part."""
    temporary = path.with_name(path.name + ".tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
