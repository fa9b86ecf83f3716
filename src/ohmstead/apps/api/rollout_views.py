"""Firmware roll-outs as the API takes and shows them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from ohmstead.apps.api import shapes, views
from ohmstead.apps.api.command_views import AuthorView, author_view
from ohmstead.apps.rollout.desk import Survey
from ohmstead.apps.rollout.wire import without_password
from ohmstead.core.rollout import (
    AT_ONCE_MAX,
    NAMED_MAX,
    NO_LIMIT,
    PERMILLE,
    RETRIES_MAX,
    STAGES_MAX,
    Package,
    Rollout,
    RolloutPlan,
    Targets,
)
from ohmstead.core.station_update import Rollback, StationUpdate
from ohmstead.units import MS_PER_S

HOUR_S, DAY_S = 3_600, 86_400
TIME_S_MAX = 366 * DAY_S
STAGES = (1, 10, 50, 100)

Seconds = Annotated[int, msgspec.Meta(ge=0, le=TIME_S_MAX)]
Location = Annotated[
    str, msgspec.Meta(pattern=r"^((https?|ftps?|sftp)://[^\s/]+(/\S*)?)?$", max_length=2_000)
]
Version = Annotated[str, msgspec.Meta(max_length=50)]
Prefix = Annotated[str, msgspec.Meta(max_length=64)]
Hour = Annotated[int, msgspec.Meta(ge=0, le=23)]


class PackageBody(shapes.Body, frozen=True):
    """A firmware: a ``file`` of this house, or the ``location`` where stations fetch it.

    ``version`` as the station's BootNotification will say it; without one the station's own
    "Installed" is believed. ``signature`` (base64) and ``certificate`` (PEM) for signed firmware.
    """

    version: Version = ""
    location: Location = ""
    file: Annotated[str, msgspec.Meta(max_length=128)] = ""
    signature: Annotated[str, msgspec.Meta(max_length=800)] = ""
    certificate: Annotated[str, msgspec.Meta(max_length=5_500)] = ""


class RolloutBody(shapes.Body, frozen=True):
    """A roll-out: what, to whom (``stations``, or all that fits the rest, or ``all``), and how.

    ``stages`` are whole percent; ``soak_s`` lies between a stage's last station and the next
    stage. ``patience_s`` is how long a stage waits for stations that are away or busy, and
    ``timeout_s`` how long one under way may say nothing. A stage has at least ``sample`` stations.
    More than ``failures_permille`` of those that ended, or than ``failures_max``, failing halts it.
    ``rollback``: none, failed (each whose installation failed) or all (and, when it halts, each
    that was updated); without a word failed if ``previous`` is given. ``window``: local hours.
    """

    firmware: PackageBody
    previous: PackageBody | None = None
    stations: Annotated[tuple[str, ...], msgspec.Meta(max_length=NAMED_MAX)] = ()
    vendor: Prefix = ""
    model: Prefix = ""
    from_version: Annotated[tuple[Version, ...], msgspec.Meta(max_length=100)] = ()
    owner: Prefix = ""
    location_cell: Prefix = ""
    all: bool = False
    stages: Annotated[tuple[int, ...], msgspec.Meta(max_length=STAGES_MAX)] = STAGES
    soak_s: Seconds = HOUR_S
    patience_s: Seconds = DAY_S
    timeout_s: Annotated[int, msgspec.Meta(ge=60, le=TIME_S_MAX)] = 2 * HOUR_S
    sample: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 5
    failures_permille: Annotated[int, msgspec.Meta(ge=0, le=PERMILLE)] = 50
    failures_max: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] | None = None
    at_once: Annotated[int, msgspec.Meta(ge=1, le=AT_ONCE_MAX)] = 100
    retries: Annotated[int, msgspec.Meta(ge=0, le=RETRIES_MAX)] = 1
    rollback: Literal["none", "failed", "all"] | None = None
    busy_too: bool = False
    window: tuple[Hour, Hour] | None = None
    reason: Annotated[str, msgspec.Meta(max_length=500)] = ""
    dry_run: bool = False


class ControlBody(shapes.Body, frozen=True):
    """Why; of a cancellation ``roll_back``: who was updated gets the firmware of before; ``now``:
    who is under way, forth or back, is given up at once. ``now`` may follow a cancellation."""

    reason: Annotated[str, msgspec.Meta(max_length=500)] = ""
    roll_back: bool = False
    now: bool = False


class PackageView(shapes.View, frozen=True):
    """A firmware; a password in its location is left out."""

    version: str
    location: str
    file: str
    signed: bool


class NoteView(shapes.View, frozen=True):
    """A line of a roll-out's history."""

    at: str | None
    what: str
    author: AuthorView


class SkippedView(shapes.View, frozen=True):
    """Stations that are left out for one reason; the first of them by name."""

    reason: str
    count: int
    stations: list[str]


class MeantView(shapes.View, frozen=True):
    """How many stations take their turns, and who is meant and skipped."""

    stations: int
    skipped: list[SkippedView]


def meant_view(found: Survey) -> MeantView:
    """Who takes a turn, as a dry run answers it."""
    return MeantView(
        stations=found.turns,
        skipped=[
            SkippedView(reason=why, count=count, stations=found.named[why])
            for why, count in sorted(found.skipped.items())
        ],
    )


class RolloutView(shapes.View, frozen=True):
    """A roll-out. ``total`` stations take turns, ``opened`` had theirs; ``stations`` counts them by
    place. ``open``: it still holds stations."""

    number: int
    state: str
    why: str
    open: bool
    firmware: PackageView
    previous: PackageView | None
    stages: list[int]
    stage: int
    total: int
    opened: int
    stations: dict[str, int]
    rollback: str
    created: str | None
    author: AuthorView
    notes: list[NoteView]


class BegunView(RolloutView, frozen=True):
    """A roll-out that has begun; ``meant``: who takes a turn in it and who is left out, and why."""

    meant: MeantView


def begun_view(begun: RolloutView, found: Survey) -> BegunView:
    """What the beginning of a roll-out answers."""
    return BegunView(**msgspec.structs.asdict(begun), meant=meant_view(found))


class UpdateView(shapes.View, frozen=True):
    """One station of a roll-out; ``back``: on the way to the firmware of before; ``waits_for``:
    what keeps a pending one from its offer."""

    rollout: int
    station: str
    state: str
    place: str
    back: bool
    from_version: str
    booted_with: str
    offers: int
    request: int | None
    reason: str
    waits_for: str
    changed: str | None


def package_of(body: PackageBody | None) -> Package:
    """The package a body means."""
    if body is None:
        return Package()
    return Package(body.version, body.location, body.file, body.signature, body.certificate)


def targets_of(body: RolloutBody) -> Targets:
    """Whom a body means."""
    return Targets(
        stations=tuple(sorted(set(body.stations))),
        vendor=body.vendor,
        model=body.model,
        firmware=body.from_version,
        owner=body.owner,
        cell=body.location_cell,
        everyone=body.all,
    )


def plan_of(body: RolloutBody) -> RolloutPlan:
    """The plan a body means, without its number and its author."""
    rollback = body.rollback or ("failed" if body.previous is not None else "none")
    hours = body.window or (0, 0)
    return RolloutPlan(
        number=0,
        package=package_of(body.firmware),
        previous=package_of(body.previous),
        targets=targets_of(body),
        stages=body.stages,
        soak_ms=body.soak_s * MS_PER_S,
        patience_ms=body.patience_s * MS_PER_S,
        timeout_ms=body.timeout_s * MS_PER_S,
        sample=body.sample,
        failures_permille=body.failures_permille,
        failures_max=NO_LIMIT if body.failures_max is None else body.failures_max,
        at_once=body.at_once,
        retries=body.retries,
        rollback=Rollback(rollback),
        busy_too=body.busy_too,
        from_hour=hours[0],
        to_hour=hours[1],
    )


def _package_view(package: Package) -> PackageView:
    return PackageView(
        version=package.version,
        location=without_password(package.location),
        file=package.file,
        signed=bool(package.signature),
    )


def rollout_view(plan: RolloutPlan, head: Rollout) -> RolloutView:
    """A roll-out as the API shows it."""
    return RolloutView(
        number=head.number,
        state=head.state.value,
        why=head.why,
        open=bool(head.is_open),
        firmware=_package_view(plan.package),
        previous=_package_view(plan.previous) if plan.previous.is_there else None,
        stages=list(plan.stages),
        stage=head.stage + 1,
        total=head.total,
        opened=head.opened,
        stations=msgspec.structs.asdict(head.tally),
        rollback=head.rollback.value,
        created=views.moment(plan.created_ms),
        author=author_view(plan.author),
        notes=[
            NoteView(at=views.moment(one.at_ms), what=one.what, author=author_view(one.author))
            for one in head.notes
        ],
    )


def update_view(update: StationUpdate, waits_for: str) -> UpdateView:
    """One station of a roll-out as the API shows it."""
    return UpdateView(
        rollout=update.number,
        station=update.station_id,
        state=update.state.value,
        place=update.place,
        back=update.back,
        from_version=update.from_version,
        booted_with=update.seen,
        offers=update.offers,
        request=update.request_id or None,
        reason=update.reason,
        waits_for=waits_for,
        changed=views.moment(update.changed_ms),
    )
