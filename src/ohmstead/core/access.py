"""Who may ask this house for what: API keys with scopes, and answers that are given only once."""

from __future__ import annotations

import enum

from ohmstead.frozen import Frozen


class Scope(enum.Enum):
    """What a key is for. ``admin`` may do everything; every other scope only what names it."""

    ADMIN = "admin"
    HOST = "host"  # runs stations
    DRIVER = "driver"  # charges; bound to one payer, and sees only that payer's sessions
    VALIDATOR = "validator"  # recomputes epochs, and reads the evidence they hold
    READ = "read"  # looks at everything but evidence and keys, changes nothing


PENDING, REFUSED = 0, -1  # of a KeptAnswer


class ApiKey(Frozen):
    """A bearer key of the HTTP API. Its secret is not kept, only a MAC of it."""

    id: str
    mac: str  # HMAC-SHA-256 under the pepper, hex
    scopes: tuple[Scope, ...]
    name: str
    created_ms: int
    subject: str = ""  # DRIVER: the payer's lower-case 0x address
    revoked_ms: int = 0  # 0: in force

    @property
    def key(self) -> str:
        return self.id


class KeptAnswer(Frozen):
    """What a request with an Idempotency-Key was answered, to be answered again.

    ``status`` is the HTTP status, PENDING (it began, and nobody knows how it ended) or REFUSED (it
    began and nothing happened, so it may begin again).
    """

    id: str  # the API key's id, the route and the Idempotency-Key
    digest: str  # sha-256 of the request body, hex
    status: int
    body: str  # JSON text
    at_ms: int = 0  # 0: of a time when nobody noted it

    @property
    def key(self) -> str:
        return self.id
