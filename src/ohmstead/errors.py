"""What can go wrong, and whose fault it is.

OhmsteadError
├── ProtocolError            a rule of a protocol was broken
│   ├── LocalProtocolError   by us: a defect of this program
│   └── RemoteProtocolError  by the peer: refuse it, count it, go on
├── ConfigError              the configuration cannot be used; names file, line and key
├── StoreUnavailable         nothing can be made durable now; answer nothing
├── ChainUnavailable         the ledger cannot be reached or answers nonsense; try again later
├── PkiUnavailable           a certificate pool or OCSP responder cannot be asked; has a code
└── OperatorError            a request of a person that cannot be carried out; says what to do
"""

from __future__ import annotations


class OhmsteadError(Exception):
    """The root: catching it catches everything this package raises on purpose."""


class ProtocolError(OhmsteadError):
    """A rule of a protocol was broken."""


class LocalProtocolError(ProtocolError):
    """By us."""


class RemoteProtocolError(ProtocolError):
    """By the peer."""


class ConfigError(OhmsteadError):
    """The configuration cannot be used; the message names the file, the line and the key."""


class StoreUnavailable(OhmsteadError):
    """Nothing can be made durable now, so nothing may be answered."""


class ChainUnavailable(OhmsteadError):
    """The ledger cannot be reached, or answers nonsense; the work stays in the outbox."""


class PkiUnavailable(OhmsteadError):
    """A certificate pool or an OCSP responder cannot be asked, or answers nonsense.

    ``code`` fits OCPP's reasonCode (20 characters); ``is_final`` where asking again is of no use.
    """

    def __init__(self, code: str, reason: str, is_final: bool = False) -> None:
        super().__init__(reason)
        self.code = code
        self.is_final = is_final


class OperatorError(OhmsteadError):
    """A person asked for what cannot be done; the message is one sentence that says what to do."""
