"""A password is not changed behind the house's back, in whatever way a command is sent."""

from __future__ import annotations

import pytest

from tests.apps.api.desk import problem, walk
from tests.apps.stations.field import V16, V21, V201

S = "/api/v1/stations/S"
NEW = "00112233445566778899aabbccddeeff"


def of_2x(name="BasicAuthPassword", component="SecurityCtrlr"):
    harmless = {"component": {"name": "AuthCtrlr"}, "variable": {"name": "Enabled"}}
    secret = {"component": {"name": component}, "variable": {"name": name}}
    rows = [harmless | {"attributeValue": "true"}, secret | {"attributeValue": NEW}]
    return "SetVariables", {"setVariableData": rows}


@pytest.mark.parametrize(
    ("version", "asked"),
    [
        (V16, ("ChangeConfiguration", {"key": "AuthorizationKey", "value": NEW})),
        (V16, ("ChangeConfiguration", {"key": "authorizationkey", "value": NEW})),
        (V201, of_2x()),
        (V201, of_2x("basicauthpassword", "securityctrlr")),
        (V21, of_2x()),
        (V21, of_2x(component="NetworkConfiguration")),
    ],
)
def test_a_password_set_by_a_plain_command_is_refused_with_the_way_that_works(
    tmp_path, version, asked
):
    action, payload = asked

    async def scenario(desk):
        async with desk.field.station(version):
            for path, body in (
                (f"{S}/commands/{action}", payload),
                (f"{S}/commands/{action}?queue=true", payload),
                ("/api/v1/commands", {"action": action, "payload": payload, "stations": ["S"]}),
            ):
                refused = problem(await desk.host.post(path, json=body), 400, "bad-command")
                assert "--rotate-password --deliver" in refused["detail"], path
                assert NEW not in str(refused)
            listed = (await desk.host.get(f"{S}/commands")).json()["items"]
            assert not [one for one in listed if one["action"] == action]

    walk(tmp_path, scenario)
