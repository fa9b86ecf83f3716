"""What a payee hands to the contract: its newest final entry with the proof, and all at once."""

from __future__ import annotations

from collections.abc import Iterable

from ohmstead.adapters.chain.evm.chain import CLAIMS_MAX, ClaimArguments, EvmChain, TxStatus
from ohmstead.apps.settler.archive import EpochArchive
from ohmstead.core.leaves import Direction, lane_of
from ohmstead.core.ledger import Account
from ohmstead.core.onchain import AccountHead, EpochLane, EpochRecord, EpochState, epoch_key
from ohmstead.flows.mirror import SETTLEMENT_ASSET
from ohmstead.frozen import Frozen
from ohmstead.hashing import keccak
from ohmstead.ports import Store

CLAIMABLE = "claimable:"  # how the ids of these accounts begin
PAGE = 1_000
_LANE = lane_of(SETTLEMENT_ASSET, Direction.CREDIT)


class Claiming(Frozen):
    """Claims that were submitted together: wait for ``status.intent`` and the mirror does the rest.

    ``claims`` maps each payee to its cumulative total, in minor units.
    """

    status: TxStatus
    claims: dict[str, int]


class ClaimDesk:
    """Knows what every payee can claim now."""

    def __init__(self, store: Store, archive: EpochArchive) -> None:
        self._store = store
        self._archive = archive

    async def arguments(self, account: str) -> ClaimArguments | None:
        """Return the claim of ``account`` (lower-case 0x) in its newest FINAL epoch, None if none.

        It proves everything the account was ever credited, so older epochs need no claim.
        """
        epoch = self._newest_final(account)
        if epoch is None:
            return None
        built = await self._archive.get(epoch.number)
        proof = built.claim_proof(bytes.fromhex(account[2:]), SETTLEMENT_ASSET)
        seal = built.header.seal(epoch.proposed_at_s)
        return ClaimArguments(epoch.number, seal, proof.index, proof.entry, proof.proof)

    def claimable(self) -> dict[str, int]:
        """Return what every payee can claim now, in minor units; those with nothing left out."""
        found: dict[str, int] = {}
        after = CLAIMABLE
        while page := self._store.find(Account, PAGE, after):
            after = page[-1].key
            for account in page:
                if not account.id.startswith(CLAIMABLE):
                    return found
                if account.available:
                    payee = account.id.removeprefix(CLAIMABLE).partition("@")[0]
                    found[payee] = account.available
        return found

    async def claim_all(
        self, chain: EvmChain, accounts: Iterable[str] | None = None
    ) -> tuple[Claiming, ...]:
        """Submit the claims of ``accounts`` (None: everybody with something to claim).

        Anybody may pay the gas of a claim; the money goes to the payee. Doing it again submits
        nothing twice. Raises ChainUnavailable and CallReverted.
        """
        claims: dict[str, ClaimArguments] = {}
        for account in sorted(self.claimable() if accounts is None else accounts):
            claim = await self.arguments(account)
            paid = await chain.claimed(account, SETTLEMENT_ASSET)
            if claim is not None and claim.entry.cumulative > paid:
                claims[account] = claim
        rows = list(claims.items())
        return tuple(
            [
                await self._submit(chain, dict(rows[at : at + CLAIMS_MAX]))
                for at in range(0, len(rows), CLAIMS_MAX)
            ]
        )

    async def _submit(self, chain: EvmChain, claims: dict[str, ClaimArguments]) -> Claiming:
        totals = {account: claim.entry.cumulative for account, claim in claims.items()}
        intent = f"claims/{keccak(repr(sorted(totals.items())).encode()).hex()}"
        status = await chain.claim_many(intent, list(claims.values()))
        return Claiming(status, totals)

    def _newest_final(self, account: str) -> EpochRecord | None:
        head = self._store.get(AccountHead, f"{_LANE:05d}/{account}")
        number = 0 if head is None else head.epoch
        while number:
            epoch = self._store.get(EpochRecord, epoch_key(number))
            if epoch is not None and epoch.state is EpochState.FINAL:
                return epoch
            lane = self._store.get(EpochLane, f"{epoch_key(number)}/{_LANE:05d}/{account}")
            number = 0 if lane is None else lane.prev_epoch
        return None
