"""Commands as the API takes and shows them; secrets were masked before they were stored."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from ohmstead.apps.api import shapes, views
from ohmstead.core.command import Author, CommandBatch, StationCommand

DAY_S = 86_400
TTL_S_MAX = 90 * DAY_S
STATIONS_MAX = 20_000  # of one batch

Ttl = Annotated[int, msgspec.Meta(ge=1, le=TTL_S_MAX)]
Prefix = Annotated[str, msgspec.Meta(max_length=50)]


class AuthorView(shapes.View, frozen=True):
    """Who asked: the id and name of an API key and the door, or ``house`` by itself."""

    key: str
    name: str
    via: str
    reason: str


class CommandView(shapes.View, frozen=True):
    """One command in the log; ``answer`` and ``late_answer`` are what the station said."""

    id: str
    station: str
    action: str
    payload: Any
    author: AuthorView
    state: str
    created: str | None
    sent: str | None
    ended: str | None
    expires: str | None
    batch: str | None
    protocol: str | None
    attempts: int
    answer: Any
    error: str | None
    problem: str | None
    late_answer: Any
    late: str | None


class BatchBody(shapes.Body, frozen=True):
    """One request for many stations, chosen by ``stations``, by ``vendor`` and ``model`` (what
    they begin with, whatever the case), or by ``all``.

    ``dry_run`` queues nothing and tells how many stations would be asked.
    """

    action: Annotated[str, msgspec.Meta(max_length=60)]
    payload: dict[str, Any] = msgspec.field(default_factory=dict)
    stations: Annotated[tuple[str, ...], msgspec.Meta(max_length=STATIONS_MAX)] = ()
    vendor: Prefix = ""
    model: Prefix = ""
    all: bool = False
    ttl_s: Ttl = DAY_S
    reason: Annotated[str, msgspec.Meta(max_length=500)] = ""
    dry_run: bool = False


class BatchView(shapes.View, frozen=True):
    """A batch and how far it has come: ``states`` counts its commands by state.

    ``total`` stations were chosen; ``queued`` is less where queues were full. ``complete``: nothing
    waits or is under way any more. ``spread`` is false where a crash cut the queueing short.
    """

    id: str
    action: str
    payload: Any
    author: AuthorView
    created: str | None
    expires: str | None
    total: int
    queued: int
    spread: bool
    complete: bool
    states: dict[str, int]


def author_view(author: Author) -> AuthorView:
    """Who asked."""
    return AuthorView(key=author.by, name=author.name, via=author.via, reason=author.reason)


def command_view(command: StationCommand) -> CommandView:
    """One command."""
    return CommandView(
        id=command.id,
        station=command.station_id,
        action=command.action,
        payload=_json(command.payload),
        author=author_view(command.author),
        state=command.state.value,
        created=views.moment(command.created_ms),
        sent=views.moment(command.sent_ms),
        ended=views.moment(command.ended_ms),
        expires=views.moment(command.expires_ms),
        batch=command.batch or None,
        protocol=command.protocol or None,
        attempts=command.attempts,
        answer=_json(command.answer),
        error=command.error or None,
        problem=command.problem or None,
        late_answer=_json(command.late),
        late=views.moment(command.late_ms),
    )


def batch_view(batch: CommandBatch, states: dict[str, int]) -> BatchView:
    """One batch."""
    return BatchView(
        id=batch.id,
        action=batch.action,
        payload=_json(batch.payload),
        author=author_view(batch.author),
        created=views.moment(batch.created_ms),
        expires=views.moment(batch.expires_ms),
        total=batch.total,
        queued=batch.queued,
        spread=batch.spread,
        complete=not (states.get("queued") or states.get("sent")),
        states=states,
    )


def _json(text: str) -> Any:
    """Stored JSON as it is: a number keeps its digits."""
    return msgspec.Raw(text.encode()) if text else None
