"""Write docs/reference/{cli,http,config,ocpp}.md from the program itself; ``--check`` compares.

Usage: python tools/gen_reference.py [--check]
"""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec
import typer

from ohmstead.apps.api import pages, system
from ohmstead.apps.api.app import API_HANDLERS, PREFIX
from ohmstead.apps.api.guard import PUBLIC, SCOPES
from ohmstead.apps.cli.main import app
from ohmstead.apps.config import Config
from ohmstead.apps.profiles import profile_text
from ohmstead.apps.stations.commanding.actions import ONCE, REPEATABLE
from ohmstead.apps.stations.directory import HANDLERS
from ohmstead.wire.ocpp.base import Side, Version
from ohmstead.wire.ocpp.codec import ACTIONS

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "reference"
HEADER = "<!-- Generated from {source} by tools/gen_reference.py: change those, and run it. -->\n\n"

CLI_INTRO = """# Commands

Errors are one sentence that says what to do. Exit code 2: typed wrongly; 1: it failed; `verify`
also knows 3: nothing contradicts the receipt, and not all of it is proven. Commands on a running
house talk to its HTTP API: they find it by `DIR/run.json` and use `--key`, `OHMSTEAD_KEY` or
`DIR/keys/admin.key`.

## Trust files

`ohmstead verify --trust trust.json` takes as given what this file pins. `ohmstead up` writes one
for its network; take it from whom you trust, not from whom you verify. A JSON object:

| Member | Meaning |
|---|---|
| `format` | `"ohmstead-trust/1"` |
| `network` | the network's name |
| `chain_id` | number of the chain |
| `settlement`, `registry`, `escrow` | addresses of the contracts |
| `validators` | addresses whose attestations are asked for; none exist yet, so leave it out |
| `meter_keys` | optional: key ids (0x hex) by station; then no other key is taken for it |

"""
HTTP_INTRO = """# HTTP

Everything stands under `/api/v1` unless shown otherwise; the OpenAPI 3.1 document is at
`/api/v1/openapi.json`. Send an API key as `Authorization: Bearer <key>`; `admin` keys may do
everything, a `driver`'s key sees and spends for its own payer only. Errors are RFC 9457 problem
documents (`application/problem+json`) whose `detail` says what to do. Lists page by `limit` and
`cursor` (take it from `next`). Amounts are strings of minor units beside their asset, energies
whole milliwatt-hours, times RFC 3339 in UTC. `POST /sessions`, `POST /sessions/{id}/resolve`
and `POST /faucet` move money and need an `Idempotency-Key`: the same key with the same body is
carried out once and answered again, with another body it is 422. Commands and batches of commands
may carry one. Say why a station is commanded in the header `Ohmstead-Reason`, on any route that
leads to a command: it stands in the log beside the key.

"""
CONFIG_INTRO = """# network.toml

One file is one network. Every key has a default; a wrong or unknown one is refused with file,
line and name. Binds and the chain can be overridden by `ohmstead up --http --ocpp --chain`.

"""


STATES = ("handled", "passed through", "not supported")
# Virtual stations speak the other side; handler tables and the table of repeats only list names.
ASKS_NOTHING = re.compile(r"virtual/|replay/|stations/(v\w+/__init__|commanding/actions|admission)")
OCPP_INTRO = """# OCPP messages

Every message below is typed and checked by its official schema, in both directions.

* **handled**, station -> CSMS: it has a handler; CSMS -> station: the house also asks it by itself
  where its own work needs it, beside whoever asks by hand.
* **passed through**: `POST /stations/{id}/commands/{Action}`, `ohmstead station command` and the
  queue send it and show the station's answer; nothing else of the house asks it.
* **not supported**: it is read, and answered with the CALLERROR `NotSupported`. What a version does
  not have at all is `NotImplemented`.

The last column is about queued commands whose connection ended after they had left
([commands](../operating/commands.md)). Generated from the handler tables and from what the code
names, so it says which messages have code, not how much of a use case that code covers: that is
for the conformance list.

"""


def cli() -> str:
    """Every command with its options."""
    group = typer.main.get_command(app)
    parts = [HEADER.format(source="ohmstead.apps.cli"), CLI_INTRO]
    for name, command in commands(group, "ohmstead"):
        if name == "ohmstead":
            continue
        context = click.Context(command, info_name=name)
        parts.append(f"## {name}\n\n")
        if not hasattr(command, "commands"):
            usage = command.get_usage(context).removeprefix("Usage: ")
            parts.append("```\n" + usage + "\n```\n\n")
        parts.append((command.help or "").strip() + "\n\n")
        rows = [record for p in command.params if (record := p.get_help_record(context))]
        rows = [row for row in rows if row[0] != "--help"]
        if rows and not hasattr(command, "commands"):
            parts.append("| Option | Meaning |\n|---|---|\n")
            parts += [f"| `{_cell(a)}` | {_cell(b)} |\n" for a, b in rows]
            parts.append("\n")
    return "".join(parts).rstrip() + "\n"


def commands(command: object, name: str) -> Iterator[tuple[str, click.Command]]:
    """A command and everything below it."""
    yield name, command  # type: ignore[misc]
    for child, below in getattr(command, "commands", {}).items():
        yield from commands(below, f"{name} {child}")


def http() -> str:
    """Every route with who may ask it."""
    parts = [HEADER.format(source="ohmstead.apps.api"), HTTP_INTRO]
    parts.append("| Route | Scopes beside admin | |\n|---|---|---|\n")
    for route, who, what in sorted(routes(), key=lambda row: row[0].split()[::-1]):
        parts.append(f"| `{route}` | {who} | {_cell(what)} |\n")
    return "".join(parts)


def routes() -> Iterator[tuple[str, str, str]]:
    """(METHOD path, who may, what it is for)."""
    named = [(PREFIX, handler) for handler in API_HANDLERS]
    named += [("", handler) for handler in (*system.HANDLERS, *pages.HANDLERS)]
    for prefix, handler in named:
        for path in handler.paths:
            for method in sorted(handler.http_methods):
                shown = re.sub(r"\{(\w+):\w+\}", r"{\1}", prefix + path)
                scopes = sorted(scope.value for scope in handler.opt.get(SCOPES, ()))
                who = "anybody" if handler.opt.get(PUBLIC) else ", ".join(scopes) or "none"
                yield f"{method} {shown}", who, (handler.fn.__doc__ or "").strip().split("\n\n")[0]
    yield (
        f"GET {PREFIX}/openapi.json",
        "any",
        "The contract of this API, for any key.",
    )


def config() -> str:
    """Every key of network.toml with its default and what the reference profile says of it."""
    comments = dict(_comments(profile_text("commons").decode()))
    parts = [HEADER.format(source="ohmstead.apps.config and profiles/commons.toml"), CONFIG_INTRO]
    for name, section in sections(Config):
        parts.append(f"## [{name}]\n\n| Key | Default | |\n|---|---|---|\n")
        for field in keys(section):
            default = msgspec.json.encode(field.default).decode()
            text = comments.get(f"{name}.{field.name}", "")
            parts.append(f"| `{field.name}` | `{default}` | {_cell(text)} |\n")
        parts.append("\n")
    parts.append(
        "## [[money.shares]]\n\nA payee of every session beside the station's host, who takes "
        "the rest; at most six.\n\n| Key | |\n|---|---|\n| `name` | for people |\n"
        "| `address` | 0x address on the home ledger |\n| `bps` | basis points of the price |\n\n"
        "## [[data_transfer]]\n\nWho answers DataTransfer of one vendor: "
        "[the recipe](../recipes/answer-a-vendors-message.md).\n\n| Key | |\n|---|---|\n"
        "| `vendor_id` | as the station names it, without case |\n"
        "| `message_id` | empty: every message of this vendor that no other hook names |\n"
        "| `url` | the address that is asked |\n"
        "| `entry_point` | or the function of an installed package |\n"
        "| `timeout_s` | 5; after it the station is told Rejected |\n"
    )
    return "".join(parts)


def sections(of: type[msgspec.Struct], within: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the name and the type of each table, those inside a table after it."""
    for field in msgspec.structs.fields(of):
        if is_section(field.type):
            name = f"{within}{field.name}"
            yield name, field.type
            yield from sections(field.type, f"{name}.")


def keys(section: type[msgspec.Struct]) -> Iterator[msgspec.structs.FieldInfo]:
    """Yield what is written as KEY = VALUE in a table."""
    return (one for one in msgspec.structs.fields(section) if not is_section(one.type))


def is_section(kind: Any) -> bool:
    """Whether a field is a table of its own."""
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _comments(text: str) -> Iterator[tuple[str, str]]:
    section = ""
    for line in text.splitlines():
        if found := re.fullmatch(r"\[([\w.]+)\]", line):
            section = found[1]
        elif found := re.match(r"(\w+) = [^#]*(?:#\s*(.*))?$", line):
            yield f"{section}.{found[1]}", (found[2] or "").replace(" ...", "").strip()


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def ocpp() -> str:
    """Every message of every version, who sends it, and what becomes of it."""
    versions = list(ACTIONS)
    asked = by_itself()
    names = sorted({name for version in versions for name in ACTIONS[version]})
    rows: list[list[str]] = []
    counts: dict[str, Counter[str]] = {version.value: Counter() for version in versions}
    for name in names:
        for side, arrow in ((Side.STATION, "station -> CSMS"), (Side.CSMS, "CSMS -> station")):
            cells = [state_of(version, name, side, asked) for version in versions]
            if not any(cells):
                continue
            for version, cell in zip(versions, cells, strict=True):
                counts[version.value][cell] += bool(cell)
            again = ""
            if side is Side.CSMS:
                again = "yes" if name in REPEATABLE else f"no: {ONCE.get(name, 'not known')}"
            rows.append([name, arrow, *(cell or "-" for cell in cells), again])
    titles = ["Message", "Direction", *(f"{version.value}" for version in versions)]
    titles.append("Queued, sent again?")
    source = "ohmstead.wire.ocpp and the tables of ohmstead.apps.stations"
    parts = [HEADER.format(source=source), OCPP_INTRO]
    for version in versions:
        count = counts[version.value]
        told = ", ".join(f"{count[word]} {word}" for word in STATES if count[word])
        parts.append(f"* OCPP {version.value}: {told}\n")
    parts.append("\n| " + " | ".join(titles) + " |\n" + "|---" * len(titles) + "|\n")
    parts += ["| " + " | ".join(row) + " |\n" for row in rows]
    return "".join(parts)


def state_of(version: Version, name: str, side: Side, asked: frozenset[str]) -> str:
    """What becomes of a message in one version; "" where the version has no such message."""
    action = ACTIONS[version].get(name)
    if action is None or side not in action.senders:
        return ""
    if side is Side.STATION:
        return "handled" if name in HANDLERS.get(version, {}) else "not supported"
    return "handled" if name in asked else "passed through"


def by_itself() -> frozenset[str]:
    """The actions that a module of the house names, which is how it asks for them."""
    every = {name for table in ACTIONS.values() for name in table}
    found: set[str] = set()
    for path in sorted((ROOT / "src" / "ohmstead" / "apps").rglob("*.py")):
        inside = path.relative_to(ROOT / "src" / "ohmstead" / "apps").as_posix()
        if not ASKS_NOTHING.match(inside):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            found |= {
                node.value
                for node in ast.walk(tree)
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
            } & every
    return frozenset(found)


PAGES = {"cli.md": cli, "http.md": http, "config.md": config, "ocpp.md": ocpp}


def main() -> int:
    """Write the pages, or say which are stale."""
    stale = []
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, make in PAGES.items():
        path, text = FOLDER / name, make()
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
    if stale:
        print(f"stale: {', '.join(stale)}; run python tools/gen_reference.py")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
