"""Registering stations on chain, each by the signature of its own meter."""

from __future__ import annotations

from collections.abc import Callable

from ohmstead.adapters.chain.evm.chain import EvmChain, PassportRequest, TxStatus
from ohmstead.adapters.chain.evm.journal import TxState
from ohmstead.errors import OperatorError
from ohmstead.frozen import Frozen
from ohmstead.hashing import keccak
from ohmstead.wire.ocmf.keys import PublicKey, load_key

WORD = 32
VERIFIED_CURVE = "secp256r1"  # what the registry can check a signature of

SignDigest = Callable[[bytes], tuple[int, int]]
"""Signs 32 bytes as they are (they are a SHA-256 already) and returns (r, s)."""


class StationPassport(Frozen):
    """What the registry keeps of a station; ``registration`` is the document that is hashed."""

    owner: str  # lower-case 0x address of the host
    public_key: str  # of the meter, in any spelling that wire.ocmf reads
    rated_w: int
    registration: bytes
    location_cell: int = 0  # H3
    metadata_uri: str = ""


async def register_meter(chain: EvmChain, station: StationPassport, sign: SignDigest) -> TxStatus:
    """Mint the passport that binds a meter's key to its owner, by the key's own signature.

    Submitting is once for each key, whatever dies; the registration holds once it is in a block
    (``chain.wait``). Raises OperatorError for a curve that the registry cannot check,
    CallReverted when it refuses (KeyTaken, WrongSignature), and ChainUnavailable.
    """
    key = verified_key(station.public_key)
    intent = f"passport/{key.key_id}"
    known = await chain.status(intent)
    if known is not None and known.state not in (TxState.REPLACED, TxState.REVERTED):
        return known  # a meter that signs with chance would sign it differently each time
    if known is not None and known.state is TxState.REVERTED:
        intent = f"{intent}/{known.tx}"
    r, s = sign(await binding_digest(chain, station.owner, key))
    low_s = min(s, key.curve.order - s)  # "Normalise to low-s only when calling a contract"
    request = PassportRequest(
        owner=station.owner,
        curve=key.curve.number,
        public_key=key.qx + key.qy,
        rated_w=station.rated_w,
        location_cell=station.location_cell,
        registration_hash=keccak(station.registration),
        home_ledger=_home_ledger(chain),
        metadata_uri=station.metadata_uri,
        signature=(r.to_bytes(WORD, "big"), low_s.to_bytes(WORD, "big")),
    )
    return await chain.register_station(intent, request)


async def binding_digest(chain: EvmChain, owner: str, key: PublicKey) -> bytes:
    """Return the 32 bytes that a meter's key signs to be bound to its owner on this chain."""
    return await chain.binding_digest(_home_ledger(chain), owner, bytes.fromhex(key.key_id))


def verified_key(public_key: str) -> PublicKey:
    """Load a key whose signature the registry can check; raises OperatorError for another."""
    key = load_key(public_key)
    if key.curve.name != VERIFIED_CURVE:
        raise OperatorError(
            f"the registry checks signatures on {VERIFIED_CURVE} only, and this meter has "
            f"{key.curve.name}: have the registrar register its signed OCMF record"
        )
    return key


def _home_ledger(chain: EvmChain) -> bytes:
    return keccak(chain.deployment.ledger.encode())
