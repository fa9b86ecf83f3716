"""A backup is taken while the house works, and what comes of it starts frozen."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import sqlite3
import stat
import tarfile
from contextlib import AsyncExitStack

import pytest
from ocpp.routing import on
from ocpp.v201 import ChargePoint, call_result

from ohmstead.adapters.clock import ManualClock
from ohmstead.adapters.store.schema import TABLES
from ohmstead.adapters.store.sqlite import SqliteStore
from ohmstead.apps.boot import House
from ohmstead.apps.config import ChainConfig, Config
from ohmstead.apps.operations.backup import back_up
from ohmstead.apps.operations.restore import restore
from ohmstead.apps.operations.resuming import look, thaw
from ohmstead.apps.profiles import profile_text
from ohmstead.core.ledger import Account
from ohmstead.core.network import Counter
from ohmstead.core.onchain import ChainCursor
from ohmstead.core.restoration import COUNTER_STEP, Restoration
from ohmstead.core.session import Session, SessionState
from ohmstead.errors import ConfigError, OperatorError
from ohmstead.flows.charging.start import TRANSACTION_COUNTER
from ohmstead.frozen import replace
from ohmstead.ports import Decision, Job
from tests.apps.api.desk import desk, problem, put_record
from tests.apps.cli.test_commands import inside
from tests.apps.stations.field import V16, V201, running
from tests.flows.world import NOON

WITHOUT_CHAIN = profile_text("commons").replace(b'kind = "anvil"', b'kind = "none"')


@pytest.fixture
def folder(tmp_path):
    """A folder that is a network, to run a house in."""
    place = tmp_path / "net"
    place.mkdir()
    (place / "network.toml").write_bytes(WITHOUT_CHAIN)
    return place


@pytest.fixture
def archive(folder, tmp_path):
    """A backup with keys of a house in which one 1.6 session was paid."""

    async def whole():
        async with running(folder) as field, field.station(V16) as station:
            await station.charge(signed=False)

    asyncio.run(whole())
    with sqlite3.connect(folder / "ohmstead.db") as db:
        db.execute("DELETE FROM chain_cursors")  # the imitated deposits came from no chain
    db.close()
    (folder / "keys" / "admin.key").write_text("ohm_key\n")
    (folder / "ca.pem").write_text("a certificate\n")
    back_up(folder, tmp_path / "b.tar", with_keys=True)
    return tmp_path / "b.tar"


def opened(folder, clock=None):
    return SqliteStore.open(folder / "ohmstead.db", TABLES, clock or ManualClock(NOON))


def altered(archive, to, change):
    """A copy of an archive in which ``change(name, content)`` decided what each part holds."""
    with tarfile.open(archive) as old, tarfile.open(to, "w") as new:
        for member in old:
            content = change(member.name, old.extractfile(member).read())
            for name, raw in content.items() if isinstance(content, dict) else [(None, content)]:
                if raw is None:
                    continue
                copy = tarfile.TarInfo(name or member.name)
                copy.size = len(raw)
                new.addfile(copy, io.BytesIO(raw))
    return to


def test_a_backup_under_load_is_one_moment_and_loses_nothing_answered_before_it(folder, tmp_path):
    async def scenario():
        async with running(folder) as field:
            paid, stop = [], asyncio.Event()

            async def charge(name):
                async with field.station(V201, name) as station:
                    for wh in range(0, 10**9, 100):
                        if stop.is_set():
                            return
                        tx = await station.charge(100, 1, wh, signed=False)
                        paid.append(field.session(tx, name).id)

            async def charging():
                await asyncio.gather(charge("S"), charge("OTHER"))

            load = asyncio.create_task(charging())
            while len(paid) < 5:
                await asyncio.sleep(0.01)
            before = list(paid)
            made = await asyncio.to_thread(back_up, folder, tmp_path / "b.tar", with_keys=True)
            stop.set()
            await load
            assert len(paid) > len(before)
            return before, made

    before, made = asyncio.run(scenario())
    assert stat.S_IMODE(made.file.stat().st_mode) == 0o600
    restore(made.file, tmp_path / "new")
    store = opened(tmp_path / "new")
    kept = {session.id: session for session in store.find(Session, 10_000)}
    assert set(before) <= set(kept)
    assert all(kept[id_].state is SessionState.SETTLED for id_ in before)
    asyncio.run(store.close())


def test_a_restored_house_is_frozen_and_its_transaction_ids_begin_far_above(archive, tmp_path):
    restore(archive, tmp_path / "new")
    names = {entry.name for entry in (tmp_path / "new").iterdir()}
    assert names == {"ca.pem", "keys", "network.toml", "ohmstead.db"}
    store = opened(tmp_path / "new")
    [restoration] = store.find(Restoration, 10)
    assert restoration.resumed_ms == 0
    assert store.get(Counter, TRANSACTION_COUNTER).value == 1 + COUNTER_STEP
    asyncio.run(store.close())
    for name in ("keys/pepper", "keys/admin.key", "ohmstead.db"):
        assert stat.S_IMODE((tmp_path / "new" / name).stat().st_mode) == 0o600


def test_without_with_keys_no_key_is_in_the_file_and_restore_asks_for_them(
    folder, archive, tmp_path
):
    bare = back_up(folder, tmp_path / "bare.tar").file
    with tarfile.open(bare) as tar:
        assert not [name for name in tar.getnames() if name.startswith("keys")]
        pepper = (folder / "keys/pepper").read_bytes()
        assert all(pepper not in tar.extractfile(one).read() for one in tar)
    with pytest.raises(OperatorError, match="without keys: name the keys folder"):
        restore(bare, tmp_path / "new")
    assert not (tmp_path / "new").exists()
    other = tmp_path / "other"
    other.mkdir()
    (other / "pepper").write_text("00" * 32)
    with pytest.raises(OperatorError, match="those of another network"):
        restore(bare, tmp_path / "new", other)
    with pytest.raises(OperatorError, match="holds its keys already"):
        restore(archive, tmp_path / "new", folder / "keys")
    restore(bare, tmp_path / "new", folder / "keys")
    assert (tmp_path / "new/keys/pepper").read_bytes() == pepper


def test_restore_goes_into_an_empty_folder_only(archive, tmp_path):
    there = tmp_path / "there"
    there.mkdir()
    (there / "note.txt").write_text("mine")
    with pytest.raises(OperatorError, match="is not empty"):
        restore(archive, there)
    assert [entry.name for entry in there.iterdir()] == ["note.txt"]
    with pytest.raises(OperatorError, match="is not empty"):
        restore(archive, there / "note.txt")
    empty = tmp_path / "empty"
    empty.mkdir()
    restore(archive, empty)
    assert (empty / "network.toml").exists()


@pytest.mark.parametrize("part", ["ohmstead.db", "network.toml", "keys/pepper"])
def test_a_damaged_part_is_refused_by_its_name_and_leaves_nothing(archive, tmp_path, part):
    def flip(name, raw):
        middle = len(raw) // 2
        return raw[:middle] + bytes([raw[middle] ^ 1]) + raw[middle + 1 :] if name == part else raw

    bad = altered(archive, tmp_path / "bad.tar", flip)
    with pytest.raises(OperatorError, match=f"is damaged: {part} is not what its manifest says"):
        restore(bad, tmp_path / "new")
    assert not (tmp_path / "new").exists()
    lost = altered(archive, tmp_path / "lost.tar", lambda n, raw: None if n == part else raw)
    with pytest.raises(OperatorError, match=f"{part} is missing"):
        restore(lost, tmp_path / "new")


def test_what_is_no_backup_is_refused(archive, folder, tmp_path):
    def refuses(content, match):
        (tmp_path / "x").write_bytes(content)
        with pytest.raises(OperatorError, match=match):
            restore(tmp_path / "x", tmp_path / "new")
        assert not (tmp_path / "new").exists()

    whole = archive.read_bytes()
    refuses(b"", "no backup")
    refuses(b"hello" * 1_000, "no backup, or is damaged")
    refuses(whole[: len(whole) // 2], "damaged")
    with pytest.raises(OperatorError, match="cannot be restored"):
        restore(tmp_path / "nowhere", tmp_path / "new")
    for format_, layout, match in (
        ("ohmstead-backup/9", 1, "this version reads ohmstead-backup/1"),
        ("ohmstead-backup/1", 99, "with layout 99"),
    ):

        def newer(name, raw, format_=format_, layout=layout):
            if name != "manifest.json":
                return raw
            return json.dumps(json.loads(raw) | {"format": format_, "layout": layout}).encode()

        refuses(altered(archive, tmp_path / "n.tar", newer).read_bytes(), match)
    with pytest.raises(ConfigError, match="ohmstead init"):
        back_up(tmp_path, tmp_path / "b2.tar")
    with pytest.raises(OperatorError, match="no backup of"):
        back_up(folder, tmp_path / "no-such-folder" / "b2.tar")


@pytest.mark.parametrize(
    "name", ["../evil", "keys/../../evil", "/evil", "chain/x", "sub/network.toml"]
)
def test_no_archive_writes_where_it_likes(archive, tmp_path, name):
    def with_guest(part, raw):
        return {part: raw, name: b"x"} if part == "network.toml" else raw

    bad = altered(archive, tmp_path / "bad.tar", with_guest)
    with pytest.raises(OperatorError, match="is not in its manifest"):
        restore(bad, tmp_path / "new")

    def named(part, raw):
        return raw.replace(b'"keys/pepper"', json.dumps(name).encode()) if "mani" in part else raw

    bad = altered(archive, tmp_path / "bad.tar", named)
    with pytest.raises(OperatorError, match="is no part of a backup"):
        restore(bad, tmp_path / "new")
    link = tmp_path / "link.tar"
    with tarfile.open(archive) as old, tarfile.open(link, "w") as new:
        for member in old:
            new.addfile(member, old.extractfile(member))
            if member.name == "manifest.json":
                guest = tarfile.TarInfo("ohmstead.db")
                guest.type, guest.linkname = tarfile.SYMTYPE, "evil"
                new.addfile(guest)
    with pytest.raises(OperatorError, match="is no part of a backup"):
        restore(link, tmp_path / "new")
    assert not list(tmp_path.rglob("*evil*"))
    assert not os.path.exists("/evil")


def test_a_frozen_house_hears_its_stations_and_obeys_nobody_until_it_is_resumed(archive, tmp_path):
    restore(archive, tmp_path / "new")

    async def scenario():
        clock = ManualClock(NOON)
        store = opened(tmp_path / "new", clock)
        async with desk(tmp_path / "new", store=store, clock=clock, furnish=False) as it:
            field, admin = it.field, it.admin
            assert it.house.is_frozen
            reset = "/api/v1/stations/S/commands/Reset"
            field.wait(24 * 60)
            async with field.station(V16) as station:
                tx, _ = await station.start(wh=4_000)
                assert int(tx) == COUNTER_STEP + 2
                field.wait(10)
                await station.stop(tx, 5_000)
                assert field.session(tx).state is SessionState.SETTLED
                told = problem(await admin.post(reset, json={"type": "Soft"}), 423, "frozen")
                assert "ohmstead resume" in told["detail"]
                for method, path in (
                    ("POST", "/api/v1/epochs"),
                    ("PATCH", "/api/v1/stations/S"),
                    ("DELETE", "/api/v1/stations/S"),
                    ("PUT", "/api/v1/id-tokens/X"),
                ):
                    problem(await admin.request(method, path, json={}), 423, "frozen")
            assert (await it.read.get("/api/v1/stations")).status_code == 200
            shown = (await it.read.get("/api/v1/resume")).json()
            assert (shown["frozen"], shown["problems"]) == (True, [])
            problem(await it.host.post("/api/v1/resume", json={}), 403)
            done = (await admin.post("/api/v1/resume", json={"why": "disk died"})).json()
            assert (done["frozen"], done["holds"], done["why"]) == (False, True, "disk died")
            assert done["resumed_by"] == it.keys["admin"][0].id
            assert not it.house.is_frozen
            problem(await admin.post(reset, json={"type": "Soft"}), 409, "not-connected")
            problem(await admin.post("/api/v1/resume", json={}), 409)
            after = (await it.read.get("/api/v1/resume")).json()
            assert (after["frozen"], "holds" in after) == (False, False)
            assert [one["why"] for one in after["restorations"]] == ["disk died"]

    asyncio.run(scenario())
    store = opened(tmp_path / "new")
    assert not store.find(Restoration, 1, resumed_ms=0)
    assert store.find(Restoration, 1)[0].why == "disk died"
    asyncio.run(store.close())


def test_books_that_do_not_hold_keep_a_house_frozen_until_somebody_says_why(archive, tmp_path):
    restore(archive, tmp_path / "new")

    async def scenario():
        store = opened(tmp_path / "new")
        async with desk(tmp_path / "new", store=store, furnish=False) as it:
            (tmp_path / "new" / "deployment.json").write_text("{}")  # and its chain does not answer
            problem(await it.admin.post("/api/v1/resume", json={}), 503, "chain-unavailable")
            (tmp_path / "new" / "deployment.json").unlink()
            account = store.find(Account, 1)[0]
            wrong = replace(account, debits_posted=account.debits_posted + 7)
            await store.run(put_record, wrong)
            said = problem(await it.admin.post("/api/v1/resume", json={}), 409, "books-do-not-hold")
            assert "debits exceed credits by 7" in said["problems"][0]
            assert it.house.is_frozen
            body = {"accept_problems": True}
            assert (
                "say why"
                in problem(await it.admin.post("/api/v1/resume", json=body), 409)["detail"]
            )
            done = (await it.admin.post("/api/v1/resume", json=body | {"why": "known"})).json()
            assert done["accepted"] == said["problems"]

    asyncio.run(scenario())


@pytest.mark.parametrize("there", ["a deployment", "a booked block"])
def test_a_chain_that_nobody_looked_at_is_named_and_not_called_reconciled(archive, tmp_path, there):
    restore(archive, tmp_path / "new")
    deployment = tmp_path / "new" / "deployment.json"

    async def scenario():
        clock = ManualClock(NOON)
        config = Config(chain=ChainConfig(kind="none"))
        async with AsyncExitStack() as stack:
            house = await House.open(tmp_path / "new", clock, config)
            stack.push_async_callback(house.stop)
            assert (await look(house)).problems == ()
            if there == "a deployment":
                deployment.write_text('{"deployment": {"chain_id": 31337}}')
                named = r"contracts on chain 31337, .* start the house with its chain"
            else:
                await house.store.run(put_record, ChainCursor("anvil", 7, "0x" + "aa" * 32))
                named = "contracts on a chain up to block 7, .* put deployment.json back"
            looked = await look(house)
            assert looked.chain is None
            assert re.search(named, looked.stuck)
            assert looked.problems == (looked.stuck,)
            with pytest.raises(OperatorError, match="stays frozen"):
                await thaw(house, "key", "a drill", False)
            restoration, _ = await thaw(house, "key", "the chain is gone", True)
            assert restoration.problems == looked.problems

    asyncio.run(scenario())


def test_what_waits_in_the_outbox_of_a_frozen_house_waits_on(tmp_path):
    async def scenario():
        async with running(tmp_path) as field, field.station(V16) as station:
            field.house.is_frozen = True
            tx, _ = await station.start()
            job = Job("stop/1", "station/S", "stop", {"station": "S", "transaction": tx})
            await field.store.run(lambda *_: Decision(None, jobs=(job,)), None)
            await asyncio.sleep(0.7)
            assert [one.id for one in field.store.due_jobs(field.now, 10)] == ["stop/1"]
            assert not field.house._asked
            assert field.store.commits

    asyncio.run(scenario())


def test_what_waited_while_a_house_was_frozen_is_taken_up_when_it_is_resumed(tmp_path):
    class Asked(ChargePoint):
        asked = ()

        @on("GetTransactionStatus")
        def tell(self, transaction_id, **_):
            self.asked = (*self.asked, transaction_id)
            return call_result.GetTransactionStatus(messages_in_queue=True, ongoing_indicator=True)

    async def scenario():
        async with running(tmp_path) as field:
            async with field.station(V201) as station:
                tx, _ = await station.start()
            field.wait(48 * 60)
            field.house.is_frozen = True
            async with field.station(V201, kind=Asked) as station:
                await station.heartbeat()
                await asyncio.sleep(0.3)
                assert station.point.asked == ()
                with pytest.raises(OperatorError, match="frozen, so Reset is not sent"):
                    await field.command("Reset", {"type": "Immediate"})
                field.house.thaw()
                while not station.point.asked:
                    await asyncio.sleep(0.01)
                assert station.point.asked == (tx,)

    asyncio.run(scenario())


def test_a_restore_names_each_file_that_the_settings_name_and_no_backup_holds(
    folder, archive, tmp_path
):
    names = ("server.crt", "server.key", "clients.pem", "roots.pem")
    text = """
    [ocpp.tls]
    certificate = "server.crt"
    key = "server.key"
    client_ca = "clients.pem"
    revoked = "ca.crl"
    [pki]
    roots = "roots.pem"
    """
    inside("ca", "init", "--dir", folder)
    (folder / "network.toml").write_text(f"[chain]\nkind = 'none'\n{text}")
    for name in names:
        (folder / name).write_text("PEM")
    inside("backup", "--with-keys", tmp_path / "all.tar", "--dir", folder)
    said = inside("restore", tmp_path / "all.tar", "--dir", tmp_path / "new").stdout
    told = re.findall(r"^(\S+) is not there.*\((\S+) names it\)", said, re.M)
    keys = ("ocpp.tls.certificate", "ocpp.tls.key", "ocpp.tls.client_ca", "pki.roots")
    places = [str(tmp_path / "new" / name) for name in names]
    assert told == list(zip(places, keys, strict=True))
    assert f"ohmstead resume --dir {tmp_path / 'new'} --because " in said
