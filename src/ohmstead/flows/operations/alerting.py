"""Alerts open once and close once, in one commit with the mail that says so."""

from __future__ import annotations

from ohmstead.core.alerts import Alert, Finding, LastSession
from ohmstead.core.webhooks import LANES
from ohmstead.frozen import Frozen, replace
from ohmstead.ports import Decision, Job, Record, State

MAIL = "mail"
MAIL_LANE = f"{LANES}mail"
LINES_MAX = 50  # of one mail; how many more there are is said


class Observed(Frozen):
    """What the rules say that is not recorded yet, and when stations last had sessions."""

    findings: tuple[Finding, ...]
    sessions: tuple[LastSession, ...] = ()
    by_mail: bool = False
    others: int = 0  # findings of the same look that other commits write down
    since_ms: int | None = None  # when it began, where that is known to be earlier than now


class Changed(Frozen):
    """The alerts that opened and closed."""

    opened: tuple[Alert, ...] = ()
    closed: tuple[Alert, ...] = ()


def observe(state: State, command: Observed, now_ms: int) -> Decision[Changed]:
    """Open what fires and is not open, close what does not and is; the rest stays as it was."""
    since_ms = now_ms if command.since_ms is None else command.since_ms
    opened: list[Alert] = []
    closed: list[Alert] = []
    for finding in command.findings:
        known = state.get(Alert, finding.key)
        is_open = known is not None and not known.closed_ms
        if finding.fires and not is_open:
            count = 1 if known is None else known.count + 1
            opened.append(
                Alert(
                    finding.rule,
                    finding.subject,
                    finding.text,
                    since_ms,
                    count=count,
                    station_id=finding.station_id,
                )
            )
        elif not finding.fires and known is not None and is_open:
            closed.append(replace(known, closed_ms=max(1, now_ms)))
    puts: tuple[Record, ...] = (*opened, *closed, *command.sessions)
    jobs = (
        (_mail(opened, closed, command.others),) if command.by_mail and (opened or closed) else ()
    )
    return Decision(Changed(tuple(opened), tuple(closed)), puts, jobs=jobs)


def _mail(opened: list[Alert], closed: list[Alert], others: int) -> Job:
    """One mail for all of it: a network that loses its uplink must not send ten thousand."""
    lines = [f"! {alert.text}" for alert in opened]
    lines += [f"over: {alert.text}" for alert in closed]
    more = max(0, len(lines) - LINES_MAX) + others
    if more:
        lines = [*lines[:LINES_MAX], f"... and {more} more: see `ohmstead alert list`"]
    first = (opened or closed)[0]
    subject = first.text if opened else f"over: {first.text}"
    rest = len(opened) + len(closed) - 1 + others
    subject += f" (and {rest} more)" if rest else ""
    what = "opened" if opened else "closed"
    payload = {"subject": subject, "lines": lines}
    return Job(f"mail/{first.key}/{first.count}/{what}", MAIL_LANE, MAIL, payload)
