"""Who answers a station's DataTransfer: an address that is asked, or a Python entry point.

Whatever becomes of a hook, its station has an answer within the hook's time limit: a hook that is
down, slow or talks nonsense is ``Rejected``, and a line in the log says why.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import secrets
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Protocol

import msgspec
import structlog

from ohmstead.apps.config import Config, DataTransferConfig
from ohmstead.apps.transfers.asking import ask
from ohmstead.core.receipt_session import utc_text
from ohmstead.core.webhooks import (
    ID_HEADER,
    SIGNATURE_HEADER,
    TIME_HEADER,
    secret_text,
    signature,
)
from ohmstead.errors import ConfigError, OhmsteadError
from ohmstead.frozen import Frozen
from ohmstead.ports import Clock

GROUP = "ohmstead.data_transfer"
AT_ONCE_MAX = 64  # hooks being asked; beyond them a station is answered Rejected at once
THREADS_MAX = 8  # entry points that are no coroutines, those that hang included
DATA_BYTES_MAX = 16 << 10  # of the data in an answer
PROBLEM_CHARACTERS_MAX = 200
ACCEPTED, REJECTED = "Accepted", "Rejected"
UNKNOWN_MESSAGE, UNKNOWN_VENDOR = "UnknownMessageId", "UnknownVendorId"
STATUSES = frozenset({ACCEPTED, REJECTED, UNKNOWN_MESSAGE, UNKNOWN_VENDOR})

log = structlog.get_logger()


class Transfer(Frozen):
    """What a station said; ``data`` is JSON (``null`` where there was none, 1.6: a string)."""

    station_id: str
    protocol: str
    vendor_id: str
    message_id: str
    data: bytes = b"null"


class Answered(Frozen):
    """What the station is told; ``data`` is JSON, empty for none."""

    status: str
    data: bytes = b""


class Transfers(Protocol):
    """What the handlers need: an answer, always and in time."""

    async def answer(self, transfer: Transfer) -> Answered: ...


@dataclass(slots=True)
class Hook:
    """One line of ``[[data_transfer]]`` and how it has fared since this process began."""

    config: DataTransferConfig
    call: Callable[..., Any] | None = None  # of an entry point
    answered: int = 0
    failed: int = 0
    problem: str = ""
    failed_ms: int = 0


class Nonsense(OhmsteadError):
    """A hook answered something that is no answer; the message says what is wrong."""


class Hooks:
    """All of one house."""

    def __init__(
        self,
        config: Config,
        pepper: bytes,
        clock: Clock,
        may_ask: Callable[[], bool] = lambda: True,
    ) -> None:
        """Raises ConfigError for an entry point that is not installed or cannot be loaded."""
        hooks = config.data_transfer
        self.hooks = [Hook(one, _load(one) if one.entry_point else None) for one in hooks]
        self._allowed = tuple(ipaddress.ip_network(text) for text in config.webhooks.allow)
        self._pepper, self._clock, self._may_ask = pepper, clock, may_ask
        self._at_once = self._threads = 0

    def secret(self, config: DataTransferConfig) -> bytes:
        """By which the receiver knows that it was us; it follows from the house's pepper."""
        told = "\0".join(("data transfer", config.vendor_id, config.message_id, config.url))
        return hmac.digest(self._pepper, told.encode(), "sha256")

    def secret_text(self, config: DataTransferConfig) -> str:
        """The same as Standard Webhooks libraries take it."""
        return secret_text(self.secret(config))

    async def answer(self, transfer: Transfer) -> Answered:
        """The answer of the hook that knows this message; never raises, never late."""
        vendor = transfer.vendor_id.casefold()
        ours = [one for one in self.hooks if one.config.vendor_id.casefold() == vendor]
        if not ours:
            return Answered(UNKNOWN_VENDOR)
        named = [one for one in ours if one.config.message_id == transfer.message_id]
        hook = next(iter(named), None) or next((x for x in ours if not x.config.message_id), None)
        if hook is None:
            return Answered(UNKNOWN_MESSAGE)
        if not self._may_ask() or self._at_once >= AT_ONCE_MAX:
            return self._failed(hook, transfer, "too many hooks are being asked, or none may be")
        self._at_once += 1
        try:
            # A task of its own: a handler runs without one, and what has a time limit needs one.
            found = await asyncio.create_task(self._ask(hook, transfer))
        except TimeoutError:
            return self._failed(hook, transfer, f"no answer within {hook.config.timeout_s} s")
        except Exception as error:  # a hook is somebody else's: whatever it does, we answer
            name = "" if isinstance(error, OhmsteadError) else f"{type(error).__name__}: "
            return self._failed(hook, transfer, f"{name}{error}")
        finally:
            self._at_once -= 1
        hook.answered += 1
        return found

    def _failed(self, hook: Hook, transfer: Transfer, why: str) -> Answered:
        hook.failed += 1
        hook.problem, hook.failed_ms = why[:PROBLEM_CHARACTERS_MAX], self._clock.now_ms()
        log.warning(
            "a data transfer was not answered by its hook",
            station=transfer.station_id,
            vendor=transfer.vendor_id,
            message=transfer.message_id,
            reason=hook.problem,
        )
        return Answered(REJECTED)

    async def _ask(self, hook: Hook, transfer: Transfer) -> Answered:
        async with asyncio.timeout(hook.config.timeout_s):
            if hook.call is None:
                return _read(await self._post(hook.config, transfer))
            data = msgspec.json.decode(transfer.data)
            said = (transfer.station_id, transfer.vendor_id, transfer.message_id, data)
            if asyncio.iscoroutinefunction(hook.call):
                return _taken(await hook.call(*said))
            return _taken(await self._in_thread(hook.call, said))

    async def _post(self, config: DataTransferConfig, transfer: Transfer) -> bytes:
        body = msgspec.json.encode(
            {
                "type": "data_transfer",
                "timestamp": utc_text(self._clock.now_ms()),
                "data": {
                    "station": transfer.station_id,
                    "protocol": transfer.protocol,
                    "vendor_id": transfer.vendor_id,
                    "message_id": transfer.message_id,
                    "data": msgspec.Raw(transfer.data),
                },
            }
        )
        # Their clocks judge it, so it is this machine's time whatever clock the house runs by.
        sent_s, id_ = int(time.time()), f"dt_{secrets.token_hex(12)}"
        headers = {
            ID_HEADER: id_,
            TIME_HEADER: str(sent_s),
            SIGNATURE_HEADER: signature(self.secret(config), id_, sent_s, body),
        }
        return await ask(config.url, headers, body, self._allowed)

    def _in_thread(self, call: Callable[..., Any], said: tuple[Any, ...]) -> Awaitable[Any]:
        """Run what may block in a thread that nobody waits for at the end of the process."""
        if self._threads >= THREADS_MAX:
            raise Nonsense(f"{THREADS_MAX} calls of entry points have not come back yet")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()

        def settle(found: Any, error: Exception | None) -> None:
            self._threads -= 1
            if not done.done():
                done.set_result(found) if error is None else done.set_exception(error)

        def work() -> None:
            found, error = None, None
            try:
                found = call(*said)
            except Exception as caught:
                error = caught
            if not loop.is_closed():
                loop.call_soon_threadsafe(settle, found, error)

        self._threads += 1
        threading.Thread(target=work, daemon=True, name="data-transfer").start()
        return done


def _load(config: DataTransferConfig) -> Callable[..., Any]:
    where = f"data_transfer of {config.vendor_id}: entry_point"
    for point in metadata.entry_points(group=GROUP, name=config.entry_point):
        try:
            call = point.load()
        except Exception as error:  # of somebody else's package, at start
            raise ConfigError(f"{where}: {config.entry_point!r} fails to load: {error}") from None
        if not callable(call):
            raise ConfigError(f"{where}: {config.entry_point!r} is not a function")
        return call  # type: ignore[no-any-return]
    raise ConfigError(
        f"{where}: no installed package has {config.entry_point!r} in the group {GROUP}; install "
        "it beside ohmstead, or correct the name"
    )


def _read(body: bytes) -> Answered:
    """What an address answered: ``{"status": ..., "data": ...}``, or nothing for Accepted."""
    if not body.strip():
        return Answered(ACCEPTED)
    try:
        return _taken(msgspec.json.decode(body))
    except (msgspec.MsgspecError, RecursionError):
        raise Nonsense("its answer is not JSON") from None


def _taken(said: object) -> Answered:
    if said is None:
        return Answered(ACCEPTED)
    if not isinstance(said, dict) or not said.keys() <= {"status", "data"}:
        raise Nonsense('its answer is not {"status": ..., "data": ...}')
    status = said.get("status", ACCEPTED)
    if status not in STATUSES:
        raise Nonsense(f"its status is none of {', '.join(sorted(STATUSES))}")
    data = said.get("data")
    try:
        text = b"" if data is None else msgspec.json.encode(data)
    except (TypeError, ValueError, RecursionError) as error:
        raise Nonsense(f"its data is no JSON: {error}") from None
    if len(text) > DATA_BYTES_MAX:
        raise Nonsense(f"its data has more than {DATA_BYTES_MAX} bytes")
    return Answered(str(status), text)
