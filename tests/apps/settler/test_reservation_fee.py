"""The fee of a reservation on the chain: in an epoch, claimed by its payees, proven by a reader."""

from __future__ import annotations

import asyncio
from datetime import UTC

import pytest

from ohmstead.apps.settler import chain_facts, open_reader
from ohmstead.core.canonical import decode
from ohmstead.core.network import Evse, Station
from ohmstead.core.receipt_checks import Outcome
from ohmstead.core.reservation import ReservationEvent, ReservationState
from ohmstead.core.reservation_fee import KEPT, NOBODY_CAME
from ohmstead.flows import onboarding, reservations
from ohmstead.flows.reservations import Happened, Reserve, Use
from tests.apps.settler.test_receipts import judge, outcomes
from tests.apps.settler.town import MINUTE, town
from tests.flows.test_reservation_fee import EURO, SHARES, tariff


async def reserve(t, minutes):
    """A reservation that the station keeps; returns its fee's session."""
    id_ = f"S-{t.tag}-fee-{next(t.numbers)}"
    until = t.clock.now_ms() + minutes * MINUTE
    made = await t.store.run(
        reservations.reserve, Reserve("FEE", 1, "driver", until, fresh_session_id=id_)
    )
    return await happens(t, made, ReservationEvent.ACCEPTED)


async def happens(t, one, event):
    return await t.store.run(reservations.happened, Happened(one.number, "FEE", event, "", UTC))


@pytest.mark.parametrize("in_file", [False, True])
def test_fees_are_anchored_claimed_and_never_called_proven(anvil, tmp_path, in_file):
    async def scenario():
        async with town(anvil, tmp_path if in_file else None) as t:
            shares = tuple(share for share in SHARES)
            await t.store.run(onboarding.add_tariff, tariff())
            station = Station("FEE", "", (Evse(1, 22_000),), "FEE", shares)
            await t.store.run(onboarding.add_station, station)
            await t.driver()
            await t.final()
            await t.settler.step()
            expired = await reserve(t, 60)
            t.clock.advance(60 * MINUTE)
            await happens(t, expired, ReservationEvent.TIME_OVER)
            used = await reserve(t, 60)
            t.clock.advance(30 * MINUTE)
            told = Use("FEE", 1, "driver", "S-other", used.number)
            assert (await t.store.run(reservations.use, told)).state is ReservationState.USED
            refunded = await reserve(t, 60)
            command = Happened(refunded.number, "FEE", ReservationEvent.CANCELLED, is_free=True)
            await t.store.run(reservations.happened, command)
            charged = await t.session(kwh=2)

            await t.epoch_until(1)
            assert t.epoch(1).receipt_count == 3
            assert t.epoch(1).total_minor == 6 * EURO + 2 * EURO + EURO
            reader = open_reader(anvil.url, t.issuer.ledger)
            for one, protocol in ((expired, NOBODY_CAME), (used, KEPT)):
                document = await t.receipts.receipt(one.fee.session_id, with_records=False)
                found = judge(t, document, await chain_facts(reader, document))
                said = outcomes(found)
                assert Outcome.FAILED not in said.values(), [str(check) for check in found]
                assert said["price"] is said["slots"] is said["anchor"] is Outcome.PROVEN
                assert said["energy"] is not Outcome.PROVEN
                assert decode(document)["session"]["protocol"] == protocol
            assert t.record(charged).epoch == 1
            report = await t.settler.reconcile()
            assert report.holds, report
            await reader.close()

    asyncio.run(scenario())
