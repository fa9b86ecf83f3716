"""Every check of a receipt, pure: what does it prove, to somebody who does not trust the network?

"With trust roots every line says ``proven`` or fails. Without trust roots, or without looking the
anchor up, the lines say ``consistent``, never ``proven``" (design 3). A document that is not
canonical, or of another shape, is judged no further.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo

from ohmstead.core.canonical import JsonValue, decode
from ohmstead.core.receipt_content import CONTENT_CHECKS
from ohmstead.core.receipt_findings import (
    ChainFacts,
    Check,
    Failed,
    Finding,
    MeterVerifier,
    Outcome,
    Skipped,
    Subject,
    Trust,
)
from ohmstead.core.receipt_shape import FORMAT, PUBLIC, WITH_RECORDS, mismatch
from ohmstead.core.receipt_tree import ROOT_CHECKS, TREE_CHECKS
from ohmstead.errors import ProtocolError

__all__ = [
    "CHAIN_ONLY_FIELDS",
    "CHECK_NAMES",
    "ChainFacts",
    "Check",
    "MeterVerifier",
    "Outcome",
    "Trust",
    "check_receipt",
    "exit_code",
]

# Nothing in the document commits to these: only the chain can contradict them.
CHAIN_ONLY_FIELDS = ("anchor.tx", "anchor.block_number", "anchor.block_hash")
_CHECKS = {**CONTENT_CHECKS, **TREE_CHECKS, **ROOT_CHECKS}
CHECK_NAMES = ("canonical", "format", *_CHECKS)


def check_receipt(
    document: bytes,
    verifier: MeterVerifier,
    zone: Callable[[str], tzinfo],
    trust: Trust | None = None,
    chain: ChainFacts | None = None,
) -> list[Check]:
    """Judge a receipt, one line for each name of ``CHECK_NAMES``; raises nothing.

    ``zone`` loads the time zone of a name, or raises ValueError or KeyError for none.
    """
    try:
        body = decode(document)
    except ProtocolError as error:
        return [Check("canonical", Outcome.FAILED, str(error))]
    wrong = _wrong_shape(body)
    if wrong or not isinstance(body, dict):
        ok = Check("canonical", Outcome.CONSISTENT, "RFC 8785")
        return [ok, Check("format", Outcome.FAILED, wrong)]
    subject = Subject(body, verifier, zone, trust, chain)
    found: dict[str, Finding] = {"canonical": "RFC 8785", "format": FORMAT}
    found |= {name: _run(check, subject) for name, check in _CHECKS.items()}
    return _outcomes(found)


def exit_code(checks: list[Check]) -> int:
    """Return 1 if a check failed, 0 if all are proven, else 3: only consistent."""
    outcomes = {check.outcome for check in checks}
    if Outcome.FAILED in outcomes or not outcomes:
        return 1
    return 0 if outcomes == {Outcome.PROVEN} else 3


def _wrong_shape(body: JsonValue) -> str:
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        return f"the format is not {FORMAT}"
    return mismatch(body, WITH_RECORDS if "records" in body else PUBLIC)


def _run(check: Callable[[Subject], Finding], subject: Subject) -> Finding:
    try:
        return check(subject)
    except ProtocolError as error:  # a value that does not fit its field on chain
        return Failed(str(error))


def _outcomes(found: dict[str, Finding]) -> list[Check]:
    """A finding is proven only if the roots are: what is written down, and where it was found."""
    trusted = type(found["trust"]) is str
    anchored = trusted and type(found["anchor"]) is str
    registered = anchored and type(found["registered_key"]) is str
    signed = registered and type(found["meter_signature"]) is str
    # A signature is a meter's only if the chain names its key, and energy is a meter's only if a
    # signature was seen: a public copy proves what was anchored, not what a meter said.
    roots = {"trust": trusted, "meter_signature": registered, "energy": signed}
    return [
        Check(name, _outcome(finding, roots.get(name, anchored)), str(finding))
        for name, finding in found.items()
    ]


def _outcome(finding: Finding, rooted: bool) -> Outcome:
    if isinstance(finding, Failed):
        return Outcome.FAILED
    if isinstance(finding, Skipped):
        return Outcome.SKIPPED
    return Outcome.PROVEN if rooted and type(finding) is str else Outcome.CONSISTENT
