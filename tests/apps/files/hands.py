"""A house whose files are served, stations of another make that are asked for logs, and hands."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import asynccontextmanager, contextmanager

import httpx
import ocpp.v16
import ocpp.v21
import ocpp.v201
from ocpp.routing import on
from structlog.testing import capture_logs

from ohmstead.apps.config import FilesConfig
from ohmstead.core.files import Firmware, Upload, upload_key
from ohmstead.flows.firmware_shelf import shelve
from tests.apps.stations.field import V16, V21, V201, running

HTTP = FilesConfig(http_bind="127.0.0.1:0")
WAIT_S = 15


def small(**change):
    """A section whose uploads are at most 1,024 bytes."""
    return FilesConfig(**{"http_bind": "127.0.0.1:0", "upload_bytes_max": 1_024} | change)


async def eventually(read, wanted=True):
    """Ask again and again until it is so; returns what was read."""
    async with asyncio.timeout(WAIT_S):
        while True:
            found = read()
            if (found == wanted) if wanted is not True else found:
                return found
            await asyncio.sleep(0.02)


class Hands:
    """What a station does with a URL, and what the house says then."""

    def __init__(self, field, client):
        self.field, self.house, self.client = field, field.house, client
        self.files = field.house.files

    def upload(self, number=1):
        return self.house.store.get(Upload, upload_key(number))

    def state(self, number=1):
        return self.upload(number).state.value

    def content(self, number=1):
        path = self.files.upload_path(self.upload(number))
        return path.read_bytes() if path.exists() else None

    def parts(self):
        return [one.name for one in (self.house.directory / "uploads").glob("*.part")]

    async def slot(self, station="S", kind="security", **how):
        action = "GetLog" if kind == "security" else "GetDiagnostics"
        return await self.files.open_upload(station, kind, action, self.field.now, **how)

    async def shelved(self, content=b"firmware" * 1_000, name="fw", **change):
        sha256 = hashlib.sha256(content).hexdigest()
        words = {
            "id": f"fw-{sha256[:12]}", "name": name, "version": "1.0", "vendor": "V", "model": "M",
            "file_name": "fw.bin", "bytes": len(content), "sha256": sha256,
            "added_ms": self.field.now,
        }  # fmt: skip
        firmware = Firmware(**words | change)
        path = self.files.firmware_path(firmware)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return await self.field.run(shelve, firmware)

    async def url(self, name="fw", station="S", **how):
        return await self.files.firmware_url(name, station, self.field.now, **how)


@contextmanager
def without_errors():
    """Nothing that happens inside is written down as an error."""
    with capture_logs() as logs:
        yield
    found = [one for one in logs if one["log_level"] in ("error", "critical")]
    assert not found, found


@asynccontextmanager
async def hands(folder, files=HTTP, **what):
    """A furnished house that serves files, and an HTTP client that trusts its certificate."""
    async with (
        running(folder, files=files, **what) as field,
        httpx.AsyncClient(trust_env=False, timeout=20, verify=False) as client,
    ):
        yield Hands(field, client)


class Logging:
    """Answers what asks for a log as it was set to, and remembers it."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.asked, self.answer, self.protocols = [], {}, "HTTP,FTP"

    @on("GetLog")
    def on_get_log(self, **payload):
        self.asked.append(payload)
        said = {"status": "Accepted", "filename": "S.log"} | self.answer
        return self.result.GetLog(**said)

    async def is_asked(self):
        return await eventually(lambda: self.asked and self.asked[-1])


class Logging2(Logging):
    @on("GetVariables")
    def on_get_variables(self, get_variable_data, **_):
        rows = [
            one | {"attribute_status": "Accepted", "attribute_value": self.protocols}
            for one in get_variable_data
        ]
        return self.result.GetVariables(rows)

    @staticmethod
    def place(asked):
        return asked["log"]["remote_location"], asked["request_id"]


class Station16(Logging, ocpp.v16.ChargePoint):
    result = ocpp.v16.call_result

    @on("GetDiagnostics")
    def on_get_diagnostics(self, **payload):
        self.asked.append(payload)
        return self.result.GetDiagnostics(**({"file_name": "S.log"} | self.answer))

    @on("GetConfiguration")
    def on_get_configuration(self, key, **_):
        rows = [{"key": one, "readonly": True, "value": self.protocols} for one in key]
        return self.result.GetConfiguration(configuration_key=rows)

    @staticmethod
    def place(asked):
        if "location" in asked:
            return asked["location"], None
        return asked["log"]["remote_location"], asked["request_id"]


class Station201(Logging2, ocpp.v201.ChargePoint):
    result = ocpp.v201.call_result


class Station21(Logging2, ocpp.v21.ChargePoint):
    result = ocpp.v21.call_result


KINDS = {V16: Station16, V201: Station201, V21: Station21}
