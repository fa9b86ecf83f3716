"""The last page of a replay, for people; and the same as JSON, for programs."""

from __future__ import annotations

import json

from msgspec import to_builtins
from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ohmstead.apps.replay.checks import Checks
from ohmstead.apps.replay.figures import Figures, kwh, money
from ohmstead.apps.replay.play import Played
from ohmstead.apps.replay.proofs import Verified
from ohmstead.frozen import asdict
from ohmstead.units import MS_PER_S

MS_PER_DAY = 86_400_000
YES, NO = "✓", "✗"


def show(
    console: Console, figures: Figures, played: Played, verified: Verified, checks: Checks
) -> None:
    """Print the summary."""
    body = Group(
        _work(figures, verified),
        _payees(figures),
        _gas(figures),
        _cases(played),
        _lines(checks),
    )
    console.print(Panel(body, title="What happened", expand=False), soft_wrap=False)
    seconds = _seconds(figures.total_ms)
    if checks.hold:
        console.print(Text(f"{YES} All {len(checks.lines)} checks hold. {seconds}.", "bold green"))
        return
    failed = [line for line in checks.lines if not line.holds]
    console.print(Text(f"{NO} {len(failed)} of {len(checks.lines)} checks failed:", "bold red"))
    for line in failed:
        console.print(Text(f"  {line.what}: {line.detail}", "red"))


def as_json(figures: Figures, played: Played, checks: Checks) -> str:
    """Return everything as one JSON document; amounts are text, as everywhere outside."""
    body = {name: to_builtins(value) for name, value in asdict(figures).items()}
    for name, value in body.items():
        if name.endswith("_minor") and isinstance(value, int):
            body[name] = str(value)
    body["paid_minor"] = {payee: str(minor) for payee, minor in figures.paid_minor}
    body["misbehaviours"] = [
        {"name": c.name, "outcome": c.outcome, "differences": c.differences} for c in played.cases
    ]
    body["checks"] = [to_builtins(line) for line in checks.lines]
    body["holds"] = checks.hold
    return json.dumps(body, indent=2, ensure_ascii=False)


def _work(figures: Figures, verified: Verified) -> Table:
    table = _table("", "", title="Sessions, energy and money")
    sources = ", ".join(f"{count} {name}" for name, count in figures.sources)
    stations = ", ".join(f"{count} on OCPP {name}" for name, count in figures.stations)
    table.add_row("sessions", f"{figures.sessions} ({sources})")
    table.add_row(
        "stations",
        f"{stations}; {figures.signing_stations} with meters that sign, "
        f"{figures.passports} passports on chain",
    )
    table.add_row("sessions are", ", ".join(f"{count} {name}" for name, count in figures.states))
    days = figures.span_ms * 10 // MS_PER_DAY
    table.add_row(
        "throughput",
        f"{days // 10}.{days % 10} days in {_seconds(figures.driving_ms)}: "
        f"{figures.sessions_per_s} sessions/s, {figures.signatures} signatures checked",
    )
    table.add_row("proven energy", Text(kwh(figures.proven_mwh), "green"))
    table.add_row("unproven energy", Text(kwh(figures.unproven_mwh), "yellow"))
    table.add_row(
        "receipts",
        f"{figures.receipts} in {figures.epochs} epochs: {verified.proven} proven, "
        f"{verified.unproven} with unproven energy",
    )
    paid = sum(minor for _, minor in figures.paid_minor)
    table.add_row("money in", f"{money(figures.deposited_minor)} deposited")
    table.add_row("", f"{money(figures.locked_minor)} locked by walk-up wallets")
    table.add_row("money out", f"{money(paid)} claimed by payees")
    table.add_row("", f"{money(figures.returned_minor)} back in walk-up wallets")
    table.add_row("still there", f"{money(figures.held_minor)} of deposits")
    table.add_row("", f"{money(figures.disputed_minor)} of it in dispute")
    table.add_row("owed by drivers", money(figures.receivable_minor))
    return table


def _payees(figures: Figures) -> Table:
    table = _table("payee", "claimed on chain", title="Who was paid")
    for payee, minor in figures.paid_minor:
        table.add_row(payee, money(minor))
    return table


def _gas(figures: Figures) -> Table:
    table = _table("transaction", "times", "gas each", title="Gas")
    for gas in figures.gas:
        each = f"{gas.least:,}" + (f" to {gas.most:,}" if gas.most > gas.least else "")
        table.add_row(gas.name, str(gas.transactions), each)
    table.add_row(Text("per session, all of it", "bold"), "", f"{figures.gas_per_session:,}")
    return table


def _cases(played: Played) -> Table:
    table = _table("", "misbehaviour", "what came of it", title="Misbehaviours")
    decided = {case.name: pay for case, pay in played.resolved}
    for case in sorted(played.cases, key=lambda case: case.title):
        text = case.outcome or "not as expected"
        if case.name in decided:
            text += "; then paid" if decided[case.name] else "; then given back"
        table.add_row(_sign(not case.differences), case.title, text)
    return table


def _lines(checks: Checks) -> Table:
    table = _table("", "check", "seen", title="Checks")
    for line in checks.lines:
        if not line.what.startswith("caught: "):
            table.add_row(_sign(line.holds), line.what, line.detail)
    return table


def _table(*columns: str, title: str) -> Table:
    table = Table(
        *columns,
        title=title,
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        show_header=any(columns),
        pad_edge=False,
    )
    for column in table.columns:
        column.overflow = "fold"
    return table


def _sign(holds: bool) -> Text:
    return Text(YES, "green") if holds else Text(NO, "bold red")


def _seconds(ms: int) -> str:
    return f"{ms // MS_PER_S}.{ms % MS_PER_S // 100} s"
