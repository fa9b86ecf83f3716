"""NotifyDisplayMessages: which messages the station shows, collected until the last part."""

from __future__ import annotations

from ohmstead.apps.stations.peer import StationPeer
from ohmstead.apps.stations.reports import DISPLAY_MESSAGES, merge
from ohmstead.wire.ocpp.v201 import (
    MessageInfoType,
    NotifyDisplayMessagesRequest,
    NotifyDisplayMessagesResponse,
)


async def handle(
    request: NotifyDisplayMessagesRequest, peer: StationPeer
) -> NotifyDisplayMessagesResponse:
    items: dict[str, object] = {str(told.id): _shown(told) for told in request.message_info or ()}
    reports, now_ms = peer.presence.reports, peer.services.clock.now_ms()
    more = bool(request.tbc)
    merge(reports, DISPLAY_MESSAGES, request.request_id, items, now_ms, to_be_continued=more)
    return NotifyDisplayMessagesResponse()


def _shown(told: MessageInfoType) -> dict[str, str]:
    return {
        "priority": told.priority.value,
        "state": told.state.value if told.state else "",
        "format": told.message.format.value,
        "language": told.message.language or "",
        "content": told.message.content,
        "from": str(told.start_date_time or ""),
        "to": str(told.end_date_time or ""),
        "transaction": told.transaction_id or "",
    }
