"""A person's request: what names the person, what takes the names' place, how far it has come.

    WAITING ──nothing stands in the way──▶ ERASING ──all tables──▶ STATIONS ──all told──▶ DONE
       ▲ └───── a session began meanwhile ─────┘          └── its days are over ──▶ DONE

The names are in the request only sealed, and only until it is done; what stays is a digest of each
that nobody can make without the house's pepper, so that "was this card forgotten?" has an answer
and "which cards were?" has none.
"""

from __future__ import annotations

import enum
import hmac
import json
import re
from collections.abc import Iterable, Iterator

from ohmstead.core.command import Author
from ohmstead.frozen import Frozen

NAMES_MAX = 32  # of one request
NAME_LENGTH_MAX = 254  # an e-mail address has at most so many characters
GONE = "gone-"
GONE_DIGITS = 15  # with GONE 20 characters: what 1.6 lets an idTag have
WORD_LENGTH_MIN = 6  # a shorter name is not looked for in free text: it may be any word or number
VALUE_LENGTH_MIN = 4  # nor in members of JSON that hold no id_token by their name
# Members of OCPP messages that hold an id_token as such.
MEMBERS = frozenset(
    {"idTag", "parentIdTag", "idToken", "id_token", "uid", "customerIdentifier", "idTagInfo"}
)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_COLON = re.compile(r"\s*:")
_START_ID = re.compile(r'("remoteStartId"\s*:\s*)-?[0-9]+')


class PersonState(enum.Enum):
    """How far a request to be forgotten has come."""

    WAITING = "waiting"  # for sessions to end and money to be settled
    ERASING = "erasing"
    STATIONS = "stations"  # our records are clean; stations are still to be told
    DONE = "done"


class TaskState(enum.Enum):
    """Whether a station has removed what it knows."""

    WAITING = "waiting"
    DONE = "done"
    REFUSED = "refused"  # it cannot or will not; ``word`` is what it said
    UNREACHED = "unreached"  # it never came in the days that were waited


class StationTask(Frozen):
    """One station that may know the person."""

    station_id: str
    state: TaskState = TaskState.WAITING
    word: str = ""
    at_ms: int = 0
    not_before_ms: int = 0


class PersonRequest(Frozen):
    """A request to be forgotten; it is also the audit entry, which keeps no name.

    ``sealed`` holds the names and the salt of their pseudonyms until it is done. ``cursor`` is the
    table and the key up to which records were looked at, in ``passes`` + 1.
    """

    id: str
    state: PersonState
    digests: tuple[str, ...]
    sealed: str
    author: Author
    created_ms: int
    changed_ms: int = 0
    done_ms: int = 0
    passes: int = 0
    cursor: tuple[str, str] = ("", "")
    changed: tuple[tuple[str, int], ...] = ()  # records, by table
    stations: tuple[StationTask, ...] = ()
    blockers: tuple[str, ...] = ()  # of one that waits
    leave_balance: bool = False

    @property
    def key(self) -> str:
        return self.id


class Names(Frozen):
    """What a person is called here, without case, and what each id_token becomes."""

    uids: tuple[str, ...] = ()  # all but addresses: an e-mail address may be an id_token
    addresses: tuple[str, ...] = ()  # of payers, lower-case 0x
    emails: tuple[str, ...] = ()
    salt: str = ""  # hex; new for each request, and forgotten with it
    spelled: tuple[tuple[str, str], ...] = ()  # id_tokens as stations know them, and their types

    @property
    def words(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.uids, *self.addresses)

    def gone(self, word: str) -> str:
        """The pseudonym of a name: the same in every record, and nobody can tell whose."""
        mac = hmac.digest(bytes.fromhex(self.salt), word.casefold().encode(), "sha256")
        return GONE + mac.hex()[:GONE_DIGITS]


def read_names(words: Iterable[str], salt: str = "") -> Names:
    """Sort what a person is called: a 0x address, an e-mail address, else an id_token."""
    known = tuple(dict.fromkeys(word.strip().casefold() for word in words))
    addresses = tuple(word for word in known if re.fullmatch("0x[0-9a-f]{40}", word))
    emails = tuple(word for word in known if "@" in word and "." in word.partition("@")[2])
    uids = tuple(word for word in known if word not in addresses)  # an e-mail may be one too
    return Names(uids, addresses, emails, salt)


def digest_of(pepper: bytes, word: str) -> str:
    """What is kept of a name that was forgotten: a MAC under the house's pepper, hex."""
    return hmac.digest(pepper, b"person\0" + word.casefold().encode(), "sha256").hex()


def exact(text: str, names: Names) -> str:
    """The pseudonym, if the text is one of the names; else the text."""
    return names.gone(text) if text and text.casefold() in names.words else text


def in_text(text: str, names: Names) -> str:
    """A text for people, without the names in it: whole words only."""
    for word in names.words:
        if len(word) >= WORD_LENGTH_MIN and word in text.casefold():
            found = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
            text = found.sub(names.gone(word), text)
    return text


def in_json(text: str, names: Names) -> str:
    """JSON without the names in it, everything else as it was, byte by byte."""
    if not any(word in text.casefold() for word in names.words) and "\\" not in text:
        return text
    parts, at, member = [], 0, ""
    for found in _STRING.finditer(text):
        said = _said(found[0])
        is_name = _COLON.match(text, found.end()) is not None
        new = found[0] if is_name else _value(found[0], said, member, names)
        member = said if is_name else ""
        parts += [text[at : found.start()], new]
        at = found.end()
    changed = "".join((*parts, text[at:]))
    # The number of a remote start is made of the id_token's first characters.
    return text if changed == text else _START_ID.sub(r"\g<1>0", changed)


def _value(literal: str, said: str, member: str, names: Names) -> str:
    folded = said.casefold()
    if folded in names.words:
        if member in MEMBERS or len(said) >= VALUE_LENGTH_MIN:
            return json.dumps(names.gone(said))
        return literal
    new = in_json(said, names) if said[:1] in ("{", "[") else in_text(said, names)
    return literal if new == said else json.dumps(new)


def _said(literal: str) -> str:
    try:
        return str(json.loads(literal, strict=False))
    except ValueError:
        return literal[1:-1]  # not quite JSON: it is read as it stands


def excerpts(value: object, names: Names, path: str = "") -> Iterator[tuple[str, object]]:
    """The smallest objects of a JSON document that name the person, and where they stand."""
    if isinstance(value, dict):
        if any(isinstance(one, str) and _names(one, names) for one in value.values()):
            yield path or "$", value
            return
        for name, one in value.items():
            yield from excerpts(one, names, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            if isinstance(one, str) and _names(one, names):
                yield f"{path}[{number}]", one
            else:
                yield from excerpts(one, names, f"{path}[{number}]")


def _names(text: str, names: Names) -> bool:
    return text.casefold() in names.words or in_text(text, names) != text
