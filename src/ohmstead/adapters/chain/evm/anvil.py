"""The embedded chain: one anvil, supervised, over a directory of state dumps.

    with Anvil(find_anvil(), folder) as chain:
        chain.url, chain.durable, chain.restarts

It is a demonstration chain: its keys are public. What it promises: blocks up to ``durable`` survive
any crash of anvil, of this process or of the machine; when anvil dies it is restarted on the same
port from the newest dump, blocks after it are gone (a reorganisation, for whoever watches) and
``restarts`` goes up by one; it never starts an empty chain over an existing one; and anvil dies
with this process. anvil's own ``--state-interval`` promises none of that.
"""

from __future__ import annotations

import enum
import fcntl
import queue
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO

from ohmstead.adapters.chain.evm import dumps
from ohmstead.adapters.chain.evm.dumps import Durable, Generation
from ohmstead.adapters.chain.evm.process import AnvilProcess, ProcessEnded, find_anvil
from ohmstead.errors import ChainUnavailable, OhmsteadError, OperatorError
from ohmstead.frozen import Frozen

__all__ = ["FLAGS", "Anvil", "AnvilEvent", "AnvilEventKind", "find_anvil"]

FLAGS = (
    *("--hardfork", "osaka"),  # the P-256 precompile of EIP-7951
    *("--block-time", "1", "--mixed-mining"),  # bare automine hangs on JSON-RPC batches
    *("--slots-in-an-epoch", "1"),  # else the finalized tag lags 64 blocks
    "--enable-tx-gas-limit",  # EIP-7825: what public chains refuse is refused here too
    *("--max-persisted-states", "64"),  # else every block leaves a copy of the state on disk
)
NEVER_DUMPED = Durable(-1, "")

_DUMP_TIMEOUT_S = 120.0
_ANSWER_TIMEOUT_S = 180.0
_DUMP_TRIES_AT_STOP = 200
_LOAD_TRIES = 3
_LOAD_TRIES_WHEN_KILLED = 10
_BACK_OFF_MAX_S = 5.0


class AnvilEventKind(enum.Enum):
    """What the supervisor reports, from its own thread."""

    STARTED = "started"
    DUMPED = "dumped"
    DUMP_FAILED = "dump failed"
    DIED = "died"
    RESTARTED = "restarted"
    GENERATION_BROKEN = "generation broken"  # durable blocks were lost: the older dump is used
    FAILED = "failed"


class AnvilEvent(Frozen):
    """One report; ``duration_ms`` is that of a dump or a restart, else 0."""

    kind: AnvilEventKind
    durable: Durable
    detail: str = ""
    duration_ms: int = 0


_Outcome = queue.SimpleQueue[Durable | OhmsteadError]


class Anvil:
    """A supervised anvil; every method may be called from any thread.

    ``dump_every_s`` is how often it is dumped while transactions arrive; an idle chain (empty
    blocks, or only cheat codes) is dumped every ``idle_dump_every_s``.
    """

    def __init__(
        self,
        binary: Path,
        folder: Path,
        *,
        port: int = 0,
        dump_every_s: float = 5.0,
        idle_dump_every_s: float = 30.0,
        flags: tuple[str, ...] = FLAGS,
        on_event: Callable[[AnvilEvent], None] = lambda event: None,
    ) -> None:
        self.restarts = 0
        self.durable = NEVER_DUMPED
        self.failure: OhmsteadError | None = None
        self.port = port
        self._binary = binary.absolute()
        self._folder = folder.absolute()
        self._flags = flags
        self._dump_every_s = dump_every_s
        self._idle_dump_every_s = idle_dump_every_s
        self._on_event = on_event
        self._child: AnvilProcess | None = None
        self._lock: IO[str] | None = None
        self._thread: threading.Thread | None = None
        self._excess: Mapping[str, int] = {}
        self._scanned = NEVER_DUMPED  # up to here every block is dumped or without transactions
        self._dumped_at_s = 0.0
        self._started = threading.Event()
        self._stopping = threading.Event()
        # None only wakes the thread: anvil ended, or stop was called.
        self._inbox: queue.SimpleQueue[_Outcome | None] = queue.SimpleQueue()

    # -- for callers ----------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The JSON-RPC address; it stays the same over restarts."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process id of the anvil that runs now; -1 when there is none."""
        return -1 if self._child is None else self._child.pid

    def start(self) -> Anvil:
        """Take the directory, start anvil and return once it answers and has a durable block.

        Raises OperatorError when another supervisor holds the directory or when dumps are there
        but none loads, and ChainUnavailable when anvil does not start. Call it once.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = open(self._folder / "lock", "w")  # noqa: SIM115 - held until stop
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as held:
            self._lock.close()
            raise OperatorError(
                f"another process runs the chain in {self._folder}; stop it first"
            ) from held
        # The parent-death signal follows the thread that started the child, not the process: one
        # thread that lasts as long as the supervisor does all the starting.
        self._thread = threading.Thread(target=self._run, name="anvil", daemon=True)
        self._thread.start()
        self._started.wait()
        if self.failure:
            self.stop()
            raise self.failure
        return self

    def dump(self) -> Durable:
        """Dump now and return what is durable afterwards; raises ChainUnavailable."""
        outcome: _Outcome = queue.SimpleQueue()
        self._inbox.put(outcome)
        if self._thread is None or not self._thread.is_alive():
            self._answer_leftovers()
        try:
            result = outcome.get(timeout=_ANSWER_TIMEOUT_S)
        except queue.Empty:
            raise ChainUnavailable("the embedded chain was not dumped in time") from None
        if isinstance(result, OhmsteadError):
            raise result
        return result

    def stop(self) -> None:
        """Dump, end anvil and give the directory back; doing it twice does no harm."""
        self._stopping.set()
        self._inbox.put(None)
        if self._thread is not None:
            self._thread.join()
        if self._lock is not None:
            self._lock.close()

    def __enter__(self) -> Anvil:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # -- the lasting thread ---------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._bring_up()
            if self.durable == NEVER_DUMPED:
                self._dump()
            self._tell(AnvilEventKind.STARTED)
            self._started.set()
            self._serve()
            if self._alive():
                self._try_dump()
        except Exception as broken:  # whatever it is, the chain has lost its keeper
            self.failure = (
                broken if isinstance(broken, OhmsteadError) else ChainUnavailable(repr(broken))
            )
            self._tell(AnvilEventKind.FAILED, str(self.failure))
        finally:
            if self._child is not None:
                self._child.end()
            self._started.set()
            self._answer_leftovers()

    def _serve(self) -> None:
        born_s, back_off_s = time.monotonic(), 0.0
        due_s = born_s + self._dump_every_s
        while not self._stopping.is_set():
            try:
                asked = self._inbox.get(timeout=max(0.0, due_s - time.monotonic()))
            except queue.Empty:
                asked = None
            if self._stopping.is_set():
                if asked is not None:
                    self._inbox.put(asked)
                return
            if not self._alive():
                # What is killed is wanted back at once; what keeps failing by itself is not.
                failing = self._exit_code() >= 0 and time.monotonic() - born_s < 1.0
                back_off_s = min(2 * back_off_s + 0.1, _BACK_OFF_MAX_S) if failing else 0.0
                self._stopping.wait(back_off_s)
                self._restart()
                born_s = time.monotonic()
            if asked is not None:
                asked.put(self._try_dump())
            elif time.monotonic() >= due_s and self._dump_is_worth_it():
                self._try_dump()
            if time.monotonic() >= due_s:
                due_s = time.monotonic() + self._dump_every_s

    def _restart(self) -> None:
        self._tell(AnvilEventKind.DIED, f"exit code {self._exit_code()}")
        began_s = time.monotonic()
        self._bring_up()
        self.restarts += 1
        self._tell(AnvilEventKind.RESTARTED, began_s=began_s)

    def _alive(self) -> bool:
        return self._child is not None and self._child.exit_code is None

    def _exit_code(self) -> int:
        code = None if self._child is None else self._child.exit_code
        return 0 if code is None else code

    def _ask(self, method: str, *params: object, timeout_s: float = 10.0) -> object:
        if self._child is None:
            raise ChainUnavailable("anvil is not running")
        return self._child.ask(method, *params, timeout_s=timeout_s)

    def _answer_leftovers(self) -> None:
        while not self._inbox.empty():
            asked = self._inbox.get()
            if asked is not None:
                asked.put(self.failure or ChainUnavailable("the embedded chain stopped"))

    def _tell(self, kind: AnvilEventKind, detail: str = "", began_s: float | None = None) -> None:
        duration_ms = 0 if began_s is None else int((time.monotonic() - began_s) * 1000)
        self._on_event(AnvilEvent(kind, self.durable, detail, duration_ms))

    # -- dumping --------------------------------------------------------------------------------

    def _dump_is_worth_it(self) -> bool:
        """Whether a transaction was mined since the last dump, or an idle dump is due."""
        if time.monotonic() - self._dumped_at_s >= self._idle_dump_every_s:
            return True
        try:
            head = self._block("latest")
            if self._block(hex(self._scanned.number)).hash != self._scanned.hash:
                return True  # a reorganisation
            for number in range(self._scanned.number + 1, head.number + 1):
                if self._ask("eth_getBlockTransactionCountByNumber", hex(number)) != "0x0":
                    return True
        except ChainUnavailable:
            return False  # it died or is about to; the loop sees that
        self._scanned = head
        return False

    def _try_dump(self) -> Durable | OhmsteadError:
        try:
            return self._dump()
        except (ChainUnavailable, dumps.DumpBroken, OSError) as why:
            # A full disk or a dying anvil: the dumps that are there stay, the next try comes.
            self._tell(AnvilEventKind.DUMP_FAILED, str(why))
            return ChainUnavailable(f"the embedded chain could not be dumped: {why}")

    def _dump(self) -> Durable:
        began_s = time.monotonic()
        packed, skew = self._consistent_dump(began_s + _DUMP_TIMEOUT_S)
        durable = self._block(hex(skew.number))
        dumps.write(self._folder, packed, durable)
        self.durable = self._scanned = durable
        self._excess = skew.excess
        self._dumped_at_s = time.monotonic()
        self._tell(AnvilEventKind.DUMPED, f"{len(packed)} bytes", began_s)
        return durable

    def _consistent_dump(self, deadline_s: float) -> tuple[bytes, dumps.Skew]:
        """Dump until the dump is one moment of the chain; raises ChainUnavailable.

        It is one moment when every sender's nonce exceeds its dumped transactions by as much as
        last time (0 unless a cheat code set it), or by as much as in the previous try while the
        head stood still through both. Under full load nine of ten dumps are not.
        """
        tries, previous = 0, None
        while time.monotonic() < deadline_s:
            before = self._block("latest")
            text = self._ask("anvil_dumpState", timeout_s=_DUMP_TIMEOUT_S)
            after = self._block("latest")
            try:
                packed = bytes.fromhex(str(text).removeprefix("0x"))
            except ValueError:
                raise ChainUnavailable("anvil_dumpState did not answer hex") from None
            skew = dumps.inspect(packed)
            stood_still = before == after and previous == (before, skew)
            if skew.excess == self._excess or stood_still:
                return packed, skew
            previous = (after, skew)
            tries += 1
            if self._stopping.is_set() and tries > _DUMP_TRIES_AT_STOP:
                break
            time.sleep(0.003 * (tries % 5))
        raise ChainUnavailable(f"no dump was one moment of the chain in {tries} tries")

    def _block(self, which: str) -> Durable:
        block = self._ask("eth_getBlockByNumber", which, False)
        if not isinstance(block, dict):
            raise ChainUnavailable(f"block {which} is not there")
        return Durable(int(str(block["number"]), 16), str(block["hash"]))

    # -- starting -------------------------------------------------------------------------------

    def _bring_up(self) -> None:
        """Start anvil from the newest dump that loads; empty only where no dump exists."""
        there = dumps.generations(self._folder)
        for generation in there:
            loaded = self._folder / "load.json"
            try:
                timestamp_s = dumps.unpack(generation, loaded)
                self._load(generation, loaded, timestamp_s)
            except (dumps.DumpBroken, ChainUnavailable, OSError) as why:
                if self._stopping.is_set():
                    raise ChainUnavailable("stopped while starting") from why
                self._tell(AnvilEventKind.GENERATION_BROKEN, f"{generation.path.name}: {why}")
                continue
            finally:
                loaded.unlink(missing_ok=True)
            self.durable = self._scanned = generation.durable
            self._dumped_at_s = time.monotonic()
            return
        if there:
            raise OperatorError(
                f"no dump in {self._folder} loads; restore one from a backup, or empty the "
                "directory to begin a new chain"
            )
        self._spawn()

    def _load(self, generation: Generation, plain: Path, timestamp_s: int) -> None:
        """Start from one dump; being killed from outside meanwhile does not count against it."""
        arguments = ["--load-state", str(plain)]
        if timestamp_s > time.time():
            # evm_increaseTime is not in the dump: without this, block time would run backwards.
            arguments += ["--timestamp", str(timestamp_s + 1)]
        own_failures = 0
        for _ in range(_LOAD_TRIES_WHEN_KILLED):
            try:
                self._spawn(*arguments)
                if self._block(hex(generation.number)) != generation.durable:
                    raise dumps.DumpBroken(f"its block {generation.number} is another one")
                return
            except ProcessEnded as ended:
                own_failures += not ended.killed
                if own_failures == _LOAD_TRIES or self._stopping.is_set():
                    raise
            except ChainUnavailable:  # killed between starting and answering
                if self._alive() or self._stopping.is_set():
                    raise
        raise ChainUnavailable("anvil was killed at each start")

    def _spawn(self, *arguments: str) -> None:
        """Start anvil, on the port it had where that is free again."""
        if self._child is not None:
            self._child.end()
        cache = self._folder / "cache"  # states of old blocks; a killed anvil leaves them behind
        shutil.rmtree(cache, ignore_errors=True)
        flags = (*self._flags, "--cache-path", str(cache), *arguments)
        for attempt in range(_LOAD_TRIES):
            try:
                self._child = AnvilProcess(
                    self._binary, flags, self.port, on_exit=lambda: self._inbox.put(None)
                )
                self.port = self._child.port
                return
            except ProcessEnded as ended:
                if not ended.port_taken or attempt == _LOAD_TRIES - 1:
                    raise
                time.sleep(0.2)
