"""A station is asked for its log: every end it can come to, in every version, over the API."""

from __future__ import annotations

import asyncio
import hashlib

import httpx
import pytest
from msgspec import to_builtins

from ohmstead.apps.api.station_logs import view
from ohmstead.apps.config import FilesConfig
from ohmstead.apps.files.logs import ask_for_log
from ohmstead.core.files import OPEN_MAX
from tests.apps.api.desk import desk as served
from tests.apps.api.desk import problem
from tests.apps.files.hands import HTTP, KINDS, hands
from tests.apps.stations.field import V16, V201, VERSIONS

both = pytest.mark.parametrize("version", VERSIONS)
two = pytest.mark.parametrize("version", [V16, V201])  # 2.1 has the messages of 2.0.1
one = pytest.mark.parametrize("version", [V201])
P = "/api/v1/stations/S/logs"


def said_word(version, kind, word):
    """How a version calls the outcome."""
    if version == V16 and kind == "diagnostics" and word == "UploadFailure":
        return "UploadFailed"
    return word


async def notify(station, number, status):
    """The notification of the version: 1.6 diagnostics name no request."""
    if number is None:
        return await station.say(station.call.DiagnosticsStatusNotification(status))
    return await station.say(station.call.LogStatusNotification(status, request_id=number))


class Asking:
    """A station of one version that is asked over the API."""

    def __init__(self, desk, station):
        self.desk, self.station, self.point = desk, station, station.point

    async def ask(self, **body):
        """Ask; returns the view, the URL and the request id."""
        answer = await self.desk.host.post(P, json=body)
        assert answer.status_code == 202, answer.text
        url, request_id = self.point.place(self.point.asked[-1])
        return answer.json(), url, request_id

    async def shown(self, number):
        return (await self.desk.host.get(f"{P}/{number}")).json()


class Near(Asking):
    """The same without HTTP between, which takes a while to build."""

    async def ask(self, **body):
        made = await ask_for_log(self.desk.house, "S", body.pop("kind", "diagnostics"), **body)
        return to_builtins(view(made)), *self.point.place(self.point.asked[-1])

    async def shown(self, number):
        return to_builtins(view(self.desk.upload(number)))


def near(scenario, version, folder):
    """Run ``scenario(Near)``."""

    async def whole():
        async with (
            hands(folder) as it,
            it.field.station(version, kind=KINDS[version]) as station,
        ):
            await scenario(Near(it, station))

    return whole()


def asking(scenario, version, folder, files=HTTP):
    """Run ``scenario(Asking)``."""

    async def whole():
        async with (
            served(folder, files=files) as desk,
            desk.field.station(version, kind=KINDS[version]) as station,
        ):
            await scenario(Asking(desk, station))

    return whole()


@both
@pytest.mark.parametrize("kind", ["diagnostics", "security"])
async def test_a_log_is_asked_for_brought_and_fetched(tmp_path, version, kind):
    async def scenario(it):
        made, url, request_id = await it.ask(kind=kind, since="2023-11-14T00:00:00Z")
        assert (made["state"], made["kind"], made["protocol"]) == ("asked", kind, "http")
        assert "HTTP" in it.point.protocols
        number = made["number"]
        await notify(it.station, request_id, "Uploading")
        assert (await it.shown(number))["state"] == "uploading"
        content = b"2023-11-14T22:13:20Z all is well\n" * 10_000
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.put(f"{url}S.log", content=content)).status_code == 201
        await notify(it.station, request_id, "Uploaded")
        shown = await it.shown(number)
        assert (shown["state"], shown["said"], shown["attempts"]) == ("received", "Uploaded", 1)
        assert shown["sha256"] == hashlib.sha256(content).hexdigest()
        fetched = await it.desk.host.get(f"{P}/{number}/file")
        assert fetched.content == content
        assert fetched.headers["content-disposition"].startswith("attachment")
        assert (await it.desk.host.get(P)).json()["items"] == [shown]
        problem(await it.desk.read.delete(f"{P}/{number}/file"), 403, "scope")
        removed = await it.desk.host.delete(f"{P}/{number}/file")
        assert (removed.json()["state"], removed.json()["has_file"]) == ("received", False)
        for again in (it.desk.host.get, it.desk.host.delete):
            problem(await again(f"{P}/{number}/file"), 404)
        assert not list((tmp_path / "uploads").iterdir())

    await asking(scenario, version, tmp_path)


@both
async def test_what_the_station_says_of_its_failure_is_the_reason(tmp_path, version):
    async def scenario(it):
        made, _, request_id = await it.ask(kind="diagnostics")
        await notify(it.station, request_id, said_word(version, "diagnostics", "UploadFailure"))
        shown = await it.shown(made["number"])
        assert (shown["state"], shown["reason"]) == ("failed", "the station could not upload it")

    await near(scenario, version, tmp_path)


@one
async def test_a_file_that_comes_after_the_failure_is_received(tmp_path, version):
    async def scenario(it):
        made, url, request_id = await it.ask(kind="security")
        await notify(it.station, request_id, "UploadFailure")
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.post(url, files={"log": ("second try.log", b"x")})
        shown = await it.shown(made["number"])
        assert (shown["state"], shown["reason"], shown["file_name"]) == (
            "received",
            "",
            "second try.log",
        )

    await near(scenario, version, tmp_path)


@two
async def test_uploaded_elsewhere_is_not_received_here(tmp_path, version):
    async def scenario(it):
        made, _, request_id = await it.ask(kind="diagnostics")
        await notify(it.station, request_id, "Uploaded")
        assert (await it.shown(made["number"]))["state"] == "asked"
        it.desk.field.wait(2)
        shown = await until(it, made["number"], "failed")
        assert "nothing arrived here" in shown["reason"]

    await near(scenario, version, tmp_path)


async def until(it, number, state):
    for _ in range(600):
        if (shown := await it.shown(number))["state"] == state:
            return shown
        await asyncio.sleep(0.05)
    raise AssertionError(f"{shown} never became {state}")


@one
async def test_what_never_comes_times_out(tmp_path, version):
    async def scenario(it):
        made, url, _ = await it.ask(kind="security")
        it.desk.field.wait(61)
        assert (await until(it, made["number"], "timed out"))["ended"]
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.put(url, content=b"late")).status_code == 410

    await near(scenario, version, tmp_path)


@two
async def test_a_station_that_refuses_ends_it_at_once(tmp_path, version):
    async def scenario(it):
        it.point.answer = {"status": "Rejected"}
        body = problem(
            await it.desk.host.post(P, json={"kind": "security"}), 409, "station-refused"
        )
        assert "has no such log" in body["detail"]
        assert (await it.shown(body["number"]))["state"] == "failed"

    await asking(scenario, version, tmp_path)


async def test_a_station_without_diagnostics_says_so_by_naming_no_file(tmp_path):
    async def scenario(it):
        it.point.answer = {"file_name": None}
        body = problem(await it.desk.host.post(P, json={}), 409, "station-refused")
        assert "no diagnostics" in body["detail"]

    await asking(scenario, V16, tmp_path)


async def test_a_request_that_takes_the_place_of_another_ends_that_one(tmp_path):
    async def scenario(it):
        first, _, _ = await it.ask(kind="diagnostics")
        it.point.answer = {"status": "AcceptedCanceled"}
        second, _, _ = await it.ask(kind="security")
        assert "newer request" in (await it.shown(first["number"]))["reason"]
        assert (await it.shown(second["number"]))["state"] == "asked"

    await near(scenario, "2.0.1", tmp_path)


@two
async def test_a_station_cannot_end_the_log_of_another(tmp_path, version):
    async def scenario(it):
        made, _, _ = await it.ask(kind="security")
        async with it.desk.field.station(version, "OTHER") as other:
            await other.say(
                other.call.LogStatusNotification("UploadFailure", request_id=made["number"])
            )
            await other.say(other.call.LogStatusNotification("UploadFailure", request_id=99))
        assert (await it.shown(made["number"]))["state"] == "asked"

    await near(scenario, version, tmp_path)


@both
async def test_a_station_of_protocols_we_do_not_serve_is_named(tmp_path, version):
    async def scenario(it):
        it.point.protocols = "SFTP,FTP"
        body = problem(await it.desk.host.post(P, json={}), 409, "no-file-protocol")
        assert "ftp only" in body["detail"]
        made, url, _ = await it.ask(protocol="http")  # a person may know better
        assert made["protocol"] == "http"
        assert url.startswith("http://")

    await asking(scenario, version, tmp_path)


async def test_many_logs_that_never_came_keep_nobody_from_asking_again(tmp_path):
    async def scenario(it):
        first, url, _ = await it.ask()
        for _ in range(OPEN_MAX):
            it.desk.field.clock.advance(1)
            await it.ask()
        shown = await it.shown(first["number"])
        assert (shown["state"], "newer ones" in shown["reason"]) == ("failed", True)
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.put(url, content=b"after all")).status_code == 201

    await near(scenario, "2.0.1", tmp_path)


async def test_bad_requests_are_told_what_is_wrong(tmp_path):
    async def scenario(it):
        host = it.desk.host
        problem(await host.post(P, json={"kind": "secret"}), 400)
        problem(await host.post(P, json={"since": "yesterday"}), 400)
        times = {"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}
        assert "before" in problem(await host.post(P, json=times), 400)["detail"]
        problem(await host.post("/api/v1/stations/NONE/logs", json={}), 404)
        problem(await host.post("/api/v1/stations/OTHER/logs", json={}), 409, "not-connected")
        problem(await it.desk.read.post(P, json={}), 403, "scope")
        problem(await it.desk.read.get(P), 403, "scope")
        problem(await host.get(f"{P}/{2**31}"), 404)

    await asking(scenario, "2.0.1", tmp_path)


async def test_without_an_endpoint_the_operator_is_told_what_to_set(tmp_path):
    async def scenario(it):
        body = problem(await it.desk.host.post(P, json={}), 409, "no-file-protocol")
        assert "files.https_bind" in body["detail"]

    await asking(scenario, "2.0.1", tmp_path, FilesConfig())


@two
async def test_the_link_is_masked_in_the_log_of_commands_and_on_the_wire(tmp_path, version):
    async def scenario(it):
        _, url, _ = await it.ask()
        secret = url.split("/")[-2]
        said = await it.desk.host.get("/api/v1/stations/S/commands")
        assert "***" in said.text
        assert secret not in said.text
        frames = await it.desk.host.get("/api/v1/stations/S/frames")
        assert secret not in frames.text

    await asking(scenario, version, tmp_path)
