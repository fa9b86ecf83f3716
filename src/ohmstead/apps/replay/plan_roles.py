"""Who drives, who pays, who is paid, which protocol is spoken, and who misbehaves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from random import Random

from ohmstead.apps.replay.plan_stations import Berth
from ohmstead.core.session import PayerKind
from ohmstead.errors import OperatorError
from ohmstead.frozen import Frozen
from ohmstead.hashing import sha256
from ohmstead.units import BPS, mul_div_up

ID_TOKEN_MAX = 20  # OCPP 1.6 IdToken: CiString20Type
HOSTS_MIN = 5
GUESTS_PER_DRIVER = 6  # where a file names nobody, a driver comes about that often
MISBEHAVING_MS_MIN = 20 * 60_000
PROTOCOLS = ("1.6", "2.0.1", "2.1")
_PREFIX = {"acn": "A", "norway": "N", "epfl": "E", "generated": "G"}

# The ten of the demo; a plan takes any other name as well and gives it to any session.
MISBEHAVIOURS = (
    "fake_signature",
    "replayed_page",
    "double_stop",
    "contradicting_stop",
    "drop_in_mid_session",
    "register_rollback",
    "unknown_meter",
    "cost_above_hold",
    "late_offline_stop",
    "chain_killed",
)


class Roles(Frozen):
    """The people of one session."""

    driver: str
    payer: PayerKind
    misbehaviour: str | None


def protocol_of(station_number: int, wish: str) -> str:
    """Return a station's protocol; "mixed" alternates."""
    if wish == "mixed":
        return PROTOCOLS[station_number % len(PROTOCOLS)]
    if wish not in PROTOCOLS:
        known = ", ".join(("mixed", *PROTOCOLS))
        raise OperatorError(f"no protocol {wish!r} here; use one of {known}")
    return wish


def hosts_of(stations: Sequence[tuple[str, str]]) -> list[str]:
    """Return a host for each station, given as (source, site).

    A site is one host's. Where that makes fewer than five, sites are shared between more hosts, as
    far as there are stations.
    """
    sites = list(dict.fromkeys(stations))
    for split in range(1, len(stations) + 1):
        seen: dict[tuple[str, str], int] = defaultdict(int)
        hosts = []
        for place in stations:
            letter = chr(ord("a") + seen[place] % split) if split <= 26 else str(seen[place])
            hosts.append(f"host-{sites.index(place) + 1}{letter if split > 1 else ''}")
            seen[place] += 1
        if len(set(hosts)) >= HOSTS_MIN:
            return hosts
    return [f"host-{number + 1}" for number in range(len(stations))]


def give_roles(
    berths: Sequence[Berth], walk_up_bps: int, misbehaviours: Sequence[str], random: Random
) -> list[Roles]:
    """Return the roles of each session, in order.

    Misbehaviours go to account holders, each to another session; walk-up wallets are a share of
    all sessions, rounded up, and each has an id_token of its own.
    """
    naughty = _misbehaving(berths, misbehaviours, random)
    others = [n for n in range(len(berths)) if n not in naughty]
    count = min(len(others), mul_div_up(len(berths), walk_up_bps, BPS))
    walk_ups = set(random.sample(others, count))
    drivers = _drivers(berths, random)
    roles = []
    walked = 0
    for number, driver in enumerate(drivers):
        payer = PayerKind.PREPAID
        if number in walk_ups:
            walked += 1
            driver, payer = f"WALK-{walked:04d}", PayerKind.WALLET_LOCK
        roles.append(Roles(driver, payer, naughty.get(number)))
    return roles


def _drivers(berths: Sequence[Berth], random: Random) -> list[str]:
    """Name the drivers; one who is still plugged in elsewhere shows another card (``+2``)."""
    guests = max(1, len(berths) // GUESTS_PER_DRIVER)
    until_ms: dict[str, int] = {}
    named = []
    for berth in berths:
        raw, moved = berth.moved.raw, berth.moved
        user = raw.user or f"GUEST-{random.randrange(guests) + 1}"
        prefix = _PREFIX.get(raw.source, "U")
        card = 1
        while until_ms.get(uid := _uid(f"{prefix}-{user}", card), 0) > moved.start_ms:
            card += 1
        until_ms[uid] = moved.end_ms
        named.append(uid)
    return named


def _uid(name: str, card: int) -> str:
    uid = name if card == 1 else f"{name}+{card}"
    if len(uid) <= ID_TOKEN_MAX and uid.isascii():
        return uid
    return f"X-{sha256(uid.encode()).hex()[: ID_TOKEN_MAX - 2].upper()}"


def _misbehaving(berths: Sequence[Berth], names: Sequence[str], random: Random) -> dict[int, str]:
    """Choose a session for each: the last of its evse, so that doubt about one meets no other."""
    taken: dict[int, str] = {}
    history = _History(berths)
    order = sorted(names, key=lambda name: (name != "cost_above_hold", names.index(name)))
    for name in order:
        if name in taken.values():
            raise OperatorError(f"the misbehaviour {name!r} is named twice")
        suits = history.suits(name)
        free = [n for n in range(len(berths)) if n not in taken]
        chosen = [n for n in free if suits(n)] or [n for n in free if history.is_long(n)] or free
        if not chosen:
            raise OperatorError(f"there are too few sessions for {len(names)} misbehaviours")
        if name == "cost_above_hold":
            number = max(chosen, key=lambda n: (berths[n].moved.raw.energy_mwh, -n))
        else:
            number = random.choice(chosen)
        taken[number] = name
    return taken


class _History:
    """What else happens on a session's evse and station."""

    def __init__(self, berths: Sequence[Berth]) -> None:
        self._berths = berths
        self._on_evse: dict[tuple[str, int], list[int]] = defaultdict(list)
        self._evses: dict[str, set[int]] = defaultdict(set)
        for number, berth in enumerate(berths):
            self._on_evse[berth.station_id, berth.evse].append(number)
            self._evses[berth.station_id].add(berth.evse)

    def is_long(self, number: int) -> bool:
        """Tell whether something can happen in its middle."""
        return self._berths[number].moved.duration_ms >= MISBEHAVING_MS_MIN

    def suits(self, name: str) -> Callable[[int], bool]:
        """Return what a misbehaviour asks of a session."""
        if name in ("cost_above_hold", "chain_killed"):
            return self.is_long
        if name == "replayed_page":
            return lambda n: self.is_long(n) and self._is_last(n) and len(self._evse(n)) > 1
        if name in ("drop_in_mid_session", "late_offline_stop"):  # the whole station is away
            return lambda n: self.is_long(n) and self._is_last(n) and self._is_alone(n)
        return lambda n: self.is_long(n) and self._is_last(n)

    def _evse(self, number: int) -> list[int]:
        berth = self._berths[number]
        return self._on_evse[berth.station_id, berth.evse]

    def _is_last(self, number: int) -> bool:
        return self._evse(number)[-1] == number

    def _is_alone(self, number: int) -> bool:
        return len(self._evses[self._berths[number].station_id]) == 1
