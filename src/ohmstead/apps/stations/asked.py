"""Which messages we asked a station for lately: what a pending one may send (behaviour 12).

Every message of a station that is not accepted is judged by this, and anybody may be one, so the
log of commands is read once for each and not for each message.
"""

from __future__ import annotations

from collections import OrderedDict, deque

import msgspec

from ohmstead.core.command import StationCommand
from ohmstead.frozen import Frozen
from ohmstead.ports import Store

COMMANDS_MAX = (
    64  # of the last ones sent to a station, among which the one that asked is looked for
)
STATIONS_MAX = 1_000  # that are not accepted and talk; the longest silent is read anew
TRIGGERS = frozenset({"TriggerMessage", "ExtendedTriggerMessage"})


class Question(Frozen):
    """A command that left; ``wanted`` is the message that a trigger names."""

    action: str
    wanted: str
    sent_ms: int


class Asked:
    """The last commands of the stations that somebody asked about."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, deque[Question]] = OrderedDict()

    def note(self, command: StationCommand) -> None:
        """A command leaves. Of a station nobody asked about, the store will tell."""
        known = self._known.get(command.station_id)
        if known is not None:
            known.append(_question(command))

    def of(self, store: Store, station_id: str) -> deque[Question]:
        """What this station was asked, the newest last."""
        known = self._known.get(station_id)
        if known is None:
            found = store.find(StationCommand, COMMANDS_MAX, station_id=station_id)
            questions = sorted(map(_question, found), key=lambda one: one.sent_ms)
            known = self._known[station_id] = deque(questions, COMMANDS_MAX)
            if len(self._known) > STATIONS_MAX:
                self._known.popitem(last=False)
        self._known.move_to_end(station_id)
        return known


def _question(command: StationCommand) -> Question:
    wanted = ""
    if command.action in TRIGGERS:
        try:
            said = msgspec.json.decode(command.payload)
        except msgspec.DecodeError:
            said = {}
        wanted = str(said.get("requestedMessage", "")) if isinstance(said, dict) else ""
    return Question(command.action, wanted, command.sent_ms)
