"""Messages about transactions that another CSMS began: kept as evidence, and no session's."""

from __future__ import annotations

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.core.foreign import FOREIGN_COUNTER, ForeignTransaction
from ohmstead.core.network import Counter
from ohmstead.flows.adoption import ForeignMessage, keep_foreign


async def was_foreign(peer: StationPeer, transaction_id: str, *, is_stop: bool) -> bool:
    """Keep the payload being handled if it is of another's transaction; tell whether it was."""
    services = peer.services
    floor = services.registry.foreign_floor
    if floor is None:
        counter = services.store.get(Counter, FOREIGN_COUNTER)
        floor = services.registry.foreign_floor = counter.value if counter else 0
    if not floor or not transaction_id.isdecimal() or int(transaction_id) > floor:
        return False
    message = ForeignMessage(peer.station_id, transaction_id, is_stop, peer.payload_text)
    return await services.store.run(keep_foreign, message)


async def was_adopted(
    peer: StationPeer, transaction_id: str, *, is_stop: bool, began_ms: int = 0
) -> bool:
    """The same in OCPP 2.x, where stations name transactions: another's are those it told us of.

    Most houses adopted none, and are not asked for one with every event. A Started (``began_ms``,
    its time) of after the other's end is a new transaction, of a station that uses its ids again.
    """
    services = peer.services
    if services.registry.has_foreign is None:
        services.registry.has_foreign = bool(services.store.find(ForeignTransaction, 1))
    key = f"{peer.station_id}/{transaction_id}"
    if not services.registry.has_foreign:
        return False
    known = services.store.get(ForeignTransaction, key)
    if known is None or 0 < known.stopped_ms < began_ms:
        return False
    message = ForeignMessage(peer.station_id, transaction_id, is_stop, peer.payload_text, False)
    return await services.store.run(keep_foreign, message)
