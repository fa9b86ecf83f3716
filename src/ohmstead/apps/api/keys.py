"""API keys: how one is made, how its text is read, and who is behind a request.

A key is ``ohm_<id>_<secret>``: the id finds its record, of the secret the store holds only a MAC.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

from ohmstead.core.access import ApiKey, Scope
from ohmstead.core.session import Session
from ohmstead.frozen import Frozen
from ohmstead.ports import Store

ID_BYTES = 6
SECRET_BYTES = 32
KEY_TEXT = re.compile(r"ohm_([0-9a-f]{12})_([0-9a-f]{64})")


class Caller(Frozen):
    """Who asks; ``key`` None is anybody."""

    key: ApiKey | None = None

    def may(self, *scopes: Scope) -> bool:
        """Whether the key has one of these scopes; admin has all."""
        return self.key is not None and not {Scope.ADMIN, *scopes}.isdisjoint(self.key.scopes)

    @property
    def payer(self) -> str | None:
        """The one payer this caller may see and spend for; None: all of them."""
        if self.key is None or self.may(Scope.HOST, Scope.VALIDATOR, Scope.READ):
            return None
        return self.key.subject

    def may_see(self, session: Session) -> bool:
        """A driver sees only sessions of its own money."""
        return self.payer is None or session.payer == self.payer

    def may_see_account(self, account_id: str) -> bool:
        """A driver sees only its own account."""
        return self.payer is None or account_id.startswith(f"payer:{self.payer}@")


def fresh_key(
    pepper: bytes, scopes: tuple[Scope, ...], name: str, now_ms: int, subject: str = ""
) -> tuple[ApiKey, str]:
    """Make a key; the text is shown once and kept nowhere."""
    key_id, secret = secrets.token_hex(ID_BYTES), secrets.token_hex(SECRET_BYTES)
    record = ApiKey(key_id, key_mac(pepper, key_id, secret), scopes, name, now_ms, subject)
    return record, f"ohm_{key_id}_{secret}"


def key_mac(pepper: bytes, key_id: str, secret: str) -> str:
    """HMAC-SHA-256 of a key's secret, bound to its id and to this use of the pepper."""
    message = b"api key\0" + key_id.encode() + b"\0" + secret.encode()
    return hmac.new(pepper, message, hashlib.sha256).hexdigest()


def find_caller(store: Store, pepper: bytes, text: str) -> Caller | None:
    """Return who holds this key, or None; takes as long for a wrong id as for a wrong secret."""
    match = KEY_TEXT.fullmatch(text)
    if match is None:
        return None
    record = store.get(ApiKey, match[1])
    mac = key_mac(pepper, match[1], match[2])
    if not hmac.compare_digest(mac, record.mac if record else "0" * len(mac)):
        return None
    return None if record is None or record.revoked_ms else Caller(record)
