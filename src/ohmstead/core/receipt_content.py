"""Checks of what a receipt says: the session, its meter, its price and its money."""

from __future__ import annotations

import base64
from collections.abc import Callable

from ohmstead.core.canonical import encode
from ohmstead.core.epoch import ReadingLeaf, slots_hash
from ohmstead.core.merkle import ZERO
from ohmstead.core.meter import BEGIN_KINDS, END_KINDS
from ohmstead.core.receipt import reading_hash, slots_of
from ohmstead.core.receipt_findings import Failed, Finding, Skipped, Subject, Unrooted
from ohmstead.core.receipt_session import utc_text
from ohmstead.core.receipt_view import (
    Json,
    hex_of,
    items,
    part,
    raw,
    read_reading,
    read_slots,
    whole,
)
from ohmstead.core.reservation_fee import PROTOCOLS, price_session
from ohmstead.core.split import split
from ohmstead.core.tariff import Tariff, Usage
from ohmstead.core.tariff_document import line_document, read_tariff, read_usage
from ohmstead.errors import ProtocolError
from ohmstead.hashing import keccak, sha256
from ohmstead.units import MS_PER_S

UNPROVEN = "unproven: no meter signed this energy"
FEE = "a reservation's fee: no energy, and no meter proves for how long the evse was kept"
_UNSIGNED_TIER = "none"
_TIERS = frozenset({"legal", "secure", "soft", _UNSIGNED_TIER})


def ledger(subject: Subject) -> Finding:
    """The network and contracts named outside are those that the session commits to."""
    body, session = subject.body, subject.session
    if body["network"] != {"name": session["network"]} or body["ledger"] != session["ledger"]:
        return Failed("network or ledger is not the one that the session was settled on")
    return f"{session['network']} on chain {part(session, 'ledger')['chain_id']}"


def session_hash(subject: Subject) -> Finding:
    """The leaf commits to every field of the session."""
    if keccak(encode(subject.session)) != raw(subject.leaf["session"]):
        return Failed("the session is not the one that the leaf commits to")
    return "the leaf commits to every field of the session"


def readings(subject: Subject) -> Finding:
    """The leaf commits to both readings and the key."""
    meter, leaf = subject.meter, subject.leaf
    begin, end = part(meter, "begin"), part(meter, "end")
    for name, reading in (("begin", begin), ("end", end)):
        if reading_hash(reading) != raw(leaf[name]):
            return Failed(f"the {name} reading is not the one that the leaf commits to")
    if meter["key_id"] != leaf["key"]:
        return Failed("the meter's key is not the one that the leaf commits to")
    if subject.is_signed == (raw(leaf["key"]) == ZERO):
        return Failed("a signed reading has a key, an unsigned one has none")
    return "begin and end stand in the leaf" if subject.is_signed else Unrooted(UNPROVEN)


def records(subject: Subject) -> Finding:
    """The records of this copy are those that the session names by hash."""
    if "records" not in subject.body:
        return Skipped("the public copy holds the hashes of the meter's records only")
    found = []
    for text in map(str, _texts(subject.body, "records")):
        try:
            record = base64.b64decode(text, validate=True)
        except ValueError:
            return Failed("a record is not base64")
        if base64.b64encode(record).decode() != text:
            return Failed("a record is written in another base64")
        found.append(hex_of(sha256(record)))
    if found != _texts(subject.meter, "records"):
        return Failed("a record is not the one that the session names")
    return f"{len(found)} as named by their hashes"


def meter_signature(subject: Subject) -> Finding:
    """The records verify against the key and say what the readings say."""
    if not subject.is_signed:
        return Skipped(UNPROVEN)
    if "records" not in subject.body:
        return Skipped("needs the driver's copy, which holds the meter's records")
    key = str(subject.meter["public_key"])
    said: list[ReadingLeaf] = []
    for text in _texts(subject.body, "records"):
        try:
            leaves = subject.verifier.readings(base64.b64decode(text, validate=True), key)
        except ValueError:
            return Failed("a record is not base64")
        if not leaves:
            return Failed("a record is not signed by the meter's key")
        said += leaves
    for name in ("begin", "end"):
        if read_reading(part(subject.meter, name)) not in said:
            return Failed(f"no signed record says what the {name} reading says")
    return "both readings are in records signed by the meter"


def registered_key(subject: Subject) -> Finding:
    """The key is the one registered for the station: "a key inside the message is only a hint"."""
    if not subject.is_signed:
        return Skipped(UNPROVEN)
    named, station = str(subject.meter["key_id"]), str(subject.session["station"])
    if subject.verifier.key_id(str(subject.meter["public_key"])) != raw(named):
        return Failed("the public key is not the one that key_id names")
    trust, chain = subject.trust, subject.chain
    pinned = None if trust is None else trust.meter_keys
    if pinned is not None and named not in pinned.get(station, frozenset()):
        return Failed(f"the trust file names no such key for station {station}")
    if chain is None:
        return Unrooted("not looked up in the registry")
    if named not in chain.meter_keys and chain.passport:
        return Failed(
            f"passport {chain.passport} of this key did not hold when the leaf was made: it came "
            "later, or was replaced or suspended before"
        )
    if named not in chain.meter_keys:
        return Failed(
            "this key has no passport in the registry: only the network itself says that it is "
            f"the meter of station {station}"
        )
    return f"registered for station {station}"


def energy(subject: Subject) -> Finding:
    """The energy billed is the difference of the readings, and is called proven only if signed."""
    session, meter = subject.session, subject.meter
    begin, end = part(meter, "begin"), part(meter, "end")
    if whole(end["energy_mwh"]) - whole(begin["energy_mwh"]) != session["energy_mwh"]:
        return Failed("the energy is not the difference of the readings")
    if begin["register"] != end["register"]:
        return Failed("the readings are of two registers")
    if begin["kind"] not in BEGIN_KINDS or end["kind"] not in END_KINDS:
        return Failed("the readings are not a begin and an end")
    try:
        usage = read_usage(session["usage"])
    except ProtocolError as error:
        return Failed(str(error))
    if usage.energy_mwh != session["energy_mwh"] or not _spans(usage, begin, end):
        return Failed("the priced usage is not that of the readings")
    if (session["started"], session["ended"]) != (utc_text(usage.start_ms), utc_text(usage.end_ms)):
        return Failed("started and ended are not the times of the readings")
    if session["tier"] not in _TIERS:
        return Failed(f"there is no tier {session['tier']}")
    if session["protocol"] in PROTOCOLS and session["energy_mwh"]:
        return Failed("a reservation delivers no energy")
    is_unsigned = session["tier"] == _UNSIGNED_TIER
    if session["proven"] is is_unsigned or subject.is_signed is is_unsigned:
        return Failed("proven is what a meter signed, and nothing else")
    if session["protocol"] in PROTOCOLS:
        return Unrooted(FEE)
    text = f"{session['energy_mwh']} mWh"
    return text if session["proven"] else Unrooted(f"{text}, {UNPROVEN}")


def price_again(subject: Subject) -> Finding:
    """The price follows from the tariff and the usage."""
    session = subject.session
    try:
        tariff, usage = read_tariff(session["tariff"]), read_usage(session["usage"])
        zone = subject.zone(str(part(session, "usage")["time_zone"]))
        again = price_session(tariff, usage, zone, str(session["protocol"]))
    except (ProtocolError, ValueError, KeyError, OSError, OverflowError) as error:
        return Failed(f"it cannot be priced again: {error}")
    if session["lines"] != [line_document(line) for line in again.lines]:
        return Failed("the price lines do not follow from the tariff")
    said = [session[name] for name in ("total_minor", "adjustment_minor", "rounding", "asset")]
    if said != [str(again.total_minor), str(again.adjustment_minor), *_policy(tariff)]:
        return Failed(f"the tariff gives {again.total_minor}, the receipt says {said[0]}")
    return f"{again.total_minor} minor units of {tariff.asset}, computed again"


def split_again(subject: Subject) -> Finding:
    """The parts follow from the shares and sum to what was covered of the price."""
    session = subject.session
    payees, covered = items(session["split"]), whole(session["covered_minor"])
    if covered > whole(session["total_minor"]):
        return Failed("more is covered than the price")
    rest = [str(payee["address"]) for payee in payees if payee["rest"]]
    shares = {str(p["address"]): whole(p["share_bps"]) for p in payees if not p["rest"]}
    if len(rest) != 1 or len(shares) + 1 != len(payees):
        return Failed("one payee takes the rest, and none stands twice")
    try:
        parts = split(covered, shares, rest[0])
    except ValueError as error:
        return Failed(str(error))
    if any(whole(payee["amount"]) != parts[str(payee["address"])] for payee in payees):
        return Failed("the parts do not follow from the shares")
    return f"{len(payees)} parts sum to {covered}"


def slots(subject: Subject) -> Finding:
    """The money on chain is the session's money, and the leaf commits to it."""
    session, listed = subject.session, read_slots(subject.body["slots"])
    if whole(session["covered_minor"]) and not part(session, "payer")["address"]:
        return Failed("money moves and nobody pays")
    if listed != slots_of(session):
        return Failed("the slots are not the split of this session")
    if slots_hash(listed) != raw(subject.leaf["slots"]):
        return Failed("the slots are not those that the leaf commits to")
    return f"{len(listed)} movements stand in the leaf"


def _texts(body: Json, name: str) -> list[str]:
    value = body[name]
    return [str(text) for text in value] if isinstance(value, list) else []


def _policy(tariff: Tariff) -> tuple[str, str]:
    return tariff.rounding.value, str(tariff.asset)


def _spans(usage: Usage, begin: Json, end: Json) -> bool:
    """Whether the usage runs from one reading to the other; a contract reads whole seconds."""
    if "time_ms" in begin:
        return (usage.start_ms, usage.end_ms) == (begin["time_ms"], end["time_ms"])
    seconds = (usage.start_ms // MS_PER_S, usage.end_ms // MS_PER_S)
    return seconds == (begin["time_s"], end["time_s"])


CONTENT_CHECKS: dict[str, Callable[[Subject], Finding]] = {
    "ledger": ledger,
    "session_hash": session_hash,
    "readings": readings,
    "records": records,
    "meter_signature": meter_signature,
    "registered_key": registered_key,
    "energy": energy,
    "price": price_again,
    "split": split_again,
    "slots": slots,
}
