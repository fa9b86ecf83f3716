"""What a vendor's station says is answered by a hook, and whatever the hook does, in time."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import threading
from contextlib import asynccontextmanager

import pytest

from ohmstead.adapters.clock import ManualClock
from ohmstead.apps import config as configuration
from ohmstead.apps.boot import House
from ohmstead.apps.config import ChainConfig, Config, DataTransferConfig, WebhooksConfig
from ohmstead.apps.transfers import asking, hooks
from ohmstead.core.webhooks import signature
from ohmstead.errors import ConfigError
from tests.apps.stations.field import V16, V201, VERSIONS, Field
from tests.flows.world import NOON

both = pytest.mark.parametrize("version", VERSIONS)
HERE = ("127.0.0.0/8",)


class Vendor:
    """An HTTP server that answers with whatever bytes it was given, and keeps what it heard."""

    def __init__(self, answer=b"", head="200 OK", framing="length"):
        self.answer, self.head, self.framing = answer, head, framing
        self.heard, self.silent = [], asyncio.Event()
        self.mute = False

    async def open(self):
        self.server = await asyncio.start_server(self._hear, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/hook"
        return self

    async def _hear(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {n.lower(): v for n, _, v in (line.partition(": ") for line in head[1:])}
        body = await reader.readexactly(int(headers["content-length"]))
        self.heard.append((headers, body))
        if self.mute:
            await self.silent.wait()
        framing = {
            "length": f"Content-Length: {len(self.answer)}\r\n",
            "chunked": "Transfer-Encoding: chunked\r\n",
            "end": "",
            "lie": "Content-Length: 99999999\r\n",
        }[self.framing]
        writer.write(f"HTTP/1.1 {self.head}\r\n{framing}\r\n".encode())
        answer = self.answer
        if self.framing == "chunked":
            half = len(answer) // 2
            parts = [part for part in (answer[:half], answer[half:]) if part]
            answer = (
                b"".join(f"{len(p):x}\r\n".encode() + p + b"\r\n" for p in parts) + b"0\r\n\r\n"
            )
        writer.write(answer)
        writer.close()


@asynccontextmanager
async def house_with(folder, *configured, allow=HERE):
    """A house whose hooks are these, and the field around it."""
    clock = ManualClock(NOON)
    config = Config(
        chain=ChainConfig(kind="anvil"),
        webhooks=WebhooksConfig(allow=allow),
        data_transfer=tuple(configured),
    )
    house = await House.open(folder, clock, config)
    try:
        field = Field(house, clock, await house.start("127.0.0.1:0"))
        await field.furnish()
        yield field
    finally:
        await house.stop()


def hook(url="", message_id="", **how):
    return DataTransferConfig(vendor_id="org.example", message_id=message_id, url=url, **how)


async def say(station, data=None, message_id="Sun", vendor="org.example"):
    """One DataTransfer; returns the answer's payload."""
    payload = {"vendorId": vendor, "messageId": message_id}
    answer = await station.send(
        "DataTransfer", payload if data is None else payload | {"data": data}
    )
    assert answer[0] == 3, answer
    return answer[2]


def run(coroutine):
    asyncio.run(coroutine)


@both
def test_an_address_answers_what_a_vendors_station_says(version, tmp_path):
    async def scenario():
        vendor = await Vendor(b'{"status":"Accepted","data":{"kW":3.50}}').open()
        async with house_with(tmp_path, hook(vendor.url)) as field:
            async with field.station(version) as station:
                told = '{"sun":1.10}' if version == V16 else {"sun": 1.5}
                answer = await say(station, told)
            assert answer["status"] == "Accepted"
            assert answer["data"] == ('{"kW":3.5}' if version == V16 else {"kW": 3.5})
            ((headers, body),) = vendor.heard
            said = json.loads(body)
            assert said["type"] == "data_transfer"
            assert said["data"] == {
                "station": "S",
                "protocol": version,
                "vendor_id": "org.example",
                "message_id": "Sun",
                "data": told,
            }
            secret = field.house.hooks.secret(field.house.hooks.hooks[0].config)
            stamp = int(headers["webhook-timestamp"])
            expected = signature(secret, headers["webhook-id"], stamp, body)
            assert headers["webhook-signature"] == expected
            shown = field.house.hooks.secret_text(field.house.hooks.hooks[0].config)
            assert base64.b64decode(shown.removeprefix("whsec_")) == secret

    run(scenario())


@both
def test_who_is_not_known_is_told_so(version, tmp_path):
    async def scenario():
        vendor = await Vendor().open()
        async with (
            house_with(tmp_path, hook(vendor.url, "Sun")) as field,
            field.station(version) as station,
        ):
            assert (await say(station, vendor="com.other"))["status"] == "UnknownVendorId"
            assert (await say(station, message_id="Moon"))["status"] == "UnknownMessageId"
            assert (await say(station, vendor="ORG.example")) == {"status": "Accepted"}
            assert len(vendor.heard) == 1

    run(scenario())


NONSENSE = {
    "no JSON": (b"so what", "200 OK", "length"),
    "a list": (b"[1]", "200 OK", "chunked"),
    "another member": (b'{"ok":true}', "200 OK", "end"),
    "another status": (b'{"status":"Fine"}', "200 OK", "length"),
    "an error": (b'{"status":"Accepted"}', "500 Oh", "length"),
    "a redirect": (b'{"status":"Accepted"}', "302 Elsewhere", "length"),
    "too much": (b'{"data":"' + b"x" * 40_000 + b'"}', "200 OK", "chunked"),
    "too much without end": (b"x" * 200_000, "200 OK", "end"),
    "too much data": (b'{"data":"' + b"x" * 17_000 + b'"}', "200 OK", "length"),
    "a length that is a lie": (b"{}", "200 OK", "lie"),
    "less than promised": (b"", "204 No", "chunked"),
    "deep": (b"[" * 20_000, "200 OK", "length"),
}


@pytest.mark.parametrize("what", NONSENSE)
def test_nonsense_is_rejected_and_the_reason_is_kept(what, tmp_path):
    async def scenario():
        vendor = await Vendor(*NONSENSE[what]).open()
        async with (
            house_with(tmp_path, hook(vendor.url)) as field,
            field.station(V201) as station,
        ):
            answer = await say(station)
            if what == "less than promised":  # an empty answer says yes
                assert answer == {"status": "Accepted"}
                return
            assert answer == {"status": "Rejected"}
            (one,) = field.house.hooks.hooks
            assert (one.answered, one.failed) == (0, 1)
            assert one.problem
            await station.heartbeat()

    run(scenario())


@both
def test_a_hook_that_is_down_or_slow_is_rejected_and_delays_nobody_else(version, tmp_path):
    async def scenario():
        vendor = await Vendor().open()
        vendor.mute = True
        async with (
            house_with(
                tmp_path,
                hook(vendor.url, "Patient", timeout_s=20),
                hook(vendor.url, "Hasty", timeout_s=1),
            ) as field,
            field.station(version) as station,
            field.station(version, "OTHER") as other,
        ):
            slow = asyncio.create_task(say(station, message_id="Patient"))
            while not vendor.heard:
                await asyncio.sleep(0.01)
            await other.heartbeat()  # answered while the hook is silent
            assert not slow.done()
            vendor.silent.set()
            assert (await slow)["status"] == "Accepted"
            vendor.silent.clear()
            assert (await say(station, message_id="Hasty"))["status"] == "Rejected"
            assert "within 1 s" in field.house.hooks.hooks[1].problem
            await station.heartbeat()
            vendor.server.close()
            assert (await say(station, message_id="Patient"))["status"] == "Rejected"
            vendor.silent.set()

    run(scenario())


def test_a_private_address_is_asked_only_where_its_network_is_allowed(tmp_path):
    async def scenario():
        vendor = await Vendor().open()
        async with (
            house_with(tmp_path, hook(vendor.url), allow=()) as field,
            field.station(V201) as station,
        ):
            assert (await say(station))["status"] == "Rejected"
            assert "webhooks.allow" in field.house.hooks.hooks[0].problem
            assert vendor.heard == []

    run(scenario())


def test_more_at_once_than_may_be_are_rejected_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(hooks, "AT_ONCE_MAX", 1)

    async def scenario():
        vendor = await Vendor().open()
        vendor.mute = True
        async with (
            house_with(tmp_path, hook(vendor.url, timeout_s=20)) as field,
            field.station(V201) as station,
            field.station(V201, "OTHER") as other,
        ):
            first = asyncio.create_task(say(station))
            while not vendor.heard:
                await asyncio.sleep(0.01)
            assert (await say(other))["status"] == "Rejected"
            vendor.silent.set()
            assert (await first)["status"] == "Accepted"

    run(scenario())


def quick(station_id, vendor_id, message_id, data):
    """An entry point that is a plain function."""
    return {"status": "Accepted", "data": [station_id, vendor_id, message_id, data]}


async def patient(station_id, vendor_id, message_id, data):
    """One that is a coroutine."""
    await asyncio.sleep(0)
    return {"data": data}


def raises(*_said):
    """One that is broken."""
    raise RuntimeError("out of order")


STUCK = threading.Event()


def stuck(*_said):
    """One that hangs until the test is over."""
    STUCK.wait(30)


class Installed:
    """Imitates a package that has registered entry points."""

    def __init__(self, name):
        self.name = name

    def load(self):
        return getattr(sys.modules[__name__], self.name)


@pytest.fixture
def installed(monkeypatch):
    def entry_points(group, name):
        assert group == "ohmstead.data_transfer"
        return [Installed(name)] if name in ("quick", "patient", "raises", "stuck") else []

    monkeypatch.setattr(hooks.metadata, "entry_points", entry_points)


@pytest.mark.parametrize("version", [V16, V201])
def test_an_installed_entry_point_answers(version, tmp_path, installed):
    STUCK.clear()

    async def scenario():
        named = (hook("", "Q", entry_point="quick"), hook("", "P", entry_point="patient"))
        broken = (
            hook("", "R", entry_point="raises"),
            hook("", "S", entry_point="stuck", timeout_s=1),
        )
        async with (
            house_with(tmp_path, *named, *broken) as field,
            field.station(version) as station,
        ):
            answer = await say(station, "hi", "Q")
            data = ["S", "org.example", "Q", "hi"]
            assert answer["data"] == (
                json.dumps(data).replace(", ", ",") if version == V16 else data
            )
            assert (await say(station, "ho", "P")) == {"status": "Accepted", "data": "ho"}
            assert (await say(station, "hi", "R")) == {"status": "Rejected"}
            assert (await say(station, "hi", "S")) == {"status": "Rejected"}
            problems = [one.problem for one in field.house.hooks.hooks]
            assert problems[2:] == ["RuntimeError: out of order", "no answer within 1 s"]
            STUCK.set()

    run(scenario())


def test_hooks_that_cannot_be_are_refused_at_start_by_name(tmp_path, installed):
    with pytest.raises(ConfigError, match="no installed package has 'gone'"):
        hooks.Hooks(Config(data_transfer=(hook("", entry_point="gone"),)), b"p", ManualClock(NOON))
    one = '[[data_transfer]]\nvendor_id = "a"\n'
    for text, why in (
        (one, "either url or entry_point"),
        (one + 'url = "https://x.example/"\nentry_point = "b"\n', "either url or entry_point"),
        ((one + 'url = "https://x.example/"\n') * 2, "a stands twice"),
        (one + 'url = "ftp://x"\n', "data_transfer"),
    ):
        with pytest.raises(ConfigError, match=why):
            configuration.parse(text.encode(), "network.toml")


def test_a_repeated_message_asks_the_hook_once(tmp_path):
    """Behaviour 4: the same message gets the same answer, and no second effect."""

    async def scenario():
        vendor = await Vendor().open()
        async with (
            house_with(tmp_path, hook(vendor.url)) as field,
            field.station(V201) as station,
        ):
            payload = {"vendorId": "org.example", "messageId": "Sun"}
            first = await station.send("DataTransfer", payload, "same-id")
            again = await station.send("DataTransfer", payload, "same-id")
            assert first == again
            assert len(vendor.heard) == 1

    run(scenario())


def test_asking_takes_what_http_allows():
    async def scenario():
        for framing in ("length", "chunked", "end"):
            vendor = await Vendor(b'{"status":"Accepted"}', framing=framing).open()
            networks = hooks.Hooks(
                Config(webhooks=WebhooksConfig(allow=HERE)), b"p", ManualClock(NOON)
            )._allowed
            assert await asking.ask(vendor.url, {}, b"{}", networks) == b'{"status":"Accepted"}'
            vendor.server.close()

    run(scenario())
