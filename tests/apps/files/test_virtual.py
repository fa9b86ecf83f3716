"""The virtual station moves its files for real, every way that is served, in every version."""

from __future__ import annotations

import ssl
from contextlib import asynccontextmanager

import pytest

from ohmstead.apps.config import FilesConfig, FtpConfig
from ohmstead.apps.files import ftp_moving
from ohmstead.apps.files.logs import ask_for_log
from ohmstead.apps.virtual.meter import VirtualMeter
from ohmstead.apps.virtual.moving import is_link
from ohmstead.apps.virtual.station import VirtualStation
from ohmstead.core.files import Protocol
from ohmstead.core.station_log import StationLog
from ohmstead.flows.firmware_shelf import unshelve
from tests.apps.files.hands import eventually, hands
from tests.apps.gateway.pki import Pki, new_key
from tests.apps.stations.field import PASSWORD, V16, VERSIONS

WAYS = [one.value for one in Protocol]


@asynccontextmanager
async def street(folder, version):
    """A house that serves files every way, and a virtual station S."""
    certificate, key, _ = Pki(folder).issue("files")
    files = FilesConfig(
        http_bind="127.0.0.1:0",
        https_bind="127.0.0.1:0",
        certificate=certificate.name,
        key=key.name,
        ftp=FtpConfig(bind="127.0.0.1:0", tls="offered"),
    )
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with hands(folder, files) as it:
        url = f"ws://127.0.0.1:{it.field.port}/ocpp"
        meter = VirtualMeter(new_key("ecdsa"), "S")
        station = VirtualStation("S", url, PASSWORD, version, {1: meter}, it.field.clock)
        await station.connect()
        station.uplink.ssl_context = context  # for its files; its socket is plain
        await station.boot()
        it.station = station
        try:
            yield it
        finally:
            await station.close()


def last(it, about):
    """How something stands that the station tells of."""
    log = it.house.store.get(StationLog, "S")
    found = [one.status for one in (log.states if log else ()) if one.about == about]
    return found[0] if found else ""


async def update(it, url):
    """Ask the station to take a firmware."""
    if it.station.version.value == V16:
        asked = {"location": url, "retrieveDate": "2026-01-01T00:00:00Z"}
    else:
        firmware = {"location": url, "retrieveDateTime": "2026-01-01T00:00:00Z"}
        asked = {"requestId": 7, "firmware": firmware}
    await it.field.command("UpdateFirmware", asked)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("version", VERSIONS)
async def test_it_brings_its_log_and_fetches_its_firmware(tmp_path, version, way, monkeypatch):
    monkeypatch.setattr(ftp_moving, "LAST_LOOK_S", 0.01)
    async with street(tmp_path, version) as it:
        kind = "security" if way == "http" else "diagnostics"
        upload = await ask_for_log(it.house, "S", kind, protocol=way)
        assert upload.protocol.value == way
        await eventually(lambda: it.upload().said, "Uploaded")
        assert (it.state(), it.upload().file_name) == ("received", "S.log")
        assert it.content().count(b"\n") == 100
        await it.shelved(b"image" * 100_000, file_name="fw-2.bin")
        await update(it, await it.url(protocol=way))
        await eventually(lambda: last(it, "firmware"), "Installed")
        assert it.station.plate.firmware == "fw-2.bin"


@pytest.mark.parametrize("way", ["http", "ftp"])
async def test_a_firmware_that_was_withdrawn_is_a_failed_download(tmp_path, way):
    async with street(tmp_path, "2.0.1") as it:
        firmware = await it.shelved()
        url = await it.url(protocol=way)
        await it.field.run(unshelve, firmware.id)
        await update(it, url)
        await eventually(lambda: last(it, "firmware"), "DownloadFailed")
        assert it.station.plate.firmware != "fw.bin"


@pytest.mark.parametrize("url", ["https://example.org/fw.bin", "ftp://user:x@example.org/a", "x"])
def test_it_talks_to_nobody_but_its_house(url):
    assert not is_link(url)
