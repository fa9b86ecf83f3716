"""A restored house is frozen in the commit that raises its counters, and resumed by a person."""

from __future__ import annotations

from ohmstead.core.network import Counter
from ohmstead.core.restoration import Restoration, raised
from ohmstead.errors import OperatorError
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, State

COUNTERS_MAX = 1_000_000  # some for each station
WHY_LENGTH_MAX = 400


def freeze(state: State, restoration: Restoration, _now_ms: int) -> Decision[Restoration]:
    """Freeze the house and raise every counter; the same restoration again changes nothing."""
    known = state.get(Restoration, restoration.key)
    if known is not None:
        return Decision(known)
    counters = state.find(Counter, COUNTERS_MAX)
    if len(counters) == COUNTERS_MAX:
        raise OperatorError(f"this backup has {COUNTERS_MAX} counters or more, and is damaged")
    return Decision(restoration, (restoration, *map(raised, counters)))


class Resume(Frozen):
    """A person lets a restored house work again, having seen what the reconciliation said."""

    by: str
    why: str
    problems: tuple[str, ...]
    accept_problems: bool = False


def resume(state: State, command: Resume, now_ms: int) -> Decision[Restoration]:
    """Unfreeze the house; raises OperatorError when it is not frozen, or its books do not hold."""
    frozen = state.find(Restoration, 1, resumed_ms=0)
    if not frozen:
        raise OperatorError("this house is not frozen: there is nothing to resume")
    if len(command.why) > WHY_LENGTH_MAX:
        raise OperatorError(f"the reason has at most {WHY_LENGTH_MAX} characters")
    if command.problems and not command.accept_problems:
        raise OperatorError(
            "ledger and chain do not agree or were not compared, so the house stays frozen; settle "
            "what is listed, or accept it with a reason"
        )
    if command.problems and not command.why.strip():
        raise OperatorError("say why these differences are accepted: it is kept for good")
    resumed = replace(
        frozen[0],
        resumed_ms=max(1, now_ms),
        resumed_by=command.by,
        why=command.why,
        problems=command.problems,
    )
    return Decision(resumed, (resumed,))
