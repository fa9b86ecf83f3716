"""Every error leaves as a problem document (RFC 9457), whoever raised it.

``type`` is ``about:blank`` where the HTTP status says it all, else
``urn:ohmstead:problem:<name>``; ``detail`` is one sentence that says what to do.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, SerializationException, ValidationException

from ohmstead.adapters.store.tables import RecordConflict
from ohmstead.apps.stations.commands import BadCommand, NotConnected
from ohmstead.apps.wording import reworded
from ohmstead.errors import (
    ChainUnavailable,
    OhmsteadError,
    OperatorError,
    RemoteProtocolError,
    StoreUnavailable,
)
from ohmstead.flows.access import AnswerConflict, AnswerPending

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5
BODY = "data"  # what Litestar calls it

log = structlog.get_logger()


class Problem(OhmsteadError):
    """A request that is answered with a problem document; ``extra`` joins its members."""

    def __init__(
        self,
        status: int,
        detail: str,
        name: str = "",
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.name = name
        self.headers = headers or {}
        self.extra = extra


def not_found(what: str) -> Problem:
    """404, for what is not there and for what this caller may not know to be there."""
    return Problem(HTTPStatus.NOT_FOUND, f"there is no {what}", "not-found")


@contextlib.contextmanager
def bad_request() -> Iterator[None]:
    """Inside, an OperatorError means that the request itself is wrong."""
    try:
        yield
    except OperatorError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, str(error), "bad-request") from None


def _of_ours(error: Exception) -> Problem:
    """The problem that an exception of the package is; the first row that fits decides."""
    later = {"Retry-After": str(RETRY_AFTER_S)}
    table: tuple[tuple[type[Exception], HTTPStatus, str, Mapping[str, str]], ...] = (
        (StoreUnavailable, HTTPStatus.SERVICE_UNAVAILABLE, "store-unavailable", later),
        (ChainUnavailable, HTTPStatus.SERVICE_UNAVAILABLE, "chain-unavailable", later),
        (AnswerConflict, HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency-key-reused", {}),
        (AnswerPending, HTTPStatus.CONFLICT, "idempotency-key-pending", {}),
        (NotConnected, HTTPStatus.CONFLICT, "not-connected", {}),
        (BadCommand, HTTPStatus.BAD_REQUEST, "bad-command", {}),
        (RecordConflict, HTTPStatus.CONFLICT, "conflict", {}),
        (RemoteProtocolError, HTTPStatus.BAD_REQUEST, "bad-request", {}),
        (OperatorError, HTTPStatus.CONFLICT, "conflict", {}),
    )
    if isinstance(error, RecursionError):  # of msgspec: brackets inside brackets
        return Problem(HTTPStatus.BAD_REQUEST, "the body is nested too deeply", "bad-request")
    if isinstance(error, UnicodeDecodeError):  # of msgspec: bytes in the body that are no UTF-8
        return Problem(HTTPStatus.BAD_REQUEST, "the body is not UTF-8 text", "bad-request")
    for kind, status, name, headers in table:
        if isinstance(error, kind):
            return Problem(status, str(error), name, headers)
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "a defect of this server; see its log")


def _of_framework(error: HTTPException, request: Request[Any, Any, Any]) -> Problem:
    """The problem that an exception of Litestar is; validation names each wrong member."""
    headers = dict(error.headers or {})
    if isinstance(error, ValidationException):
        items = error.extra if isinstance(error.extra, list) else []
        wrong = [_wrong(item, request) for item in items if isinstance(item, dict)]
        detail = "; ".join(
            f"{one['pointer']}: {one['detail']}" if one["pointer"] else one["detail"]
            for one in wrong
        )
        return Problem(400, detail or "the request is malformed", "bad-request", errors=wrong)
    name = "bad-request" if error.status_code == HTTPStatus.BAD_REQUEST else ""
    if isinstance(error.__cause__, SerializationException):
        return Problem(400, f"the body is not JSON: {error.detail}", "bad-request", headers)
    detail = error.detail if error.status_code < 500 else "a defect of this server; see its log"
    return Problem(error.status_code, detail, name, headers)


def _wrong(item: dict[str, Any], request: Request[Any, Any, Any]) -> dict[str, str]:
    """One wrong member or parameter: where it is, and what is allowed there."""
    key, message = str(item.get("key", "")), str(item.get("message", ""))
    name = BODY if item.get("source") == "body" else key
    place = "" if key == name else f" - at `$.{key}`"
    known: Mapping[str, Any] = request.route_handler.signature_model.__annotations__
    try:
        said = reworded(known[name], message + place)
    except (KeyError, TypeError):  # a parameter of another kind
        return {"pointer": key, "detail": message}
    if name != BODY:
        return {"pointer": key, "detail": said}
    pointer, colon, detail = said.partition(": ")
    in_body = bool(colon) and " " not in pointer
    return {"pointer": pointer if in_body else "", "detail": detail if in_body else said}


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Turn any exception into its problem document."""
    if isinstance(error, Problem):
        problem = error
    elif isinstance(error, HTTPException):
        problem = _of_framework(error, request)
    else:
        problem = _of_ours(error)
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        unexpected = problem.status == HTTPStatus.INTERNAL_SERVER_ERROR
        log.error(
            "request failed",
            path=request.url.path,
            status=int(problem.status),
            exc_info=error if unexpected else None,
        )
    status = int(problem.status)
    body = {
        "type": f"urn:ohmstead:problem:{problem.name}" if problem.name else "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": problem.detail,
        "instance": request.url.path,
        **problem.extra,
    }
    return Response(
        msgspec.json.encode(body),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers=dict(problem.headers),
    )


HANDLERS: dict[int | type[Exception], Callable[[Request[Any, Any, Any], Any], Response[bytes]]] = {
    Exception: answer
}
