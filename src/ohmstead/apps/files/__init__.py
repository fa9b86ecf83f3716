"""Files between stations and this house: firmware for them, logs from them.

    url = await house.files.firmware_url(firmware_id, station_id, house.clock.now_ms())
    url = await house.files.upload_url(station_id, "diagnostics", house.clock.now_ms())

Stations move them over HTTP(S) or FTP(S), in a thread with an event loop of its own: a slow or
hostile transfer delays no OCPP message.
"""

from ohmstead.apps.files.desk import Files, Slot
from ohmstead.apps.files.offers import NoProtocol
from ohmstead.apps.files.service import Service as FileService

__all__ = ["FileService", "Files", "NoProtocol", "Slot"]
