"""What the fuzzer found: each once here, in the words of what went wrong."""

from __future__ import annotations

import asyncio
import base64
import json

import pytest
from multidict import CIMultiDict

from ohmstead.adapters.chain.evm.dumps import DumpBroken, inspect
from ohmstead.apps.config import parse
from ohmstead.apps.gateway.forwarded import forwarded
from ohmstead.apps.gateway.origin import Networks, Origin
from ohmstead.apps.gateway.upgrade import UpgradeRefused
from ohmstead.apps.operations.archive import unpack
from ohmstead.apps.stations.authority import Unsuitable, suitable
from ohmstead.apps.stations.passwords import _status
from ohmstead.apps.trust import load_trust
from ohmstead.errors import ChainUnavailable, ConfigError, OperatorError
from ohmstead.wire.ocpp import v16, v201
from ohmstead.wire.ocpp.codec import CallRefused, decode_as, decode_with_repairs
from tests.adapters.chain.test_rpc import CHAIN_ID, Node
from tests.apps.api.desk import problem, walk
from tests.fuzz.targets_files import OWNER, TRUST, _pem, _tar, requests
from tests.fuzz.targets_wire import _certificate


def test_a_trust_file_with_a_text_that_is_no_utf8_is_refused_by_name(tmp_path):
    path = tmp_path / "trust.json"
    path.write_bytes(json.dumps(TRUST).encode().replace(b"commons", b"comm\xb0ns"))
    with pytest.raises(OperatorError, match=r"trust\.json is no trust file: 'utf-8'"):
        load_trust(path)


def test_a_backup_whose_manifest_is_no_utf8_is_refused_by_name(tmp_path):
    path = tmp_path / "x.tar"
    path.write_bytes(_tar({"manifest.json": b'{"format":"\xff"}'}))
    with pytest.raises(OperatorError, match=r"manifest\.json is damaged"):
        unpack(path, tmp_path / "into")


@pytest.mark.parametrize("value", ["9" * 5_000, "[" * 100_000])
def test_a_network_toml_that_is_too_much_for_its_reader_is_refused_by_name(value):
    with pytest.raises(ConfigError, match=r"network\.toml:1: not TOML"):
        parse(f"[ocpp]\nheartbeat_s = {value}\n".encode(), "network.toml")


def test_a_body_that_is_no_utf8_is_a_bad_request_and_not_a_defect(tmp_path):
    async def scenario(desk):
        body = b'{"payer":"' + OWNER.encode()[:20] + b'\xe2","status":"accepted"}'
        headers = {"Content-Type": "application/json"}
        answer = await desk.admin.put("/api/v1/id-tokens/CARD", content=body, headers=headers)
        assert "UTF-8" in problem(answer, 400, "bad-request")["detail"]

    walk(tmp_path, scenario)


def test_a_node_whose_answer_is_no_utf8_is_a_chain_that_is_not_there():
    from ohmstead.adapters.chain.evm.rpc import Rpc

    async def scenario():
        answer = b'{"jsonrpc":"2.0","id":1,"result":"0x1","x":"\xff"}'
        async with Node(lambda _call: answer) as node:
            rpc = Rpc(node.url, CHAIN_ID)
            try:
                with pytest.raises(ChainUnavailable):
                    await rpc.block("latest")
            finally:
                await rpc.close()

    asyncio.run(scenario())


def test_a_dump_of_brackets_without_end_is_broken_and_not_a_crash():
    import gzip

    with pytest.raises(DumpBroken):
        inspect(gzip.compress(b'{"accounts":' + b"[" * 100_000))


def test_an_answer_about_a_password_with_an_absurd_number_says_nothing():
    assert _status(b'{"status":1e400000}') == ""
    assert _status(b'{"status":"Accepted"}') == "Accepted"


@pytest.mark.parametrize("limit", ["9" * 28 + ".95", "1" + "0" * 27, "-" + "7" * 29 + ".1"])
def test_a_limit_of_thirty_digits_is_a_number_like_any_other(limit):
    period = b'{"startPeriod":0,"limit":%b}' % limit.encode()
    schedule = b'{"chargingRateUnit":"A","chargingSchedulePeriod":[%b]}' % period
    payload = b'{"status":"Accepted","chargingSchedule":%b}' % schedule
    kind = v16.GetCompositeScheduleResponse
    if limit.endswith("5"):
        with pytest.raises(CallRefused, match=r"multiple of 0\.1"):
            decode_as(kind, payload)
    else:
        found = decode_as(kind, payload).charging_schedule.charging_schedule_period[0]
        assert str(found.limit) == limit


def test_a_vendors_own_fields_are_no_departure_from_the_schema():
    payload = {"customData": {"vendorId": "v"} | {f"f{n}": n for n in range(300)}}
    message, repairs = decode_with_repairs(v201.HeartbeatRequest, json.dumps(payload).encode())
    assert not repairs
    assert message.custom_data.vendor_id == "v"


def test_a_certificate_of_a_version_that_does_not_exist_is_an_unreadable_header():
    der = _certificate().replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x09", 1)
    headers = CIMultiDict({"Client-Cert": f":{base64.b64encode(der).decode()}:"})
    with pytest.raises(UpgradeRefused, match=r"holds no X\.509 certificate"):
        forwarded(Origin("10.0.0.1"), headers, Networks(("10.0.0.0/8",)))


def test_a_certificate_request_of_a_version_that_does_not_exist_is_refused_by_name():
    der = requests()[0]
    assert der.count(b"\x02\x01\x00") >= 1
    with pytest.raises(Unsuitable, match="no PKCS#10 in PEM"):
        suitable("CP1", _pem(der.replace(b"\x02\x01\x00", b"\x02\x01\x02", 1)).decode())
