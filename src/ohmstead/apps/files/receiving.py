"""One upload on its way in, whatever brings it: bounded in size, time and pace, kept or dropped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ohmstead.apps.files.bridge import Bridge
from ohmstead.apps.files.door import Bring
from ohmstead.apps.files.folders import Incoming, upload_name
from ohmstead.errors import OhmsteadError

IDLE_S = 60  # between two blocks
GRACE_S = 60  # after which the pace counts
PACE_MIN = 64  # bytes in a second, from begin to now: what a modem of 2G does with ease
NAME_MAX = 255


class TooSlow(OhmsteadError):
    """Nothing came for too long, or too little."""


class CutShort(OhmsteadError):
    """The connection ended before the file did, or the file is empty."""


class Reception:
    """A file being written; :meth:`keep` makes it count."""

    def __init__(self, bridge: Bridge, bring: Bring) -> None:
        self._bridge = bridge
        self._bring = bring
        self._begun_s = time.monotonic()
        self.incoming = Incoming(bring.folder, bring.bytes_max)

    async def write(self, data: bytes) -> None:
        """Append a block; raises TooLarge, DiskFull and TooSlow."""
        took_s = time.monotonic() - self._begun_s
        if took_s > GRACE_S and self.incoming.bytes < took_s * PACE_MIN:
            raise TooSlow(f"less than {PACE_MIN} bytes came in a second")
        await asyncio.to_thread(self.incoming.write, data)

    async def keep(self, name: str) -> None:
        """Make the file durable and write down that it is here; raises CutShort for an empty one.

        Only what is durable is answered: whoever brought it may forget it then.
        """
        if not self.incoming.bytes:
            raise CutShort("the file is empty")
        await asyncio.to_thread(self.incoming.keep, upload_name(self._bring.number))
        sha256, bytes_ = self.incoming.sha256, self.incoming.bytes
        await self._bridge.arrived(self._bring, bytes_, sha256, plain_name(name))


@asynccontextmanager
async def receiving(bridge: Bridge, bring: Bring) -> AsyncIterator[Reception]:
    """A reception whose file is gone at the end unless it was kept."""
    reception: Reception | None = None
    try:
        reception = await asyncio.to_thread(Reception, bridge, bring)
        yield reception
    finally:
        if reception is not None:
            reception.incoming.drop()
        bridge.end(bring)


def plain_name(name: str) -> str:
    """The last part of a name a station gives; it is shown, and is never a path here."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return "".join(one for one in last if one.isprintable())[:NAME_MAX]
