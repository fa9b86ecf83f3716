"""What a person gives as a firmware, looked at before it is sent to anybody."""

from __future__ import annotations

from ohmstead.apps.files.shelf import Words
from ohmstead.core.rollout import Package
from ohmstead.errors import OperatorError


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
