"""Ways to die and to be lied to: a store and a chain that fail where the test says."""

from __future__ import annotations

import random

from ohmstead.adapters.chain.evm.rpc import Rpc
from ohmstead.errors import ChainUnavailable


class Killed(BaseException):
    """The process is gone: nothing catches it."""


class Life:
    """How many await points are left; each effect has one before it and one after it."""

    def __init__(self):
        self.left = 10**9
        self.points = 0

    def tick(self):
        self.points += 1
        self.left -= 1
        if self.left <= 0:
            raise Killed


class MortalStore:
    """A store whose caller dies before or after any write."""

    def __init__(self, store, life):
        self._store, self._life = store, life

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def _mortal(self, name, *arguments):
        self._life.tick()
        answer = await getattr(self._store, name)(*arguments)
        self._life.tick()
        return answer

    async def run(self, flow, command):
        return await self._mortal("run", flow, command)

    async def finish_job(self, job_id):
        return await self._mortal("finish_job", job_id)

    async def postpone_job(self, job_id, due_ms, error):
        return await self._mortal("postpone_job", job_id, due_ms, error)


class MortalRpc(Rpc):
    """A chain whose caller dies before or after any call."""

    def __init__(self, url, chain_id, life):
        super().__init__(url, chain_id)
        self._life = life

    async def ask(self, method, *params):
        self._life.tick()
        answer = await super().ask(method, *params)
        self._life.tick()
        return answer


class MoodyRpc(Rpc):
    """A chain that is down, or answers nonsense now and then."""

    NONSENSE = (None, "banana", "0x", {}, [], 7, "0xzz", {"number": "0x1"}, [{}], "0x" + "f" * 65)

    def __init__(self, url, chain_id, seed=0):
        super().__init__(url, chain_id)
        self.down = False
        self.nonsense = 0  # one answer in so many
        self.asked = self.lied = 0
        self._random = random.Random(seed)

    async def ask(self, method, *params):
        self.asked += 1
        if self.down:
            raise ChainUnavailable("nobody answers")
        answer = await super().ask(method, *params)
        if self.nonsense and self._random.randrange(self.nonsense) == 0:
            self.lied += 1
            return self._random.choice(self.NONSENSE)
        return answer
