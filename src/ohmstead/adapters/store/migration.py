"""What a migration is: a numbered step of the store's schema that the build before can live with.

Expand first, contract a release later (docs/internals/decisions/0014). What a step adds (tables,
columns, fields at the end of records) a build that does not know it neither reads nor harms. Tables
and columns follow from ``schema.TABLES``; a step names them, and says how records change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ohmstead.frozen import Frozen

NAME_LENGTH_MAX = 60


class Rewrite(Frozen):
    """Every record of a kind, as it is to be from now on.

    ``change(record) -> record`` is pure, and doing it twice is doing it once: a record that a flow
    or an older build wrote meanwhile is changed again.
    """

    kind: type
    change: Callable[[Any], Any]


class Migration(Frozen):
    """One step. ``number`` counts from 1 without a gap; ``build`` is the release that brings it.

    ``adds`` names new tables and columns (``depots``, ``sessions.depot``). ``oldest`` is the lowest
    schema whose builds can go on reading and writing a store that has this step: the release before
    at least. ``drops`` names tables and columns that no build from ``oldest`` on names any more;
    they go only when a person asks for it (``ohmstead migrate --contract``).
    """

    number: int
    name: str
    build: str
    adds: tuple[str, ...] = ()
    rewrites: tuple[Rewrite, ...] = ()
    drops: tuple[str, ...] = ()
    oldest: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.oldest <= self.number or len(self.name) > NAME_LENGTH_MAX:
            raise ValueError(f"migration {self.number}: oldest {self.oldest} or its name is wrong")
        if self.drops and (self.adds or self.rewrites):
            raise ValueError(f"migration {self.number} drops and adds: two steps")


class Rewriting(Frozen):
    """How far the rewriting of one kind of record for one migration has come.

    ``after`` is the last key that was looked at; ``done_ms`` is 0 until none is left.
    """

    number: int
    kind: str
    after: str = ""
    seen: int = 0
    changed: int = 0
    done_ms: int = 0

    @property
    def key(self) -> str:
        return rewriting_key(self.number, self.kind)


def rewriting_key(number: int, kind: str) -> str:
    """The key sorts by migration, so that those from a number on are one range."""
    return f"{number:06d}/{kind}"
