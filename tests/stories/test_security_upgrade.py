"""A station's security profile is raised: it comes back with more, and never again with less.

TC_A_19 of OCPP 2.0.1 and TC_083 of OCPP 1.6, whose steps are the operator's own.
"""

from __future__ import annotations

import pytest
import websockets
from websockets.asyncio.client import connect

from ohmstead.core.network import Station
from tests.apps.gateway.floor import basic, until
from tests.apps.gateway.pki import Pki
from tests.apps.pki.test_tls_door import door
from tests.apps.stations.field import PASSWORD, V16, V21, V201
from tests.stories import octt_16
from tests.stories.octt import Actor, Asked, Operator, operating
from tests.stories.octt_201_words import boot, network_profile, reset, variable

PRIORITY = "NetworkConfigurationPriority"
TO_2_0_1 = [
    network_profile("Accepted"),  # with profile 2, in slot 1
    Asked(
        "SetVariables",
        {"setVariableData": [variable(PRIORITY, attributeValue="1")]},
        {"setVariableResult": [variable(PRIORITY, attributeStatus="Accepted")]},
    ),
]
STEPS = {
    V16: [octt_16.change("Accepted", "SecurityProfile", "2"), octt_16.reset("Hard")],
    V201: [*TO_2_0_1, reset("Immediate")],
}
BOOTS = {V16: octt_16.boot(), V201: boot(reason="RemoteReset")}
STEPS[V21], BOOTS[V21] = STEPS[V201], BOOTS[V201]


def over_tls(field, pki, version):
    return connect(
        f"wss://127.0.0.1:{field.house.tls_port}/ocpp/S",
        ssl=pki.client(),
        subprotocols=[f"ocpp{version}"],
        additional_headers={"Authorization": basic("S", PASSWORD)},
        compression=None,
        proxy=None,
    )


@pytest.mark.parametrize("version", [V16, V201, V21])
async def test_a_raised_security_profile_holds_and_the_old_one_is_refused(version, tmp_path):
    pki = Pki(tmp_path, "stations")
    async with door(tmp_path, pki, "off") as field, operating(field) as api:
        async with field.socket(version) as socket:
            await until(lambda: field.link())
            actor = Actor(field, version, socket, api)
            raises = Operator("PATCH", "stations/S", {"security_profile": 2})
            for step in (*STEPS[version], raises):
                await actor.step(step)
            actor.reading.cancel()
        assert field.store.get(Station, "S").security_profile == 2
        async with over_tls(field, pki, version) as socket:
            actor = Actor(field, version, socket, api)
            await actor.step(BOOTS[version])
            with pytest.raises(websockets.InvalidStatus) as refused:
                await field.socket(version)
            assert refused.value.response.status_code == 403
            assert "profile 2" in refused.value.response.body.decode()
            assert field.house.gateway.connected()[0].profile == 2  # and is not disturbed
            actor.reading.cancel()
