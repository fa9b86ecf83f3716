"""What a command says of a value that does not fit: what is wanted, in words for people.

Typer leaves the reading of values to a library whose errors are written for programmers.
"""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from ohmstead.apps.wording import quote

_WANTED = {"int": "a whole number", "float": "a number", "bool": "true or false"}
_BOUNDS = {
    "greater_than_equal": ("at least", "ge"),
    "less_than_equal": ("at most", "le"),
    "greater_than": ("more than", "gt"),
    "less_than": ("less than", "lt"),
}


class Reworded(TyperGroup):
    """All commands; a value that one of them refuses is told as the API tells of a field."""

    def invoke(self, ctx: Any) -> Any:
        """Carry out the command that was typed."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            errors = getattr(error.__cause__, "errors", None)
            found = errors() if callable(errors) else None
            if found:
                error.message = plain(found[0])
            raise


def plain(found: dict[str, Any]) -> str:
    """One error of the library: its ``type``, what was given, and the bound that it broke."""
    kind, about = str(found.get("type", "")), found.get("ctx") or {}
    given = quote(found.get("input"))
    if kind in _BOUNDS:
        words, name = _BOUNDS[kind]
        return f"must be {words} {about.get(name)}, not {given}"
    wanted = _WANTED.get(kind.partition("_")[0])
    if wanted:
        return f"expected {wanted}, not {given}"
    said = str(about["error"] if kind == "value_error" and "error" in about else found.get("msg"))
    return said.removeprefix("Value error, ").replace("Input should be", "expected").rstrip(".")
