"""What another CSMS leaves behind becomes ours: id_tokens, transaction ids, what is under way."""

from __future__ import annotations

import enum

from ohmstead.core.foreign import FOREIGN_COUNTER, STOPS_MAX, ForeignTransaction
from ohmstead.core.network import Counter, IdToken, TransactionRef
from ohmstead.errors import OperatorError
from ohmstead.flows.charging.start import TRANSACTION_COUNTER, TRANSACTION_ID_MAX
from ohmstead.flows.onboarding import put_id_token
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, Record, State

TEXT_MAX = 1 << 16  # characters of one payload that is kept


class Adopted(enum.Enum):
    """What became of one id_token or transaction, in the order it is checked."""

    SAME = "same"
    KEPT = "kept"  # ours is otherwise, and stays
    INVALID = "invalid"  # refuses the whole
    NEW = "new"


class Adopt(Frozen):
    """``above``: transaction ids up to this one may be the other's; ours go on after it."""

    tokens: tuple[IdToken, ...]
    transactions: tuple[ForeignTransaction, ...]
    above: int
    dry_run: bool


class Adoption(Frozen):
    """Outcomes in the order of the command; ``problems`` are (position, sentence) of tokens."""

    tokens: tuple[Adopted, ...]
    transactions: tuple[Adopted, ...]
    problems: tuple[tuple[int, str], ...]
    next_transaction_id: int


def adopt(state: State, command: Adopt, now_ms: int) -> Decision[Adoption]:
    """Take everything over, or, when something is invalid or it is a dry run, nothing."""
    if command.above >= TRANSACTION_ID_MAX:
        raise OperatorError(f"transaction ids end at {TRANSACTION_ID_MAX}; {command.above} is one")
    puts: list[Record] = []
    tokens: list[Adopted] = []
    problems: list[tuple[int, str]] = []
    said: set[str] = set()
    for position, token in enumerate(command.tokens):
        if token.key in said:
            problems.append((position, "it stands twice, and which one is meant is not known"))
            tokens.append(Adopted.INVALID)
            continue
        said.add(token.key)
        known = state.get(IdToken, token.key)
        if known is not None:
            tokens.append(Adopted.SAME if known == token else Adopted.KEPT)
            continue
        try:
            puts += put_id_token(state, token, now_ms).puts
            tokens.append(Adopted.NEW)
        except OperatorError as error:
            problems.append((position, str(error)))
            tokens.append(Adopted.INVALID)
    transactions: list[Adopted] = []
    for transaction in command.transactions:
        is_known = state.get(ForeignTransaction, transaction.key) is not None
        is_ours = _is_ours(state, transaction.key)
        transactions.append(Adopted.SAME if is_known else Adopted.KEPT if is_ours else Adopted.NEW)
        puts += () if is_known or is_ours else (transaction,)
    last = state.get(Counter, TRANSACTION_COUNTER)
    next_id = max(last.value if last else 0, command.above)
    floor = state.get(Counter, FOREIGN_COUNTER)
    puts.append(Counter(TRANSACTION_COUNTER, next_id))
    puts.append(Counter(FOREIGN_COUNTER, max(floor.value if floor else 0, command.above)))
    answer = Adoption(tuple(tokens), tuple(transactions), tuple(problems), next_id + 1)
    return Decision(answer, () if problems or command.dry_run else tuple(puts))


class ForeignMessage(Frozen):
    """A station tells of a transaction that may be another CSMS's."""

    station_id: str
    transaction_id: str
    is_stop: bool
    payload: str
    is_numbered: bool = True  # by the CSMS, as in 1.6; in 2.x its station named it


def keep_foreign(state: State, command: ForeignMessage, now_ms: int) -> Decision[bool]:
    """Keep what is told of another's transaction; False when the transaction is no such."""
    key = f"{command.station_id}/{command.transaction_id}"
    known = state.get(ForeignTransaction, key)
    if known is None:
        floor = state.get(Counter, FOREIGN_COUNTER)
        if not command.is_numbered or floor is None or int(command.transaction_id) > floor.value:
            return Decision(False)
    if _is_ours(state, key):
        return Decision(False)  # begun here, before the other's fleet came
    known = known or ForeignTransaction(command.station_id, command.transaction_id, "")
    payload = command.payload[:TEXT_MAX]
    if not command.is_stop:
        told = replace(known, readings=known.readings + 1, last_reading=payload)
        return Decision(True, (told,))
    if payload in known.stops or len(known.stops) >= STOPS_MAX:
        return Decision(True)
    stopped_ms = known.stopped_ms or max(1, now_ms)
    told = replace(known, stops=(*known.stops, payload), stopped_ms=stopped_ms)
    return Decision(True, (told,))


def _is_ours(state: State, key: str) -> bool:
    """Whether it has a session here; what came of it before it was adopted has none."""
    ref = state.get(TransactionRef, key)
    return ref is not None and bool(ref.session_id)
