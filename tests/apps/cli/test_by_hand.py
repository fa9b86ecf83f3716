"""What a newcomer types beside the usual path, against a real ``ohmstead up`` with its chain."""

from __future__ import annotations

import json
import signal
import subprocess

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ohmstead.adapters.chain.evm.anvil import find_anvil
from ohmstead.errors import OhmsteadError
from ohmstead.wire.ocmf.keys import public_key
from tests.apps.cli.test_commands import (
    COMMAND,
    ENVIRONMENT,
    OWNER,
    TARIFF,
    WAIT_S,
    Up,
    inside,
    ohmstead,
)

DRIVER = "0x" + "cd" * 20


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A trial network that runs, with one tariff and four stations."""
    try:
        find_anvil()
    except OhmsteadError as absent:
        pytest.skip(str(absent))
    folder = tmp_path_factory.mktemp("by-hand") / "net"
    made = ohmstead("init", "--profile", "trial", "--dir", folder)
    assert made.stderr == ""  # what a start says is said by `up`, once
    with Up(folder, "--chain", "anvil") as up:
        inside("tariff", "add", json.dumps(TARIFF), "--dir", folder)
        passwords = {}
        for name in ("CP1", "CP2", "CP3", "CP4"):
            said = inside(
                "station", "add", name, "--owner", OWNER, "--tariff", "T1", "--dir", folder
            )
            assert f"{up.where['ocpp']}/ocpp/{name}" in said.stdout
            passwords[name] = said.stdout.split("Basic password")[1].split()[0]
        up.passwords = passwords
        yield up
        code, log = up.stop()
        assert code == 0, log
        assert "Traceback" not in log


def typed(house, *arguments, code=0):
    return inside(*arguments, "--dir", house.folder, code=code)


def sessions_of(house, station):
    return json.loads(typed(house, "session", "list", "--station", station, "--json").stdout)


def test_the_faucet_fills_a_deposit_to_the_unit_and_once_for_each_key(house):
    said = typed(house, "faucet", DRIVER, "12.5", "--wait").stdout
    assert said.startswith(f"12.50 tUSD for {DRIVER}: transaction 0x")
    assert said.endswith("It counts.\n")
    admin = (house.folder / "keys/admin.key").read_text().strip()
    headers = {"Authorization": f"Bearer {admin}", "Idempotency-Key": "once"}
    body = {"address": DRIVER, "amount": "3"}
    url = f"{house.where['http']}/api/v1"
    answers = [
        httpx.post(f"{url}/faucet", json=body, headers=headers, trust_env=False, timeout=60)
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].content == answers[1].content
    poured = json.loads(typed(house, "faucet", DRIVER, "0.000001", "--wait", "--json").stdout)
    assert (poured["state"], poured["amount"]["amount"]) == ("final", "1")
    account = httpx.get(f"{url}/accounts/payer:{DRIVER}", headers=headers, trust_env=False).json()
    assert account["available"] == "12500004"
    assert typed(house, "reconcile").stdout.endswith("agree to the unit\n")


def test_the_faucet_says_what_is_wrong_with_an_amount_or_an_address(house):
    for amount in ("0", "0.0000001", "-1", "1e3", "a", "1."):
        inside("faucet", "--dir", house.folder, "--", DRIVER, amount, code=2)
    for amount in ("-3", "-3.5", "-.5"):  # which would be an option that does not exist
        refused = typed(house, "faucet", DRIVER, amount, code=2).stderr
        assert f"expected an amount above zero, as in 50 or 12.5, not {amount}" in refused
    assert "No such option" in typed(house, "faucet", DRIVER, "3", "--wiat", code=2).stderr
    typed(house, "faucet", "0xab", "1", code=2)
    nobody = typed(house, "faucet", "0x" + "00" * 20, "1", code=1)
    assert nobody.stderr == "the chain refuses this deposit: ZeroAddress()\n"


def test_a_passport_takes_the_meters_own_signature_and_says_so_otherwise(house):
    absent = typed(house, "meter", "digest", "CP1", code=1)
    assert "do so with `ohmstead meter add`" in absent.stderr
    key = inside("virtual", "key", "CP1").stdout.strip()
    added = typed(house, "meter", "add", "CP1", "--public-key", key, "--serial", "CP1-M1")
    assert "ohmstead meter digest CP1" in added.stdout
    assert " none " in typed(house, "meter", "list", "CP1").stdout

    digest = typed(house, "meter", "digest", "CP1").stdout.strip()
    binding = json.loads(typed(house, "meter", "digest", "CP1", "--json").stdout)
    assert (binding["digest"], binding["owner"], len(digest)) == (digest, OWNER, 66)
    passport = ("meter", "passport", "CP1", "--signature")
    typed(house, *passport, "00", code=2)
    other = inside("virtual", "sign", "CP1", digest, "--seed", "another").stdout.strip()
    for wrong in (other, "0" * 128, "f" * 128):
        refused = typed(house, *passport, wrong, code=1)
        assert "have the meter's key sign these 32 bytes as they are" in refused.stderr
    assert " none " in typed(house, "meter", "list", "CP1").stdout

    right = inside("virtual", "sign", "CP1", digest).stdout.strip()
    done = json.loads(typed(house, *passport, right, "--wait", "--json").stdout)
    assert (done["state"], done["passport"]) == ("final", 1)
    again = json.loads(typed(house, *passport, right, "--json").stdout)
    assert again == done
    nothing = typed(house, "meter", "digest", "CP1", code=1)
    assert nothing.stderr == "this meter has passport 1 already: nothing is left to sign\n"
    inside("virtual", "sign", "CP1", digest[:-2], code=2)


def test_a_curve_that_the_registry_cannot_check_is_named(house):
    key = public_key(ec.generate_private_key(ec.SECP256K1()).public_key()).der_hex
    typed(house, "meter", "add", "CP2", "--public-key", key)
    for command in (["digest", "CP2"], ["passport", "CP2", "--signature", "1" * 128]):
        refused = typed(house, "meter", *command, code=1)
        assert "checks signatures on secp256r1 only, and this meter has secp256k1" in refused.stderr


def test_a_station_played_by_hand_says_why_it_may_not_charge(house):
    play = ("virtual", "charge", "CP3")
    wrong = ohmstead(*play, "wrong", "CARD", "--dir", house.folder, code=1)
    assert "`ohmstead station set CP3 --rotate-password`" in wrong.stderr
    strange = ohmstead("virtual", "charge", "CP9", "x", "CARD", "--dir", house.folder, code=1)
    assert "knows no station CP9" in strange.stderr
    nowhere = ("--url", "ws://127.0.0.1:1/ocpp", "--tries", "1", "--dir", house.folder)
    assert "--url" in ohmstead(*play, "x", "CARD", *nowhere, code=1).stderr
    unknown = ohmstead(*play, house.passwords["CP3"], "CARD", "--dir", house.folder, code=1)
    assert "see `ohmstead id-token put`" in unknown.stdout
    typed(house, "id-token", "put", "CARD", "--payer", "0x" + "ef" * 20)
    poor = ohmstead(*play, house.passwords["CP3"], "CARD", "--dir", house.folder, code=1)
    assert "(NoCredit): its payer has no final deposit" in poor.stdout


def test_a_virtual_meter_goes_on_counting_where_it_was(house):
    """Else its second session would repeat the pages of the first, and be disbelieved."""
    typed(house, "id-token", "put", "RICH", "--payer", DRIVER)
    typed(house, "faucet", DRIVER, "100", "--wait")
    key = inside("virtual", "key", "CP3").stdout.strip()
    typed(house, "meter", "add", "CP3", "--public-key", key, "--serial", "CP3-M1")
    for protocol in ("1.6", "2.0.1"):
        options = ("--seconds", "2", "--protocol", protocol, "--dir", house.folder)
        ohmstead("virtual", "charge", "CP3", house.passwords["CP3"], "RICH", *options)
    kept = json.loads((house.folder / "virtual" / "CP3.json").read_text())
    assert kept["register_mwh"] > 10_000
    listed = json.loads(typed(house, "session", "list", "--json").stdout)
    mine = [one for one in listed if one["id_token"].casefold() == "rich"]
    assert [one["state"] for one in mine] == ["settled", "settled"]
    assert all(one["bill"]["proven"] and one["findings"] == [] for one in mine), mine
    assert all(one["energy_mwh"] == one["bill"]["energy_mwh"] > 0 for one in mine)
    (house.folder / "virtual" / "CP3.json").write_text("{")
    broken = ohmstead("virtual", "charge", "CP3", "x", "RICH", "--dir", house.folder, code=1)
    assert "CP3.json cannot be read" in broken.stderr


def test_ctrl_c_unplugs_and_the_session_is_settled(house):
    key = inside("virtual", "key", "CP4").stdout.strip()
    typed(house, "meter", "add", "CP4", "--public-key", key, "--serial", "CP4-M1")
    typed(house, "id-token", "put", "HASTY", "--payer", DRIVER)
    typed(house, "faucet", DRIVER, "100", "--wait")
    play = ["virtual", "charge", "CP4", house.passwords["CP4"], "HASTY", "--seconds", "600"]
    process = subprocess.Popen(
        [*COMMAND, *play, "--dir", str(house.folder)],
        env={**ENVIRONMENT, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        while "charges for 600 s" not in process.stdout.readline():
            assert process.poll() is None
        while not sessions_of(house, "CP4")[0]["energy_mwh"]:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=WAIT_S)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert "0 messages unanswered" in said
    listed = sessions_of(house, "CP4")
    assert [one["state"] for one in listed] == ["settled"], listed


def test_without_a_chain_the_faucet_and_passports_say_so(tmp_path):
    folder = tmp_path / "net"
    ohmstead("init", "--dir", folder)
    with Up(folder) as up:
        inside("tariff", "add", json.dumps(TARIFF), "--dir", folder)
        inside("station", "add", "CP1", "--owner", OWNER, "--tariff", "T1", "--dir", folder)
        key = inside("virtual", "key", "CP1").stdout.strip()
        inside("meter", "add", "CP1", "--public-key", key, "--dir", folder)
        assert "no chain" in inside("meter", "list", "CP1", "--dir", folder).stdout
        for command in (["faucet", DRIVER, "1"], ["meter", "digest", "CP1"]):
            refused = inside(*command, "--dir", folder, code=1)
            assert "this house runs without a chain" in refused.stderr
        assert up.process.poll() is None
