"""``/resume``: a restored house is looked at and let go on; until then nothing is changed in it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from litestar import get, post
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.params import JSONBody

from ohmstead.apps.api import shapes
from ohmstead.apps.api.given import TheCaller, TheHouse
from ohmstead.apps.api.guard import scopes
from ohmstead.apps.api.problems import Problem
from ohmstead.apps.boot import House
from ohmstead.apps.operations.resuming import Looked, look, thaw
from ohmstead.core.access import Scope
from ohmstead.core.receipt_session import utc_text
from ohmstead.core.restoration import Restoration

WHEN_FROZEN = "when_frozen"
SHOWN_MAX = 100
WHEN_STUCK = (
    "stations are served and drivers charge on the balances of the backup; deposits and "
    "withdrawals are not seen, no epoch is closed, and no session since is proven or paid out, "
    "until the house runs with its chain and a database that fits it"
)
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class ResumeBody(shapes.Body, frozen=True):
    """Why, and whether differences between ledger and chain are accepted."""

    why: str = ""
    accept_problems: bool = False


class FrozenGuard:
    """Litestar's guard of every route: a frozen house answers questions and does nothing."""

    def __init__(self, house: House) -> None:
        self._house = house

    def __call__(
        self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
    ) -> None:
        """Raise 423 for what would change something or command a station."""
        if not self._house.is_frozen or handler.opt.get(WHEN_FROZEN):
            return
        if connection.scope["method"] not in SAFE:  # type: ignore[typeddict-item]
            raise Problem(
                HTTPStatus.LOCKED,
                "this house was restored from a backup and is frozen until `ohmstead resume`",
                "frozen",
            )


@get("/resume", opt=scopes(Scope.HOST, Scope.READ))
async def show_frozen(house: TheHouse) -> dict[str, Any]:
    """Whether this house is frozen after a restore, and what a resume would find."""
    known = house.store.find(Restoration, SHOWN_MAX)
    found = {"frozen": house.is_frozen, "restorations": [view(one) for one in known]}
    return {**found, **(_said(await look(house)) if house.is_frozen else {})}


@post("/resume", opt={**scopes(), WHEN_FROZEN: True}, status_code=HTTPStatus.OK)
async def resume_house(
    house: TheHouse, caller: TheCaller, data: JSONBody[ResumeBody]
) -> dict[str, Any]:
    """Reconcile a restored house with its chain and let it work; 409 while they do not agree."""
    by = caller.key.id if caller.key is not None else ""
    if house.is_frozen and not data.accept_problems:
        looked = await look(house)
        if looked.problems:
            detail = (
                "ledger and chain do not agree or were not compared, so the house stays frozen: "
                "see `problems`"
            )
            if looked.stuck:
                detail += f". Accepted, {WHEN_STUCK}"
            raise Problem(409, detail, "books-do-not-hold", **_said(looked))
    restoration, looked = await thaw(house, by, data.why, data.accept_problems)
    return {"frozen": False, **view(restoration), **_said(looked)}


def view(restoration: Restoration) -> dict[str, Any]:
    """A restoration as it leaves."""
    return {
        "restored": utc_text(restoration.restored_ms),
        "backup_made": utc_text(restoration.made_ms),
        "resumed": utc_text(restoration.resumed_ms) if restoration.resumed_ms else None,
        "resumed_by": restoration.resumed_by,
        "why": restoration.why,
        "accepted": list(restoration.problems),
    }


def _said(looked: Looked) -> dict[str, Any]:
    found = looked.chain
    said: dict[str, Any] = {
        "holds": not looked.problems,
        "problems": list(looked.problems),
        "settles": not looked.stuck,
    }
    if looked.stuck:
        said["meanwhile"] = WHEN_STUCK
    if found is not None:
        said |= {
            "block_number": found.block_number,
            "mirror": str(found.mirror_minor),
            "booked_on_chain": str(found.booked_on_chain_minor),
            "claimable": str(found.claimable_minor),
        }
    return said


HANDLERS = (show_frozen, resume_house)
