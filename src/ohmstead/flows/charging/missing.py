"""A session whose stop never came: what is known of it goes to a person, with its money set aside.

Behaviour 9: "With Started, Ended and both registers a session settles. Otherwise
GetTransactionStatus on each reconnect, up to 24 h, then review; `messagesInQueue` keeps it open."
Who asks the station is :mod:`ohmstead.apps.stations.reconnect`; this is the "then review".
"""

from __future__ import annotations

from datetime import tzinfo

from ohmstead.core.bill import Bill
from ohmstead.core.progress import Progress
from ohmstead.core.session import OPEN_STATES, Session, SessionEvent, next_state
from ohmstead.core.tariff import Tariff
from ohmstead.flows.charging import judge, payment
from ohmstead.flows.charging.delivery import Ending, delivery
from ohmstead.flows.charging.funding import policy_of
from ohmstead.flows.charging.kept import progress_of
from ohmstead.flows.money import Till
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, Record, State

SILENCE_MAX_MS = 24 * 3_600_000  # behaviour 9: "up to 24 h"
FINDING = "stop_never_came"


class GiveUp(Frozen):
    """The station knows of no more messages about this session; ``zone`` is the station's."""

    session_id: str
    zone: tzinfo


def give_up(state: State, command: GiveUp, now_ms: int) -> Decision[bool]:
    """Move a session that has been silent for a day to review; answers whether it was.

    Its bill ends at the last reading, so a person can decide it as it stands. A stop that comes
    later is kept beside it.
    """
    session = state.get(Session, command.session_id)
    if session is None or session.state not in OPEN_STATES:
        return Decision(False)
    progress = progress_of(state, session)
    if not is_silent(session, progress, now_ms):
        return Decision(False)
    ended_ms = last_ms(session, progress)
    till = Till(state, session.asset, now_ms)
    session = payment.expire_if_due(till, session, now_ms)
    session = replace(session, findings=(*session.findings, FINDING))
    ending = Ending(progress, {}, progress.last_mwh, ended_ms)
    delivered = delivery(state, session, ending, policy_of(state), now_ms)
    tariff = state.get(Tariff, session.tariff_key)
    bill: Bill | None = None
    if tariff is not None and (delivered.tier != "none" or session.begin_mwh is not None):
        try:
            bill = judge.bill(session, tariff, delivered, session.hold_minor, command.zone)
        except ValueError:
            bill = None  # the readings make no usage: a person sees them as they are
    payment.dispute(till, session, bill)
    changed = replace(
        session,
        state=next_state(session.state, SessionEvent.STOP_NEVER_CAME),
        ended_ms=ended_ms,
        findings=delivered.findings,
    )
    puts: tuple[Record, ...] = (changed, *till.puts())
    return Decision(True, (*puts, bill) if bill is not None else puts)


def last_ms(session: Session, progress: Progress) -> int:
    """When the station last said something of this session, by its own clock."""
    return max(session.started_ms, progress.last_ms)


def is_silent(session: Session, progress: Progress, now_ms: int) -> bool:
    """Whether nothing was heard of it for so long that its stop will hardly come."""
    return now_ms - last_ms(session, progress) > SILENCE_MAX_MS
