"""The peer: a central system on the `ocpp` package and `websockets` that stores nothing.

Written and run as the package's own documentation shows it; ``--uvloop`` gives it the event loop
that ours has. Prints its port.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from typing import Any

import uvloop
import websockets
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result
from ocpp.v16.datatypes import IdTagInfo
from ocpp.v16.enums import AuthorizationStatus, RegistrationStatus
from ocpp.v201 import ChargePoint as ChargePoint201
from ocpp.v201 import call_result as call_result201
from ocpp.v201.enums import RegistrationStatusEnumType
from websockets.typing import Subprotocol


class StoresNothing201(ChargePoint201):  # type: ignore[misc]  # Any, without a stub
    """Answers what a station of the bench sends in OCPP 2.0.1."""

    @on("BootNotification")  # type: ignore[untyped-decorator]
    def on_boot(self, **_: Any) -> Any:
        now = datetime.now(UTC).isoformat()
        status = RegistrationStatusEnumType.accepted
        return call_result201.BootNotification(now, 300, status)

    @on("TransactionEvent")  # type: ignore[untyped-decorator]
    def on_event(self, **_: Any) -> Any:
        return call_result201.TransactionEvent()


class StoresNothing(ChargePoint):  # type: ignore[misc]  # Any, without a stub
    """Answers what a station of the bench sends in OCPP 1.6."""

    @on("BootNotification")  # type: ignore[untyped-decorator]
    def on_boot(self, **_: Any) -> Any:
        now = datetime.now(UTC).isoformat()
        return call_result.BootNotification(now, 300, RegistrationStatus.accepted)

    @on("StartTransaction")  # type: ignore[untyped-decorator]
    def on_start(self, **_: Any) -> Any:
        return call_result.StartTransaction(1, IdTagInfo(AuthorizationStatus.accepted))

    @on("MeterValues")  # type: ignore[untyped-decorator]
    def on_meter_values(self, **_: Any) -> Any:
        return call_result.MeterValues()


async def connected(socket: Any) -> None:
    name = socket.request.path.rpartition("/")[2]
    kind = StoresNothing201 if socket.subprotocol == "ocpp2.0.1" else StoresNothing
    try:
        await kind(name, socket).start()
    except websockets.ConnectionClosed:
        return


async def main() -> None:
    server = await websockets.serve(
        connected,
        "127.0.0.1",
        0,
        subprotocols=[Subprotocol("ocpp2.0.1"), Subprotocol("ocpp1.6")],
    )
    print(next(iter(server.sockets)).getsockname()[1], flush=True)
    await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    (uvloop if "--uvloop" in sys.argv else asyncio).run(main())
