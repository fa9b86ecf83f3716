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
        self._read: dict[str, Transfer] = {}  # transfers never change
        self._absent: set[str] = set()

    # The Book that core.ledger looks records up in.

    def account(self, account_id: str, /) -> Account | None:
        changed = self._accounts.get(account_id)
        if changed is not None or account_id in self._absent:
            return changed
        return self._state.get(Account, account_id)

    def transfer(self, transfer_id: str, /) -> Transfer | None:
        known = self._transfers.get(transfer_id) or self._read.get(transfer_id)
        if known is None:
            known = self._state.get(Transfer, transfer_id)
            if known is not None:
                self._read[transfer_id] = known
        return known

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

    def absent(self, name: str) -> None:
        """Say of an account that there is none yet, as of the escrow of a session that had no
        money so far: it is not looked for."""
        self._absent.add(self.id(name))

    def _opens(self, batch: Sequence[Transfer]) -> list[Account]:
        """Accounts to open if missing. Mirrors of the outside may run below zero; others never."""
        names = dict.fromkeys([id_.partition("@")[0] for t in batch for id_ in (t.debit, t.credit)])
        opened = []
        for name in names:
            code = name.partition(":")[0]
            opened.append(Account(self.id(name), self.asset, code, code not in _UNLIMITED))
        return opened

    def move(self, batch: Sequence[Transfer], *, is_new: bool = False) -> Status:
        """Apply a linked batch, opening the accounts it names; returns the refusal or success.

        ``is_new`` says that no transfer of it can exist, because of what its session is still to
        go through: its state changes in the commit that writes them. So none is looked for.
        """
        is_new = is_new and self._transfers.keys().isdisjoint([t.id for t in batch])
        posting: Posting = post_linked(self, batch, self._now_ms, self._opens(batch), is_new=is_new)
        if posting.refusal is not None:
            return posting.refusal
        for account in posting.accounts:
            self._accounts[account.id] = account
        for transfer in posting.transfers:
            self._transfers[transfer.id] = transfer
        for done in posting.resolutions:
            self._resolutions[done.pending_id] = done
        return posting.statuses[0] if posting.statuses else Status.EXISTS

    def must_move(self, batch: Sequence[Transfer], *, is_new: bool = False) -> None:
        """Apply a batch that cannot be refused unless this program is wrong; raises if it is."""
        status = self.move(batch, is_new=is_new)
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


def _part(id_: str, session: str) -> str:
    return id_.removeprefix(f"{session}/").partition("/")[0]
