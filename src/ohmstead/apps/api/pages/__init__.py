"""Pages that need no script: the public receipt at ``/s/{session}``, and a status page at ``/``
that will give way to the web app."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from http import HTTPStatus
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Response, get
from litestar.params import FromPath, FromQuery
from markupsafe import Markup

from ohmstead.apps.api.given import TheCaller, TheFigures, TheHouse, TheSettlement
from ohmstead.apps.api.guard import SIGN_IN, public
from ohmstead.apps.api.pages.receipt import receipt_page
from ohmstead.apps.api.pages.status import status_page
from ohmstead.apps.api.problems import Problem
from ohmstead.core.session import Session


@cache
def _style() -> str:
    return (resources.files(__name__) / "style.css").read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("ohmstead.apps.api", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _headers() -> dict[str, str]:
    """No script, no frame, no request to anywhere; the one style is named by its hash."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Robots-Tag": "noindex",
        "Cache-Control": "private, no-cache",
    }


def render(
    template: str, network: str, status: int = HTTPStatus.OK, **values: Any
) -> Response[bytes]:
    """Return a page; whatever is put into it is escaped."""
    page = _environment().get_template(template)
    wide = template == "status.html"
    text = page.render(network=network, style=Markup(_style()), wide=wide, **values)
    return Response(text.encode(), status_code=status, media_type="text/html", headers=_headers())


@get("/s/{session_id:str}", opt=public(), include_in_schema=False)
async def public_receipt(
    house: TheHouse, settlement: TheSettlement, session_id: FromPath[str]
) -> Response[bytes]:
    """The receipt of a session, for anybody who knows its id."""
    network = house.config.network.name
    session = house.store.get(Session, session_id)
    if session is None:
        return render("missing.html", network, HTTPStatus.NOT_FOUND)
    return render("receipt.html", network, r=receipt_page(house, settlement, session))


@get("/", opt=public(), include_in_schema=False)
async def front(
    figures: TheFigures, caller: TheCaller, signin: FromQuery[str] = ""
) -> Response[bytes]:
    """What everybody may know; with a key (as the password of Basic) what an operator looks at."""
    if signin and caller.key is None:
        raise Problem(HTTPStatus.UNAUTHORIZED, "sign in with an API key", "unauthorised", SIGN_IN)
    network = figures.house.config.network.name
    return render("status.html", network, **status_page(figures, caller))


HANDLERS = (public_receipt, front)
