"""The house of a directory, as `ohmstead up` serves it to stations; prints its port."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import structlog
import uvloop

from ohmstead.apps.boot import House


async def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    house = await House.open(Path(sys.argv[1]))
    port = await house.start("127.0.0.1:0")
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print(port, flush=True)
    await stop.wait()
    await house.stop()


if __name__ == "__main__":
    uvloop.run(main())
