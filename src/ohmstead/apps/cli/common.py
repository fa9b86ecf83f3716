"""What every command shares: where the house is, how people and programs are answered."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from ohmstead.apps.config import host_port

FAILED, USAGE = 1, 2

Dir = Annotated[
    Path,
    typer.Option("--dir", envvar="OHMSTEAD_DIR", help="The folder of the network.", metavar="DIR"),
]
Json = Annotated[bool, typer.Option("--json", help="Answer with JSON, for programs.")]
Key = Annotated[
    str,
    typer.Option(
        "--key",
        envvar="OHMSTEAD_KEY",
        show_envvar=True,
        help="An API key; else DIR/keys/admin.key is read.",
    ),
]
Wait = Annotated[bool, typer.Option("--wait", help="Return when it is final; Ctrl-C gives up.")]
HERE = Path()
POLL_S = 0.5
CHAIN_WORDS = ("anvil", "none")


def plain(stderr: bool = False) -> Console:
    """A console whose markup is never read from data, and whose lines are not broken in pipes."""
    stream_is_tty = os.isatty(2 if stderr else 1)
    return Console(
        stderr=stderr,
        markup=False,
        highlight=False,
        emoji=False,
        soft_wrap=True,
        no_color=None if stream_is_tty else True,
    )


def say(text: str, style: str | None = None) -> None:
    """One line for people."""
    plain().print(text, style=style)


def warn(text: str) -> None:
    """One line beside the answer."""
    plain(stderr=True).print(text, style="red")


def many(count: int, word: str) -> str:
    """A number of things that take an s: 1 setting, 2 settings."""
    return f"{count} {word}{'' if count == 1 else 's'}"


def say_json(value: Any) -> None:
    """One JSON document for programs."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def table(rows: list[list[str]], titles: list[str], nothing: str = "") -> None:
    """Columns as wide as their widest cell; nothing is cut off, so that it can be piped.

    ``nothing`` is said where there is no row: titles alone look as if something had failed.
    """
    if nothing and not rows:
        say(nothing)
        return
    cells = [titles, *rows]
    widths = [max(len(row[at]) for row in cells) for at in range(len(titles))]
    for number, row in enumerate(cells):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        say(line.rstrip(), "bold" if number == 0 else None)


def wait_until(holds: Callable[[], bool]) -> None:
    """Ask again and again until it holds."""
    while not holds():
        time.sleep(POLL_S)


def check_bind(value: str | None) -> str | None:
    """A typer callback: refuse anything but HOST:PORT as a usage error."""
    if value is not None:
        try:
            host_port(value)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
    return value
