"""The thread that moves files, its listeners, and what is done by the clock."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import structlog

from ohmstead.apps.config import FilesConfig, TlsConfig, files, host_port
from ohmstead.apps.files.bridge import Bridge
from ohmstead.apps.files.door import Door, House
from ohmstead.apps.files.folders import sweep_parts
from ohmstead.apps.files.ftp import FtpServer
from ohmstead.apps.files.listening import Listener, listen
from ohmstead.apps.files.web import Web
from ohmstead.apps.gateway.tls import build_context
from ohmstead.core.files import OPEN, Protocol, Upload
from ohmstead.errors import ConfigError, OhmsteadError
from ohmstead.flows.uploads import over

TICK_S = 1.0
CERTIFICATES_S = 60
PAGE = 1_000
STOP_S = 10

log = structlog.get_logger()


class Service:
    """Serves files while it is started; :meth:`run` ends uploads whose time is over."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._config = house.config.files
        self.door = Door(house)
        self.ports: dict[Protocol, int] = {}
        self._listeners: list[Listener] = []
        self._ftp_servers: list[tuple[FtpServer, socket.socket]] = []
        self._context: ssl.SSLContext | None = None
        self._stamp: list[int] = []
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Event | None = None  # of the thread's loop

    async def start(self) -> None:
        """Listen where the configuration says; raises ConfigError. Nowhere: nothing is started."""
        await asyncio.to_thread(sweep_parts, self._house.directory)
        config = self._config
        if config.certificate:
            self._context = context_of(config, self._house.directory)
            self._stamp = self._seen()
        bridge = Bridge(self.door, asyncio.get_running_loop())
        web = Web(bridge)
        if config.http_bind:
            self._http(web, Protocol.HTTP, config.http_bind, config.http_url, None)
            if config.https_url and not config.https_bind:  # a proxy in front ends TLS
                bind = config.http_bind
                self._house.files.offers.listening(Protocol.HTTPS, bind, 0, config.https_url)
        if config.https_bind:
            self._http(web, Protocol.HTTPS, config.https_bind, config.https_url, self._context)
        if config.ftp.bind:
            self._ftp(bridge)
        if config.ftp.implicit_bind:
            self._implicit_ftp(bridge)
        if self._listeners or self._ftp_servers:
            await self._start_thread()

    async def stop(self) -> None:
        """Let no new transfer begin, end those under way, and the thread."""
        if self._thread is None or self._loop is None or self._ended is None:
            return
        self._loop.call_soon_threadsafe(self._ended.set)
        await asyncio.to_thread(self._thread.join, STOP_S)
        self._thread = None

    async def run(self) -> None:
        """Look at the open uploads and at the certificate, until cancelled."""
        seconds = 0.0
        while True:
            await asyncio.sleep(TICK_S)
            seconds += TICK_S
            try:
                if not self._house.is_frozen:
                    await self._tick()
            except OhmsteadError as error:
                log.warning("uploads wait", reason=str(error))
            if seconds >= CERTIFICATES_S:
                seconds = 0
                self.refresh()

    async def _tick(self) -> None:
        store = self._house.store
        for which in OPEN:
            for one in store.find(Upload, PAGE, state=which.value):
                await store.run(over, one.number)

    def refresh(self) -> None:
        """Show a certificate that was renewed; a bad one is logged, and the old one stays."""
        if self._context is None or (stamp := self._seen()) == self._stamp:
            return
        self._stamp = stamp
        try:
            context_of(self._config, self._house.directory)
            for certificate, key in self._pairs():
                self._context.load_cert_chain(certificate, key)
        except (ConfigError, OSError) as error:
            log.error("the changed certificate of files is not used", reason=str(error))

    def _pairs(self) -> list[tuple[Path, Path]]:
        folder = self._house.directory
        names = zip(files(self._config.certificate), files(self._config.key), strict=True)
        return [(folder / certificate, folder / key) for certificate, key in names]

    def _seen(self) -> list[int]:
        paths = [path for pair in self._pairs() for path in pair]
        return [path.stat().st_mtime_ns if path.exists() else 0 for path in paths]

    def _http(
        self, web: Web, protocol: Protocol, bind: str, url: str, context: ssl.SSLContext | None
    ) -> None:
        host, port = host_port(bind)
        listening = listen(host, port, f"files.{protocol.value}_bind")
        self.ports[protocol] = bound = listening.getsockname()[1]
        limit = self._config.connections_max
        self._listeners.append(Listener(web, listening, context, limit))
        self._house.files.offers.listening(protocol, bind, bound, url)

    def _ftp(self, bridge: Bridge) -> None:
        config, offers = self._config.ftp, self._house.files.offers
        host, port = host_port(config.bind)
        listening = listen(host, port, "files.ftp.bind")
        bound: int = listening.getsockname()[1]
        self._ftp_servers.append((FtpServer(bridge, config, self._context), listening))
        for protocol in (Protocol.FTP, Protocol.FTPS):
            is_offered = config.tls != ("required" if protocol is Protocol.FTP else "none")
            if is_offered:
                self.ports[protocol] = bound
                url = config.url and f"{protocol.value}://{config.url}"
                offers.listening(protocol, config.bind, bound, url)

    def _implicit_ftp(self, bridge: Bridge) -> None:
        """FTPS from the first byte: what curl means by ftps, so such links lead here."""
        config = self._config.ftp
        host, port = host_port(config.implicit_bind)
        listening = listen(host, port, "files.ftp.implicit_bind")
        self.ports[Protocol.FTPS] = bound = listening.getsockname()[1]
        server = FtpServer(bridge, config, self._context, implicit=True)
        self._ftp_servers.append((server, listening))
        url = config.implicit_url and f"ftps://{config.implicit_url}"
        self._house.files.offers.listening(Protocol.FTPS, config.implicit_bind, bound, url)

    async def _start_thread(self) -> None:
        ready = asyncio.get_running_loop().create_future()
        main = asyncio.get_running_loop()

        def tell(error: BaseException | None) -> None:
            if ready.done():
                return
            if error is None:
                ready.set_result(None)
            else:
                ready.set_exception(error)

        def work() -> None:
            try:
                asyncio.run(self._serve(lambda: main.call_soon_threadsafe(tell, None)))
            except BaseException as error:
                log.error("files are not served any more", exc_info=error)
                main.call_soon_threadsafe(tell, error)

        self._thread = threading.Thread(target=work, name="files", daemon=True)
        self._thread.start()
        await ready

    async def _serve(self, on_ready: Callable[[], Any]) -> None:
        """The thread's whole life."""
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        self._loop.set_exception_handler(_note)
        works: list[Coroutine[Any, Any, None]] = [one.run_here() for one in self._listeners]
        tasks = [asyncio.create_task(work) for work in works]
        while not all(one.started for one in self._listeners):
            if any(task.done() for task in tasks):
                break
            await asyncio.sleep(0.01)
        for server, listening in self._ftp_servers:
            await server.serve_on(listening)
        on_ready()
        await self._ended.wait()
        for server, _ in self._ftp_servers:
            await server.close()
        for one in self._listeners:
            one.should_exit = True
        for done in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(done, BaseException):
                log.error("files were not served to the end", exc_info=done)


def _note(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What nobody waited for: strangers that go away are no errors of ours."""
    error = context.get("exception")
    if isinstance(error, OSError | TimeoutError | EOFError):
        log.debug("a file connection ended", reason=str(error))
    else:
        log.error("files", what=context.get("message", ""), exc_info=error)


def context_of(config: FilesConfig, directory: Path) -> ssl.SSLContext:
    """The TLS of https and FTPS: TLS 1.2 or newer, no client certificate; raises ConfigError."""
    tls = TlsConfig(bind="0.0.0.0:0", certificate=config.certificate, key=config.key)
    try:
        return build_context(tls, directory)
    except ConfigError as error:
        raise ConfigError(str(error).replace("ocpp.tls.", "files.")) from None
