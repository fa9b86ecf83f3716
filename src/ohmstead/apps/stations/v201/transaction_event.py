"""TransactionEvent: Started, Updated and Ended are a start, readings and a stop."""

from __future__ import annotations

from ohmstead.apps.stations.capabilities.using import token_of, use_reservation
from ohmstead.apps.stations.foreign import was_adopted
from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.v201.authorize import info
from ohmstead.apps.stations.v201.cost import final_cost, in_currency
from ohmstead.apps.stations.v201.earlier import earlier_of
from ohmstead.apps.stations.v201.event import ENDED, STARTED, UPDATED, Event, Told, tell
from ohmstead.apps.stations.v201.words import readings_of, start_of, stop_of
from ohmstead.flows.charging.funding import authorise
from ohmstead.flows.charging.holding import Fund, fund
from ohmstead.flows.charging.progress import record_readings
from ohmstead.flows.charging.start import start
from ohmstead.flows.charging.stop import stop
from ohmstead.wire.ocpp.v201 import TransactionEventResponse


async def handle(request: Event, peer: StationPeer) -> TransactionEventResponse:
    told = await tell(request, peer, peer.payload_text, peer.forgiven)
    is_stop = request.event_type is ENDED
    began_ms = told.at_ms if request.event_type is STARTED else 0
    if await was_adopted(peer, told.transaction_id, is_stop=is_stop, began_ms=began_ms):
        return await _anothers(told)
    answer, earlier = await _handle(told)
    await peer.services.attempts.event(peer, told.request)
    if earlier:
        for one in await earlier_of(peer, told.transaction_id):
            await _handle(one)
    return answer


async def _anothers(told: Told) -> TransactionEventResponse:
    """Another CSMS began it: nothing is held for it here, and nothing is owed."""
    presented = told.request.id_token
    if presented is None:
        return TransactionEventResponse()
    funding = await told.peer.services.store.run(authorise, told.presented)
    token = token_of(told.peer, presented.id_token)
    return TransactionEventResponse(id_token_info=info(funding.authorisation, token))


async def _handle(told: Told) -> tuple[TransactionEventResponse, bool]:
    """Answer an event; tells too whether messages of its transaction may have come before it."""
    peer, kind = told.peer, told.request.event_type
    store = peer.services.store
    answer, earlier = TransactionEventResponse(), False
    presented = told.request.id_token
    if kind is STARTED:
        started = await store.run(start, start_of(told))
        authorisation, earlier = started.authorisation, started.earlier
    elif presented is not None:
        fund_it = Fund(peer.station_id, told.transaction_id, presented.id_token)
        authorisation = (await store.run(fund, fund_it)).authorisation
    if presented is not None:
        # E05.FR.10 / C01: the station learns with the answer whether it may charge.
        answer.id_token_info = info(authorisation, token_of(peer, presented.id_token))
        number = told.request.reservation_id
        await use_reservation(peer, told.transaction_id, presented.id_token, number)
    if kind is UPDATED or (kind is STARTED and (told.evidence or told.values.refused)):
        progressed = await store.run(record_readings, readings_of(told))
        if progressed.cost_minor is not None and kind is UPDATED:
            answer.total_cost = in_currency(peer, progressed.cost_minor)  # I02
    elif kind is not STARTED:
        stopped = await store.run(stop, stop_of(told))
        answer.total_cost = final_cost(peer, stopped.session_id)
    return answer, earlier
