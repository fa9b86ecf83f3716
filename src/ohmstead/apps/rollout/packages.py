"""What a person gives as a firmware: looked at before it is sent to anybody, kept without secrets.

A location may hold a password. The plan then keeps it as people may see it, and the whole one
beside it, sealed as a queued command with the same location would be.
"""

from __future__ import annotations

import json

from ohmstead.apps.files.shelf import Words
from ohmstead.apps.rollout.wire import without_password
from ohmstead.apps.stations.commanding.masking import masked_text
from ohmstead.apps.stations.commanding.sealing import Seal, Unreadable
from ohmstead.core.rollout import Package, RolloutPlan
from ohmstead.errors import OperatorError
from ohmstead.frozen import replace


def check_signed(package: Package, name: str) -> None:
    """Raise OperatorError for a signature and certificate that the shelf would not take either."""
    if not package.signature or not package.certificate:
        return  # whether one lacks the other is a question to the plan
    words = Words(
        package.version, signature=package.signature, signing_certificate=package.certificate
    )
    try:
        words.check()
    except OperatorError as error:
        raise OperatorError(f"{name}: {error}") from None


def with_sealed_locations(plan: RolloutPlan, seal: Seal) -> RolloutPlan:
    """The plan as it may be written down."""
    return replace(plan, package=_closed(plan.package, seal), previous=_closed(plan.previous, seal))


def _closed(package: Package, seal: Seal) -> Package:
    shown = masked_text(without_password(package.location))
    if package.sealed or shown == package.location:
        return package
    body = seal.close(_bound_to(shown), json.dumps(package.location).encode())
    return replace(package, location=shown, sealed=body)


def location_of(package: Package, seal: Seal) -> str:
    """Where stations fetch it, with its password; raises OperatorError."""
    if not package.sealed:
        return package.location
    try:
        return str(json.loads(seal.open(_bound_to(package.location), package.sealed)))
    except Unreadable:
        raise OperatorError(
            "the password in its location was sealed by another house; begin another roll-out"
        ) from None


def _bound_to(shown: str) -> str:
    return f"rollout/{shown}"
