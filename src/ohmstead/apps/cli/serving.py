"""The life of one process of a house: it opens, serves, and ends or hands on.

SIGTERM drains: nobody is let in, and the stations' sockets are closed one after the other; a second
one hastens it. SIGINT, which is Ctrl-C, does not wait. SIGHUP reloads.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from ohmstead.apps.cli import up
from ohmstead.apps.cli.client import RUN_FILE
from ohmstead.apps.cli.common import say
from ohmstead.apps.config import Config
from ohmstead.apps.node import Node
from ohmstead.apps.operations import migrating
from ohmstead.apps.running.checking import check
from ohmstead.apps.running.control import Control, Conversation
from ohmstead.apps.running.handing import NOTHING, Handed, close_all
from ohmstead.apps.running.notify import notify, notify_ready, notify_reloading
from ohmstead.apps.running.reloading import Reloaded, reload
from ohmstead.apps.running.successor import Successor
from ohmstead.apps.running.takeover import Predecessor, Succession
from ohmstead.errors import OperatorError

CHILD_LOOK_S = 0.1
NEVER_CAME = "the new process ended before it took over, and this one goes on"

log = structlog.get_logger()


class Process:
    """One process that runs the house of a folder, until a signal or a successor.

    Args:
        directory: the folder.
        read: reads its configuration; raises ConfigError.
        http, ocpp: binds instead of the file's.
        set_level: has as much logged as a word of ``log.level`` says.
    """

    def __init__(
        self,
        directory: Path,
        read: Callable[[], Config],
        http: str | None,
        ocpp: str | None,
        set_level: Callable[[str], None],
    ) -> None:
        self._directory = directory
        self._read = read
        self._http = http
        self._ocpp = ocpp
        self._config = read()
        self._set_level = set_level
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._node: Node | None = None
        self._succession = Succession()

    async def run(self, *, take_over: bool = False) -> None:
        """Serve until the end; raises OhmsteadError."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._terminate)
        loop.add_signal_handler(signal.SIGINT, self._interrupt)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up)
        predecessor = await self._meet() if take_over else None
        handed: Handed | None = NOTHING if predecessor is None else predecessor.handed
        while handed is not None:
            handed = await self._serve(handed, predecessor)
            predecessor = None

    def _terminate(self) -> None:
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()

    def _interrupt(self) -> None:
        self._hurry.set()
        self._stop.set()

    def _hang_up(self) -> None:
        try:
            done = self._reload()
        except Exception as error:  # of OhmsteadError the text is all there is to know
            log.error("nothing was reloaded", reason=str(error))
            return
        log.warning("reloaded", changed=done.changed, waiting_for_a_restart=done.waiting)

    async def _meet(self) -> Predecessor:
        """Check what can be checked while the process before still serves."""
        config = self._config
        problem = migrating.status(self._directory)["problem"]
        if problem:
            raise OperatorError(problem)
        check(self._directory, config)
        wanted = {
            "http": self._http or config.http.bind,
            "ocpp": self._ocpp or config.ocpp.bind,
            "ocpp_tls": config.ocpp.tls.bind,
        }
        predecessor = await Predecessor.meet(self._directory, wanted)
        say(f"Taking over from process {predecessor.pid} ...")
        await predecessor.let_go()
        return predecessor

    async def _serve(self, handed: Handed, predecessor: Predecessor | None) -> Handed | None:
        """Open the house and serve; returns the sockets to go on with, if it has to."""
        node = await self._open()
        control = Control(self._directory, self._answer)
        self._node, self._succession = node, Succession()
        is_asked = False
        try:
            if not self._stop.is_set():
                await self._start(node, control, handed)
                if predecessor is not None:
                    await predecessor.tell_serving(os.getpid())
                notify_ready()
                is_asked = await self._until_the_end()
        finally:
            if not is_asked:
                await self._end(node, control)
        if not is_asked:
            say("Stopped.")
            return None
        return await self._hand_on(node, control)

    async def _open(self) -> Node:
        if self._config.chain.kind == "anvil":
            say("Starting the embedded chain ...")
        opening = asyncio.create_task(Node.open(self._directory, config=self._config))
        stopped = asyncio.create_task(self._stop.wait())
        await asyncio.wait({opening, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        return await opening  # also after a signal: what is half open is not left behind

    async def _start(self, node: Node, control: Control, handed: Handed) -> None:
        config, http, ocpp = self._config, self._http, self._ocpp
        ports = await node.start(http, ocpp, handed)
        control.open()  # who finds the run file may ask
        up.write_run_file(self._directory / RUN_FILE, config, ports, http, ocpp)
        up.collect_garbage_rarely()
        up.print_where(self._directory, node, config, ports, http, ocpp)

    async def _until_the_end(self) -> bool:
        """Wait for a signal, or for a successor that says go; then True."""
        ends = [asyncio.create_task(event.wait()) for event in (self._stop, self._succession.asked)]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
        return self._succession.asked.is_set() and not self._stop.is_set()

    async def _end(self, node: Node, control: Control) -> None:
        notify("STOPPING=1")
        control.close()
        try:
            if self._stop.is_set():
                say("Stopping ...")
                await node.drain(self._hurry)
        finally:
            with contextlib.suppress(OSError):
                (self._directory / RUN_FILE).unlink(missing_ok=True)
            await node.stop()
            await control.end()

    async def _hand_on(self, node: Node, control: Control) -> Handed | None:
        """Let go of the store, and of the stations one after the other; see takeover."""
        kept = node.listening()
        try:
            await node.hand_on()
        except Exception as error:  # the successor hears nothing more, and gives up
            log.error("the house was not handed on and is opened again", exc_info=error)
            with contextlib.suppress(Exception):
                await node.stop()
            await control.end(0)
            return kept
        control.close()
        heard = asyncio.create_task(self._succession.yours())
        hurried = asyncio.create_task(self._hurry.wait())
        await asyncio.wait({heard, hurried}, return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        is_serving = heard.done() and heard.result()
        heard.cancel()
        hurry = self._hurry
        if not is_serving:
            hurry = asyncio.Event()
            hurry.set()
        await node.fade(hurry)
        await control.end()
        if is_serving:
            say(f"Handed on to process {self._succession.successor_pid}.")
        elif not self._stop.is_set():
            log.error("a take-over failed", reason=self._succession.problem)
            return kept
        close_all(kept)
        return None

    # What other processes ask.

    async def _answer(self, conversation: Conversation, message: dict[str, Any]) -> None:
        assert self._node is not None
        match message.get("ask"):
            case "take-over":
                await self._succession.converse(conversation, self._node.listening())
            case "restart":
                await self._restart(conversation)
            case "reload":
                try:
                    done = self._reload()
                except Exception as error:
                    await conversation.say({"error": str(error)})
                else:
                    answer = {"changed": done.changed, "waiting": done.waiting}
                    await conversation.say(answer)
            case other:
                await conversation.say({"error": f"this build does not know {other!r}"})

    async def _restart(self, conversation: Conversation) -> None:
        """Start a process that takes over, typed as this one was, and tell how that went."""
        succession = self._succession
        succession.renew()
        command = [sys.executable, *sys.orig_argv[1:]]
        if "--take-over" not in command:
            command.append("--take-over")
        try:
            child = Successor(command)
        except OperatorError as error:
            await conversation.say({"error": str(error)})
            return
        try:
            while not succession.ended.is_set() and child.is_alive:
                await asyncio.sleep(CHILD_LOOK_S)
            if succession.ended.is_set() and not succession.problem:
                await conversation.say({"pid": succession.successor_pid})
                return
            problem = succession.problem or NEVER_CAME
            log.error("a restart failed", problem=problem, reason=(why := await child.why()))
            await conversation.say({"error": f"{problem}: {why}"})
        finally:
            child.close()

    def _reload(self) -> Reloaded:
        if self._node is None:
            raise OperatorError("the house is still opening; ask again when it serves")
        notify_reloading()
        try:
            done = reload(self._node.house, self._config, self._read(), self._set_level)
        finally:
            notify_ready()
        self._config = done.config
        return done
