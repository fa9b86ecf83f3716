"""Why a person is not forgotten now, or an id_token not written now."""

from __future__ import annotations

from collections.abc import Iterable

from ohmstead.core.person import PersonRequest
from ohmstead.errors import OperatorError


class NotNow(OperatorError):
    """Something stands in the way; ``blockers`` say what, each in one sentence."""

    def __init__(self, blockers: list[str]) -> None:
        self.blockers = blockers
        more = f", and {len(blockers) - 1} more" if len(blockers) > 1 else ""
        super().__init__(f"{blockers[0]}{more}; or let it wait (when_settled)")


class Nobody(OperatorError):
    """Names that no record has, so there is nothing to forget by them."""

    def __init__(self, subjects: Iterable[str], earlier: list[list[PersonRequest]]) -> None:
        self.subjects = list(subjects)
        done = [requests[-1].id for requests in earlier if requests]
        was = f" (forgotten by {' and '.join(done)})" if done else ""
        super().__init__(
            f"nobody is known here as {' or '.join(self.subjects)}{was}: no record has that name, "
            "and nothing was begun; look how it is written"
        )


class BeingForgotten(OperatorError):
    """An id_token or its payer is to be erased, so it is not written anew meanwhile."""
