"""A virtual station's OCPP 2.1: what it says in 2.0.1 is well said in 2.1, and so are its answers.

The messages of 2.1 alone are NotSupported here.
"""

from __future__ import annotations

from ohmstead.apps.virtual.charging import Commands
from ohmstead.apps.virtual.v201 import ANSWERS, Dialect201
from ohmstead.wire.ocpp.base import Message, Version
from ohmstead.wire.ocpp.faults import CallRefused, ErrorCode

# A request of 2.1 has the name and the fields of the one of 2.0.1, and more of them.
_BY_NAME = {kind.__name__: answer for kind, answer in ANSWERS.items()}


class Dialect21(Dialect201):
    """Implements :class:`ohmstead.apps.virtual.charging.Dialect`."""

    version = Version.V21

    def answer(self, request: Message, panel: Commands) -> Message:
        """Answer a request of the CSMS; raises CallRefused for what this station does not do."""
        answer = _BY_NAME.get(type(request).__name__)
        if answer is None:
            raise CallRefused(ErrorCode.NOT_SUPPORTED, "this station does not do that")
        return answer(request, panel)
