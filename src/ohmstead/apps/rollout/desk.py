"""What people and the house do with roll-outs: begun, counted, ended; alerts when they halt."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from ohmstead.apps.rollout.driver import Driver
from ohmstead.apps.rollout.packages import check_signed, with_sealed_locations
from ohmstead.apps.rollout.wire import without_password
from ohmstead.core.alerts import Alert, Finding, Rule, alert_key
from ohmstead.core.network import Station
from ohmstead.core.rollout import Package, Rollout, RolloutPlan, RolloutState, rollout_key
from ohmstead.core.rollout_rules import is_meant
from ohmstead.core.station_update import StationUpdate
from ohmstead.errors import OhmsteadError, OperatorError
from ohmstead.flows.operations.alerting import Observed, observe
from ohmstead.flows.rollouts import (
    OPEN_MAX,
    begin,
    check_begin,
    check_room,
    head_of,
    plan_of,
    seal,
    why_not,
)
from ohmstead.flows.rollouts_control import Control, control
from ohmstead.frozen import replace

if TYPE_CHECKING:
    from ohmstead.apps.boot import House

PAGE = 1_000
ALERTS_MAX = 100_000
NOBODY = (
    "no station is meant, so nothing was begun; `vendor`, `model` and `from_version` are compared "
    "with what a station said at its last boot"
)
_ENROLLING = RolloutState.ENROLLING
Begun = tuple[RolloutPlan, frozenset[str]]  # and the stations that it names
NAMES_MAX = 20  # stations named of each reason

log = structlog.get_logger()


@dataclass(slots=True)
class Survey:
    """Whom a roll-out would mean: how many take turns, and who is left out for which reason."""

    turns: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    named: dict[str, list[str]] = field(default_factory=dict)  # the first few of each reason

    def add(self, station_id: str, why: str) -> None:
        """Count a station; without a reason it takes its turn."""
        if not why:
            self.turns += 1
            return
        self.skipped[why] = self.skipped.get(why, 0) + 1
        names = self.named.setdefault(why, [])
        if len(names) < NAMES_MAX:
            names.append(station_id)


class Rollouts:
    """One per house."""

    def __init__(self, house: House) -> None:
        self.driver = Driver(house, house.files)
        self.driver.on_head = self._tell
        self._house = house

    async def run(self) -> None:
        """Drive what is open until cancelled."""
        try:
            await self._seal_older()
            await self._close_alerts()
        except OhmsteadError as error:
            log.warning("roll-outs of before were not looked at", reason=str(error))
        await self.driver.run()

    async def begin(self, plan: RolloutPlan) -> Rollout:
        """Begin a roll-out; raises OperatorError."""
        kept = with_sealed_locations(self.whole(plan), self._house.queue.seal)
        head = await self._house.store.run(begin, kept)
        self.driver.wake()
        return head

    def whole(self, plan: RolloutPlan) -> RolloutPlan:
        """The plan with what is known of its files; raises OperatorError for one not there."""
        return replace(
            plan,
            package=self._whole(plan.package, "firmware"),
            previous=self._whole(plan.previous, "rollback firmware"),
        )

    def _whole(self, given: Package, name: str) -> Package:
        package = self._of_shelf(given)
        if given.signature or given.certificate:
            check_signed(package, name)
        return package

    def _of_shelf(self, package: Package) -> Package:
        """A package with what is known of its file; of a name the id, because names move."""
        if not package.file:
            return package
        if package.location:
            raise OperatorError("firmware: name a file of this house, or a location, and not both")
        if not self._house.files.offers.bases:
            raise OperatorError(
                f"this house serves no files, so stations cannot fetch {package.file[:60]}; set "
                "[files] in network.toml, or give a location"
            )
        found = self._house.files.firmware(package.file)
        return replace(
            package,
            file=found.id,
            version=package.version or found.version,
            signature=package.signature or found.signature,
            certificate=package.certificate or found.signing_certificate,
            vendor=found.vendor,
            model=found.model,
        )

    async def survey(self, plan: RolloutPlan) -> Survey:
        """Whom a plan gives a turn now and whom not; raises OperatorError as begin() does, and for
        a plan that means nobody."""
        plan, store = self.whole(plan), self._house.store
        check_begin(store, plan)
        open_ = store.find(Rollout, OPEN_MAX, is_open=1)
        check_room(len(open_))
        # Begun a moment ago, with its stations not yet written down.
        begun = [plan_of(store, one.number) for one in open_ if one.state is _ENROLLING]
        first = [(one, frozenset(one.targets.stations)) for one in begun]
        found = Survey()
        for station_id in sorted(set(plan.targets.stations)):
            station = store.get(Station, station_id)
            if station is not None:
                found.add(station_id, self._why_not(plan, station, first))
        after = ""
        while page := not plan.targets.stations and store.find(Station, PAGE, after):
            for one in page:
                if is_meant(plan.targets, one):
                    found.add(one.id, self._why_not(plan, one, first))
            after = page[-1].key
            await asyncio.sleep(0)
        if not found.turns and not found.skipped:
            raise OperatorError(NOBODY)
        return found

    def _why_not(self, plan: RolloutPlan, station: Station, first: Sequence[Begun]) -> str:
        store = self._house.store
        if why := why_not(store, plan, station):
            return why
        for other, named in first:
            meant = station.id in named if named else is_meant(other.targets, station)
            if meant and not why_not(store, other, station):
                return f"it is in roll-out {other.number}"
        return ""

    async def control(self, command: Control) -> Rollout:
        """Pause, resume or cancel; raises OperatorError."""
        head = await self._house.store.run(control, command)
        await self._tell(head)
        self.driver.wake()
        return head

    def waits_for(self, update: StationUpdate) -> str:
        """Why a station was not offered its firmware yet, for people."""
        store = self._house.store
        plan, head = plan_of(store, update.number), head_of(store, update.number)
        return self.driver.waits_for(plan, head, update)

    def lines(self) -> list[str]:
        """How the open roll-outs go, one line each."""
        found = []
        for head in self._house.store.find(Rollout, OPEN_MAX, is_open=1):
            found.append(line_of(plan_of(self._house.store, head.number), head))
        return found

    async def _tell(self, head: Rollout) -> None:
        """An alert is open as long as a roll-out stands halted."""
        halted = head.state is RolloutState.HALTED
        alert = self._house.store.get(Alert, alert_key(Rule.ROLLOUT, str(head.number)))
        is_open = alert is not None and not alert.closed_ms
        if halted == is_open:
            return
        text = f"firmware roll-out {head.number} is halted: {head.why}" if halted else ""
        finding = Finding(Rule.ROLLOUT, str(head.number), halted, text)
        office = self._house.office
        await self._house.store.run(observe, Observed((finding,), by_mail=office.mailer.is_on))
        if halted:
            log.warning("alert", text=text)
        office.courier.wake()

    async def _seal_older(self) -> None:
        """What an earlier build kept in the clear, of roll-outs long over, too."""
        store, after = self._house.store, ""
        while page := store.find(RolloutPlan, PAGE, after):
            for plan in page:
                kept = with_sealed_locations(plan, self._house.queue.seal)
                if kept != plan:
                    await store.run(seal, kept)
            after = page[-1].key
            await asyncio.sleep(0)

    async def _close_alerts(self) -> None:
        """Of a roll-out that ended just before this house stopped."""
        for alert in self._house.store.find(Alert, ALERTS_MAX, closed_ms=0):
            if alert.rule is Rule.ROLLOUT and alert.subject.isdecimal():
                head = self._house.store.get(Rollout, rollout_key(int(alert.subject)))
                if head is not None:
                    await self._tell(head)


def line_of(plan: RolloutPlan, head: Rollout) -> str:
    """How a roll-out goes, for people."""
    what = plan.package.version or plan.package.file or without_password(plan.package.location)
    tally = head.tally
    parts = [
        f"{count} {name.replace('_', ' ')}"
        for name, count in (
            ("waiting", tally.waiting),
            ("under_way", tally.under_way),
            ("updated", tally.updated),
            ("failed", tally.failed),
            ("to be rolled back", tally.back_waiting + tally.back_under_way),
            ("rolled_back", tally.rolled_back),
            ("skipped", tally.skipped),
        )
        if count
    ]
    stage = f"stage {head.stage + 1} of {len(plan.stages)}"
    why = f" ({head.why})" if head.why else ""
    done = ", ".join(parts) or "nobody yet"
    return f"roll-out {head.number} to {what}: {head.state.value}{why}, {stage}: {done}"
