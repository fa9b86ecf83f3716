"""What speaks against a bill that no meter proves.

Behaviour 9: "With Started, Ended and both registers a session settles." Tier none: "only against a
driver-approved stop or a per-session lock".
"""

from __future__ import annotations

from ohmstead.core.bill import Bill
from ohmstead.core.progress import Progress
from ohmstead.core.session import Session
from ohmstead.flows.charging import judge
from ohmstead.flows.charging.begin import UNKNOWN_EVSE

BEGIN_MISSING = "begin_missing"


def lacking(
    session: Session, progress: Progress, end_mwh: int | None, is_unused: bool
) -> tuple[str, ...]:
    """The registers that are missing. Where no car came there is nothing to read."""
    known = (session.begin_mwh, progress.last_mwh, end_mwh)
    if is_unused and known == (None, None, None):
        return ()
    found = {BEGIN_MISSING: session.begin_mwh is None, "end_missing": end_mwh is None}
    return tuple(code for code, is_so in found.items() if is_so)


def unapproved(session: Session, bill: Bill | None, driver_approved: bool) -> tuple[str, ...]:
    """What keeps a price from its payer; who is to pay nothing need not be asked."""
    if bill is not None and not bill.total_minor:
        return ()
    approved = judge.may_settle_unproven(session, driver_approved)
    found = {UNKNOWN_EVSE: not session.evse_id, "stop_not_approved": not approved}
    return tuple(code for code, is_so in found.items() if is_so)
