"""When a person has to be told: rules over what is known of stations, certificates and the house.

A rule says yes, no, or nothing where it does not know: a house that has just started does not know
how long a station has been away, and must not close what it opened before.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from ohmstead.frozen import Frozen

TEXT_LENGTH_MAX = 400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Rule(enum.Enum):
    """What an alert is about, in the order of the docs."""

    OFFLINE = "offline"
    FAULT = "fault"
    IDLE = "idle"
    CLOCK = "clock"
    CERTIFICATE = "certificate"
    STORE = "store"
    SETTLER = "settler"
    FLOODING = "flooding"
    DUPLICATE = "duplicate"
    GUESSING = "guessing"
    CONFIGURATION = "configuration"
    ROLLOUT = "rollout"  # opened and closed by the roll-out itself


class Rules(Frozen):
    """How much of each is too much, in milliseconds; 0: the rule is off."""

    offline_ms: int
    fault_ms: int
    idle_ms: int
    clock_off_ms: int
    certificate_ms: int
    store_down_ms: int
    settler_ms: int
    flooding_ms: int = 0
    rivals: int = 0  # takeovers of living connections, in ten minutes

    def is_on(self, rule: Rule) -> bool:
        """Whether anything can open an alert of this rule."""
        limits = {
            Rule.OFFLINE: self.offline_ms,
            Rule.FAULT: self.fault_ms,
            Rule.IDLE: self.idle_ms,
            Rule.CLOCK: self.clock_off_ms,
            Rule.CERTIFICATE: self.certificate_ms,
            Rule.STORE: self.store_down_ms,
            Rule.SETTLER: self.settler_ms,
            Rule.FLOODING: self.flooding_ms,
            Rule.DUPLICATE: self.rivals,
            Rule.GUESSING: 1,  # never off: somebody is at the door
            Rule.CONFIGURATION: 1,  # never off: a repair that was given up is told
            Rule.ROLLOUT: 1,  # never off: nobody asks a roll-out to halt in silence
        }
        return limits[rule] > 0


class Alert(Frozen):
    """One thing that is or was wrong with one subject; opened and closed once each time."""

    rule: Rule
    subject: str  # a station, a key, a certificate, or the part of the house
    text: str
    opened_ms: int
    closed_ms: int = 0  # 0: it still is
    count: int = 1  # how often it was opened
    station_id: str = ""

    @property
    def key(self) -> str:
        return alert_key(self.rule, self.subject)


def alert_key(rule: Rule, subject: str) -> str:
    """The key of the one alert of a rule about a subject."""
    return f"{rule.value}/{subject}"


class LastSession(Frozen, array_like=True):
    """When a station last had a session, or was first looked at."""

    station_id: str
    at_ms: int

    @property
    def key(self) -> str:
        return self.station_id


class Finding(Frozen):
    """What a rule says now: it fires, or it does not."""

    rule: Rule
    subject: str
    fires: bool
    text: str = ""
    station_id: str = ""

    @property
    def key(self) -> str:
        return alert_key(self.rule, self.subject)


class StationFacts(Frozen):
    """What is known of one station now; None where it is not known."""

    id: str
    connected: bool
    away_since_ms: int  # at the earliest: since then nothing was heard of it
    faults: tuple[tuple[str, str, int], ...] | None  # where, the station's word, since when
    last_session_ms: int
    charging: bool
    clock_off_ms: int | None  # its clock minus ours
    flooding_ms: int = 0  # for so long it has been sending more than it may
    rivals: tuple[str, int] | None = None  # where two connections with its id are, how often seen
    guessed_from: str = ""  # the address from which its weak password is being guessed


class Expiry(Frozen):
    """Something that ends to be valid; ``what`` is its name for people."""

    subject: str
    what: str
    at_ms: int
    station_id: str = ""


def station_findings(rules: Rules, facts: StationFacts, now_ms: int) -> Iterator[Finding]:
    """What the rules say of one station."""

    def finding(rule: Rule, fires: bool, text: str = "") -> Finding:
        return Finding(rule, facts.id, fires, text[:TEXT_LENGTH_MAX], facts.id)

    away_ms = now_ms - facts.away_since_ms
    if facts.connected:
        yield finding(Rule.OFFLINE, False)
    elif rules.offline_ms and away_ms >= rules.offline_ms:
        text = f"station {facts.id} has been offline since {when(facts.away_since_ms)}"
        yield finding(Rule.OFFLINE, True, text)
    if facts.connected and facts.faults is not None:
        old = [one for one in facts.faults if now_ms - one[2] >= rules.fault_ms]
        if not facts.faults:
            yield finding(Rule.FAULT, False)
        elif rules.fault_ms and old:
            where = ", ".join(f"{word} at {place}" for place, word, _ in old)
            yield finding(Rule.FAULT, True, f"station {facts.id} reports {where}")
    idle_ms = now_ms - facts.last_session_ms
    if rules.idle_ms:
        fires = idle_ms >= rules.idle_ms and not facts.charging
        since = when(facts.last_session_ms)
        text = f"station {facts.id} has had no session since {since}" if fires else ""
        yield finding(Rule.IDLE, fires, text)
    off_ms = facts.clock_off_ms
    if rules.clock_off_ms and off_ms is not None:
        fires = abs(off_ms) >= rules.clock_off_ms
        way = "ahead" if off_ms > 0 else "behind"
        text = f"the clock of station {facts.id} is {span(abs(off_ms))} {way}" if fires else ""
        yield finding(Rule.CLOCK, fires, text)
    if rules.flooding_ms:
        fires = facts.flooding_ms >= rules.flooding_ms
        since = when(now_ms - facts.flooding_ms)
        text = f"station {facts.id} floods: it has been slowed since {since}"
        yield finding(Rule.FLOODING, fires, text if fires else "")
    if rules.rivals:
        where, count = facts.rivals or ("", 0)
        text = f"two connections use the id {facts.id}, {where}, and end each other"
        yield finding(Rule.DUPLICATE, count >= rules.rivals, text if count else "")
    where = facts.guessed_from
    text = f"the weak password of station {facts.id} is being guessed from {where}: rotate it"
    yield finding(Rule.GUESSING, bool(where), text if where else "")


def expiry_finding(rules: Rules, expiry: Expiry, now_ms: int) -> Finding:
    """Whether something expires soon, or has."""
    left_ms = expiry.at_ms - now_ms
    fires = rules.certificate_ms > 0 and left_ms <= rules.certificate_ms
    word = "expires" if left_ms > 0 else "expired"
    text = f"{expiry.what} {word} on {when(expiry.at_ms)}" if fires else ""
    return Finding(
        Rule.CERTIFICATE, expiry.subject, fires, text[:TEXT_LENGTH_MAX], expiry.station_id
    )


def when(at_ms: int) -> str:
    """A moment in UTC, to the minute: a text is written once, and an age in it would stand still
    while what it tells of goes on."""
    moment = _EPOCH + timedelta(milliseconds=at_ms)
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def span(ms: int) -> str:
    """A length of time in its largest whole unit."""
    seconds = max(0, ms) // 1_000
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} s"
