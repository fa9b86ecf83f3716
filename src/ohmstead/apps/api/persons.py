"""``/persons``: what is held of a person, and that it be forgotten. For admins only."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody

from ohmstead.apps.api import shapes, views
from ohmstead.apps.api.given import TheHouse
from ohmstead.apps.api.guard import scopes
from ohmstead.apps.api.operations import WHEN_FROZEN
from ohmstead.apps.api.paging import LIMIT_DEFAULT, Cursor, Limit, find_page
from ohmstead.apps.api.problems import Problem, bad_request, not_found
from ohmstead.apps.boot import House
from ohmstead.apps.persons.refusals import Nobody, NotNow
from ohmstead.apps.persons.survey import Survey
from ohmstead.core.person import NAME_LENGTH_MAX, NAMES_MAX, PersonRequest

ADMIN = scopes()
ASKS = {**ADMIN, WHEN_FROZEN: True}  # questions, though they are posted; else _refuse_frozen
Subjects = Annotated[
    tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_LENGTH_MAX)], ...],
    msgspec.Meta(
        min_length=1,
        max_length=NAMES_MAX,
        description="Id_tokens, e-mail addresses, or payers' 0x addresses with all their id_tokens",
    ),
]


class ReportBody(shapes.Body, frozen=True):
    """Who asks; ``stations``: ask those that are connected as well, which takes its time."""

    subjects: Subjects
    stations: bool = False


class ForgetBody(shapes.Body, frozen=True):
    """Whom to forget. ``when_settled``: wait for what stands in the way instead of refusing;
    ``leave_balance``: money that is left stays where it is, under the payer's address."""

    subjects: Subjects
    dry_run: bool = False
    when_settled: bool = False
    leave_balance: bool = False


class AgainBody(shapes.Body, frozen=True):
    """Digests of requests, as ``GET /persons/requests`` showed them before the restore."""

    digests: Annotated[
        tuple[Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")], ...],
        msgspec.Meta(min_length=1, max_length=10_000),
    ]


class StationTaskView(shapes.View, frozen=True):
    """One station that may know the person, and what it said."""

    station: str
    state: str
    answer: str | None
    at: str | None


class PersonRequestView(shapes.View, frozen=True):
    """A request to be forgotten: how far it is, and never whose."""

    id: str
    state: str
    created: str | None
    changed: str | None
    done: str | None
    by: str
    via: str
    digests: list[str]
    records: dict[str, int]
    blocked_by: list[str]
    stations: list[StationTaskView]


def view(one: PersonRequest) -> PersonRequestView:
    """A request as the API shows it."""
    tasks = [
        StationTaskView(
            station=task.station_id,
            state=task.state.value,
            answer=task.word or None,
            at=views.moment(task.at_ms),
        )
        for task in one.stations
    ]
    return PersonRequestView(
        id=one.id,
        state=one.state.value,
        created=views.moment(one.created_ms),
        changed=views.moment(one.changed_ms),
        done=views.moment(one.done_ms),
        by=one.author.name,
        via=one.author.via,
        digests=list(one.digests),
        records=dict(one.changed),
        blocked_by=list(one.blockers),
        stations=tasks,
    )


def _refuse_frozen(house: House, is_more: bool, what: str) -> None:
    if house.is_frozen and is_more:
        detail = f"this house is frozen until `ohmstead resume` and {what}"
        raise Problem(423, detail, "frozen")


def plan_view(found: Survey) -> dict[str, Any]:
    """A dry run."""
    return {
        "erased": found.erased,
        "pseudonymised": found.changed,
        "kept": found.why_kept(),
        "stations": sorted(found.stations),
        "blocked_by": found.blockers,
        "unknown": list(found.unknown),
    }


@post("/persons/report", opt=ASKS, status_code=200)
async def report_person(house: TheHouse, data: JSONBody[ReportBody]) -> Response[bytes]:
    """All that is held of a person, as a JSON file for that person (GDPR Art. 15 and 20). It is
    made anew each time and not kept. A frozen house answers, and asks no station (423)."""
    _refuse_frozen(house, data.stations, "asks no station: leave `stations` out")
    with bad_request():
        found = await house.persons.report(list(data.subjects), stations=data.stations)
    headers = {"Content-Disposition": 'attachment; filename="person.json"'}
    return Response(msgspec.json.encode(found), media_type="application/json", headers=headers)


@post("/persons/forget", opt=ASKS)
async def forget_person(house: TheHouse, data: JSONBody[ForgetBody]) -> Response[Any]:
    """Forget a person (GDPR Art. 17): 200 with what would be done for a dry run, 202 once it has
    begun, 404 for a name that no record has, 409 while a session is under way or money is owed,
    held or left. The same names again are the same request until it is done."""
    subjects = list(data.subjects)
    with bad_request():
        house.persons.names(subjects)
    _refuse_frozen(house, not data.dry_run, "forgets nobody: only `dry_run` is answered")
    if data.dry_run:
        found = await house.persons.plan(subjects, leave_balance=data.leave_balance)
        return Response(plan_view(found), status_code=200)
    try:
        begun = await house.persons.forget(
            subjects, when_settled=data.when_settled, leave_balance=data.leave_balance
        )
    except Nobody as error:
        raise Problem(404, str(error), "unknown-person", unknown=error.subjects) from None
    except NotNow as error:
        raise Problem(409, str(error), "not-settled", blocked_by=error.blockers) from None
    return Response(view(begun), status_code=202)


@get("/persons/requests", opt=ADMIN)
async def list_person_requests(
    house: TheHouse, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = ""
) -> shapes.Page:
    """The requests to be forgotten: when, by whom, and how far; never whose."""
    return find_page(house.store, PersonRequest, limit, cursor, view)


@get("/persons/requests/{request_id:str}", opt=ADMIN)
async def show_person_request(house: TheHouse, request_id: FromPath[str]) -> PersonRequestView:
    """How far one request is, at which stations too."""
    known = house.store.get(PersonRequest, request_id) if request_id else None
    if known is None:
        raise not_found(f"request {request_id}")
    return view(known)


@post("/persons/forgotten", opt=ASKS, status_code=200)
async def was_forgotten(house: TheHouse, data: JSONBody[ReportBody]) -> dict[str, Any]:
    """For each name, the requests by which it was forgotten: told by its digest, since no name is
    kept. After a restore of an older backup these are to be forgotten again."""
    found = {word: house.persons.was_forgotten(word) for word in data.subjects}
    return {word: [one.id for one in requests] for word, requests in found.items()}


@post("/persons/again", opt=ADMIN, status_code=200)
async def forget_again(house: TheHouse, data: JSONBody[AgainBody]) -> dict[str, Any]:
    """After a restore: forget whoever is here by a name that was forgotten before, told by its
    digest. Waits for what stands in the way, and leaves balances."""
    begun = await house.persons.again(set(data.digests))
    return {"request": view(begun) if begun is not None else None}


HANDLERS: tuple[Any, ...] = (
    forget_again,
    report_person,
    forget_person,
    list_person_requests,
    show_person_request,
    was_forgotten,
)
