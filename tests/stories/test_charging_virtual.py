"""Our own virtual station on the same sockets: it delivers late, lies when told to, comes back."""

from __future__ import annotations

import pytest

from ohmstead.apps.virtual.meter import VirtualMeter
from ohmstead.apps.virtual.station import VirtualStation
from ohmstead.core.meter import MeterKey, Tier
from ohmstead.core.session import SessionState
from ohmstead.flows import onboarding
from tests.apps.stations.field import PASSWORD, VERSIONS, running
from tests.flows.world import HOST, KWH

pytestmark = pytest.mark.parametrize("version", VERSIONS)


async def virtual(field, version):
    """A booted virtual station whose meter is registered for evse 1."""
    meter = VirtualMeter.from_seed("stories", "M1")
    public = meter.public_key
    key = MeterKey(public.key_id, "secp256r1", public.der_hex, Tier.SOFT, meter.serial, "S", 0)
    await field.run(onboarding.add_meter, onboarding.AddMeter(key, 1))
    url = f"ws://127.0.0.1:{field.port}/ocpp"
    station = VirtualStation("S", url, PASSWORD, version, {1: meter}, field.clock)
    await station.connect()
    assert (await station.boot()).status == "Accepted"
    return station


async def test_its_session_is_proven_and_paid(version, tmp_path):
    async with running(tmp_path, meter=False) as field:
        station = await virtual(field, version)
        tx = await station.start(1, "CARD")
        field.wait(30)
        await station.meter_values(tx, 2 * KWH)
        field.wait(30)
        await station.stop(tx, 4 * KWH)
        session = field.session(tx.transaction_id)
        assert (session.state, session.findings) == (SessionState.SETTLED, ())
        assert field.bill(tx.transaction_id).tier == "soft"
        assert field.balance(f"payee:{HOST}") == 1_600_000 and station.refused == []
        await station.close()


async def test_a_session_it_kept_offline_is_delivered_in_order_and_settles(version, tmp_path):
    async with running(tmp_path, meter=False) as field:
        station = await virtual(field, version)
        tx = await station.start(1, "CARD")
        await station.drop()
        field.wait(30)
        await station.meter_values(tx, 2 * KWH)
        field.wait(30)
        await station.stop(tx, 4 * KWH)
        assert station.queued > 0
        assert field.session(tx.transaction_id).state is SessionState.ACTIVE
        field.wait(10 * 60)
        await station.connect()
        assert await station.flush() and station.refused == []
        session, bill = field.session(tx.transaction_id), field.bill(tx.transaction_id)
        assert session.state is SessionState.SETTLED
        assert bill.end_ms - bill.begin_ms == 60 * 60_000
        await station.close()


async def test_its_second_opinion_about_an_end_is_contested(version, tmp_path):
    async with running(tmp_path, meter=False) as field:
        station = await virtual(field, version)
        tx = await station.start(1, "CARD")
        field.wait(30)
        await station.stop(tx, 4 * KWH)
        await station.resend_last_stop()
        assert field.session(tx.transaction_id).state is SessionState.SETTLED
        field.wait(1)
        await station.stop_again(tx, station.places[1].meter.read_signed(field.now, "E", 5 * KWH))
        assert field.session(tx.transaction_id).state is SessionState.CONTESTED
        assert field.books_balance()
        await station.close()
