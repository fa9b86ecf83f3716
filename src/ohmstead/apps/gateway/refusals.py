"""What a station's wire log tells of those who came with its id and were not let in.

Whoever asks hears one sentence that gives nothing away; whoever stands before the charger has to
hear which of five things it was. Only registered stations have a log, so strangers who try ids fill
nothing, and of each log they fill five lines at most (:mod:`ohmstead.apps.gateway.wirelog`).
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import unquote_to_bytes

import structlog

from ohmstead.apps.gateway.interface import Directory
from ohmstead.apps.gateway.upgrade import Headers, UpgradeRefused, station_id_of
from ohmstead.apps.gateway.wirelog import WireLogs
from ohmstead.errors import OhmsteadError

PATH_CHARACTERS_MAX = 80
# What is longer may be a secret: some systems have a token in their URLs.
SEGMENT_CHARACTERS_MAX = 24
OFFERS_MAX = 4
OFFER_CHARACTERS_MAX = 24

_log = structlog.get_logger("ohmstead.gateway")


class Refusals:
    """Writes refusals into the logs of the stations they are about."""

    def __init__(self, directory: Directory, wire: WireLogs, endpoints: Sequence[bytes]) -> None:
        self._directory = directory
        self._wire = wire
        self._endpoints = endpoints

    def refused(self, target: bytes, why: UpgradeRefused) -> None:
        """A request was answered with an HTTP error."""
        note = why.note
        try:
            station_id = station_id_of(target, self._endpoints)
        except UpgradeRefused as elsewhere:
            station_id = last_segment(target)
            note = f"{elsewhere}, and it asked for {path_shown(target)}"
        # In a storm nobody is looked up only to be noted: who was here before has a log.
        looks = why.status is not HTTPStatus.SERVICE_UNAVAILABLE
        self._note(station_id, f"refused with {int(why.status)}: {note}", looks)

    def turned(self, station_id: str, headers: Headers) -> None:
        """It was let in and offers no version of OCPP that is spoken here."""
        offered = headers.getall("Sec-WebSocket-Protocol", [])
        tokens = [token.strip() for value in offered for token in value.split(",")]
        shown = [ascii(token[:OFFER_CHARACTERS_MAX]) for token in tokens[:OFFERS_MAX]]
        _log.warning("no common version", station=station_id, offered=shown)
        said = ", ".join(shown) + (" and more" if len(tokens) > OFFERS_MAX else "")
        self._note(station_id, f"closed with 1002: of OCPP it offers {said or 'no version'}")

    def _note(self, station_id: str, text: str, looks: bool = True) -> None:
        if station_id in self._wire or (looks and self._is_registered(station_id)):
            self._wire.of(station_id).refused(text)

    def _is_registered(self, station_id: str) -> bool:
        try:
            return self._directory.find(station_id) is not None
        except OhmsteadError:  # the store is away: the answer goes out all the same
            return False


def last_segment(target: bytes) -> str:
    """What would be the station's id, had the path begun otherwise."""
    path = target.partition(b"?")[0].rstrip(b"/")
    return unquote_to_bytes(path.rpartition(b"/")[2]).decode("latin-1")


def path_shown(target: bytes) -> str:
    """A path for people, without its query: who sends it may put anything there."""
    path, question_mark, _ = target[: 4 * PATH_CHARACTERS_MAX].partition(b"?")
    segments = [
        segment if len(segment) <= SEGMENT_CHARACTERS_MAX else "***"
        for segment in path.decode("latin-1").split("/")
    ]
    return ascii("/".join(segments)[:PATH_CHARACTERS_MAX] + ("?..." if question_mark else ""))
