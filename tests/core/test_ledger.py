"""The ledger as tables a reader can review, and a machine that tries everything else."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ohmstead.core.ledger import (
    AMOUNT_MAX,
    Account,
    Kind,
    Posting,
    Resolution,
    Status,
    Transfer,
    expire,
    post_linked,
)
from ohmstead.frozen import replace
from ohmstead.units import Asset

EUR, USD = Asset("EUR", 2), Asset("tUSD", 6)
DEEP = os.environ.get("OHMSTEAD_DEEP") == "1"


@dataclass
class DictBook:
    accounts: dict[str, Account] = field(default_factory=dict)
    transfers: dict[str, Transfer] = field(default_factory=dict)
    resolutions: dict[str, Resolution] = field(default_factory=dict)

    def account(self, account_id):
        return self.accounts.get(account_id)

    def transfer(self, transfer_id):
        return self.transfers.get(transfer_id)

    def resolution(self, pending_id):
        return self.resolutions.get(pending_id)

    def write(self, posting: Posting) -> None:
        self.accounts |= {a.key: a for a in posting.accounts}
        self.transfers |= {t.key: t for t in posting.transfers}
        self.resolutions |= {r.key: r for r in posting.resolutions}

    def post(self, *batch, now=0, opening=()):
        posting = post_linked(self, batch, now, opening)
        self.write(posting)
        return [status.value for status in posting.statuses]

    def copy(self):
        return DictBook(dict(self.accounts), dict(self.transfers), dict(self.resolutions))


def account(name: str, asset: Asset = EUR, funded: bool = True, **balances: int) -> Account:
    return Account(name, asset, name, funded, **balances)


def move(tid, debit, credit, amount, kind=Kind.POST, pending=None, expires=None):
    return Transfer(tid, debit, credit, amount, "test", kind, pending, expires)


def fresh() -> DictBook:
    """A bank that may owe, a driver with 100, an escrow, a host, and a stranger in dollars."""
    book = DictBook({a.id: a for a in [account("bank", funded=False), account("driver")]})
    book.accounts |= {a.id: a for a in [account("escrow"), account("host"), account("usd", USD)]}
    assert book.post(move("topup", "bank", "driver", 100)) == ["created"]
    assert book.post(move("hold", "driver", "escrow", 60, Kind.PEND, expires=1_000)) == ["created"]
    assert book.post(move("old", "driver", "escrow", 10, Kind.PEND)) == ["created"]
    ended = move("old/void", "driver", "escrow", 0, Kind.VOID_PENDING, "old")
    assert book.post(ended) == ["created"]
    return book


TAKE = move("take", "driver", "escrow", 45, Kind.POST_PENDING, "hold")
PAY = move("pay", "escrow", "host", 45)
TOPUP = move("topup", "bank", "driver", 100)

# One refusal per row: (expected statuses, now_ms, batch). Read down: it is the Status enum.
REFUSALS = [
    ("exists", 0, [TOPUP]),
    ("exists_with_different_fields", 0, [replace(TOPUP, amount=101)]),
    ("exists_with_different_fields", 0, [replace(TOPUP, code="other")]),
    ("linked_failed mixed_with_existing", 0, [TOPUP, move("new", "bank", "driver", 1)]),
    ("linked_failed mixed_with_existing", 0, [move("new", "bank", "driver", 1), TOPUP]),
    ("linked_failed mixed_with_existing", 0, [move("new", "bank", "driver", 1)] * 2),
    ("linked_failed mixed_with_existing", 0, [move("new", "driver", "host", 10**9), TOPUP]),
    ("amount_out_of_range", 0, [move("x", "bank", "driver", -1)]),
    ("amount_out_of_range", 0, [move("x", "bank", "driver", AMOUNT_MAX + 1)]),
    ("fields_do_not_fit_kind", 0, [move("x", "bank", "driver", 1, pending="hold")]),
    ("fields_do_not_fit_kind", 0, [move("x", "bank", "driver", 1, expires=5)]),
    ("fields_do_not_fit_kind", 0, [move("x", "driver", "escrow", 1, Kind.POST_PENDING)]),
    ("fields_do_not_fit_kind", 0, [replace(TAKE, kind=Kind.VOID_PENDING)]),
    ("fields_do_not_fit_kind", 0, [replace(TAKE, expires_at_ms=5)]),
    ("accounts_must_differ", 0, [move("x", "bank", "bank", 1)]),
    ("debit_account_not_found", 0, [move("x", "nobody", "driver", 1)]),
    ("credit_account_not_found", 0, [move("x", "bank", "nobody", 1)]),
    ("assets_must_match", 0, [move("x", "bank", "usd", 1)]),
    ("pending_not_found", 0, [replace(TAKE, pending_id="nothing")]),
    ("pending_not_found", 0, [replace(TAKE, pending_id="topup")]),
    ("pending_has_different_accounts", 0, [replace(TAKE, credit="host")]),
    ("pending_already_resolved", 0, [replace(TAKE, amount=1, pending_id="old")]),
    ("linked_failed pending_already_resolved", 0, [TAKE, replace(TAKE, id="again", amount=1)]),
    ("pending_expired", 1_000, [TAKE]),
    ("exceeds_pending_amount", 0, [replace(TAKE, amount=61)]),
    ("exceeds_credits", 0, [move("x", "driver", "host", 41)]),
    ("exceeds_credits", 0, [move("x", "driver", "host", 41, Kind.PEND)]),
    ("exceeds_credits", 0, [move("x", "escrow", "host", 1)]),
    ("balance_out_of_range", 0, [move("x", "bank", "host", AMOUNT_MAX)]),
    ("linked_failed exceeds_credits linked_failed", 0,
     [TAKE, replace(PAY, amount=46), move("more", "bank", "driver", 1)]),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "now", "batch"), REFUSALS)
def test_a_refused_batch_says_why_and_changes_nothing(expected, now, batch) -> None:
    book = fresh()
    before = book.copy()
    assert book.post(*batch, now=now) == expected.split()
    assert book == before


def test_every_status_is_in_the_tables() -> None:
    seen = {word for expected, _, _ in REFUSALS for word in expected.split()}
    elsewhere = {"created", "account_opened_differently", "pending_not_expired"}
    assert seen | elsewhere == {status.value for status in Status}


def balances(book: DictBook, name: str) -> tuple[int, int, int, int]:
    a = book.accounts[name]
    return a.debits_pending, a.debits_posted, a.credits_pending, a.credits_posted


# (what happens, now_ms) -> debits pending, posted; credits pending, posted of driver and escrow
ACCEPTED = [
    ("a hold reserves", 0, [], (60, 0, 0, 100), (0, 0, 60, 0)),
    ("a part returns the remainder", 999, [TAKE], (0, 45, 0, 100), (0, 0, 0, 45)),
    ("the whole", 0, [replace(TAKE, amount=60)], (0, 60, 0, 100), (0, 0, 0, 60)),
    ("nothing at all", 0, [replace(TAKE, amount=0)], (0, 0, 0, 100), (0, 0, 0, 0)),
    ("a void, long after expiry", 9_999,
     [replace(TAKE, amount=0, kind=Kind.VOID_PENDING)], (0, 0, 0, 100), (0, 0, 0, 0)),
    ("take and pay, linked", 0, [TAKE, PAY], (0, 45, 0, 100), (0, 45, 0, 45)),
    ("the last cent", 0, [move("x", "driver", "host", 40)], (60, 40, 0, 100), (0, 0, 60, 0)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "now", "batch", "driver", "escrow"), ACCEPTED)
def test_an_accepted_batch_moves_these_balances(name, now, batch, driver, escrow) -> None:
    book = fresh()
    assert set(book.post(*batch, now=now)) <= {"created"}
    assert (balances(book, "driver"), balances(book, "escrow")) == (driver, escrow)


def test_an_escrow_that_paid_everything_out_is_closed() -> None:
    book = fresh()
    assert not book.accounts["escrow"].is_closed
    book.post(TAKE, PAY)
    assert book.accounts["escrow"].is_closed
    assert not book.accounts["driver"].is_closed


def test_a_first_payment_opens_its_accounts() -> None:
    book = fresh()
    opening = [account("site"), account("escrow"), account("idle")]
    assert book.post(move("x", "driver", "site", 5), opening=opening) == ["created"]
    assert book.accounts["site"].available == 5
    assert book.accounts["idle"] == account("idle")
    assert balances(book, "escrow") == (0, 0, 60, 0), "an open account keeps its balance"
    replay = post_linked(book, [move("x", "driver", "site", 5)], 0, [account("late")])
    assert replay == Posting((Status.EXISTS,))


OTHER_SHAPES = [
    account("escrow", USD),
    account("escrow", funded=False),
    replace(account("escrow"), code="x"),
]


@pytest.mark.parametrize("other", OTHER_SHAPES)
def test_an_account_is_not_opened_twice_in_two_shapes(other) -> None:
    book = fresh()
    batch = [move("x", "driver", "host", 5), move("y", "driver", "host", 5)]
    statuses = book.post(*batch, opening=[other])
    assert statuses == ["account_opened_differently", "linked_failed"]


def test_an_account_is_never_opened_with_a_balance() -> None:
    with pytest.raises(ValueError, match="'rich' is opened with a balance"):
        post_linked(fresh(), [], 0, [account("rich", credits_posted=1)])


def test_a_hold_expires_only_when_its_time_is_over() -> None:
    book = fresh()
    assert expire(book, "hold", 999).statuses == (Status.PENDING_NOT_EXPIRED,)
    assert expire(book, "nothing", 999).statuses == (Status.PENDING_NOT_FOUND,)
    assert expire(book, "topup", 999).statuses == (Status.PENDING_NOT_FOUND,)
    endless = move("endless", "driver", "escrow", 1, Kind.PEND)
    book.post(endless)
    assert expire(book, "endless", 2**60).statuses == (Status.PENDING_NOT_EXPIRED,)
    book.write(expire(book, "hold", 1_000))
    assert book.resolutions["hold"] == Resolution("hold", "hold/expired")
    assert expire(book, "hold", 2_000) == Posting((Status.EXISTS,))


def test_a_hold_that_was_taken_does_not_expire() -> None:
    book = fresh()
    book.post(TAKE)
    assert expire(book, "hold", 1_000).refusal is Status.PENDING_ALREADY_RESOLVED


class NewBook(DictBook):
    """A book that may not be asked for the transfers of a new batch."""

    def transfer(self, transfer_id):
        assert transfer_id not in ("take", "pay"), "looked up although it is new"
        return super().transfer(transfer_id)


def test_a_batch_that_is_new_is_not_looked_up_and_posts_the_same() -> None:
    book = fresh()
    asked = NewBook(dict(book.accounts), dict(book.transfers), dict(book.resolutions))
    batch = [TAKE, PAY]
    assert {TAKE.id, PAY.id} == {"take", "pay"}
    assert post_linked(asked, batch, 0, is_new=True) == post_linked(book, batch, 0)


def test_a_batch_that_is_called_new_cannot_take_a_hold_twice() -> None:
    book = fresh()
    book.post(TAKE, PAY)
    again = [replace(TAKE, id="take/2"), replace(PAY, id="pay/2")]
    for batch in (again, [TAKE, PAY]):
        refusal = post_linked(book, batch, 0, is_new=True).refusal
        assert refusal is Status.PENDING_ALREADY_RESOLVED
    twice = [move("x", "driver", "host", 1), move("x", "driver", "host", 1)]
    assert post_linked(book, twice, 0, is_new=True).refusal is Status.MIXED_WITH_EXISTING


def test_the_refusal_of_a_batch_is_the_status_of_the_one_that_failed() -> None:
    book = fresh()
    assert post_linked(book, [TAKE, replace(PAY, amount=46)], 0).refusal is Status.EXCEEDS_CREDITS
    assert post_linked(book, [TAKE, PAY], 0).refusal is None
    assert post_linked(book, [TOPUP], 0).refusal is None


def test_records_survive_the_encoding_of_the_store() -> None:
    book = fresh()
    book.post(move("big", "bank", "host", 2**100))
    records = [*book.accounts.values(), *book.transfers.values(), *book.resolutions.values()]
    for record in records:
        assert msgspec.json.decode(msgspec.json.encode(record), type=type(record)) == record


NAMES = ["bank", "driver", "escrow", "host", "mint", "usd", "shop"]
FUNDED = {"driver", "escrow", "host", "usd", "shop"}


class LedgerMachine(RuleBasedStateMachine):
    """Random batches against an independent model: signed sums per name and the open holds."""

    def __init__(self) -> None:
        super().__init__()
        self.book = DictBook()
        for name in NAMES:
            asset = USD if name in ("mint", "usd", "shop") else EUR
            self.book.accounts[name] = account(name, asset, funded=name in FUNDED)
        self.sent: list[list[Transfer]] = []
        self.holds: dict[str, Transfer] = {}  # the model: what is reserved
        self.net: Counter[str] = Counter()  # the model: posted credits less posted debits
        self.now = 0
        self.n = 0

    def next_id(self) -> str:
        self.n += 1
        return f"t{self.n}"

    def model_accepts(self, batch: list[Transfer]) -> bool:
        """The rules again, written as arithmetic on signed sums; commits when all of them hold."""
        net, holds = Counter(self.net), dict(self.holds)
        for t in batch:
            if t.amount < 0 or t.amount > AMOUNT_MAX:
                return False
            if t.kind in (Kind.POST, Kind.PEND):
                euros = {"bank", "driver", "escrow", "host"}
                if t.debit == t.credit or (t.debit in euros) != (t.credit in euros):
                    return False
                reserved = sum(h.amount for h in holds.values() if h.debit == t.debit)
                if t.debit in FUNDED and net[t.debit] - reserved < t.amount:
                    return False
                if t.kind is Kind.PEND:
                    holds[t.id] = t
                    continue
            else:
                hold = holds.pop(t.pending_id or "", None)
                late = hold is not None and hold.expires_at_ms is not None
                late = late and self.now >= (hold.expires_at_ms or 0)
                if hold is None or t.amount > hold.amount:
                    return False
                if t.kind is Kind.POST_PENDING and late:
                    return False
            net[t.debit] -= t.amount
            net[t.credit] += t.amount
        self.net, self.holds = net, holds
        return True

    def draw_transfer(self, data, batch: list[Transfer]) -> Transfer:
        kind = data.draw(st.sampled_from(Kind))
        if kind in (Kind.POST, Kind.PEND):
            debit, credit = data.draw(st.sampled_from(NAMES)), data.draw(st.sampled_from(NAMES))
            available = max(0, self.book.accounts[debit].available)
            edge = st.sampled_from([available, available + 1])
            amount = data.draw(st.integers(-1, 500) | st.integers(0, 2**70) | edge)
            expires = None
            if kind is Kind.PEND:
                expires = data.draw(st.none() | st.integers(self.now, self.now + 9))
            return move(self.next_id(), debit, credit, amount, kind, expires=expires)
        pends = [t for t in batch if t.kind is Kind.PEND] + list(self.holds.values())
        hold = data.draw(st.sampled_from(pends or [move("none", "bank", "host", 0)]))
        amount = data.draw(st.integers(0, 600)) if kind is Kind.POST_PENDING else 0
        return move(self.next_id(), hold.debit, hold.credit, amount, kind, hold.id)

    @rule(data=st.data(), size=st.integers(1, 4))
    def send(self, data, size: int) -> None:
        batch: list[Transfer] = []
        for _ in range(size):
            batch.append(self.draw_transfer(data, batch))
        before = self.book.copy()
        posting = post_linked(self.book, batch, self.now)
        assert self.book == before, "the book is read, never written"
        accepted = posting.refusal is None
        assert accepted == self.model_accepts(batch)
        if accepted:
            self.book.write(posting)
            self.sent.append(batch)
        else:
            assert posting == Posting(posting.statuses)

    @rule(amount=st.integers(1, 10**6), name=st.sampled_from(["driver", "usd"]))
    def top_up(self, amount: int, name: str) -> None:
        source = "bank" if name == "driver" else "mint"
        batch = [move(self.next_id(), source, name, amount)]
        assert self.book.post(*batch) == ["created"]
        assert self.model_accepts(batch)
        self.sent.append(batch)

    @rule(data=st.data())
    def replay(self, data) -> None:
        for batch in [data.draw(st.sampled_from(self.sent))] if self.sent else []:
            assert post_linked(self.book, batch, self.now) == Posting((Status.EXISTS,) * len(batch))
            mixed = [*batch, move("never sent", "bank", "driver", 1)]
            assert post_linked(self.book, mixed, self.now).refusal is Status.MIXED_WITH_EXISTING
            other = [*batch[:-1], replace(batch[-1], amount=batch[-1].amount + 1)]
            refusal = post_linked(self.book, other, self.now).refusal
            assert refusal is Status.EXISTS_WITH_DIFFERENT_FIELDS

    @rule()
    def sweep(self) -> None:
        """Everything whose time is over goes back."""
        for hold in list(self.holds.values()):
            posting = expire(self.book, hold.id, self.now)
            over = hold.expires_at_ms is not None and self.now >= hold.expires_at_ms
            assert (posting.refusal is None) == over
            if over:
                self.book.write(posting)
                self.sent.append(list(posting.transfers))
                del self.holds[hold.id]

    @rule(data=st.data(), early=st.integers(0, 1))
    def take_at_the_very_end(self, data, early: int) -> None:
        """One millisecond before its expiry a hold can be taken; at its expiry it cannot."""
        ending = [h for h in self.holds.values() if (h.expires_at_ms or 0) > self.now]
        for hold in [data.draw(st.sampled_from(ending))] if ending else []:
            self.now = (hold.expires_at_ms or 0) - early
            take = move(self.next_id(), hold.debit, hold.credit, 0, Kind.POST_PENDING, hold.id)
            accepted = self.book.post(take, now=self.now) == ["created"]
            assert accepted == self.model_accepts([take]) == bool(early)

    @rule(ms=st.integers(1, 5))
    def wait(self, ms: int) -> None:
        self.now += ms

    @invariant()
    def debits_equal_credits(self) -> None:
        for asset in (EUR, USD):
            accounts = [a for a in self.book.accounts.values() if a.asset == asset]
            assert sum(a.debits_posted for a in accounts) == sum(a.credits_posted for a in accounts)
            assert sum(a.debits_pending for a in accounts) == sum(
                a.credits_pending for a in accounts
            )

    @invariant()
    def funded_accounts_never_go_below_zero(self) -> None:
        for a in self.book.accounts.values():
            assert min(a.debits_pending, a.debits_posted, a.credits_pending, a.credits_posted) >= 0
            if a.must_stay_funded:
                assert a.debits_posted + a.debits_pending <= a.credits_posted

    @invariant()
    def the_model_agrees(self) -> None:
        for name, a in self.book.accounts.items():
            assert a.credits_posted - a.debits_posted == self.net[name]
            assert a.debits_pending == sum(h.amount for h in self.holds.values() if h.debit == name)
            assert a.credits_pending == sum(
                h.amount for h in self.holds.values() if h.credit == name
            )


def run_machine(*rules: str) -> None:
    """Run the machine; ``rules`` must exist, so a renamed check cannot silently drop out."""
    from hypothesis.stateful import run_state_machine_as_test

    assert all(hasattr(LedgerMachine, name) for name in rules)
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=2_000 if DEEP else 100,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_invariant_1_debits_equal_credits() -> None:
    run_machine("debits_equal_credits", "the_model_agrees")


def test_invariant_2_funded_accounts_never_go_below_zero() -> None:
    run_machine("funded_accounts_never_go_below_zero")


def test_invariant_4_replaying_any_batch_changes_nothing() -> None:
    run_machine("replay")
