"""A whole network in one process: the house, its chain and settler, and its HTTP face.

    node = await Node.open(directory)
    ports = await node.start()
    ...
    await node.stop()

A chain that does not answer yet keeps nobody from charging: stations are served, and the settler
joins when the chain is there.
"""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import structlog

from ohmstead.adapters.chain.evm.anvil import AnvilEvent
from ohmstead.adapters.chain.evm.sender import SendPolicy
from ohmstead.apps.api.app import build
from ohmstead.apps.api.server import ApiServer
from ohmstead.apps.api.settlement import NoSettlement, OpenSettlement, Settlement
from ohmstead.apps.boot import House, key_file
from ohmstead.apps.config import Config, host_port
from ohmstead.apps.running.handing import NOTHING, Handed
from ohmstead.apps.settler import OpenedChain, Settler, SettlerStatus, open_chain
from ohmstead.apps.settler.opening import DEPLOYMENT_FILE
from ohmstead.apps.trust import write_trust
from ohmstead.errors import ChainUnavailable
from ohmstead.flows.receipts import Issuer
from ohmstead.frozen import Frozen
from ohmstead.ports import Clock

PSEUDONYM_SECRET = "pseudonym"
CHAIN_RETRY_S = 5.0
FROZEN_LOOK_S = 0.5

log = structlog.get_logger()


class Ports(Frozen):
    """Where a started node listens."""

    http: int
    ocpp: int
    ocpp_tls: int = 0  # 0: no such listener


class Node:
    """Everything that ``ohmstead up`` runs."""

    def __init__(self, house: House, policy: SendPolicy | None = None) -> None:
        self.house = house
        self.opened: OpenedChain | None = None
        self.settler: Settler | None = None
        self.settlement: Settlement = NoSettlement()
        self._policy = policy
        self._api = ApiServer(build(house, lambda: self.settlement))
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def open(
        cls,
        directory: Path,
        *,
        clock: Clock | None = None,
        config: Config | None = None,
        policy: SendPolicy | None = None,
    ) -> Node:
        """Open a directory that ``ohmstead init`` wrote, and its chain if that answers.

        Raises ConfigError, StoreUnavailable, and OperatorError for a chain that is not ours.
        """
        node = cls(await House.open(directory, clock, config), policy)
        try:
            await node._join_chain()
        except ChainUnavailable as error:
            node.settlement = NoSettlement(str(error))
        except BaseException:
            await node.house.stop()
            raise
        return node

    async def start(
        self,
        http_bind: str | None = None,
        ocpp_bind: str | None = None,
        handed: Handed = NOTHING,
    ) -> Ports:
        """Serve stations and people; raises ConfigError when a port is in use.

        ``handed`` are sockets that the process before has listened at.
        """
        host, port = host_port(http_bind or self.house.config.http.bind)
        http = await self._api.start(host, port, next(iter(handed.get("http", ())), None))
        ocpp = await self.house.start(ocpp_bind, handed)
        self._tasks.append(asyncio.create_task(self._settle(), name="settler"))
        return Ports(http, ocpp, self.house.tls_port)

    def listening(self) -> Handed:
        """Duplicates of every listening socket; whoever is given them closes them."""
        return {"http": self._api.listening(), **self.house.gateway.listening()}

    async def drain(self, hurry: asyncio.Event) -> None:
        """Let nobody in and let the stations go one after the other; :meth:`stop` follows."""
        self.house.is_draining = True
        await self.house.gateway.drain(self.house.config.ocpp.drain_s, hurry)

    async def hand_on(self) -> None:
        """End everything that decides, and let go of the store; :meth:`fade` follows."""
        self.house.is_draining = True
        self._stopping.set()
        await self._api.hand_on()
        try:
            await self._settled()
            await self.house.hand_on()
        finally:
            if self.opened is not None:
                await self.opened.close()

    async def fade(self, hurry: asyncio.Event) -> None:
        """Let the stations go one after the other to the process that came after."""
        await self.house.gateway.drain(self.house.config.ocpp.drain_s, hurry)
        await self.house.gateway.stop()

    async def _settled(self) -> None:
        for done in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(done, BaseException):
                log.error("a task ended badly", exc_info=done)

    async def stop(self) -> None:
        """Stop in the order in which nothing is lost: people, stations, settler, chain."""
        self._stopping.set()
        with contextlib.suppress(Exception):
            await self._api.stop()
        await self._settled()
        try:
            await self.house.stop()
        finally:
            if self.opened is not None:
                await self.opened.close()

    async def _settle(self) -> None:
        while self.settler is None and self.house.config.chain.kind != "none":
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CHAIN_RETRY_S):
                    await self._stopping.wait()
            if self._stopping.is_set():
                return
            try:
                await self._join_chain()
            except Exception as error:  # the stations are served all the same
                self.settlement = NoSettlement(str(error))
                log.warning("the chain is not there yet", reason=str(error))
        while self.house.is_frozen and not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FROZEN_LOOK_S):
                    await self._stopping.wait()
        if self.settler is not None:
            await self.settler.run(self._stopping)

    async def _join_chain(self) -> None:
        house = self.house
        if house.is_frozen and not (house.directory / DEPLOYMENT_FILE).exists():
            # Opening the chain would deploy contracts, and a frozen house sends nothing.
            self.settlement = NoSettlement("the house is frozen, and its backup has no contracts")
            return
        opened = await open_chain(
            house.config,
            house.directory,
            house.store,
            policy=self._policy,
            on_note=lambda note: log.warning("chain", note=note),
            on_anvil=_on_anvil,
        )
        if opened is None:
            return
        names = {share.address.lower(): share.name for share in house.config.money.shares}
        secret = key_file(house.directory, PSEUDONYM_SECRET)
        issuer = Issuer(house.config.network.name, opened.ledger, secret, names)
        settler = Settler(
            house.store,
            house.clock,
            opened.chain,
            issuer,
            house.config.money,
            on_note=lambda note: log.warning("settler", note=note),
        )
        write_trust(house.directory, house.config.network.name, opened.ledger)
        self.opened, self.settler = opened, settler
        house.chain = opened
        house.office.alarms.settler_trouble = lambda: trouble_of(settler.status)
        self.settlement = OpenSettlement(house.store, settler, opened)


def trouble_of(status: SettlerStatus) -> str:
    """What a person has to look at, in one line; empty while all is well."""
    failing = status.last_error if status.failures else ""
    return "; ".join(one for one in (status.frozen, *status.alarms, failing) if one)


def _on_anvil(event: AnvilEvent) -> None:
    log.debug("embedded chain", what=event.kind.value, detail=event.detail)
