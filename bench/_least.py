"""The least that a Python server can do with a signed record: what is physically there to reach.

It takes the same frames over the same WebSocket library and event loop, finds the record in the
text, verifies its signature, writes the frame as one row, and answers after a commit that is
durable and shared by all who wait. It parses no message, knows no session, weighs nothing, holds,
prices and splits nothing, and looks nothing up but the key. Prints its port.

    python -m bench._least STATIONS [--unverified]
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import sqlite3
import sys
import tempfile
import threading
from pathlib import Path
from queue import SimpleQueue

import uvloop
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from picows import (
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

from bench._network import meter, station_id

MARK = b'"signedMeterData":"'
BOOTED = b'{"currentTime":"2026-01-01T00:00:00Z","interval":300,"status":"Accepted"}'
ALGORITHM = ec.ECDSA(hashes.SHA256())
Row = tuple["Station", bytes, bytes]  # who waits, its message id, the frame


class Disk:
    """One thread, one connection, one commit for all who came meanwhile."""

    def __init__(self, path: Path) -> None:
        self.waiting: list[Row] = []
        self.is_idle = True
        self.bell: SimpleQueue[None] = SimpleQueue()
        self._path, self._loop = path, asyncio.get_running_loop()
        threading.Thread(target=self._work, daemon=True).start()

    def add(self, row: Row) -> None:
        self.waiting.append(row)
        if self.is_idle:
            self.is_idle = False
            self._loop.call_soon(self.bell.put, None)

    def _work(self) -> None:
        db = sqlite3.connect(self._path, isolation_level=None)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("CREATE TABLE frames (id INTEGER PRIMARY KEY, frame BLOB)")
        while True:
            self.bell.get()
            rows, self.waiting = self.waiting, []
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT INTO frames (frame) VALUES (?)", [(row[2],) for row in rows])
            db.execute("COMMIT")
            self._loop.call_soon_threadsafe(self._answer, rows)

    def _answer(self, rows: list[Row]) -> None:
        for station, message_id, _ in rows:
            station.answer(message_id, b"{}")
        if self.waiting:
            self._loop.call_soon(self.bell.put, None)
        else:
            self.is_idle = True


class Station(WSListener):
    """One connection."""

    def __init__(self, disk: Disk, key: ec.EllipticCurvePublicKey, verifies: bool) -> None:
        self._disk, self._key, self._verifies = disk, key, verifies
        self._transport: WSTransport | None = None

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is not WSMsgType.TEXT:
            transport.disconnect()
            return
        data = frame.get_payload_as_bytes()
        message_id = data[4 : data.index(b'"', 4)]
        at = data.find(MARK)
        if at < 0:
            self.answer(message_id, BOOTED)
            return
        at += len(MARK)
        record = base64.b64decode(data[at : data.index(b'"', at)])
        _, payload, signature = record.split(b"|")
        value = signature[signature.index(b'"SD":"') + 6 :]
        if self._verifies:
            self._key.verify(bytes.fromhex(value[: value.index(b'"')].decode()), payload, ALGORITHM)
        self._disk.add((self, message_id, data))

    def answer(self, message_id: bytes, payload: bytes) -> None:
        if self._transport is not None:
            self._transport.send(WSMsgType.TEXT, b'[3,"' + message_id + b'",' + payload + b"]")


async def main(count: int, verifies: bool) -> None:
    """Serve until killed."""
    keys = {station_id(number): meter(number).public_key.loaded for number in range(count)}
    with tempfile.TemporaryDirectory() as folder:
        disk = Disk(Path(folder) / "least.db")

        def upgraded(request: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
            name = request.path.rpartition(b"/")[2].decode()
            protocol = request.headers["Sec-WebSocket-Protocol"]
            response = WSUpgradeResponse.create_101_response([("Sec-WebSocket-Protocol", protocol)])
            return WSUpgradeResponseWithListener(response, Station(disk, keys[name], verifies))

        server = await ws_create_server(upgraded, "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        with contextlib.suppress(asyncio.CancelledError):
            await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), "--unverified" not in sys.argv))
