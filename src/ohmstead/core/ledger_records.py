"""The records of the ledger, and the words for what may become of a transfer.

The rules that move them are in :mod:`ohmstead.core.ledger`, which is also where to import from.
"""

from __future__ import annotations

import enum
from typing import Protocol

from ohmstead.frozen import Frozen
from ohmstead.units import Asset

AMOUNT_MAX = 2**128 - 1  # uint128 on chain; also the most one side of an account may sum to


class Kind(enum.Enum):
    """What a transfer does to the balances."""

    POST = "post"
    PEND = "pend"
    POST_PENDING = "post_pending"
    VOID_PENDING = "void_pending"


class Status(enum.Enum):
    """What became of a transfer, in the order the checks run.

    Identity is settled for the whole batch before anything else is looked at: a batch is wholly
    new or wholly ``EXISTS``. ``LINKED_FAILED`` marks the innocent members of a refused batch.
    """

    CREATED = "created"
    EXISTS = "exists"
    EXISTS_WITH_DIFFERENT_FIELDS = "exists_with_different_fields"
    MIXED_WITH_EXISTING = "mixed_with_existing"
    ACCOUNT_OPENED_DIFFERENTLY = "account_opened_differently"
    AMOUNT_OUT_OF_RANGE = "amount_out_of_range"
    FIELDS_DO_NOT_FIT_KIND = "fields_do_not_fit_kind"
    ACCOUNTS_MUST_DIFFER = "accounts_must_differ"
    DEBIT_ACCOUNT_NOT_FOUND = "debit_account_not_found"
    CREDIT_ACCOUNT_NOT_FOUND = "credit_account_not_found"
    ASSETS_MUST_MATCH = "assets_must_match"
    PENDING_NOT_FOUND = "pending_not_found"
    PENDING_HAS_DIFFERENT_ACCOUNTS = "pending_has_different_accounts"
    PENDING_ALREADY_RESOLVED = "pending_already_resolved"
    PENDING_EXPIRED = "pending_expired"
    PENDING_NOT_EXPIRED = "pending_not_expired"
    EXCEEDS_PENDING_AMOUNT = "exceeds_pending_amount"
    EXCEEDS_CREDITS = "exceeds_credits"
    BALANCE_OUT_OF_RANGE = "balance_out_of_range"
    LINKED_FAILED = "linked_failed"


class Account(Frozen, array_like=True):
    """One party's holding of one asset, in minor units; ``code`` says why the account exists.

    ``must_stay_funded`` is False for what mirrors the outside (treasury, onchain, receivable,
    uncollected, bank): those may run below zero.
    """

    id: str
    asset: Asset
    code: str
    must_stay_funded: bool = True
    debits_pending: int = 0
    debits_posted: int = 0
    credits_pending: int = 0
    credits_posted: int = 0

    @property
    def key(self) -> str:
        return self.id

    @property
    def available(self) -> int:
        """Credits neither spent nor reserved; below zero only where the account may be."""
        return self.credits_posted - self.debits_posted - self.debits_pending

    @property
    def is_closed(self) -> bool:
        """True when nothing is left and nothing is on its way: how an escrow must end."""
        return self.available == self.debits_pending == self.credits_pending == 0


class Transfer(Frozen, array_like=True):
    """An immutable movement of ``amount`` minor units from ``debit`` to ``credit``.

    POST_PENDING and VOID_PENDING name the pending transfer and repeat its accounts; a void has
    amount 0. Only PEND may expire: from ``expires_at_ms`` on it can be voided but not posted.
    """

    id: str
    debit: str
    credit: str
    amount: int
    code: str
    kind: Kind = Kind.POST
    pending_id: str | None = None
    expires_at_ms: int | None = None
    session: str | None = None

    @property
    def key(self) -> str:
        return self.id


class Resolution(Frozen, array_like=True):
    """The pending transfer ``pending_id`` has been posted or voided by transfer ``by_id``."""

    pending_id: str
    by_id: str

    @property
    def key(self) -> str:
        return self.pending_id


class Book(Protocol):
    """Where the records of a batch are looked up; a store may load them lazily."""

    def account(self, account_id: str, /) -> Account | None: ...

    def transfer(self, transfer_id: str, /) -> Transfer | None: ...

    def resolution(self, pending_id: str, /) -> Resolution | None: ...


class Posting(Frozen):
    """The outcome of a batch: one status per transfer, and every record to be written."""

    statuses: tuple[Status, ...]
    accounts: tuple[Account, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    resolutions: tuple[Resolution, ...] = ()

    @property
    def refusal(self) -> Status | None:
        """The status of the one transfer that was refused, or None when the batch stands."""
        for status in self.statuses:
            if status not in _STANDS:
                return status
        return None


_STANDS = (Status.CREATED, Status.EXISTS, Status.LINKED_FAILED)
