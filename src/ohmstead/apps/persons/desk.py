"""Persons who ask: told what is held, forgotten table by table and station by station."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
from typing import TYPE_CHECKING, Any

import structlog

from ohmstead.apps.persons import at_stations
from ohmstead.apps.persons.frames import frames_of, is_named
from ohmstead.apps.persons.refusals import BeingForgotten, Nobody, NotNow
from ohmstead.apps.persons.report import FORMAT, NOT_HELD, Gathering, unknown
from ohmstead.apps.persons.scan import NONCE_BYTES, Envelope, Sieve, pages, tables
from ohmstead.apps.persons.survey import Survey, survey
from ohmstead.apps.stations.capabilities.local_lists import ListRefused
from ohmstead.apps.stations.commanding.author import AUTHOR, because, speaking
from ohmstead.apps.stations.reports import CUSTOMER
from ohmstead.core.local_list import LocalList
from ohmstead.core.network import IdToken
from ohmstead.core.person import (
    GONE,
    NAME_LENGTH_MAX,
    NAMES_MAX,
    Names,
    PersonRequest,
    PersonState,
    StationTask,
    TaskState,
    digest_of,
    read_names,
)
from ohmstead.core.receipt_session import utc_text
from ohmstead.core.reservation import Reservation
from ohmstead.core.session import Session
from ohmstead.errors import OhmsteadError, OperatorError
from ohmstead.flows.persons.forgetting import (
    STATES,
    UNDER_WAY_MAX,
    Begin,
    Move,
    Page,
    Told,
    begin,
    erase_page,
    move,
    told,
)
from ohmstead.flows.persons.records import rewritten
from ohmstead.flows.persons.standing import blocker_of
from ohmstead.frozen import replace

if TYPE_CHECKING:
    from ohmstead.apps.boot import House

LOOK_S = 0.5
RECHECK_S = 60.0  # whether what stood in the way still does: it reads everything
RETRY_MS = 60_000  # before a station that did not answer is asked again
DAY_MS = 24 * 3_600_000
SLICE = 10  # records of one commit
OVERDUE_MS = 21 * DAY_MS
TOKENS_MAX = 10_000
SESSIONS_MAX = 100_000  # of one payer
WORD_CHARACTERS_MAX = 200
UID_MAX = 36  # OCPP 2.0.1 IdTokenType
SALT_BYTES = 16

log = structlog.get_logger()


class Persons:
    """One per house; ``run`` carries requests out, also those of an earlier process."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._envelope = Envelope(house.pepper)
        self._looked: dict[str, float] = {}
        self._wake = asyncio.Event()
        self.recheck_s = RECHECK_S

    def names(self, subjects: list[str]) -> Names:
        """Who is meant: with an address come all its id_tokens. Raises OperatorError."""
        if not 0 < len(subjects) <= NAMES_MAX:
            raise OperatorError(f"name 1 to {NAMES_MAX} id_tokens, payers' addresses or e-mails")
        for word in subjects:
            if not word.strip() or len(word) > NAME_LENGTH_MAX:
                raise OperatorError(f"a name has 1 to {NAME_LENGTH_MAX} characters")
            self._check_address(word.strip().casefold())
        names = read_names(subjects, secrets.token_hex(SALT_BYTES))
        store = self._house.store
        tokens = [store.get(IdToken, uid) for uid in names.uids]
        for address in names.addresses:
            tokens += store.find(IdToken, TOKENS_MAX, payer=address)
        known = {one.key: (one.uid, one.type) for one in tokens if one is not None}
        said = {word.strip().casefold(): word.strip() for word in subjects}
        cards = [uid for uid in names.uids if uid not in names.emails]
        spelled = {uid: (said[uid], "ISO14443") for uid in cards} | known
        uids = tuple(dict.fromkeys((*names.uids, *spelled, *self._earlier(names))))
        told = tuple(one for one in spelled.values() if len(one[0]) <= UID_MAX)
        return replace(names, uids=uids, spelled=told)

    def _check_address(self, word: str) -> None:
        """Raise OperatorError for what is meant as an address and is none; a card's number in hex
        may begin with 0x as well."""
        if not word.startswith("0x") or re.fullmatch("0x([0-9a-f]{1,34}|[0-9a-f]{40})", word):
            return
        if self._house.store.get(IdToken, word) is None:
            raise OperatorError(
                f"{word[:60]} is no payer's address, which is 0x and 40 hex digits, and no "
                "id_token that is known here"
            )

    def _earlier(self, names: Names) -> list[str]:
        """Id_tokens that the addresses paid for once, and that are nobody else's now."""
        store, found = self._house.store, []
        for address in names.addresses:
            for session in store.find(Session, SESSIONS_MAX, payer=address):
                uid = session.id_token.casefold()
                token = store.get(IdToken, uid)
                is_theirs = token is None or token.payer in names.addresses
                if uid and not uid.startswith(GONE) and is_theirs:
                    found.append(uid)
        return found

    async def report(self, subjects: list[str], *, stations: bool) -> dict[str, Any]:
        """All that is held, and what connected stations say they hold if ``stations``."""
        house, names = self._house, self.names(subjects)
        gathering = Gathering(house.store, names)
        found = await gathering.whole()
        frames = frames_of(house.gateway.wire, names)
        document: dict[str, Any] = {
            "format": FORMAT,
            "made": utc_text(house.clock.now_ms()),
            "network": house.config.network.name,
            "about": subjects,
            "records": found,
            "wire_log": frames,
            "sessions_withheld": gathering.withheld,
            "unknown": [],
            "not_held": NOT_HELD,
        }
        if not found and not frames and not gathering.withheld:
            document["unknown"] = list(subjects)
        elif len(subjects) > 1 and not gathering.withheld:
            document["unknown"] = unknown(subjects, found, frames)
        if stations:
            with speaking(because("a person asked what is held")):
                document["stations"] = await at_stations.told_by(
                    house, house.stations, self._serving(gathering.stations), names
                )
        return document

    def _serving(self, ids: set[str]) -> list[str]:
        found = [self._house.services.registry.find(one) for one in ids]
        return [one.id for one in found if one is not None and not one.retired_ms]

    async def plan(self, subjects: list[str], *, leave_balance: bool = False) -> Survey:
        """What forgetting would do; nothing is changed."""
        house, names = self._house, self.names(subjects)
        alone = {word: self.names([word]) for word in subjects}
        found = await survey(house.store, names, leave_balance=leave_balance, alone=alone)
        for word, one in list(found.unknown.items()):
            if frames_of(house.gateway.wire, one) or self.open_for(*one.words):
                del found.unknown[word]
        return found

    async def forget(
        self,
        subjects: list[str],
        *,
        when_settled: bool = False,
        leave_balance: bool = False,
        must_know: bool = True,
    ) -> PersonRequest:
        """Begin to forget; raises NotNow where something stands in the way, unless it may wait,
        and Nobody for a name that no record has."""
        house, names = self._house, self.names(subjects)
        digests = tuple(digest_of(house.pepper, word) for word in names.words)
        found = await self.plan(subjects, leave_balance=leave_balance)
        if found.unknown and must_know:
            raise Nobody(found.unknown, [*map(self.was_forgotten, found.unknown)])
        waits = any(set(one.digests) == set(digests) for one in self._under_way())
        if found.blockers and not when_settled and not waits:
            raise NotNow(found.blockers)
        now_ms = house.clock.now_ms()
        request_id = f"P-{secrets.token_hex(8)}"
        stations = tuple(StationTask(one) for one in sorted(self._serving(found.stations)))
        request = PersonRequest(
            id=request_id,
            state=PersonState.WAITING if found.blockers else PersonState.ERASING,
            digests=digests,
            sealed=self._envelope.close(request_id, names, secrets.token_bytes(NONCE_BYTES)),
            author=AUTHOR.get(),
            created_ms=now_ms,
            changed_ms=now_ms,
            stations=stations,
            blockers=tuple(found.blockers),
            leave_balance=leave_balance,
        )
        connected = tuple(one for one in house.stations.presence if house.gateway.link(one))
        begun = await house.store.run(begin, Begin(request, names.uids, connected))
        self._looked.pop(begun.id, None)  # it may be allowed more than before
        self._wake.set()
        return begun

    async def run(self) -> None:
        """Carry out what was asked for, until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._wake.wait()
            self._wake.clear()
            if self._house.is_frozen:
                continue
            try:
                await self.look()
            except OhmsteadError as error:
                log.warning("persons wait", reason=str(error))
            except Exception as error:  # one request nobody can carry out must not end the others
                log.error("a person's request failed", exc_info=error)

    async def look(self) -> None:
        """Take every request as far as it goes now."""
        store = self._house.store
        for word in STATES:
            for request in store.find(PersonRequest, UNDER_WAY_MAX, state=word.value):
                try:
                    names = self._envelope.open(request.id, request.sealed)
                except OperatorError as error:
                    log.error("a person's request cannot be read", reason=str(error))
                    continue
                if word is PersonState.WAITING:
                    await self._wait(request, names)
                elif word is PersonState.ERASING:
                    await self._erase(request, names)
                else:
                    await self._tell(request, names)

    async def _wait(self, request: PersonRequest, names: Names) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._looked.get(request.id, -self.recheck_s) < self.recheck_s:
            return
        self._looked[request.id] = now_s
        store = self._house.store
        found = await survey(store, names, leave_balance=request.leave_balance)
        state = PersonState.WAITING if found.blockers else PersonState.ERASING
        if found.blockers != list(request.blockers) or state is not request.state:
            await store.run(move, Move(request.id, state, blockers=tuple(found.blockers)))

    async def _erase(self, request: PersonRequest, names: Names) -> None:
        """A pass over all tables from where the request stands."""
        store, sieve = self._house.store, Sieve(names)
        begun, after = request.cursor
        for table in tables():
            if begun and table.name != begun:
                continue
            begun = ""
            async for page in pages(store, table.kind, after):
                keys = []
                for one in page:
                    if sieve.keeps(one):
                        await asyncio.sleep(0)  # a hostile payload takes its time to be read
                        keys += [one.key] if _touches(one, names) else []
                for at in range(0, len(keys), SLICE):
                    some = tuple(keys[at : at + SLICE])
                    cursor = (table.name, some[-1])
                    turned = Page(request.id, table.kind, table.name, some, names, cursor)
                    if await self._turn(turned):
                        return
            after = ""
        for _, wire in self._house.gateway.wire.all():
            wire.erase(lambda raw: is_named(raw, names))
        for presence in self._house.stations.presence.values():
            presence.reports.pop(CUSTOMER, None)
        done = request.passes > 0 or not request.stations
        state = PersonState.DONE if done else PersonState.STATIONS
        await store.run(move, Move(request.id, state, next_pass=True))
        self._wake.set()
        log.info("a person's records were erased", request=request.id, state=state.value)

    async def _turn(self, page: Page) -> str:
        """Rewrite a page; a list that is on its way to its station is waited for first."""
        async with contextlib.AsyncExitStack() as held:
            if page.kind is LocalList:
                for station_id in page.keys:
                    await held.enter_async_context(self._house.keeper.lists.locked(station_id))
            return await self._house.store.run(erase_page, page)

    async def _tell(self, request: PersonRequest, names: Names) -> None:
        house, store = self._house, self._house.store
        now_ms = house.clock.now_ms()
        waiting = [one for one in request.stations if one.state is TaskState.WAITING]
        late_ms = request.created_ms + house.config.retention.person_stations_days * DAY_MS
        for task in waiting:
            after = task
            if task.not_before_ms <= now_ms and house.queue.is_ready(task.station_id):
                with contextlib.suppress(OhmsteadError), speaking(because("to forget a person")):
                    after = await self._at(task, names)
                if after.state is TaskState.WAITING:
                    after = replace(after, not_before_ms=now_ms + RETRY_MS)
            elif now_ms >= late_ms or not self._serving({task.station_id}):
                after = replace(task, state=TaskState.UNREACHED)
            if after != task:
                request = await store.run(told, Told(request.id, after))
        if all(one.state is not TaskState.WAITING for one in request.stations):
            # Once more: what was written since names them too, our own commands among it.
            await store.run(move, Move(request.id, PersonState.ERASING))
            self._wake.set()

    async def _at(self, task: StationTask, names: Names) -> StationTask:
        """Its list first: what is on it lets a person charge while we are away."""
        lists, problem = self._house.keeper.lists, ""
        if lists.is_old(task.station_id):
            try:
                await lists.sync(task.station_id)
            except ListRefused as error:
                problem = str(error)
        after = await at_stations.tell(self._house, task, names)
        if problem and after.state is not TaskState.WAITING:
            return replace(after, state=TaskState.REFUSED, word=problem[:WORD_CHARACTERS_MAX])
        return after

    async def again(self, digests: set[str]) -> PersonRequest | None:
        """Forget whoever is here by a name that was forgotten: after a restore of a backup that is
        older than the request. None where nobody is."""
        store, pepper = self._house.store, self._house.pepper
        said: set[str] = set()
        for kind in (IdToken, Session, Reservation):
            async for page in pages(store, kind):
                for one in page:
                    said.update((getattr(one, "uid", ""), getattr(one, "id_token", ""), one.payer))
        words = sorted(word for word in said if word and digest_of(pepper, word) in digests)
        if not words:
            return None
        # Each request takes so many; whoever is left is found by asking again.
        return await self.forget(
            words[:NAMES_MAX], when_settled=True, leave_balance=True, must_know=False
        )

    def _under_way(self) -> list[PersonRequest]:
        find = self._house.store.find
        return [
            one for word in STATES for one in find(PersonRequest, UNDER_WAY_MAX, state=word.value)
        ]

    def open_for(self, *words: str) -> PersonRequest | None:
        """A request under way that has one of these names, None where there is none."""
        wanted = {digest_of(self._house.pepper, word.strip()) for word in words}
        return next((one for one in self._under_way() if wanted.intersection(one.digests)), None)

    def refuse_while_open(self, *words: str) -> None:
        """Raise BeingForgotten for an id_token or payer that a request under way is to erase: what
        is written meanwhile would be erased with it, or outlast it."""
        known = self.open_for(*words)
        if known is not None:
            raise BeingForgotten(
                f"it, or its payer, is being forgotten by request {known.id}; write it once that "
                f"is done (`ohmstead person show {known.id}`)"
            )

    def overdue(self) -> list[str]:
        """Sentences about requests that take long: the law gives a month (Art. 12 (3))."""
        since_ms = self._house.clock.now_ms() - OVERDUE_MS
        waiting = [one for one in self._under_way() if one.created_ms < since_ms]
        return [
            f"a person's request {one.id} of {utc_text(one.created_ms)} is {one.state.value}: look "
            f"at `ohmstead person show {one.id}`"
            for one in waiting
        ]

    def was_forgotten(self, word: str) -> list[PersonRequest]:
        """The requests that had this name."""
        digest = digest_of(self._house.pepper, word.strip())
        found, after = [], ""
        while page := self._house.store.find(PersonRequest, TOKENS_MAX, after):
            found += [one for one in page if digest in one.digests]
            after = page[-1].key
        return found


def _touches(record: Any, names: Names) -> bool:
    return rewritten(record, names) != record or bool(blocker_of(record, names))
