"""Passports asked for over the API: what a meter has to sign, and whether its passport counts."""

from __future__ import annotations

from collections.abc import Callable

from ohmstead.adapters.chain.evm.chain import EvmChain
from ohmstead.adapters.chain.evm.contracts import CallReverted
from ohmstead.apps.settler.meters import (
    StationPassport,
    binding_digest,
    register_meter,
    verified_key,
)
from ohmstead.errors import OperatorError
from ohmstead.frozen import Frozen

NONE, SUBMITTED, REGISTERED, FINAL = "none", "submitted", "registered", "final"
_REFUSALS = {
    "WrongSignature": "this is not the meter's signature over the binding digest: ask for the "
    "digest again, have the meter's key sign these 32 bytes as they are (they are a hash already, "
    "so no second one), and give R and S as 128 hex digits",
    "KeyTaken": "this key has a passport on the chain already: one key speaks for one meter",
}


class Standing(Frozen):
    """Where a meter's passport is: none, submitted, registered (in a block that may still go
    away) or final, from when on epochs count it. ``passport_id`` is 0 until it is in a block."""

    state: str
    passport_id: int
    tx: str


class PassportDesk:
    """Everything raises ChainUnavailable; ``booked`` is the final block that epochs close on."""

    def __init__(self, chain: EvmChain, booked: Callable[[], int]) -> None:
        self._chain = chain
        self._booked = booked

    async def digest(self, owner: str, public_key: str) -> bytes:
        """What the meter's key signs next; OperatorError where nothing is left to sign."""
        key = verified_key(public_key)
        number = await self._chain.passport_id(bytes.fromhex(key.key_id))
        if number:
            raise OperatorError(
                f"this meter has passport {number} already: nothing is left to sign"
            )
        return await binding_digest(self._chain, owner, key)

    async def submit(self, passport: StationPassport, r: int, s: int) -> Standing:
        """Mint the passport by a signature that was made elsewhere; OperatorError says what to do.

        Doing it again answers where the first one stands.
        """
        order = verified_key(passport.public_key).curve.order
        if not (0 < r < order and 0 < s < order):
            raise OperatorError(_REFUSALS["WrongSignature"])
        try:
            await register_meter(self._chain, passport, lambda digest: (r, s))
        except CallReverted as refused:
            text = _REFUSALS.get(refused.name, f"the registry refuses this passport: {refused}")
            raise OperatorError(text) from None
        return await self.standing(verified_key(passport.public_key).key_id)

    async def standing(self, key_id: str) -> Standing:
        """Look at the registry as an epoch that closed now would."""
        sent = await self._chain.status(f"passport/{key_id}")
        tx = "" if sent is None else sent.tx
        key = bytes.fromhex(key_id)
        number = await self._chain.passport_id(key)
        if not number:
            return Standing(NONE if sent is None else SUBMITTED, 0, tx)
        block = self._booked()
        if block >= 0:
            version = await self._chain.registry_version(at=block)
            if await self._chain.is_registered(key, version):
                return Standing(FINAL, number, tx)
        return Standing(REGISTERED, number, tx)
