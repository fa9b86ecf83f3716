"""From the charger's socket to settled money: what a driver, a host and a treasury see."""

from __future__ import annotations

import pytest

from ohmstead.core.session import SessionState
from tests.apps.stations.field import VERSIONS, running
from tests.flows.world import DRIVER, HOST, KWH, TREASURY

pytestmark = pytest.mark.parametrize("version", VERSIONS)


async def test_a_signed_session_is_proven_priced_and_split(version, tmp_path):
    async with running(tmp_path) as field, field.station(version) as station:
        assert await station.authorize("card") == "Accepted"
        tx = await station.charge(wh=4_000)
        session, bill = field.session(tx), field.bill(tx)
        assert (session.state, session.findings) == (SessionState.SETTLED, ())
        assert (bill.tier, bill.energy_mwh, bill.total_minor) == ("soft", 4 * KWH, 2_000_000)
        assert field.balance(f"payee:{TREASURY}") == 400_000
        assert field.balance(f"payee:{HOST}") == 1_600_000
        assert field.balance(f"payer:{DRIVER}") == 98_000_000
        assert field.books_balance()
