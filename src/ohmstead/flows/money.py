"""The till: one flow's ledger batches, laid over its state and handed back as records to put."""

from __future__ import annotations

from collections.abc import Sequence

from ohmstead.core.ledger import Account, Kind, Posting, Resolution, Status, Transfer, post_linked
from ohmstead.errors import LocalProtocolError
from ohmstead.ports import Record, State
from ohmstead.units import Asset


class Till:
    """Moves money for one flow: each :meth:`move` a linked batch, :meth:`puts` what changed."""

    def __init__(self, state: State, asset: Asset, now_ms: int) -> None:
        self._state = state
        self._now_ms = now_ms
        self.asset = asset
        self._accounts: dict[str, Account] = {}
        self._transfers: dict[str, Transfer] = {}
        self._resolutions: dict[str, Resolution] = {}

    # The Book that core.ledger looks records up in.

    def account(self, account_id: str, /) -> Account | None:
        return self._accounts.get(account_id) or self._state.get(Account, account_id)

    def transfer(self, transfer_id: str, /) -> Transfer | None:
        return self._transfers.get(transfer_id) or self._state.get(Transfer, transfer_id)

    def resolution(self, pending_id: str, /) -> Resolution | None:
        return self._resolutions.get(pending_id) or self._state.get(Resolution, pending_id)

    # What flows call.

    def id(self, name: str) -> str:
        """The id of the account ``name`` in this till's asset: ``payer:0x..@tUSD``."""
        return f"{name}@{self.asset.code}"

    def available(self, name: str) -> int:
        """Minor units that the account may still spend; 0 when it does not exist."""
        account = self.account(self.id(name))
        return account.available if account else 0

    def opens(self, *names: str) -> tuple[Account, ...]:
        """Accounts to open if missing. Mirrors of the outside may run below zero; others never."""
        return tuple(
            Account(self.id(name), self.asset, _code(name), _code(name) not in _UNLIMITED)
            for name in names
        )

    def move(self, batch: Sequence[Transfer]) -> Status:
        """Apply a linked batch, opening the accounts it names; returns the refusal or success."""
        names = dict.fromkeys(
            account.partition("@")[0] for t in batch for account in (t.debit, t.credit)
        )
        posting: Posting = post_linked(self, batch, self._now_ms, self.opens(*names))
        if posting.refusal is not None:
            return posting.refusal
        self._accounts.update((account.id, account) for account in posting.accounts)
        self._transfers.update((transfer.id, transfer) for transfer in posting.transfers)
        self._resolutions.update((done.pending_id, done) for done in posting.resolutions)
        return posting.statuses[0] if posting.statuses else Status.EXISTS

    def must_move(self, batch: Sequence[Transfer]) -> None:
        """Apply a batch that cannot be refused unless this program is wrong; raises if it is."""
        status = self.move(batch)
        if status not in (Status.CREATED, Status.EXISTS):
            raise LocalProtocolError(f"{batch[0].id}: the ledger said {status.value}")

    def puts(self) -> tuple[Record, ...]:
        """Every ledger record that changed, to be written in the flow's commit."""
        return (
            *self._accounts.values(),
            *self._transfers.values(),
            *self._resolutions.values(),
        )

    def post(self, id_: str, debit: str, credit: str, amount: int, session: str = "") -> Transfer:
        """A transfer that posts at once; ``debit`` and ``credit`` are names without asset."""
        code = id_.rpartition("/")[2] if not session else _part(id_, session)
        return Transfer(id_, self.id(debit), self.id(credit), amount, code, session=session or None)

    def pend(
        self,
        id_: str,
        debit: str,
        credit: str,
        amount: int,
        expires_ms: int | None = None,
        session: str = "",
    ) -> Transfer:
        """A transfer that reserves until it is posted, voided or expired."""
        code = _part(id_, session)
        return Transfer(
            id_,
            self.id(debit),
            self.id(credit),
            amount,
            code,
            Kind.PEND,
            expires_at_ms=expires_ms,
            session=session or None,
        )

    def resolve(self, id_: str, pending_id: str, amount: int | None) -> Transfer:
        """Post ``amount`` of a pending transfer, or void it when ``amount`` is None."""
        pending = self.transfer(pending_id)
        if pending is None:
            raise LocalProtocolError(f"{id_}: nothing is pending as {pending_id}")
        kind = Kind.VOID_PENDING if amount is None else Kind.POST_PENDING
        code = _part(id_, pending.session or "")
        return Transfer(
            id_,
            pending.debit,
            pending.credit,
            amount or 0,
            code,
            kind,
            pending_id,
            session=pending.session,
        )


_UNLIMITED = frozenset({"onchain", "receivable", "bank", "treasury_mirror"})


def _code(name: str) -> str:
    return name.partition(":")[0]


def _part(id_: str, session: str) -> str:
    return id_.removeprefix(f"{session}/").partition("/")[0]
