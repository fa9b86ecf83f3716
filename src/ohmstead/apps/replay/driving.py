"""An ordinary session, from plugging in to leaving, as the plan has it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from ohmstead.apps.replay import scenery
from ohmstead.apps.replay.fleet import Post
from ohmstead.apps.replay.plan import PlannedSession
from ohmstead.apps.replay.stage import Stage
from ohmstead.apps.stations import commands
from ohmstead.apps.virtual.charging import Transaction
from ohmstead.apps.virtual.meter import Sample
from ohmstead.core.network import TransactionRef
from ohmstead.core.session import PayerKind
from ohmstead.errors import OperatorError
from ohmstead.units import MWH_PER_WH

REMOTE_START_S = 30


@dataclass(slots=True, eq=False)
class Drive:
    """One session as it is driven; ``begin_mwh`` is the register when it began."""

    stage: Stage
    planned: PlannedSession
    post: Post
    id_token: str = ""
    tx: Transaction | None = None
    begin_mwh: int = 0

    @property
    def transaction(self) -> Transaction:
        assert self.tx is not None  # started
        return self.tx

    @property
    def session_id(self) -> str:
        """The id the house gave this session; raises OperatorError where it has none."""
        name = f"{self.post.planned.id}/{self.transaction.transaction_id}"
        ref = self.stage.house.store.get(TransactionRef, name)
        if ref is None:
            raise OperatorError(f"the house knows no transaction {name}")
        return ref.session_id

    def register(self, mwh: int) -> int:
        """Return the register at ``mwh`` since the begin.

        Plain meters show whole Wh here, and so do those behind OCPP 1.6, whose stops can say no
        more: a StopTransaction below the last of its MeterValues would look like a register that
        fell.
        """
        if not self.post.signs or self.planned.protocol == "1.6":
            mwh -= mwh % MWH_PER_WH
        return self.begin_mwh + mwh

    @property
    def end_mwh(self) -> int:
        """The register at the planned end."""
        return self.register(self.planned.energy_mwh)

    async def begin(self, sample: Sample | None = None) -> None:
        """Plug in: with a card, or as a walk-up wallet that the house starts the station for.

        ``sample`` is what a lying meter says.
        """
        planned, station = self.planned, self.post.station
        self.begin_mwh = station.places[planned.evse].meter.register_mwh
        remote_start_id = None
        if planned.payer is PayerKind.WALLET_LOCK:
            self.id_token = await self.stage.accounts.token_for(planned)
            remote_start_id = await self._asked_to_start()
        else:
            self.id_token = planned.driver
            await station.authorize(planned.driver)
        self.tx = await station.start(
            planned.evse,
            self.id_token,
            planned.start_ms,
            remote_start_id=remote_start_id,
            sample=sample,
        )

    async def charge(self, until_ms: int | None = None, after_ms: int = 0) -> None:
        """Report the planned values under way, each at its time."""
        signed = self.post.signs and scenery.signs_between(self.post.tariff)
        for at_ms, mwh in self.planned.samples:
            if at_ms <= after_ms or (until_ms is not None and at_ms > until_ms):
                continue
            await self.stage.conductor.until(at_ms)
            await self.post.station.meter_values(
                self.transaction, self.register(mwh), at_ms, signed=signed
            )

    async def end(self) -> None:
        """Unplug at the planned end."""
        await self.stage.conductor.until(self.planned.end_ms)
        await self.post.station.stop(self.transaction, self.end_mwh, self.planned.end_ms)
        end = self.transaction.end
        if end is not None and end.record is not None:
            self.post.last_end[self.planned.evse] = end.record

    async def _asked_to_start(self) -> int | None:
        """Have the house ask the station for a start, and return the id it gave."""
        station_id, evse = self.post.planned.id, self.planned.evse
        asked = self.post.start_asked(self.id_token)
        gateway = self.stage.house.gateway
        await commands.remote_start(gateway, station_id, evse, self.id_token)
        async with asyncio.timeout(REMOTE_START_S):
            return (await asked).remote_start_id


async def drive(stage: Stage, planned: PlannedSession) -> Drive:
    """Drive one honest session from begin to end."""
    post = stage.fleet.post_of(planned)
    async with post.locks[planned.evse]:
        run = Drive(stage, planned, post)
        await run.begin()
        await run.charge()
        await run.end()
    return run
