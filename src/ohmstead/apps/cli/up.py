"""``ohmstead up``: run the network of a folder until somebody stops it."""

from __future__ import annotations

import gc
import logging
import os
import sys
from pathlib import Path

import msgspec
import structlog
import uvloop

import ohmstead
from ohmstead.adapters.store.sql import warn_if_old
from ohmstead.apps import config as configuration
from ohmstead.apps.cli.client import ADMIN_KEY
from ohmstead.apps.cli.common import CHAIN_WORDS, say
from ohmstead.apps.config import ChainConfig, Config, host_port
from ohmstead.apps.node import Node, Ports
from ohmstead.apps.running.successor import reporting
from ohmstead.apps.trust import write_whole

URLS_ARE_LOGGED_BY = ("httpx", "httpcore")  # whole, and some have a key in them
GC_THRESHOLDS = (50_000, 25, 50)  # new objects; young collections; middle-aged ones
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # where a command on this machine asks


def run(
    directory: Path,
    http: str | None,
    ocpp: str | None,
    chain: str | None,
    verbose: bool,
    take_over: bool = False,
) -> None:
    """Run the house of a folder until a signal, or until another process takes over."""
    with reporting():
        _run(directory, http, ocpp, chain, verbose, take_over)


def _run(
    directory: Path,
    http: str | None,
    ocpp: str | None,
    chain: str | None,
    verbose: bool,
    take_over: bool,
) -> None:
    from ohmstead.apps.cli.serving import Process

    log_to_stderr(logging.DEBUG if verbose else logging.WARNING)

    def read() -> Config:
        return with_chain(configuration.load(directory / configuration.FILE_NAME), chain)

    def set_level(word: str) -> None:
        if not verbose:
            log_to_stderr(logging.getLevelName(word.upper()))

    set_level(read().log.level)
    warn_if_old()

    async def serve() -> None:
        await Process(directory, read, http, ocpp, set_level).run(take_over=take_over)

    uvloop.run(serve())


def with_chain(config: Config, chain: str | None) -> Config:
    """The configuration with another chain than the file names."""
    if chain is None:
        return config
    kind = chain if chain in CHAIN_WORDS else "rpc"
    url = chain if kind == "rpc" else ""
    replaced: ChainConfig = msgspec.structs.replace(config.chain, kind=kind, url=url)
    return msgspec.structs.replace(config, chain=replaced)


def collect_garbage_rarely() -> None:
    """Leave what the start made out of every collection, and look for cycles less often.

    Records, messages and commands are trees that reference counting frees; the default thresholds
    walk the store's caches over and over to find nothing (docs/internals/PERFORMANCE.md).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def address(bind: str, port: int) -> str:
    """HOST:PORT that a program on this machine can reach."""
    host = host_port(bind)[0]
    host = EVERYWHERE.get(host, f"[{host}]" if ":" in host else host)
    return f"{host}:{port}"


def write_run_file(
    path: Path, config: Config, ports: Ports, http: str | None, ocpp: str | None
) -> None:
    """Tell other commands where this house listens."""
    body = {
        "pid": os.getpid(),
        "http": f"http://{address(http or config.http.bind, ports.http)}",
        "ocpp": f"ws://{address(ocpp or config.ocpp.bind, ports.ocpp)}",
    }
    if ports.ocpp_tls:
        body["ocpp_tls"] = f"wss://{address(config.ocpp.tls.bind, ports.ocpp_tls)}"
    write_whole(path, msgspec.json.encode(body) + b"\n")


def print_where(
    directory: Path,
    node: Node,
    config: Config,
    ports: Ports,
    http: str | None,
    ocpp: str | None,
) -> None:
    """Where to look."""
    site = address(http or config.http.bind, ports.http)
    stations = address(ocpp or config.ocpp.bind, ports.ocpp)
    chain = node.settlement.status()
    say(f"ohmstead {ohmstead.__version__}, network {config.network.name}", "bold")
    say(f"  status page  http://{site}/")
    say(f"  API          http://{site}/api/v1   key: {directory / 'keys' / ADMIN_KEY}")
    say(f"  stations     ws://{stations}/ocpp/STATION_ID")
    if ports.ocpp_tls:
        secure = address(config.ocpp.tls.bind, ports.ocpp_tls)
        say(f"               wss://{secure}/ocpp/STATION_ID")
    for base in node.house.files.offers.bases.values():
        say(f"  files        {base}   for stations, by links of their own")
    if chain["kind"] == "anvil":
        say(f"  chain        {chain['rpc']}   a demo chain: its keys are public")
    elif chain["kind"] == "rpc":
        say(f"  chain        {chain['rpc']}   chain {chain['chain_id']}")
    elif chain["kind"] == "pending":
        say(f"  chain        not there yet: {chain['last_error']}")
    else:
        say("  chain        none: sessions are settled in the ledger and never anchored")
    say("Ctrl-C stops.")


def log_to_stderr(level: int) -> None:
    """Logs are lines beside the output, never in it."""
    logging.basicConfig(level=level, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger().setLevel(level)
    for name in URLS_ARE_LOGGED_BY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.StackInfoRenderer(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Plain: the usual one prints local variables, and those hold passwords.
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty() and not os.environ.get("NO_COLOR"),
                pad_event_to=0,
                exception_formatter=structlog.dev.plain_traceback,
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
