"""A station that is here and was accepted just now is asked to boot again."""

from __future__ import annotations

import structlog

from ohmstead.apps.stations.commanding.author import because, speaking
from ohmstead.apps.stations.commands import Links, command
from ohmstead.errors import OhmsteadError

BOOT_AGAIN = b'{"requestedMessage":"BootNotification"}'

log = structlog.get_logger()


async def ask_to_boot(links: Links, station_id: str) -> None:
    """Somebody accepted a station that is here: it need not wait for its interval to hear it."""
    try:
        with speaking(because("it was accepted, so it need not wait to boot again")):
            await command(links, station_id, "TriggerMessage", BOOT_AGAIN)
    except OhmsteadError as error:  # it boots by itself, only later
        log.info("not asked to boot again", station=station_id, reason=str(error))
