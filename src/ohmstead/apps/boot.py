"""The one place that joins adapters to flows: a directory becomes a running house.

directory/
  network.toml     what this network is
  ohmstead.db      everything durable
  keys/            pepper and settler key, readable by the owner only
  chain/           the embedded chain's dumps
  deployment.json  where the contracts are
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections.abc import Coroutine, Sequence
from pathlib import Path

import structlog

from ohmstead.adapters.clock import SystemClock
from ohmstead.adapters.private import keep_private
from ohmstead.adapters.store.schema import TABLES
from ohmstead.adapters.store.tables import Table
from ohmstead.adapters.store.watched import WatchedStore
from ohmstead.apps import config as configuration
from ohmstead.apps.config import Config, host_port
from ohmstead.apps.files import Files, FileService
from ohmstead.apps.gateway import Certificates
from ohmstead.apps.gateway.closing import POLICY
from ohmstead.apps.operations.holding import HeldJournal
from ohmstead.apps.operations.migrating import rewrite_in_background
from ohmstead.apps.operations.office import Office
from ohmstead.apps.operations.retention import Retention
from ohmstead.apps.persons.desk import Persons
from ohmstead.apps.pki import contracts_of
from ohmstead.apps.rollout.desk import Rollouts
from ohmstead.apps.running.handing import NOTHING, Handed
from ohmstead.apps.settler import OpenedChain
from ohmstead.apps.settler.journal import SETTLER_TABLES
from ohmstead.apps.stations import certificates, commands
from ohmstead.apps.stations.attempts import Attempts
from ohmstead.apps.stations.authority import FileAuthority
from ohmstead.apps.stations.capabilities.keeper import Keeper
from ohmstead.apps.stations.commanding.journal import AuditedGateway
from ohmstead.apps.stations.commanding.queue import CommandQueue
from ohmstead.apps.stations.configuration.caretaker import Caretaker
from ohmstead.apps.stations.directory import Directory
from ohmstead.apps.stations.hashed import Hashed
from ohmstead.apps.stations.passwords import settle_password
from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.reconnect import MissingStops
from ohmstead.apps.stations.renewals import Renewals
from ohmstead.apps.stations.revoking import Revoking
from ohmstead.apps.stations.services import Registry, Services
from ohmstead.apps.stations.standing import Standing
from ohmstead.apps.stations.unfit import warn_of_unfit
from ohmstead.apps.stations.verifier import Verifier
from ohmstead.apps.transfers.hooks import Hooks
from ohmstead.core.connectors import Connectors
from ohmstead.core.local_list import ListState
from ohmstead.core.network import POLICY_KEY, NetworkPolicy, Station
from ohmstead.core.restoration import Restoration
from ohmstead.core.rollout import Claim
from ohmstead.errors import ConfigError, OhmsteadError, OperatorError
from ohmstead.flows.onboarding import set_policy
from ohmstead.ports import Clock, Job
from ohmstead.units import MS_PER_S

DATABASE = "ohmstead.db"
PEPPER = "pepper"
SECRET_BYTES = 32
JOBS_MAX = 1_000
JOB_TICK_S = 0.25
JOB_RETRY_MS = 30_000
SWEEP_S = 60
ASKED_AT_LOG_IN = (Station, Connectors, ListState, Claim)  # of each station that comes back
STATION_JOBS = certificates.JOBS | {"stop"}
HOLD_FLOOR_DIVISOR = 20  # a twentieth of the usual hold is the least worth starting with

log = structlog.get_logger()


def key_file(directory: Path, name: str) -> bytes:
    """Read a secret of this house, made on first use; only its owner can read it."""
    path = directory / "keys" / name
    with contextlib.suppress(FileNotFoundError):
        return bytes.fromhex(path.read_text().strip())
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    secret = secrets.token_bytes(SECRET_BYTES)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(secret.hex())
        file.flush()
        os.fsync(file.fileno())
    return secret


def policy_from(config: Config) -> NetworkPolicy:
    """The policy a configuration asks for."""
    money, hold = config.money, int(config.money.hold_minor)
    return NetworkPolicy(
        asset=config.asset,
        ledger=config.chain.kind,
        hold_minor=hold,
        hold_floor_minor=max(1, hold // HOLD_FLOOR_DIVISOR),
        session_max_ms=money.session_max_s * MS_PER_S,
        offline_window_ms=money.offline_window_s * MS_PER_S,
        report_interval_ms=config.ocpp.report_interval_s * MS_PER_S,
        clock_skew_ms=config.ocpp.clock_skew_s * MS_PER_S,
    )


class House:
    """Everything of one network in one process; :meth:`open` it, :meth:`start` it, :meth:`stop` it.

    Chain, settler and API join it in :mod:`ohmstead.apps.node`, so that a house without a chain is
    a house all the same.
    """

    def __init__(self, directory: Path, config: Config, store: WatchedStore, clock: Clock) -> None:
        self.directory = directory
        self.config = config
        self.store = store
        self.clock = clock
        self.pepper = key_file(directory, PEPPER)
        self.journal = HeldJournal(store, clock, lambda: self.is_frozen)
        self.journal.asks_why = lambda: self.config.http.reasons == "required"
        self.hooks = Hooks(config, self.pepper, clock, lambda: not self.is_frozen)
        authority = FileAuthority.load(directory)
        self.revoking: Revoking | None = None
        if authority is not None:
            authority.public_url = config.http.public_url.rstrip("/")
            authority.organization = config.ocpp.tls.organization
            self.revoking = Revoking(authority, store, clock, directory)
        self.services = Services(
            store=store,
            clock=clock,
            registry=Registry(store, self.pepper),
            verifier=Verifier(),
            config=config.ocpp,
            asset_scale=config.asset.scale,
            attempts=Attempts(store, clock),
            on_late=self.journal.late,
            transfers=self.hooks,
            authority=authority,
            on_booted=lambda station_id: self.caretaker.booted(station_id),
            on_read=lambda station_id: self.caretaker.was_read(station_id),
            contracts=contracts_of(directory, config.pki, clock),
            on_forgiven=lambda station_id, text: self.gateway.wire.of(station_id).note(text),
        )
        self.hashed = Hashed(store, self.services.registry)
        self.services.registry.on_hashed = self.hashed.ask
        self.stations = Directory(self.services, lambda: store.available, self._on_connected)
        self.stations.standing = self._standing(authority)
        self.gateway = AuditedGateway(self.stations, clock, config.ocpp)
        self.gateway.journal = self.journal
        self.journal.attempts = self.services.attempts
        self.journal.asked = self.services.asked
        self.queue = CommandQueue(
            self.services,
            self.gateway.link,
            self.stations.presence,
            self.pepper,
            lambda: not self.is_frozen,
        )
        self.keeper = Keeper(self)
        self.caretaker = Caretaker(self, config.ocpp)
        self.journal.on_answered = self.queue.on_answered = self.caretaker.listener.heard
        self.persons = Persons(self)
        self.retention = Retention(store, clock, config.retention, lambda: self.is_frozen)
        self.retention.wire = self.gateway.wire
        self.missing_stops = MissingStops(self.services, self.gateway, self.stations.presence)
        self.tls_port = 0  # where stations connect with TLS, once started; 0: nowhere
        self.renewals = Renewals(self.services, self.gateway, config.pki.renew_days)
        self._tasks: set[asyncio.Task[None]] = set()
        self._job_event = asyncio.Event()
        self._asked: set[str] = set()  # jobs that a station is being asked about now
        # Restored and not resumed: stations are heard, and nothing is told to anybody.
        self.chain: OpenedChain | None = None  # of the node, once it is open
        self.office = Office(self)
        self.files = Files(self)
        self.rollouts = Rollouts(self)
        self.file_service = FileService(self)
        self.is_draining = False  # nobody is let in: this process ends
        self.is_frozen: bool = bool(store.find(Restoration, 1, resumed_ms=0))

    def _standing(self, authority: FileAuthority | None) -> Standing | None:
        """What is known of stations' certificates at the door."""
        contracts, tls = self.services.contracts, self.config.ocpp.tls
        if contracts is None:
            return None
        client_ca = self.directory / tls.client_ca if tls.client_ca else None

        def revoked(station_id: str) -> None:
            link = self.gateway.link(station_id)
            if link is not None:
                link.close(POLICY, "the station's certificate was revoked")

        store, clock = self.store, self.clock
        return Standing(store, clock, contracts.pki, authority, tls.ocsp, client_ca, revoked)

    @classmethod
    async def open(
        cls,
        directory: Path,
        clock: Clock | None = None,
        config: Config | None = None,
        extra_tables: Sequence[Table] = (),
    ) -> House:
        """Open a directory that ``ohmstead init`` wrote; raises ConfigError or StoreUnavailable."""
        config = config or configuration.load(directory / configuration.FILE_NAME)
        clock = clock or SystemClock()
        tables = (*TABLES, *SETTLER_TABLES, *extra_tables)
        keep_private(directory / "keys", *sorted(directory.glob("keys/*")))
        store = WatchedStore.open(directory / DATABASE, tables, clock)
        try:
            house = cls(directory, config, store, clock)
            policy = policy_from(config)
            if store.get(NetworkPolicy, POLICY_KEY) != policy:
                await store.run(set_policy, policy)
        except BaseException:
            await store.close()
            raise
        return house

    async def start(self, ocpp_bind: str | None = None, handed: Handed = NOTHING) -> int:
        """Begin to serve stations; returns the port. Raises ConfigError when it is in use."""
        host, port = host_port(ocpp_bind or self.config.ocpp.bind)
        if self.revoking is not None:
            self.revoking.write()  # the listener may name it, and takes no list that is too old
        tls = self.config.ocpp.tls
        certificates = Certificates(tls, self.directory) if tls.bind else None
        self.store.warm(*ASKED_AT_LOG_IN)
        self.queue.note_left()
        await self.file_service.start()
        try:
            bound = await self.gateway.start(host, port, handed.get("ocpp", ()))
            if certificates is not None:
                host, port = host_port(tls.bind)
                secure = handed.get("ocpp_tls", ())
                self.tls_port = await self.gateway.start_tls(host, port, certificates, secure)
        except OSError as error:
            raise ConfigError(
                f"cannot listen for stations on {host}:{port}: {_reason(error)}; stop what uses "
                "it, or choose another with --ocpp HOST:PORT or ocpp.tls.bind"
            ) from None
        self._do(self._carry_out_jobs())
        self._do(self.queue.run())
        self._do(self.keeper.run())
        self._do(self.caretaker.run())
        self._do(self.rollouts.run())
        self._do(self.file_service.run())
        self._do(self.persons.run())
        self._do(self.retention.run())
        self._do(self._sweep())
        self._do(rewrite_in_background(self.store))
        self.look_at_certificates()
        for work in self.office.start():
            self._do(work)
        return bound

    def look_at_certificates(self) -> None:
        """Warn of certificates that were issued here and would be refused here."""
        if (authority := self.services.authority) is not None:
            authority.organization = self.config.ocpp.tls.organization
            self._do(warn_of_unfit(self, authority))

    async def stop(self) -> None:
        """Close sockets, let work end, close the store."""
        await self._end_work()
        await self.gateway.stop()
        await self._let_go()

    async def hand_on(self) -> None:
        """Let work end and let go of the store; stations keep their sockets for now."""
        await self._end_work()
        await self.gateway.hand_on()
        await self._let_go()

    async def _end_work(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _let_go(self) -> None:
        await self.file_service.stop()
        await self.journal.close()
        self.services.verifier.close()
        self.hashed.close()
        if self.stations.standing is not None:
            await self.stations.standing.close()
        if self.services.contracts is not None:
            await self.services.contracts.pki.close()
        await self.store.close()

    def _do(self, work: Coroutine[None, None, None]) -> None:
        """Run something beside the sockets; it ends with this house at the latest."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _on_connected(self, peer: StationPeer) -> None:
        if peer.station_id in self.services.registry.moved_on:
            self._do(settle_password(self.services, peer.station_id))
        if not self.is_frozen:
            self._take_up(peer.station_id)

    def _take_up(self, station_id: str) -> None:
        """See to what waits for a station that is here."""
        self._job_event.set()
        self.queue.arrived(station_id)
        self.keeper.arrived(station_id)
        self.caretaker.arrived(station_id)
        if sessions := self.missing_stops.of(station_id):
            self._do(self.missing_stops.ask_again(sessions))

    def thaw(self) -> None:
        """The house was resumed: what waited meanwhile is taken up."""
        self.is_frozen = False
        for station_id in list(self.stations.presence):
            if self.gateway.link(station_id) is not None:
                self._take_up(station_id)

    async def _sweep(self) -> None:
        """Look for stops that never came."""
        while True:
            await asyncio.sleep(SWEEP_S)
            if self.is_frozen:
                continue
            try:
                await self.missing_stops.sweep()
                await self.renewals.sweep()
                if self.revoking is not None:
                    self.revoking.sweep()
                await self.services.attempts.sweep(self._away_since_ms)
            except OhmsteadError as error:
                log.warning("the sweep waits", reason=str(error))
            except Exception as error:  # one session nobody can judge must not end the sweeping
                log.error("the sweep failed", exc_info=error)

    def _away_since_ms(self, station_id: str) -> int | None:
        if self.gateway.link(station_id) is not None:
            return None
        presence = self.stations.presence.get(station_id)
        return presence.last_seen_ms if presence is not None else 0

    async def _carry_out_jobs(self) -> None:
        """Send what waits for a station as soon as it can hear it."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(JOB_TICK_S):
                    await self._job_event.wait()
            self._job_event.clear()
            if self.is_frozen:
                continue
            try:
                self._jobs_once()
            except OhmsteadError as error:
                log.warning("station jobs wait", reason=str(error))
                await asyncio.sleep(1)

    def _jobs_once(self) -> None:
        now_ms = self.clock.now_ms()
        for job in self.store.due_jobs(now_ms, JOBS_MAX):
            if job.kind not in STATION_JOBS or job.id in self._asked:
                continue
            if self.gateway.link(job.payload["station"]) is not None:
                # On its own, because a station that does not answer may hold up no other.
                self._asked.add(job.id)
                self._do(self._job(job, now_ms))

    async def _job(self, job: Job, now_ms: int) -> None:
        try:
            try:
                if job.kind in certificates.JOBS:
                    work = certificates.carry_out(self.services, self.gateway, job)
                else:
                    work = commands.carry_out(self.gateway, job)
                done, problem = await work, "no answer"
            except OperatorError as error:
                done, problem = False, str(error)
            if done:
                await self.store.finish_job(job.id)
            else:
                await self.store.postpone_job(job.id, now_ms + JOB_RETRY_MS, problem)
        except OhmsteadError as error:
            log.warning("a station job waits", job=job.id, reason=str(error))
        finally:
            self._asked.discard(job.id)


def _reason(error: OSError) -> str:
    """What the system says, without asyncio's words around it."""
    return os.strerror(error.errno) if error.errno else str(error)
