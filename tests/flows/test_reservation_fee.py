"""What a reservation costs: held when it is made, then paid once or given back, come what may."""

from __future__ import annotations

import asyncio
import contextlib
import json
from datetime import UTC
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ohmstead.adapters.store.schema import TABLES
from ohmstead.adapters.store.sqlite import SqliteStore
from ohmstead.apps.verification import zone as zone_named
from ohmstead.core.bill import Bill
from ohmstead.core.ledger import Account
from ohmstead.core.network import Evse, IdToken, Station, TokenStatus
from ohmstead.core.onchain import BlockRef, Deposited, EventId
from ohmstead.core.receipt_content import energy, price_again
from ohmstead.core.receipt_findings import Failed, Subject
from ohmstead.core.receipt_session import LedgerRef
from ohmstead.core.reservation import OPEN, Reservation, ReservationEvent, ReservationState
from ohmstead.core.reservation_fee import (
    KEPT,
    NOBODY_CAME,
    has_fee,
    price_reservation,
    worst_fee_minor,
)
from ohmstead.core.session import PayerKind, Session, SessionState, Share
from ohmstead.core.tariff import Rounding, Usage
from ohmstead.core.tariff_ocpi import TariffError, parse_ocpi_tariff
from ohmstead.errors import OperatorError
from ohmstead.flows import mirror, onboarding, reservations
from ohmstead.flows.charging.funding import policy_of
from ohmstead.flows.receipts import Issuer, document_of
from ohmstead.flows.reservations import Happened, Reserve, Use
from ohmstead.frozen import replace
from ohmstead.units import Asset
from tests.flows.world import ASSET, DRIVER, HOST, MINUTE, NOON, TREASURY, ZONE, World

EURO = 1_000_000
SESSION = "S-fee"
SHARES = (Share(TREASURY, 2_000), Share(HOST, 8_000, rest=True))
EXPIRING = [
    ({"reservation": "RESERVATION_EXPIRES"}, [("FLAT", "4.00", 1)]),
    ({"reservation": "RESERVATION"}, [("FLAT", "1.00", 1), ("TIME", "2.00", 600)]),
    ({}, [("FLAT", "0.50", 1), ("ENERGY", "0.25", 1)]),
]
E = ReservationEvent
KINDS = (Account, Bill, Reservation, Session)


def tariff(elements=EXPIRING, **more):
    found = []
    for rules, parts in elements:
        components = [{"type": t, "price": p, "step_size": s} for t, p, s in parts]
        found.append({"price_components": components} | ({"restrictions": rules} if rules else {}))
    document = {"id": "FEE", "currency": "tUSD", "elements": found, **more}
    return parse_ocpi_tariff(json.loads(json.dumps(document)), ASSET)


def town(elements=EXPIRING, store=None, **more):
    world = World(signed=False)
    world.run(onboarding.add_tariff, tariff(elements, **more))
    evses = (Evse(1, 22_000), Evse(2, 22_000))
    world.run(onboarding.add_station, Station("FEE", "", evses, "FEE", SHARES))
    return world


def reserve(world, minutes=60, number=1, card="CARD", **change):
    command = Reserve("FEE", 1, card, world.now + minutes * MINUTE, fresh_session_id=SESSION)
    return world.run(reservations.reserve, replace(command, **change))


def happens(world, event, number=1, **change):
    return world.run(reservations.happened, Happened(number, "FEE", event, "", UTC, **change))


def uses(world, card="CARD", **change):
    return world.run(reservations.use, Use("FEE", 1, card, "S-charge", **change))


def money(world):
    names = (f"payer:{DRIVER}", f"payee:{HOST}", f"payee:{TREASURY}", f"escrow:{SESSION}")
    return tuple(world.balance(name) for name in names)


def test_the_most_it_can_cost_is_held_and_what_it_cost_is_split():
    world = town()
    reserve(world, 60)
    assert money(world) == (94 * EURO, 0, 0, 0)  # 4.00 and an hour of 2.00
    happens(world, E.ACCEPTED)
    world.wait(25)
    assert uses(world).state is ReservationState.USED
    # 1.00, and 25 minutes counted as 30 (step_size 600).
    assert money(world) == (98 * EURO, 1_600_000, 400_000, 0)
    session, bill = world.store.get(Session, SESSION), world.store.get(Bill, SESSION)
    assert (session.state, session.protocol, session.open_at) == (SessionState.SETTLED, KEPT, None)
    assert (bill.energy_mwh, bill.tier, bill.total_minor) == (0, "none", 2 * EURO)
    assert [line.element for line in bill.lines] == [1, 1]


@pytest.mark.parametrize(
    ("event", "change", "minutes", "paid"),
    [
        (E.TIME_OVER, {}, 60, 6 * EURO),  # the FLAT of RESERVATION_EXPIRES, the TIME of RESERVATION
        (E.CANCELLED, {}, 10, 1_333_333),
        (E.CANCELLED, {"is_free": True}, 10, 0),
        (E.TIME_OVER, {"is_free": True}, 60, 0),
        (E.TIME_OVER, {}, 30, 0),  # by the station's clock, half an hour before its time
        (E.TIME_OVER, {}, 62, 0),  # nobody was there to see it expire
        (E.TIME_OVER, {}, 60 * 24 * 5, 0),  # long after even its hold was over
    ],
)
def test_a_reservation_costs_by_how_it_ended(event, change, minutes, paid):
    world = town()
    reserve(world)
    happens(world, E.ACCEPTED)
    world.wait(minutes)
    happens(world, event, **change)
    driver, host, treasury, escrow = money(world)
    assert (100 * EURO - driver, host + treasury, escrow) == (paid, paid, 0)
    before = money(world)
    for late in (E.TIME_OVER, E.CANCELLED, E.STARTED, E.ACCEPTED, E.REFUSED):
        happens(world, late)
    assert uses(world) is None
    assert money(world) == before
    assert (world.store.get(Session, SESSION) is not None) == bool(paid)


@pytest.mark.parametrize("event", [E.REFUSED, E.OCCUPIED, E.TIME_OVER, E.CANCELLED, E.STARTED])
def test_what_the_station_never_kept_costs_nothing(event):
    world = town()
    reserve(world)
    world.wait(60)
    happens(world, event)
    assert money(world) == (100 * EURO, 0, 0, 0)
    assert world.store.get(Session, SESSION) is None


def test_who_has_not_the_money_for_it_is_told_how_much_it_takes():
    world = town()
    poor = f"0x{9:040x}"
    token = IdToken("POOR", TokenStatus.ACCEPTED, poor, PayerKind.PREPAID)
    world.run(onboarding.put_id_token, token)
    world.deposit(3_500_000, poor)
    words = r"may cost up to 6 tUSD, and of id_token POOR's money 2.5 tUSD may be held"
    with pytest.raises(OperatorError, match=words):
        reserve(world, card="POOR", id_token="POOR")
    assert world.store.find(Reservation, 10) == []
    assert world.balance(f"payer:{poor}") == 3_500_000


def test_a_tariff_without_such_elements_holds_nothing():
    world = town(EXPIRING[2:])
    assert reserve(world).fee is None
    assert money(world) == (100 * EURO, 0, 0, 0)


def test_the_minimum_price_is_one_of_charging_and_the_maximum_bounds_the_fee():
    world = town(min_price={"excl_vat": "3.00"}, max_price={"excl_vat": "5.00"})
    reserve(world)
    assert money(world)[0] == 95 * EURO
    happens(world, E.ACCEPTED)
    world.wait(1)
    happens(world, E.CANCELLED)
    assert money(world)[0] == 100 * EURO - 1_333_333


def document(world, session_id=SESSION):
    ledger = LedgerRef(1, *(f"0x{n:040x}" for n in (1, 2, 3)))
    issuer = Issuer("net", ledger, b"secret", {})
    return document_of(world.store, world.store.get(Session, session_id), issuer)


def test_its_receipt_prices_the_same_again_and_only_as_the_reservation_it_was():
    world = town()
    reserve(world)
    happens(world, E.ACCEPTED)
    world.wait(60)
    happens(world, E.TIME_OVER)
    session = document(world)
    assert (session["protocol"], session["proven"], session["tier"]) == (NOBODY_CAME, False, "none")

    def judge(session):
        return price_again(Subject({"session": session}, None, zone_named, None, None))

    assert not isinstance(judge(session), Failed)
    for protocol in (KEPT, "1.6"):
        assert isinstance(judge(session | {"protocol": protocol}), Failed)


def test_no_energy_hides_behind_the_word_for_a_reservation():
    world = town()
    started = world.start()
    world.wait(30)
    world.stop(started.transaction_id, 4_000_000)
    session = document(world, started.session_id)

    def judge(session):
        return energy(Subject({"session": session}, None, zone_named, None, None))

    assert not isinstance(judge(session), Failed)
    for protocol in (KEPT, NOBODY_CAME):
        assert judge(session | {"protocol": protocol}) == "a reservation delivers no energy"


class Mortal:
    """The town in a SQLite file; its process dies after every step, and repeats what it did."""

    def __init__(self, path):
        self.clock, self.path = town().clock, path
        self.both(onboarding.set_policy, policy_of(town().store))
        self.both(onboarding.add_tariff, tariff())
        evses = (Evse(1, 22_000), Evse(2, 22_000))
        self.both(onboarding.add_station, Station("FEE", "", evses, "FEE", SHARES))
        token = IdToken("CARD", TokenStatus.ACCEPTED, DRIVER, PayerKind.PREPAID)
        self.both(onboarding.put_id_token, token)
        deposit = Deposited(EventId(1, f"0x{1:064x}", 0), DRIVER, 0, 100 * EURO)
        block = BlockRef(1, f"0x{1:064x}", 1)
        self.both(mirror.book_final, mirror.BookFinal(None, block, (deposit,)))

    def both(self, flow, command):
        """Once, and once more after the end of the process: nobody knows what was done."""

        async def step():
            store = SqliteStore.open(self.path, TABLES, self.clock)
            try:
                with contextlib.suppress(OperatorError):  # the second time: it is there already
                    await store.run(flow, command)
                return {kind: store.find(kind, 1_000) for kind in KINDS}
            finally:
                await store.close()

        asyncio.run(step())
        return asyncio.run(step())

    def happens(self, event):
        return self.both(reservations.happened, Happened(1, "FEE", event))


@pytest.mark.parametrize(
    ("event", "paid"),
    [(E.TIME_OVER, 6 * EURO), (E.CANCELLED, 3 * EURO), (E.STARTED, 3 * EURO), (E.REFUSED, 0)],
)
def test_a_process_that_dies_after_every_step_charges_once(tmp_path, event, paid):
    world = Mortal(tmp_path / "fee.db")
    command = Reserve(
        "FEE", 1, "CARD", world.clock.now_ms() + 60 * MINUTE, fresh_session_id=SESSION
    )
    made = world.both(reservations.reserve, command)
    assert [one.fee.hold_minor for one in made[Reservation]] == [6 * EURO]
    if event is not E.REFUSED:
        world.happens(E.ACCEPTED)
    world.clock.advance(60 * MINUTE)
    found = world.happens(event)
    accounts = {account.id.partition("@")[0]: account for account in found[Account]}
    assert accounts[f"escrow:{SESSION}"].is_closed
    assert accounts[f"payer:{DRIVER}"].available == 100 * EURO - paid
    assert [bill.total_minor for bill in found[Bill]] == ([paid] if paid else [])
    assert len(found[Session]) == bool(paid)


prices = st.integers(0, 500).map(lambda cents: f"{cents // 100}.{cents % 100:02d}")
part = st.sampled_from(["FLAT", "TIME"])
element = st.tuples(
    st.fixed_dictionaries(
        {"reservation": st.sampled_from(["RESERVATION", "RESERVATION_EXPIRES"])},
        optional={
            "max_duration": st.sampled_from([300, 1_800]),
            "min_duration": st.sampled_from([300, 1_800]),
            "start_time": st.sampled_from(["00:00", "12:00", "22:30"]),
        },
    ),
    st.lists(st.tuples(part, prices, st.sampled_from([1, 60, 600])), min_size=1, max_size=2,
             unique_by=lambda one: one[0]),
)  # fmt: skip


@given(
    elements=st.lists(element, max_size=4),
    minutes=st.tuples(st.integers(0, 180), st.integers(0, 180)).map(sorted),
    protocol=st.sampled_from([KEPT, NOBODY_CAME]),
    top=st.none() | st.just("2.00"),
)
def test_no_reservation_costs_more_than_was_held_for_it(elements, minutes, protocol, top):
    more = {"max_price": {"excl_vat": top}} if top else {}
    asked = tariff([*elements, EXPIRING[2]], **more)
    kept_ms, until_ms = (minute * MINUTE for minute in minutes)
    usage = Usage(NOON, NOON + kept_ms, ((NOON, 0), (NOON + kept_ms, 0)), NOON + kept_ms)
    priced = price_reservation(asked, usage, ZONE, protocol)
    assert 0 <= priced.total_minor <= worst_fee_minor(asked, until_ms)
    assert priced.total_minor == sum(line.minor for line in priced.lines) + priced.adjustment_minor
    kinds = {asked.elements[line.element].restrictions.reservation for line in priced.lines}
    assert kinds <= (
        {"RESERVATION"} if protocol == KEPT else {"RESERVATION", "RESERVATION_EXPIRES"}
    )
    assert not priced.total_minor or has_fee(asked)


@pytest.mark.parametrize(
    ("name", "minutes", "protocol", "minor"),
    [
        ("reservation_5_euro_per_hour", 45, KEPT, 3_750_000),
        ("reservation_5_euro_per_hour", 45, NOBODY_CAME, 3_750_000),
        ("reservation_2_euro_fee_5_euro_per_hour", 60, KEPT, 7_000_000),
        ("reservation_2_euro_fee_5_euro_per_hour", 62, KEPT, 7_416_667),  # billed as 65
        ("reservation_with_expire_fee", 30, KEPT, 1_000_000),
        ("reservation_with_expire_fee", 60, NOBODY_CAME, 6_000_000),
    ],
)
def test_an_example_of_ocpi_costs_what_ocpi_says_of_a_reservation(
    shared, name, minutes, protocol, minor
):
    text = (shared / "vectors" / "tariffs" / name / "tariff.json").read_text()
    asked = parse_ocpi_tariff(json.loads(text, parse_float=Decimal), Asset("EUR", 6), Rounding.UP)
    until_ms = NOON + minutes * MINUTE
    usage = Usage(NOON, until_ms, ((NOON, 0), (until_ms, 0)), until_ms)
    assert price_reservation(asked, usage, ZONE, protocol).total_minor == minor


def test_the_tariff_on_the_page_is_one():
    page = Path(__file__).parents[2] / "docs" / "operating" / "reservations.md"
    text = page.read_text().partition("```json")[2].partition("```")[0]
    asked = parse_ocpi_tariff(json.loads(text, parse_float=Decimal), ASSET)
    assert worst_fee_minor(asked, 60 * MINUTE) == 6 * EURO


@pytest.mark.parametrize("dimension", ["ENERGY", "PARKING_TIME"])
def test_a_reservation_has_no_price_for_what_it_has_not(dimension):
    with pytest.raises(TariffError, match="a reservation has FLAT and TIME only"):
        tariff([({"reservation": "RESERVATION"}, [(dimension, "1.00", 1)])])


def test_who_charges_when_the_time_is_over_has_come_in_time():
    world = town()
    reserve(world)
    happens(world, E.ACCEPTED)
    world.wait(30)
    started = world.start(station_id="FEE")
    world.wait(31)
    assert happens(world, E.TIME_OVER).state is ReservationState.USED
    assert world.store.get(Bill, SESSION).total_minor == 2 * EURO  # 1.00 and half an hour
    assert world.store.get(Reservation, "0000000001").session_id == started.session_id


class FeeMachine(RuleBasedStateMachine):
    """Whatever a station, a driver and the clock say, in any order and again and again."""

    def __init__(self):
        super().__init__()
        self.world = town()
        self.ended = {}

    def all(self):
        return self.world.store.find(Reservation, 1_000)

    @rule(minutes=st.integers(1, 90), evse=st.integers(1, 2), wait=st.booleans())
    def reserves(self, minutes, evse, wait):
        if not any(one.state in OPEN for one in self.all()):
            id_ = f"S-{len(self.all())}"
            reserve(self.world, minutes, evse_id=evse, may_wait=wait, fresh_session_id=id_)

    @rule(number=st.integers(1, 6), event=st.sampled_from(list(E)), is_free=st.booleans())
    def happens(self, number, event, is_free):
        happens(self.world, event, number, is_free=is_free)

    @rule(ago=st.integers(0, 200))
    def starts(self, ago):
        uses(self.world, at_ms=self.world.now - ago * MINUTE)

    @rule(minutes=st.integers(0, 120))
    def waits(self, minutes):
        self.world.wait(minutes)
        self.world.run(reservations.next_turn, "FEE")

    @invariant()
    def every_hold_is_open_with_its_reservation_and_closed_after_it(self):
        store = self.world.store
        for one in self.all():
            escrow = store.get(Account, f"escrow:{one.fee.session_id}@tUSD")
            if one.state in OPEN:
                assert escrow.credits_pending == one.fee.hold_minor
                assert store.get(Session, one.fee.session_id) is None
            else:
                assert escrow.is_closed
                bill = store.get(Bill, one.fee.session_id)
                assert bill is None or 0 < bill.total_minor <= one.fee.hold_minor
                assert bill is None or bill.total_minor == bill.covered_minor
                assert bill is None or one.held_ms <= bill.end_ms <= one.expires_ms
                now = (one, bill, escrow)
                assert self.ended.setdefault(one.number, now) == now

    @invariant()
    def what_was_paid_is_what_the_bills_say(self):
        bills = self.world.store.find(Bill, 1_000)
        driver, host, treasury = (
            self.world.balance(name)
            for name in (f"payer:{DRIVER}", f"payee:{HOST}", f"payee:{TREASURY}")
        )
        held = sum(one.fee.hold_minor for one in self.all() if one.state in OPEN)
        assert host + treasury == sum(bill.total_minor for bill in bills)
        assert driver == 100 * EURO - held - sum(bill.total_minor for bill in bills)


FeeMachine.TestCase.settings = settings(max_examples=20, stateful_step_count=25, deadline=None)
TestFees = FeeMachine.TestCase
