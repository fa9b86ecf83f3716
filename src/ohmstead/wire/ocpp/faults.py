"""CALLERROR codes, and how each version spells them.

The specifications renamed two codes between versions and one version misspells another, so a code
is one member here and its text is chosen when it is written. Whatever spelling a peer uses is
understood.
"""

from __future__ import annotations

import enum

from ohmstead.errors import RemoteProtocolError
from ohmstead.wire.ocpp.base import Version

DESCRIPTION_LENGTH_MAX = 255


class ErrorCode(enum.Enum):
    """Why a call was not answered; the value is OCPP 2.0.1's spelling (part 4, table 8)."""

    FORMAT_VIOLATION = "FormatViolation"
    GENERIC_ERROR = "GenericError"
    INTERNAL_ERROR = "InternalError"
    MESSAGE_TYPE_NOT_SUPPORTED = "MessageTypeNotSupported"
    NOT_IMPLEMENTED = "NotImplemented"
    NOT_SUPPORTED = "NotSupported"
    OCCURRENCE_CONSTRAINT_VIOLATION = "OccurrenceConstraintViolation"
    PROPERTY_CONSTRAINT_VIOLATION = "PropertyConstraintViolation"
    PROTOCOL_ERROR = "ProtocolError"
    RPC_FRAMEWORK_ERROR = "RpcFrameworkError"
    SECURITY_ERROR = "SecurityError"
    TYPE_CONSTRAINT_VIOLATION = "TypeConstraintViolation"

    def spelled(self, version: Version) -> str:
        """Return the text this version's specification gives the code."""
        return _SPELLED_16.get(self, self.value) if version is Version.V16 else self.value

    @classmethod
    def parse(cls, text: str) -> ErrorCode | None:
        """Return the code a peer meant, in any spelling, or None for its own invention."""
        return _BY_TEXT.get(text)


# OCPP-J 1.6, table 7; "Occurence" is spelled so there, and the last two do not exist in it.
_SPELLED_16 = {
    ErrorCode.FORMAT_VIOLATION: "FormationViolation",
    ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION: "OccurenceConstraintViolation",
    ErrorCode.RPC_FRAMEWORK_ERROR: "FormationViolation",
    ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED: "FormationViolation",
}

_BY_TEXT = {code.value: code for code in ErrorCode} | {
    "FormationViolation": ErrorCode.FORMAT_VIOLATION,
    "OccurenceConstraintViolation": ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
}


class CallRefused(RemoteProtocolError):
    """A payload breaks its schema, or asks for what is not there: answer with this CALLERROR.

    Attributes:
        code: the error code, in no version's spelling yet.
        description: one sentence for the peer's log, at most 255 characters, naming the field.
    """

    def __init__(self, code: ErrorCode, description: str) -> None:
        super().__init__(f"{code.value}: {description}")
        self.code = code
        self.description = description[:DESCRIPTION_LENGTH_MAX]


class MustClose(RemoteProtocolError):
    """The peer broke a rule that ends the conversation: close with this WebSocket status.

    Attributes:
        close_code: RFC 6455 section 7.4.1: 1003 binary, 1008 flooding, 1009 too big.
    """

    def __init__(self, close_code: int, reason: str) -> None:
        super().__init__(reason)
        self.close_code = close_code
