"""``ohmstead verify``: what a receipt proves, to somebody who trusts nobody."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from ohmstead.apps.cli.client import Api, part
from ohmstead.apps.cli.common import say, say_json
from ohmstead.apps.trust import load_trust
from ohmstead.apps.verification import look_up
from ohmstead.apps.verification import verify as verify_document
from ohmstead.core.canonical import SIZE_MAX
from ohmstead.core.receipt_checks import Check, Outcome, exit_code
from ohmstead.errors import OperatorError

SESSION_ID = re.compile(r"S-[0-9a-f]{24}")
NEVER_PROVEN = 3
# A word beside each sign: the sign alone would be lost without colour or in a plain terminal.
SIGNS = {
    Outcome.PROVEN: ("✓", "proven", "green"),
    Outcome.CONSISTENT: ("~", "consistent", "yellow"),
    Outcome.SKIPPED: ("-", "skipped", "yellow"),
    Outcome.FAILED: ("✗", "failed", "red"),
}
VERDICTS = {
    0: "Every line is proven.",
    NEVER_PROVEN: "Nothing contradicts it, and not all of it is proven.",
    1: "It is not what it claims to be.",
}
# Anchored as it stands, and signed by a key that anybody could have made: no forgery by a third
# party, and no proof against the network.
NO_PASSPORT = (
    "It stands on the chain as it is, but its energy is not proven: the chain does not vouch for "
    "the key that signed it."
)


def run(
    receipt: str,
    trust: Path | None,
    rpc: str | None,
    final_depth: int | None,
    directory: Path,
    key: str,
    as_json: bool,
) -> int:
    """Check a receipt and print its lines; returns the exit code."""
    document = read_receipt(receipt, directory, key)
    roots = None if trust is None else load_trust(trust)
    facts = asyncio.run(look_up(rpc, document, roots, final_depth)) if rpc else None
    checks = verify_document(document, roots, facts)
    code = exit_code(checks)
    if as_json:
        lines = [
            {"check": one.name, "outcome": one.outcome.value, "detail": one.detail}
            for one in checks
        ]
        say_json({"exit_code": code, "checks": lines})
    else:
        for check in checks:
            show(check)
        verdict = NO_PASSPORT if _is_unvouched(checks) else None
        say(verdict or _verdict(code, trust is not None, rpc is not None))
    return code


def read_receipt(name: str, directory: Path, key: str) -> bytes:
    """The receipt's bytes, from a file or from the running house."""
    path = Path(name)
    if not path.exists() and SESSION_ID.fullmatch(name):
        return Api(directory, key).raw(f"/sessions/{part(name)}/receipt", copy="full")
    try:
        with open(path, "rb") as file:
            return file.read(SIZE_MAX + 1)
    except OSError as error:
        raise OperatorError(
            f"{name}: {error.strerror}; give a receipt's file, or a session id as in S-0123..."
        ) from None


def show(check: Check) -> None:
    """One line: sign, name, word, detail."""
    sign, word, style = SIGNS[check.outcome]
    say(f"{sign} {check.name:<16} {word:<10} {check.detail}", style)


def _is_unvouched(checks: list[Check]) -> bool:
    """Whether the meter's key is all that is wrong with what the trusted chain holds."""
    wrong = {check.name for check in checks if check.outcome is Outcome.FAILED}
    proven = {check.name for check in checks if check.outcome is Outcome.PROVEN}
    return wrong == {"registered_key"} and {"anchor", "trust"} <= proven


def _verdict(code: int, has_trust: bool, has_rpc: bool) -> str:
    missing = [
        option
        for option, given in (("--trust trust.json", has_trust), ("--rpc URL", has_rpc))
        if not given
    ]
    hint = f" To prove it, add {' and '.join(missing)}." if code == NEVER_PROVEN and missing else ""
    return VERDICTS[code] + hint
