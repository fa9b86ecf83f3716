"""Does the ledger say what the chain says, to the unit?"""

from __future__ import annotations

from ohmstead.adapters.chain.evm.chain import Holdings
from ohmstead.core.ledger import Account
from ohmstead.core.network import NetworkPolicy
from ohmstead.core.session import Session, SessionState
from ohmstead.flows.charging.funding import policy_of
from ohmstead.frozen import Frozen
from ohmstead.ports import Decision, State

ACCOUNTS_MAX = 10_000_000
# In these the escrow of a session may hold money: pending whole, or waiting for the stop.
_HOLDING = frozenset({SessionState.ACTIVE, SessionState.REVIEW})


class TrialBalance(Frozen):
    """The whole ledger at one commit; every sum in minor units of the network's asset."""

    mirror_minor: int  # what `onchain:{ledger}` says the contracts hold
    claimable_minor: int  # final epochs owe it to payees, who have not claimed it yet
    problems: tuple[str, ...]


class Reconciliation(Frozen):
    """Ledger against chain at one final block. ``problems`` is empty when all of it holds."""

    block_number: int
    mirror_minor: int
    claimable_minor: int
    holdings: Holdings
    problems: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not self.problems

    @property
    def booked_on_chain_minor(self) -> int:
        """What the contracts' own books say is there, gifts left out."""
        held = self.holdings
        return held.pool + held.locked + held.settled - held.paid


def trial_balance(state: State, _command: None, _now_ms: int) -> Decision[TrialBalance]:
    """Sum up every account in one commit: invariants 1, 2 and 3. Changes nothing."""
    policy = policy_of(state)
    accounts = state.find(Account, ACCOUNTS_MAX)
    problems = [*_unbalanced(accounts), *_below_zero(accounts), *_open_escrows(state, accounts)]
    claimable = sum(
        account.available
        for account in accounts
        if account.code == "claimable" and account.asset == policy.asset
    )
    answer = TrialBalance(_mirror(accounts, policy), claimable, tuple(problems))
    return Decision(answer)


def compare(block_number: int, book: TrialBalance, held: Holdings) -> Reconciliation:
    """Hold the ledger against what the contracts hold at the last booked block."""
    problems = list(book.problems)
    found = Reconciliation(block_number, book.mirror_minor, book.claimable_minor, held, ())
    if found.booked_on_chain_minor != book.mirror_minor:
        problems.append(
            f"the mirror says {book.mirror_minor}, the contracts {found.booked_on_chain_minor}"
        )
    if book.claimable_minor > held.settled - held.paid:
        problems.append(
            f"payees may claim {book.claimable_minor}, the contract has {held.settled - held.paid}"
        )
    if held.escrow < held.pool + held.locked + held.owed:
        problems.append(f"the escrow owes {held.pool + held.locked + held.owed}: {held.escrow}")
    if held.settlement < held.settled - held.paid:
        problems.append(f"the settlement owes {held.settled - held.paid}: {held.settlement}")
    return Reconciliation(
        block_number, book.mirror_minor, book.claimable_minor, held, tuple(problems)
    )


def _mirror(accounts: list[Account], policy: NetworkPolicy) -> int:
    name = f"onchain:{policy.ledger}@{policy.asset.code}"
    return sum(a.debits_posted - a.credits_posted for a in accounts if a.id == name)


def _unbalanced(accounts: list[Account]) -> list[str]:
    """Invariant 1: per asset, debits equal credits, posted and pending."""
    posted: dict[str, int] = {}
    pending: dict[str, int] = {}
    for account in accounts:
        asset = str(account.asset)
        posted[asset] = posted.get(asset, 0) + account.debits_posted - account.credits_posted
        pending[asset] = pending.get(asset, 0) + account.debits_pending - account.credits_pending
    return [
        f"debits exceed credits by {difference} {asset} ({name})"
        for name, sums in (("posted", posted), ("pending", pending))
        for asset, difference in sums.items()
        if difference
    ]


def _below_zero(accounts: list[Account]) -> list[str]:
    """Invariant 2: funded accounts are never below zero, pending included."""
    return [
        f"{account.id} is at {account.available}"
        for account in accounts
        if account.must_stay_funded and account.available < 0
    ]


def _open_escrows(state: State, accounts: list[Account]) -> list[str]:
    """Invariant 3: every session's escrow closes at zero."""
    found = []
    for account in accounts:
        if account.code != "escrow" or account.is_closed:
            continue
        session = state.get(Session, account.id.removeprefix("escrow:").partition("@")[0])
        if session is None or session.state not in _HOLDING:
            found.append(f"{account.id} is not closed")
    return found
