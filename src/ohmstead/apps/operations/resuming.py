"""``ohmstead resume``: a restored house looks at the chain, says what it found, and works again.

While it looks, the house books what the chain did since the backup and sends nothing. Nonces are
never kept: the sender asks the chain for the next one. An epoch that stands on the chain is booked
as anchored before the settler looks at its outbox, so it is not anchored twice.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from ohmstead.adapters.chain.evm.chain import EvmChain
from ohmstead.apps.boot import House
from ohmstead.apps.settler import OpenedChain
from ohmstead.apps.settler.booking import Booking, BooksFrozen
from ohmstead.apps.settler.epochs import newest_epoch
from ohmstead.apps.settler.opening import DEPLOYMENT_FILE
from ohmstead.apps.settler.reconcile import Reconciliation, compare, trial_balance
from ohmstead.core.onchain import ChainCursor
from ohmstead.core.restoration import Restoration
from ohmstead.errors import ChainUnavailable
from ohmstead.flows.operations.freezing import Resume, resume
from ohmstead.frozen import Frozen
from ohmstead.ports import Store

TRIES = 20
PAUSE_S = 0.5


class Looked(Frozen):
    """What was found before a resume; ``chain`` is None where nothing was compared with a chain.

    ``stuck`` says why the settler stays as it is after a resume too; accepting changes nothing
    about it. Empty: it works once the house is resumed.
    """

    problems: tuple[str, ...]
    chain: Reconciliation | None = None
    stuck: str = ""


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
    unseen = _unseen(house.store, house.directory / DEPLOYMENT_FILE)
    return Looked((*book.problems, unseen) if unseen else book.problems, stuck=unseen)


def _unseen(store: Store, deployment: Path) -> str:
    """Say which chain the books were not compared to; empty if the backup knows of none."""
    cursors = store.find(ChainCursor, 1)
    if not cursors and not deployment.exists():
        return ""
    upto = f" up to block {cursors[0].block_number}" if cursors else ""
    anchored = newest_epoch(store)
    if anchored is not None:
        upto += f", with epoch {anchored.number} as the newest"
    wants = (
        "start the house with its chain (`ohmstead up --chain ...`)"
        if deployment.exists()
        else f"put {deployment.name} back, or its contracts are not found"
    )
    return (
        f"the books were not compared with their chain: this backup knows contracts on "
        f"{_chain_of(deployment)}{upto}, and the house runs without them; {wants}"
    )


def _chain_of(deployment: Path) -> str:
    try:
        known = msgspec.json.decode(deployment.read_bytes(), type=_Remembered)
    except (OSError, ValueError):
        return "a chain"
    return f"chain {known.deployment.chain_id}"


class _Chain(msgspec.Struct, frozen=True):
    chain_id: int


class _Remembered(msgspec.Struct, frozen=True):
    deployment: _Chain


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
        newest = newest_epoch(store)
        await booking.check_head(0 if newest is None else newest.number)
    except BooksFrozen as why:
        return Looked((str(why),), stuck=str(why))
    cursor = booking.cursor()
    if cursor is None:
        raise ChainUnavailable("no block of the chain is final yet; try again in some seconds")
    held = await chain.holdings(0, at=cursor.block_number)
    found = compare(cursor.block_number, await store.run(trial_balance, None), held)
    return Looked(found.problems, found)


async def thaw(
    house: House, by: str, why: str, accept_problems: bool
) -> tuple[Restoration, Looked]:
    """Resume the house if its books hold, or somebody accepts that they do not.

    What is ``stuck`` stays so: the settler holds its database against the chain at every step.
    Raises OperatorError and ChainUnavailable.
    """
    looked = await look(house)
    command = Resume(by, why, looked.problems, accept_problems)
    restoration = await house.store.run(resume, command)
    house.thaw()
    return restoration, looked
