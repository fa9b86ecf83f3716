"""What of a person stands in each kind of record, and what becomes of it when it is forgotten.

A kind that no table here names is treated by the default: exact names in members that are called
like one, and whole words in its texts. So a record of tomorrow is not forgotten to be forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from ohmstead.core.access import ApiKey, KeptAnswer
from ohmstead.core.attempt import Attempt, card_of
from ohmstead.core.command import Author, CommandBatch, CommandBody, StationCommand
from ohmstead.core.foreign import ForeignTransaction
from ohmstead.core.local_list import UID_LENGTH_MAX_16, LocalList
from ohmstead.core.network import IdToken, Quarantined
from ohmstead.core.person import GONE, Names, exact, in_json, in_text
from ohmstead.core.reservation import Reservation
from ohmstead.core.session import Session
from ohmstead.flows.persons.kinds import IMPERSONAL, KEPT
from ohmstead.frozen import Frozen, asdict, replace
from ohmstead.ports import Record

_GONE = frozenset({IdToken, LocalList})
"""What goes whole where it is the person's. A list that is gone is sent whole again, without the
person, when its station is there; until then nobody here knows what was on it."""

_DEFAULT_NAMES = ("id_token", "uid", "id_tag", "emaid", "token", "group")

Rule = Callable[[Any, Names], Record]


def rewritten(record: Record, names: Names) -> Record | None:
    """The record without the person: the same one where nothing of it is, None where it goes."""
    kind: type = type(record)
    if kind in KEPT or kind in IMPERSONAL:
        return record
    if kind in _GONE and is_named(record, names):
        return None
    rule = _RULES.get(kind, _default)
    return rule(record, names)


def concerns(record: Record, names: Names) -> bool:
    """Whether anything of the person stands in a record that may be changed."""
    return rewritten(record, names) != record


def is_named(record: Record, names: Names) -> bool:
    """Whether an id_token is the person's, or a list names one of them, if only as a group."""
    if isinstance(record, IdToken):
        return record.key in names.uids or record.payer in names.addresses
    groups = {*names.words, *(word[:UID_LENGTH_MAX_16] for word in names.words)}
    return any(
        entry.key in names.uids or entry.group.casefold() in groups
        for entry in cast(LocalList, record).entries
    )


def _id_token(one: IdToken, names: Names) -> Record:
    """Another's, whose group was called by this person's card: the group stays together."""
    return replace(one, group=exact(one.group, names))


def _local_list(one: LocalList, _names: Names) -> Record:
    return one


def _session(one: Session, names: Names) -> Record:
    uid = exact(one.id_token, names)
    if one.payer in names.addresses and uid and not uid.startswith(GONE):
        uid = names.gone(uid)  # a card that is somebody else's by now
    return replace(one, id_token=uid)


def _reservation(one: Reservation, names: Names) -> Record:
    uid = exact(one.id_token, names)
    if uid == one.id_token:
        return replace(one, group=exact(one.group, names))
    return replace(one, id_token=uid, payer="", group="", reason=in_text(one.reason, names))


def _attempt(one: Attempt, names: Names) -> Record:
    for uid in names.uids:
        if one.card and one.card == card_of(uid):
            return replace(one, card=card_of(names.gone(uid)))
    return one


def _foreign(one: ForeignTransaction, names: Names) -> Record:
    stops = tuple(in_json(stop, names) for stop in one.stops)
    last = in_json(one.last_reading, names)
    uid = exact(one.id_token, names)
    return replace(one, id_token=uid, stops=stops, last_reading=last)


def _quarantined(one: Quarantined, names: Names) -> Record:
    # Base64 of a signed record is evidence, and no text to change.
    is_json = one.payload.lstrip()[:1] in ("{", "[", '"')
    payload = in_json(one.payload, names) if is_json else one.payload
    return replace(one, payload=payload, refusal=in_text(one.refusal, names))


def _author(author: Author, names: Names) -> Author:
    reason, name = in_text(author.reason, names), in_text(author.name, names)
    return replace(author, reason=reason, name=name)


def _command(one: StationCommand, names: Names) -> Record:
    return replace(
        one,
        payload=in_json(one.payload, names),
        answer=in_json(one.answer, names),
        late=in_json(one.late, names),
        error=in_text(one.error, names),
        problem=in_text(one.problem, names),
        author=_author(one.author, names),
    )


def _body(one: CommandBody, names: Names) -> Record:
    return replace(one, body=in_json(one.body, names))


def _batch(one: CommandBatch, names: Names) -> Record:
    payload, author = in_json(one.payload, names), _author(one.author, names)
    return replace(one, payload=payload, author=author)


def _answer(one: KeptAnswer, names: Names) -> Record:
    return replace(one, body=in_json(one.body, names))


def _key(one: ApiKey, names: Names) -> Record:
    name = in_text(one.name, names)
    if one.subject and one.subject in names.addresses:
        # It opens nothing any more: whose it was is nobody.
        return replace(one, name=name, subject="", revoked_ms=one.revoked_ms or 1)
    return replace(one, name=name)


_RULES: Mapping[type, Rule] = {
    IdToken: _id_token,
    LocalList: _local_list,
    Session: _session,
    Reservation: _reservation,
    Attempt: _attempt,
    ForeignTransaction: _foreign,
    Quarantined: _quarantined,
    StationCommand: _command,
    CommandBody: _body,
    CommandBatch: _batch,
    KeptAnswer: _answer,
    ApiKey: _key,
}


def _default(record: Record, names: Names) -> Record:
    """Texts of a record nobody wrote a rule for."""
    if not isinstance(record, Frozen):
        return record
    names = replace(names, addresses=())  # elsewhere an address is the name of money
    fields: dict[str, Any] = asdict(record)
    changed = {
        name: new
        for name, value in fields.items()
        if (new := _plain(name, value, names)) is not value and new != value
    }
    after = replace(record, **changed) if changed else record
    # A new key would be another record, beside the one that was to change.
    return cast(Record, after) if cast(Record, after).key == cast(Record, record).key else record


def _plain(name: str, value: Any, names: Names) -> Any:
    if isinstance(value, str):
        if name in _DEFAULT_NAMES:
            return exact(value, names)
        return in_json(value, names) if value[:1] in ("{", "[") else in_text(value, names)
    if isinstance(value, Author):
        return _author(value, names)
    if isinstance(value, tuple):
        return tuple(_plain(name, one, names) for one in value)
    if isinstance(value, dict):
        return {key: _plain(str(key), one, names) for key, one in value.items()}
    if isinstance(value, Frozen):
        inner = {key: _plain(key, one, names) for key, one in asdict(value).items()}
        return replace(value, **inner)
    return value
