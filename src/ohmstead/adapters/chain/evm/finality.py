"""When a block is final. Each chain says its own way; the house only ever asks this.

Nothing is booked before it is final, so a policy may be late but never early.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ohmstead.adapters.chain.evm.rpc import FINALIZED, Rpc
from ohmstead.frozen import Frozen


class Finality(Protocol):
    """A rule that names the newest final block."""

    async def final_block(self, rpc: Rpc) -> int:
        """Return the height of the newest final block, -1 when there is none yet."""


class FinalByTag(Frozen):
    """What the chain itself calls finalized."""

    async def final_block(self, rpc: Rpc) -> int:
        """Ask for the finalized tag; a chain without one yet answers null."""
        block = await rpc.block(FINALIZED)
        return -1 if block is None else block.number


class FinalByDepth(Frozen):
    """``depth`` blocks on top of it: for chains without a finalized tag."""

    depth: int

    async def final_block(self, rpc: Rpc) -> int:
        """Return head minus depth."""
        return max((await rpc.head()).number - self.depth, -1)


class FinalWhenDurable(Frozen):
    """The embedded chain: finalized, and contained in a dump that survives any crash.

    ``durable_number`` reads :attr:`Anvil.durable` at the moment of asking.
    """

    durable_number: Callable[[], int]

    async def final_block(self, rpc: Rpc) -> int:
        """Return the lower of the finalized tag and the newest durable block."""
        # Read before asking: a restart in between can only make the answer too low.
        durable = self.durable_number()
        return min(durable, await FinalByTag().final_block(rpc))
