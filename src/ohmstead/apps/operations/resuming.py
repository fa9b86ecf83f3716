"""``ohmstead resume``: a restored house looks at the chain, says what it found, and works again.

While it looks, the house books what the chain did since the backup and sends nothing. Nonces are
never kept: the sender asks the chain for the next one. An epoch that stands on the chain is booked
as anchored before the settler looks at its outbox, so it is not anchored twice.
"""

from __future__ import annotations

import asyncio

from ohmstead.adapters.chain.evm.chain import EvmChain
from ohmstead.apps.boot import House
from ohmstead.apps.settler import OpenedChain
from ohmstead.apps.settler.booking import Booking, BooksFrozen
from ohmstead.apps.settler.opening import DEPLOYMENT_FILE
from ohmstead.apps.settler.reconcile import Reconciliation, compare, trial_balance
from ohmstead.core.restoration import Restoration
from ohmstead.errors import ChainUnavailable
from ohmstead.flows.operations.freezing import Resume, resume
from ohmstead.frozen import Frozen
from ohmstead.ports import Store

TRIES = 20
PAUSE_S = 0.5


class Looked(Frozen):
    """What was found before a resume; ``chain`` is None where there is none to compare with."""

    problems: tuple[str, ...]
    chain: Reconciliation | None = None


async def look(house: House) -> Looked:
    """Hold the books against the chain without sending anything; raises ChainUnavailable."""
    if house.chain is not None:
        return await _look_until_it_answers(house.store, house.chain)
    has_contracts = (house.directory / DEPLOYMENT_FILE).exists()
    if house.config.chain.kind != "none" and has_contracts:
        raise ChainUnavailable(
            "the chain is not there yet, so nothing can be compared; try again when `ohmstead "
            "status` shows it"
        )
    book = await house.store.run(trial_balance, None)
    return Looked(book.problems)


async def _look_until_it_answers(store: Store, opened: OpenedChain) -> Looked:
    """An embedded chain that was loaded knows no state of blocks before: make newer ones final."""
    for _ in range(TRIES):
        await opened.make_durable()
        try:
            return await look_at_chain(store, opened.chain)
        except ChainUnavailable:
            await asyncio.sleep(PAUSE_S)
    return await look_at_chain(store, opened.chain)


async def look_at_chain(store: Store, chain: EvmChain) -> Looked:
    """Book what became final since the backup and compare to the unit; raises ChainUnavailable."""
    booking = Booking(store, chain)
    try:
        await booking.catch_up()
    except BooksFrozen as why:
        return Looked((str(why),))
    cursor = booking.cursor()
    if cursor is None:
        raise ChainUnavailable("no block of the chain is final yet; try again in some seconds")
    held = await chain.holdings(0, at=cursor.block_number)
    found = compare(cursor.block_number, await store.run(trial_balance, None), held)
    return Looked(found.problems, found)


async def thaw(
    house: House, by: str, why: str, accept_problems: bool
) -> tuple[Restoration, Looked]:
    """Resume the house if its books hold; raises OperatorError and ChainUnavailable."""
    looked = await look(house)
    command = Resume(by, why, looked.problems, accept_problems)
    restoration = await house.store.run(resume, command)
    house.thaw()
    return restoration, looked
