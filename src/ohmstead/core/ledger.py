"""Double-entry ledger: accounts and transfers, in batches that happen wholly or not at all.

A transfer moves an amount from a debit account to a credit account. It posts at once, or it is
pending first and is later posted (in full or in part; the remainder returns by itself) or voided.
Records are immutable and ids are idempotency keys. Per asset, always:

    sum(debits_posted)  == sum(credits_posted)
    sum(debits_pending) == sum(credits_pending)
    debits_posted + debits_pending <= credits_posted      where the account must stay funded

Nothing here reads a clock or a store: :func:`post_linked` looks records up in a :class:`Book` and
returns a :class:`Posting` of everything that changes; the book itself is left as it was.
"""

from __future__ import annotations

from collections.abc import Sequence

from ohmstead.core.ledger_records import (
    AMOUNT_MAX,
    Account,
    Book,
    Kind,
    Posting,
    Resolution,
    Status,
    Transfer,
)
from ohmstead.frozen import replace

__all__ = [
    "AMOUNT_MAX",
    "Account",
    "Book",
    "Kind",
    "Posting",
    "Resolution",
    "Status",
    "Transfer",
    "expire",
    "post_linked",
    "void",
]


def post_linked(
    book: Book,
    batch: Sequence[Transfer],
    now_ms: int,
    open_if_missing: Sequence[Account] = (),
    *,
    is_new: bool = False,
) -> Posting:
    """Apply a batch that succeeds or fails as one.

    ``open_if_missing`` opens accounts in the same stroke (they must be empty, else ValueError), so
    a first payment needs no earlier ceremony. A refused or replayed batch changes no record.
    ``is_new`` says that the caller knows of each id that it is new: the book is not asked then.
    """
    replayed = None if is_new else _replayed(book, batch)
    if replayed is not None:
        return replayed
    draft = _Draft(book)
    for account in open_if_missing:
        if not draft.open(account):
            return _refused(batch, 0, Status.ACCOUNT_OPENED_DIFFERENTLY)
    for at, transfer in enumerate(batch):
        status = _apply(draft, transfer, now_ms)
        if status is not Status.CREATED:
            return _refused(batch, at, status)
    return Posting(
        (Status.CREATED,) * len(batch),
        tuple(draft.accounts.values()),
        tuple(draft.transfers.values()),
        tuple(draft.resolutions.values()),
    )


def _replayed(book: Book, batch: Sequence[Transfer]) -> Posting | None:
    """What becomes of a batch of which the book knows a part already, None where it knows none."""
    known = [book.transfer(transfer.id) for transfer in batch]
    for at, (transfer, found) in enumerate(zip(batch, known, strict=True)):
        if found is not None and found != transfer:
            return _refused(batch, at, Status.EXISTS_WITH_DIFFERENT_FIELDS)
        if (found is None) != (known[0] is None):
            return _refused(batch, at, Status.MIXED_WITH_EXISTING)
    if batch and known[0] is not None:
        return Posting((Status.EXISTS,) * len(batch))
    return None


def expire(book: Book, pending_id: str, now_ms: int) -> Posting:
    """Void a pending transfer whose time is over; refused while it still runs or has no end."""
    pending = book.transfer(pending_id)
    if pending is None or pending.kind is not Kind.PEND:
        return Posting((Status.PENDING_NOT_FOUND,))
    if pending.expires_at_ms is None or now_ms < pending.expires_at_ms:
        return Posting((Status.PENDING_NOT_EXPIRED,))
    return post_linked(book, [void(pending, f"{pending_id}/expired")], now_ms)


def void(pending: Transfer, transfer_id: str, code: str = "expired") -> Transfer:
    """The transfer that gives a whole pending amount back."""
    return replace(
        pending,
        id=transfer_id,
        amount=0,
        code=code,
        kind=Kind.VOID_PENDING,
        pending_id=pending.id,
        expires_at_ms=None,
    )


def _refused(batch: Sequence[Transfer], at: int, status: Status) -> Posting:
    linked = [Status.LINKED_FAILED] * max(len(batch), 1)
    linked[at] = status
    return Posting(tuple(linked))


class _Draft:
    """What the batch has written so far, laid over the book; each account is read once."""

    __slots__ = ("_book", "_read", "accounts", "resolutions", "transfers")

    def __init__(self, book: Book) -> None:
        self._book = book
        self._read: dict[str, Account] = {}
        self.accounts: dict[str, Account] = {}
        self.transfers: dict[str, Transfer] = {}
        self.resolutions: dict[str, Resolution] = {}

    def account(self, account_id: str) -> Account | None:
        account = self.accounts.get(account_id) or self._read.get(account_id)
        if account is None:
            account = self._book.account(account_id)
            if account is not None:
                self._read[account_id] = account
        return account

    def transfer(self, transfer_id: str) -> Transfer | None:
        return self.transfers.get(transfer_id) or self._book.transfer(transfer_id)

    def is_resolved(self, pending_id: str) -> bool:
        return pending_id in self.resolutions or self._book.resolution(pending_id) is not None

    def open(self, account: Account) -> bool:
        if (
            account.debits_pending
            or account.debits_posted
            or account.credits_pending
            or account.credits_posted
        ):
            raise ValueError(f"account {account.id!r} is opened with a balance")
        known = self.account(account.id)
        if known is None:
            self.accounts[account.id] = account
            return True
        return (
            known.code == account.code
            and known.must_stay_funded == account.must_stay_funded
            and known.asset == account.asset
        )


def _apply(draft: _Draft, transfer: Transfer, now_ms: int) -> Status:
    if draft.transfers.get(transfer.id) is not None:
        return Status.MIXED_WITH_EXISTING  # the same id twice in one batch
    if not 0 <= transfer.amount <= AMOUNT_MAX:
        return Status.AMOUNT_OUT_OF_RANGE
    resolves = transfer.kind in (Kind.POST_PENDING, Kind.VOID_PENDING)
    expires = transfer.expires_at_ms is not None
    if resolves != (transfer.pending_id is not None) or (
        expires and transfer.kind is not Kind.PEND
    ):
        return Status.FIELDS_DO_NOT_FIT_KIND
    if transfer.kind is Kind.VOID_PENDING and transfer.amount != 0:
        return Status.FIELDS_DO_NOT_FIT_KIND
    status = _resolve(draft, transfer, now_ms) if resolves else _move(draft, transfer)
    if status is Status.CREATED:
        draft.transfers[transfer.id] = transfer
    return status


def _move(draft: _Draft, transfer: Transfer) -> Status:
    if transfer.debit == transfer.credit:
        return Status.ACCOUNTS_MUST_DIFFER
    debit, credit = draft.account(transfer.debit), draft.account(transfer.credit)
    if debit is None:
        return Status.DEBIT_ACCOUNT_NOT_FOUND
    if credit is None:
        return Status.CREDIT_ACCOUNT_NOT_FOUND
    if debit.asset != credit.asset:
        return Status.ASSETS_MUST_MATCH
    amount = transfer.amount
    if debit.must_stay_funded and amount > debit.available:
        return Status.EXCEEDS_CREDITS
    if (
        debit.debits_posted + debit.debits_pending + amount > AMOUNT_MAX
        or credit.credits_posted + credit.credits_pending + amount > AMOUNT_MAX
    ):
        return Status.BALANCE_OUT_OF_RANGE
    pends, posts = (amount, 0) if transfer.kind is Kind.PEND else (0, amount)
    _write(draft, debit, credit, pends, posts)
    return Status.CREATED


def _resolve(draft: _Draft, transfer: Transfer, now_ms: int) -> Status:
    pending = draft.transfer(transfer.pending_id or "")
    if pending is None or pending.kind is not Kind.PEND:
        return Status.PENDING_NOT_FOUND
    if (transfer.debit, transfer.credit) != (pending.debit, pending.credit):
        return Status.PENDING_HAS_DIFFERENT_ACCOUNTS
    if draft.is_resolved(pending.id):
        return Status.PENDING_ALREADY_RESOLVED
    posts = transfer.kind is Kind.POST_PENDING
    if posts and pending.expires_at_ms is not None and now_ms >= pending.expires_at_ms:
        return Status.PENDING_EXPIRED
    if transfer.amount > pending.amount:
        return Status.EXCEEDS_PENDING_AMOUNT
    debit, credit = draft.account(pending.debit), draft.account(pending.credit)
    assert debit is not None
    assert credit is not None
    _write(draft, debit, credit, -pending.amount, transfer.amount)
    draft.resolutions[pending.id] = Resolution(pending.id, transfer.id)
    return Status.CREATED


def _write(draft: _Draft, debit: Account, credit: Account, pends: int, posts: int) -> None:
    draft.accounts[debit.id] = replace(
        debit,
        debits_pending=debit.debits_pending + pends,
        debits_posted=debit.debits_posted + posts,
    )
    draft.accounts[credit.id] = replace(
        credit,
        credits_pending=credit.credits_pending + pends,
        credits_posted=credit.credits_posted + posts,
    )
