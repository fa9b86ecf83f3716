"""One process of a house follows another, and nobody who connects meanwhile is refused.

    new   take-over ->            everything it can check is checked, before
    old   <- hello, the listening sockets
    new   go ->
    old   <- yours                calls are answered, the store is closed and its lock let go
    new   serving ->              and accepts who has waited in the kernel's queues
    old   closes its stations' sockets one after the other, and ends

Until ``go`` the old one works as ever. If the new one dies between ``yours`` and ``serving``, the
old one opens the house again.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ohmstead.apps.running.control import Conversation, reach
from ohmstead.apps.running.handing import Handed, close_all, fitting
from ohmstead.errors import OperatorError

GO_S = 60.0  # a new process that says hello is ready to go
LET_GO_S = 120.0  # calls under way, requests and the settler end
SERVING_S = 300.0  # with a chain that answers slowly


class Predecessor:
    """The running process, as its successor sees it."""

    def __init__(self, conversation: Conversation, handed: Handed, pid: int) -> None:
        self.handed = handed
        self.pid = pid
        self._conversation = conversation

    @classmethod
    async def meet(cls, directory: Path, wanted: Mapping[str, str]) -> Predecessor:
        """Ask for the sockets, of which those are kept that ``wanted`` names; the house goes on.

        Raises OperatorError.
        """
        conversation = reach(directory)
        await conversation.say({"ask": "take-over"})
        heard = await conversation.hear()
        message, handed = heard or ({"error": "the running house does not answer"}, {})
        if "error" in message:
            conversation.close()
            raise OperatorError(str(message["error"]))
        return cls(conversation, fitting(handed, wanted), int(message["pid"]))

    async def give_up(self) -> None:
        """Leave the house to the process that runs it, or back to it."""
        close_all(self.handed)
        self._conversation.close()

    async def let_go(self) -> None:
        """Have it let go of the store; raises OperatorError."""
        await self._conversation.say({"go": True})
        heard = await self._conversation.hear(LET_GO_S)
        if heard is None or "yours" not in heard[0]:
            await self.give_up()
            raise OperatorError(
                "the running house did not let go of its store; it goes on, or "
                "its log says why it does not"
            )

    async def tell_serving(self, pid: int) -> None:
        """Let it end."""
        await self._conversation.say({"serving": True, "pid": pid})
        self._conversation.close()


class Succession:
    """The other end: one successor at a time, for the process that runs the house.

    ``asked`` is set when a successor says go; :meth:`yours` and :meth:`is_serving` follow.
    """

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.successor_pid = 0
        self.ended = asyncio.Event()  # one way or the other
        self.problem = ""
        self._busy = False
        self._answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._heard: asyncio.Future[bool] | None = None

    async def converse(self, conversation: Conversation, listening: Handed) -> None:
        """Answer a successor; ``listening`` are duplicates, which are closed here."""
        try:
            if self._busy:
                await conversation.say({"error": "another process is taking over already"})
                return
            self._busy = True
            self.renew()
            await conversation.say({"pid": os.getpid()}, listening)
        finally:
            close_all(listening)
        try:
            await self._converse(conversation)
        finally:
            self._busy = False

    async def _converse(self, conversation: Conversation) -> None:
        heard = await conversation.hear(GO_S)
        if heard is None or "go" not in heard[0]:
            self.problem = "the new process gave up before it took over, and this one goes on"
            self.ended.set()
            return
        self._heard = asyncio.get_running_loop().create_future()
        self.asked.set()
        await conversation.say(await self._answers.get())
        heard = await conversation.hear(SERVING_S)
        is_serving = heard is not None and "serving" in heard[0]
        if heard is not None and is_serving:
            self.successor_pid = int(heard[0].get("pid", 0))
        else:
            self.problem = "the new process died before it served, and this one took the house back"
        self._heard.set_result(is_serving)
        self.ended.set()

    def renew(self) -> None:
        """Another attempt begins."""
        self.problem = ""
        self.ended.clear()

    async def yours(self) -> bool:
        """Say that the store is let go; return whether the successor serves."""
        assert self._heard is not None
        self._answers.put_nowait({"yours": True})
        return await self._heard
