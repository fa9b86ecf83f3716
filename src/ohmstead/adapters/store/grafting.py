"""An older build rewrites a record and keeps the fields it does not know.

A decoder leaves out what its type lacks, so a record that is read, changed and written again would
lose what a newer build had stored in it. Only a store whose schema is newer than this build needs
this; all others never come here.
"""

from __future__ import annotations

from typing import Any

import msgspec

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def graft(body: bytes, known: bytes, new: bytes) -> bytes:
    """Return ``new`` with what ``body`` holds beyond ``known``.

    ``body`` is what is stored, ``known`` the same as this build reads and writes it, ``new`` what
    it wants to write. Read by this build, the result says exactly what ``new`` says. An item of a
    list is the one of the same content, else the one that stood at its place; a list that is longer
    than this build wrote it is the fields of one value, whose tail is kept.
    """
    if body == known:
        return new
    return _encode(_grafted(_decode(body), _decode(known), _decode(new)))


def _grafted(body: Any, known: Any, new: Any) -> Any:
    if known == new and type(known) is type(new):
        return body
    if isinstance(body, dict) and isinstance(known, dict) and isinstance(new, dict):
        kept = {name: value for name, value in body.items() if name not in known}
        merged = {
            name: _grafted(body[name], known[name], value)
            if name in body and name in known
            else value
            for name, value in new.items()
        }
        return {**merged, **{name: value for name, value in kept.items() if name not in new}}
    if isinstance(body, list) and isinstance(known, list) and isinstance(new, list):
        if len(body) == len(known):
            return [_item(body, known, new, at) for at in range(len(new))]
        # A value that is written as a list of its fields: newer builds add to its end.
        together = range(min(len(body), len(known), len(new)))
        head = [_grafted(body[at], known[at], new[at]) for at in together]
        return [*head, *new[len(head) :], *body[len(known) :]]
    return new


def _item(body: list[Any], known: list[Any], new: list[Any], at: int) -> Any:
    item = new[at]
    if not isinstance(item, dict | list):
        return item
    if at < len(known) and known[at] == item:
        return body[at]
    for place, candidate in enumerate(known):
        if candidate == item:
            return body[place]
    # Changed: it stands where it stood, if what stood there has not only moved.
    if at < len(known) and known[at] not in new:
        return _grafted(body[at], known[at], item)
    return item
