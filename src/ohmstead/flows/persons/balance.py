"""Money of a person who is to be forgotten: what is left, held or owed, in sentences.

It is looked at when somebody asks, while a request waits, and once more in the commit that erases
the last id_token of a payer: whoever else named its money may be gone by then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ohmstead.core.ledger import Account
from ohmstead.core.network import POLICY_KEY, IdToken, NetworkPolicy
from ohmstead.core.person import Names
from ohmstead.ports import State
from ohmstead.units import Asset

TOKENS_MAX = 10_000  # of one payer
NAMES_OF_MONEY = ("payer", "receivable")
_CENTS = 2  # as many decimals are always shown, where the asset has them


def money_of(accounts: Iterable[Account]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What payers have here, and what they owe, as sentences."""
    balances, debts = [], []
    for account in accounts:
        kind, _, rest = account.id.partition(":")
        who = rest.rpartition("@")[0]
        if kind == "receivable":
            if account.available < 0:
                owed = in_words(-account.available, account.asset)
                debts.append(f"payer {who} owes {owed}; collect it")
        elif account.debits_pending:
            held = in_words(account.debits_pending, account.asset)
            balances.append(f"{held} of payer {who} are held for a session or reservation")
        elif account.available > 0:
            left = in_words(account.available, account.asset)
            balances.append(
                f"{left} of payer {who} are left; pay them back, or say that they stay "
                "(leave_balance)"
            )
    return tuple(balances), tuple(debts)


def in_words(minor: int, asset: Asset) -> str:
    """An amount as people write it, exactly: 99.99 tUSD."""
    whole, rest = divmod(minor, 10**asset.scale)
    fraction = f"{rest:0{asset.scale}d}" if asset.scale else ""
    fraction = fraction.rstrip("0").ljust(min(_CENTS, asset.scale), "0")
    return f"{whole}{'.' + fraction if fraction else ''} {asset.code}"


def payers_of(
    names: Names,
    token_of: Callable[[str], IdToken | None],
    tokens_of: Callable[[str], list[IdToken]],
) -> tuple[str, ...]:
    """The addresses named, and those of which every id_token is named."""
    found = dict.fromkeys(names.addresses)
    for uid in names.uids:
        token = token_of(uid)
        if token is None or not token.payer or token.payer in found:
            continue
        if all(one.key in names.uids for one in tokens_of(token.payer)):
            found[token.payer] = None
    return tuple(found)


def blocker_of_last(
    state: State, names: Names, tokens: Iterable[IdToken], *, leave_balance: bool
) -> str:
    """Why the id_tokens that are to go now must stay a while: the last of a payer with money or
    debts is among them; "" where nothing stands in the way."""
    policy = state.get(NetworkPolicy, POLICY_KEY)
    going = {token.payer for token in tokens if token.payer}
    if policy is None or not going:
        return ""
    payers = payers_of(
        names,
        lambda uid: state.get(IdToken, uid),
        lambda payer: state.find(IdToken, TOKENS_MAX, payer=payer),
    )
    for payer in going.intersection(payers):
        ids = (f"{name}:{payer}@{policy.asset.code}" for name in NAMES_OF_MONEY)
        accounts = [one for one in (state.get(Account, id_) for id_ in ids) if one is not None]
        balances, debts = money_of(accounts)
        for sentence in (*debts, *(() if leave_balance else balances)):
            return sentence
    return ""
