"""A house is restarted under its stations: nobody who knocks is refused, and nothing is lost."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import signal
import socket

import httpx
import pytest
import websockets

from ohmstead.apps.cli.running import ask
from ohmstead.apps.running.takeover import Predecessor
from ohmstead.errors import OperatorError
from tests.apps.cli.test_commands import OWNER, TARIFF, WAIT_S, Up, inside

STATIONS = 4
BINDS = {"http": "127.0.0.1:0", "ocpp": "127.0.0.1:0", "ocpp_tls": ""}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A running house with some stations, and their passwords."""
    folder = tmp_path_factory.mktemp("restart") / "n"
    inside("init", "--dir", folder)
    with Up(folder) as up:
        inside("tariff", "add", json.dumps(TARIFF), "--dir", folder)
        inside("id-token", "put", "CARD", "--payer", OWNER, "--dir", folder)
        up.passwords = {}
        for number in range(STATIONS):
            add = ["station", "add", f"CP{number}", "--owner", OWNER, "--tariff", "T1"]
            made = inside(*add, "--evse", "1:22000", "--json", "--dir", folder)
            up.passwords[f"CP{number}"] = json.loads(made.stdout)["password"]
        yield up
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            os.kill(pid_of(folder), signal.SIGKILL)


def pid_of(folder):
    return json.loads((folder / "run.json").read_text())["pid"]


def get(folder, path):
    url = json.loads((folder / "run.json").read_text())["http"]
    key = (folder / "keys/admin.key").read_text().strip()
    with httpx.Client(trust_env=False, timeout=WAIT_S) as client:
        return client.get(f"{url}{path}", headers={"Authorization": f"Bearer {key}"})


async def asked(folder, what):
    return await asyncio.to_thread(ask, folder, what)


class Station:
    """Charges again and again; what is not answered it sends again on its next connection."""

    def __init__(self, house, name):
        self._url = f"{house.where['ocpp']}/ocpp/{name}"
        word = base64.b64encode(f"{name}:{house.passwords[name]}".encode()).decode()
        self._headers = {"Authorization": f"Basic {word}"}
        self.acknowledged, self.codes, self.count = [], [], 0

    async def charge_until(self, enough):
        waiting = ["BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"}]
        while True:
            try:
                async with websockets.connect(
                    self._url,
                    subprotocols=["ocpp1.6"],
                    additional_headers=self._headers,
                    proxy=None,
                    open_timeout=WAIT_S,
                ) as socket:
                    while not enough():
                        waiting = await self._exchange(socket, *waiting)
                return
            except websockets.ConnectionClosed as closed:
                self.codes.append(closed.rcvd.code if closed.rcvd else None)

    async def _exchange(self, socket, action, payload):
        """Send a call; once it is answered return the next one."""
        await socket.send(json.dumps([2, f"{self.count}", action, payload]))
        kind, _, answer = json.loads(await asyncio.wait_for(socket.recv(), WAIT_S))
        assert kind == 3, answer
        self.count += 1
        when = f"2026-11-21T10:{self.count // 60 % 60:02d}:{self.count % 60:02d}Z"
        if action == "StartTransaction":
            self.acknowledged.append(answer["transactionId"])
            stop = {"transactionId": answer["transactionId"], "meterStop": self.count}
            return "StopTransaction", {**stop, "timestamp": when}
        start = {"connectorId": 1, "idTag": "CARD", "meterStart": self.count}
        return "StartTransaction", {**start, "timestamp": when}


class Knocker:
    """Opens a connection and asks, again and again, on one port."""

    def __init__(self, url, path):
        self._host, _, port = url.partition("//")[2].rpartition(":")
        self._port, self._path = int(port), path
        self.answers, self.refused = 0, []

    async def run(self):
        while True:
            try:
                async with asyncio.timeout(WAIT_S):
                    await self._knock()
                self.answers += 1
            except (OSError, TimeoutError, EOFError) as error:
                self.refused.append(repr(error))
            await asyncio.sleep(0.01)

    async def _knock(self):
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(f"GET {self._path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            if not (await reader.readline()).startswith(b"HTTP/1.1 "):
                raise EOFError("no answer")
        finally:
            writer.close()


async def test_a_restart_under_load_refuses_nobody_and_loses_nothing(house):
    folder, before = house.folder, pid_of(house.folder)
    stations = [Station(house, name) for name in house.passwords]
    knockers = [
        Knocker(house.where["http"], "/healthz"),
        Knocker(house.where["ocpp"], "/ocpp/nobody"),
    ]
    done = asyncio.Event()
    knocking = [asyncio.create_task(one.run()) for one in knockers]
    charging = [asyncio.create_task(one.charge_until(done.is_set)) for one in stations]
    try:
        await until(lambda: all(len(one.acknowledged) > 2 for one in stations))
        answer = await asked(folder, "restart")
        assert answer["pid"] == pid_of(folder) != before
        await until(lambda: all(one.codes for one in stations))
        counts = [len(one.acknowledged) for one in stations]
        heard = [one.answers for one in knockers]
        await until(
            lambda: all(
                len(one.acknowledged) > count + 2
                for one, count in zip(stations, counts, strict=True)
            )
        )
        await until(lambda: all(a.answers > b for a, b in zip(knockers, heard, strict=True)))
    finally:
        done.set()
        finished = await asyncio.gather(*charging, return_exceptions=True)
        for task in knocking:
            task.cancel()
        await asyncio.gather(*knocking, return_exceptions=True)
    assert finished == [None] * STATIONS
    assert [one.refused for one in knockers] == [[], []]
    assert {code for one in stations for code in one.codes} == {1012}
    given = [number for one in stations for number in one.acknowledged]
    assert len(given) == len(set(given))  # no number twice, and none again after the restart
    kept = await asyncio.to_thread(sessions_of, folder)
    assert set(map(str, given)) <= kept
    code = await asyncio.to_thread(house.process.wait, WAIT_S)
    assert code == 0
    assert get(folder, "/readyz").json() == {"status": "ready"}


async def until(condition):
    async with asyncio.timeout(WAIT_S):
        while not condition():
            await asyncio.sleep(0.02)


def sessions_of(folder):
    """The transaction numbers of every session of the house."""
    found, cursor = set(), ""
    while True:
        page = get(folder, f"/api/v1/sessions?limit=500&cursor={cursor}").json()
        found |= {str(one["transaction_id"]) for one in page["items"]}
        cursor = page["next"]
        if not cursor:
            return found


async def test_a_successor_that_dies_gives_the_house_back(house):
    folder = house.folder
    pid = pid_of(folder)
    for _ in range(2):
        gave_up = await meet(folder)
        assert gave_up.pid == pid
        with pytest.raises(OperatorError, match="taking over already"):
            await Predecessor.meet(folder, BINDS)
        await gave_up.give_up()
        await until(lambda: get(folder, "/readyz").status_code == 200)
    died = await meet(folder)
    await died.let_go()
    await died.give_up()
    await until(lambda: get(folder, "/readyz").status_code == 200)
    assert pid_of(folder) == pid
    charged = Station(house, "CP0")
    await charged.charge_until(lambda: len(charged.acknowledged) > 1)


async def meet(folder):
    """The one before may not have seen yet that its last successor is gone."""
    while True:
        try:
            return await Predecessor.meet(folder, BINDS)
        except OperatorError:
            await asyncio.sleep(0.02)


async def test_a_restart_that_cannot_begin_leaves_the_house_as_it_is(house):
    folder, pid = house.folder, pid_of(house.folder)
    text = (folder / "network.toml").read_text()
    (folder / "network.toml").write_text("[chain]\nkidn = 'none'\n")
    try:
        why = r"ended before it took over, and this one goes on: .*network\.toml:2: key chain\.kidn"
        with pytest.raises(OperatorError, match=why):
            await asked(folder, "restart")
        with pytest.raises(OperatorError, match=r"network\.toml:2: key chain\.kidn"):
            await asked(folder, "reload")
    finally:
        (folder / "network.toml").write_text(text)
    assert (pid_of(folder), get(folder, "/readyz").status_code) == (pid, 200)
    assert (await asked(folder, "reload"))["changed"] == []


async def test_a_restart_that_cannot_read_a_file_lets_no_station_go(house):
    folder, pid = house.folder, pid_of(house.folder)
    text = (folder / "network.toml").read_text()
    (folder / "tariff.json").write_text(json.dumps(TARIFF))
    bad = '[chain]\nkind = "none"\n[pki]\nroots = "tariff.json"\n'
    (folder / "network.toml").write_text(bad)
    station = Station(house, "CP1")
    done = asyncio.Event()
    charging = asyncio.create_task(station.charge_until(done.is_set))
    try:
        await until(lambda: station.acknowledged)
        for what in ("restart", "reload"):
            with pytest.raises(OperatorError, match=r"tariff\.json.*pki\.roots names it"):
                await asked(folder, what)
        count = len(station.acknowledged)
        await until(lambda: len(station.acknowledged) > count)
    finally:
        (folder / "network.toml").write_text(text)
        done.set()
        await asyncio.gather(charging, return_exceptions=True)
    assert (station.codes, pid_of(folder)) == ([], pid)


async def test_a_restart_that_fails_after_the_house_was_let_go_says_why_and_gives_it_back(house):
    folder, pid = house.folder, pid_of(house.folder)
    text = (folder / "network.toml").read_text()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        bind = f'[files]\nhttp_bind = "127.0.0.1:{taken.getsockname()[1]}"\n'
        (folder / "network.toml").write_text(f"[chain]\nkind = 'none'\n{bind}")
        try:
            with pytest.raises(OperatorError, match=r"died before it served.*: .*in use"):
                await asked(folder, "restart")
        finally:
            (folder / "network.toml").write_text(text)
    await until(lambda: (folder / "run.json").exists())
    await until(lambda: get(folder, "/readyz").status_code == 200)
    assert pid_of(folder) == pid


async def test_sigterm_lets_the_stations_go_with_1012_before_the_house_ends(house):
    stations = [Station(house, name) for name in house.passwords]
    charging = [asyncio.create_task(one.charge_until(lambda: False)) for one in stations]
    await until(lambda: all(one.acknowledged for one in stations))
    os.kill(pid_of(house.folder), signal.SIGTERM)
    await until(lambda: not (house.folder / "run.json").exists())
    ended = await asyncio.gather(*charging, return_exceptions=True)
    for station, how in zip(stations, ended, strict=True):
        assert station.codes == [1012]
        # Then it knocks: 503 while the others are let go, and at last nobody is there.
        assert isinstance(how, OSError | websockets.InvalidStatus | websockets.InvalidMessage), how
    with pytest.raises(OperatorError, match="start it with"):
        await asked(house.folder, "restart")
