"""A person asks: what is held of me, and forget it. Over HTTP, with stations of another make."""

from __future__ import annotations

import asyncio
import json

import ocpp.v16
import ocpp.v21
import ocpp.v201
import pytest
from ocpp.routing import on

from ohmstead.core.access import ApiKey, Scope
from ohmstead.core.attempt import Attempt, card_of
from ohmstead.core.command import Author, CommandState, StationCommand
from ohmstead.core.local_list import LocalList
from ohmstead.core.network import IdToken, Quarantined, TokenStatus
from ohmstead.core.onchain import Lock, LockState
from ohmstead.core.person import GONE, PersonRequest, PersonState
from ohmstead.core.reservation import Reservation, ReservationState, key_of
from ohmstead.core.session import PayerKind, SessionState
from ohmstead.errors import StoreUnavailable
from ohmstead.flows import onboarding
from ohmstead.flows.access import add_key
from ohmstead.frozen import replace
from tests.apps.api.desk import problem, put_record, walk
from tests.apps.api.test_local_lists_api import KINDS as LISTING
from tests.apps.api.test_local_lists_api import SYNC, card
from tests.apps.stations.field import V16, V21, V201, VERSIONS, iso
from tests.flows.world import DRIVER

both = pytest.mark.parametrize("version", VERSIONS)
UID, ANNA = "ANNAS-CARD-77", "0x" + "a1" * 20
REPORT, FORGET = "/api/v1/persons/report", "/api/v1/persons/forget"
AGAIN = "/api/v1/persons/again"
REQUESTS = "/api/v1/persons/requests"


class Knowing:
    """Knows somebody, and says so when it is asked; forgets when it is told to."""

    word = "Accepted"

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.cleared, self.asked = 0, []

    @on("ClearCache")
    def clear(self, **_):
        self.cleared += 1
        return self.result.ClearCache("Accepted")


class Station16(Knowing, ocpp.v16.ChargePoint):
    result = ocpp.v16.call_result


class Asked(Knowing):
    @on("CustomerInformation")
    def about(self, request_id, report, clear, id_token=None, **_):
        self.asked.append((report, clear, id_token["id_token"]))
        if report:
            self.telling = asyncio.create_task(self._pages(request_id))
        return self.result.CustomerInformation(self.word)

    async def _pages(self, request_id):
        for seq, text in ((1, " 4 times here"), (0, "Anna charged")):
            await self.call(
                self.request.NotifyCustomerInformation(
                    data=text, seq_no=seq, generated_at=iso(0), request_id=request_id, tbc=seq == 0
                )
            )


class Station201(Asked, ocpp.v201.ChargePoint):
    result, request = ocpp.v201.call_result, ocpp.v201.call


class Station21(Asked, ocpp.v21.ChargePoint):
    result, request = ocpp.v21.call_result, ocpp.v21.call


KINDS = {V16: Station16, V201: Station201, V21: Station21}


async def anna(desk, uid=UID, payer=ANNA):
    token = IdToken(uid, TokenStatus.ACCEPTED, payer, PayerKind.PREPAID)
    await desk.field.run(onboarding.put_id_token, token)
    await desk.field.deposit(50_000_000, payer)


async def until_done(desk, request_id, state="done"):
    for _ in range(400):
        if (one := (await desk.admin.get(f"{REQUESTS}/{request_id}")).json())["state"] == state:
            return one
        await asyncio.sleep(0.05)
    raise AssertionError(f"{one} never became {state}")


async def forget(desk, *subjects, state="done", **how):
    how = {"leave_balance": True} | how
    answer = await desk.admin.post(FORGET, json={"subjects": list(subjects), **how})
    assert answer.status_code == 202, answer.text
    return await until_done(desk, answer.json()["id"], state)


@both
def test_a_person_is_told_all_that_is_held_and_what_stations_say(version, tmp_path):
    async def scenario(desk):
        await anna(desk)
        async with desk.field.station(version, kind=KINDS[version]) as station:
            await station.charge(token=UID)
            await station.charge(token="CARD")
            await station.authorize(UID)
            body = {"subjects": [UID.lower()], "stations": True}
            answer = await desk.admin.post(REPORT, json=body)
            assert answer.status_code == 200, answer.text
            told = answer.json()
            assert [one["uid"] for one in told["records"]["id_tokens"]] == [UID]
            (session,) = told["records"]["sessions"]
            assert session["started"].startswith("20")
            assert session["id_token"] == UID
            assert len(told["records"]["bills"]) == 1
            assert told["records"]["signed_readings"][0]["record"].startswith("OCMF|")
            assert any("payer:" + ANNA in one["id"] for one in told["records"]["accounts"])
            assert len(told["records"]["attempts"]) == 2
            assert "S" in told["wire_log"]
            assert "CARD" not in json.dumps(told).replace(UID, "")  # nobody else's
            said = told["stations"]["S"]
            if version == V16:
                assert "no question" in said
            else:
                assert said == "Anna charged 4 times here"
                assert station.point.asked[-1] == (True, False, UID)
                reports = desk.house.stations.presence["S"].reports
                assert "customer_information" not in reports  # it is not kept after the answer

    walk(tmp_path, scenario)


@both
def test_a_forgotten_person_stands_nowhere_and_everything_else_holds(version, tmp_path):
    async def scenario(desk):
        field, store = desk.field, desk.house.store
        await anna(desk)
        async with field.station(version, kind=KINDS[version]) as station:
            started = station.start_of(UID, 0, tx="tx-1")
            answer = await station.say(started)
            tx = str(answer.transaction_id) if version == V16 else "tx-1"
            field.wait(30)
            stopped = station.stop_of(tx, 4_000, token=UID)
            await station.say(stopped)
            before, bill = field.session(tx), field.bill(tx)
            accounts = field.accounts()
            assert before.state is SessionState.SETTLED
            author = Author("k1", "desk", "api", f"Anna called about {UID}")
            asked = StationCommand("c1", "S", "Reset", "{}", author, CommandState.ANSWERED, 1)
            await field.run(put_record, asked)
            done = await forget(desk, UID)
            assert done["stations"][0]["state"] == "done"
            after = field.session(tx)
            assert after.id_token.startswith(GONE)
            assert replace(after, id_token=before.id_token) == before
            assert field.bill(tx) == bill
            assert field.accounts() == accounts
            assert field.books_balance()
            assert store.get(IdToken, UID.casefold()) is None
            reason = store.get(StationCommand, "c1").author.reason
            assert reason.startswith(f"Anna called about {GONE}")
            assert not [one for one in store.find(Attempt, 99) if one.card == card_of(UID)]
            if version != V16:
                assert (False, True, UID) in station.point.asked
            else:
                assert station.point.cleared
            # Late messages: the same start and the same stop again change nothing.
            sessions, kept = field.sessions(), field.kept()
            again = await station.say(started)
            if version == V16:
                assert str(again.transaction_id) == tx
            await station.say(stopped)
            assert (field.sessions(), field.kept()) == (sessions, kept)
            assert field.accounts() == accounts
            assert await station.authorize(UID) in ("Invalid", "Unknown")
        # Whoever presents the card afterwards is somebody new.
        names = await desk.admin.post("/api/v1/persons/forgotten", json={"subjects": [UID, "X"]})
        assert names.json() == {UID: [done["id"]], "X": []}

    walk(tmp_path, scenario)


def test_no_byte_of_the_card_is_left_in_the_database(tmp_path):
    async def scenario(desk):
        await anna(desk)
        async with desk.field.station(V201, kind=Station201) as station:
            await station.charge(token=UID)
            payload = {"idToken": {"idToken": UID, "type": "Central"}, "remoteStartId": 5}
            path = "/api/v1/stations/S/commands/RequestStartTransaction"
            await desk.admin.post(path, json=payload)
            kept = json.dumps({"idTag": UID, "meterStop": 1, "note": f"card {UID}!"})
            await desk.field.run(put_record, Quarantined("S/q", "S", "unknown", kept, 1))
            done = await forget(desk, UID)
            assert done["records"]["station_commands"] >= 1
            kept = desk.house.store.get(Quarantined, "S/q").payload
            assert json.loads(kept)["meterStop"] == 1

    walk(tmp_path, scenario)
    raw = (tmp_path / "ohmstead.db").read_bytes().lower()
    assert UID.lower().encode() not in raw
    assert card_of(UID).encode() not in raw


def test_nobody_is_forgotten_while_money_or_energy_is_under_way(tmp_path):
    async def scenario(desk):
        await anna(desk)
        async with desk.field.station(V16, kind=Station16) as station:
            tx, _ = await station.start(UID)
            body = {"subjects": [UID], "leave_balance": True}
            refused = problem(await desk.admin.post(FORGET, json=body), 409, "not-settled")
            assert f"session {desk.field.session(tx).id} is under way" in refused["blocked_by"][0]
            desk.house.persons.recheck_s = 0.0
            waits = await desk.admin.post(FORGET, json=body | {"when_settled": True})
            assert waits.json()["state"] == "waiting"
            # It cannot begin another meanwhile, and asking again is the same request.
            assert await station.authorize(UID) in ("Blocked", "Invalid")
            again = await desk.admin.post(FORGET, json=body | {"when_settled": True})
            assert again.json()["id"] == waits.json()["id"]
            desk.field.wait(30)
            await station.stop(tx, 4_000, token=UID)
            assert desk.field.session(tx).state is SessionState.SETTLED
            await until_done(desk, waits.json()["id"])
            assert desk.field.session(tx).id_token.startswith(GONE)

    walk(tmp_path, scenario)


def test_money_that_is_left_stands_in_the_way_until_somebody_says_that_it_may_stay(tmp_path):
    async def scenario(desk):
        await anna(desk)
        refused = problem(
            await desk.admin.post(FORGET, json={"subjects": [ANNA]}), 409, "not-settled"
        )
        assert f"50.00 tUSD of payer {ANNA} are left" in refused["blocked_by"][0]
        assert (await forget(desk, ANNA))["records"]["id_tokens"] == 1

    walk(tmp_path, scenario)


def test_a_dry_run_says_what_goes_and_what_stays_and_changes_nothing(tmp_path):
    async def scenario(desk):
        await anna(desk)
        async with desk.field.station(V16, kind=Station16) as station:
            await station.charge(token=UID)
        sessions = desk.field.sessions()
        body = {"subjects": [UID], "dry_run": True, "leave_balance": True}
        plan = (await desk.admin.post(FORGET, json=body)).json()
        assert plan["erased"] == {"id_tokens": 1}
        assert plan["pseudonymised"]["sessions"] == 1
        kept = {one["what"]: one for one in plan["kept"]}
        assert kept["bills"]["count"] == 1
        assert kept["signed readings"]["count"] >= 2
        assert all("law" in one["why"] or "ledger" in one["why"] for one in plan["kept"])
        assert plan["stations"] == ["S"]
        assert plan["blocked_by"] == []
        assert desk.field.sessions() == sessions
        assert desk.house.store.find(PersonRequest, 9) == []

    walk(tmp_path, scenario)


def test_an_absent_station_is_told_when_it_is_back_and_after_a_restart(tmp_path):
    async def first(desk):
        await anna(desk)
        async with desk.field.station(V201, kind=Station201) as station:
            await station.charge(token=UID)
        waiting = await forget(desk, UID, state="stations")
        assert waiting["stations"] == [
            {"station": "S", "state": "waiting", "answer": None, "at": None}
        ]
        request = desk.house.store.get(PersonRequest, waiting["id"])
        assert UID not in repr(request) and UID.casefold() not in repr(request)

    async def second(desk):
        (request,) = desk.house.store.find(PersonRequest, 9)
        async with desk.field.station(V201, kind=Station201) as station:
            done = await until_done(desk, request.id)
            assert (False, True, UID) in station.point.asked
            assert done["stations"][0]["state"] == "done"
        request = desk.house.store.get(PersonRequest, request.id)
        assert (request.state, request.sealed) == (PersonState.DONE, "")

    walk(tmp_path, first)
    walk(tmp_path, second, furnish=False)
    assert UID.lower().encode() not in (tmp_path / "ohmstead.db").read_bytes().lower()


def test_a_station_that_never_comes_back_is_named_in_the_end(tmp_path):
    async def scenario(desk):
        await anna(desk)
        async with desk.field.station(V16, kind=Station16) as station:
            await station.charge(token=UID)
        waiting = await forget(desk, UID, state="stations")
        assert desk.house.persons.overdue() == []
        desk.field.wait(60 * 24 * 22)
        status = (await desk.admin.get("/api/v1/status")).text
        assert f"ohmstead person show {waiting['id']}" in status
        desk.field.wait(60 * 24 * 9)
        done = await until_done(desk, waiting["id"])
        assert done["stations"][0]["state"] == "unreached"

    walk(tmp_path, scenario)


def test_a_station_that_refuses_is_asked_to_clear_its_cache(tmp_path):
    async def scenario(desk):
        await anna(desk)
        async with desk.field.station(V201, kind=Station201) as station:
            station.point.word = "Rejected"
            await station.charge(token=UID)
            done = await forget(desk, UID)
            assert (
                done["stations"][0]["answer"]
                == "CustomerInformation: Rejected; ClearCache: Accepted"
            )
            assert station.point.cleared

    walk(tmp_path, scenario)


def test_with_an_address_come_its_cards_its_keys_and_its_reservations(tmp_path):
    async def scenario(desk):
        await anna(desk)
        await anna(desk, "ANNAS-OTHER")
        key = ApiKey("k9", "00" * 32, (Scope.DRIVER,), "anna@example.org", 1, ANNA)
        await desk.field.run(add_key, key)
        past = Reservation(
            7, "S", 1, UID, ANNA, ReservationState.USED, 1, 2, group="HOME", session_id="S-1"
        )
        await desk.field.run(put_record, past)
        await forget(desk, ANNA, "anna@example.org", state="stations")
        store = desk.house.store
        assert store.find(IdToken, 9, payer=ANNA) == []
        after = store.get(Reservation, key_of(7))
        assert (after.payer, after.group, after.session_id) == ("", "", "S-1")
        assert after.id_token.startswith(GONE)
        known = store.get(ApiKey, "k9")
        assert (known.subject, bool(known.revoked_ms)) == ("", True)
        assert "anna" not in known.name

    walk(tmp_path, scenario)


def test_a_card_that_was_anothers_before_tells_nothing_of_the_other(tmp_path):
    async def scenario(desk):
        await anna(desk)
        async with desk.field.station(V16, kind=Station16) as station:
            await station.charge(token=UID)
        (hers,) = desk.field.sessions()
        before = replace(hers, id="S-before", payer="0x" + "b2" * 20, transaction_id="9999")
        await desk.field.run(put_record, before)
        told = (await desk.admin.post(REPORT, json={"subjects": [UID]})).json()
        assert [one["id"] for one in told["records"]["sessions"]] == [hers.id]
        assert told["sessions_withheld"] == 1
        assert "b2b2b2" not in json.dumps(told)
        # Forgotten is the card, in both.
        await forget(desk, UID, state="stations")
        assert all(one.id_token.startswith(GONE) for one in desk.field.sessions())

    walk(tmp_path, scenario)


def test_whoever_was_forgotten_since_a_backup_is_forgotten_again_after_it(tmp_path):
    async def scenario(desk):
        await anna(desk)
        async with desk.field.station(V16, kind=Station16) as station:
            await station.charge(token=UID)
            sessions = desk.field.sessions()
            token = desk.house.store.get(IdToken, UID.casefold())
            await forget(desk, UID)
            kept = (await desk.admin.get(REQUESTS)).json()["items"]
            # What an older backup brings back.
            for record in (*sessions, token):
                await desk.field.run(put_record, record)
            digests = [digest for one in kept for digest in one["digests"]]
            answer = (await desk.admin.post(AGAIN, json={"digests": digests})).json()
            await until_done(desk, answer["request"]["id"])
            assert desk.house.store.get(IdToken, UID.casefold()) is None
            assert desk.field.sessions()[0].id_token.startswith(GONE)
            nobody = (await desk.admin.post(AGAIN, json={"digests": digests})).json()
            assert nobody == {"request": None}
        problem(await desk.admin.post(AGAIN, json={"digests": ["x"]}), 400)

    walk(tmp_path, scenario)


@both
def test_the_lists_of_stations_lose_a_forgotten_card_also_of_one_that_was_away(version, tmp_path):
    async def scenario(desk):
        await anna(desk)
        for uid, payer in ((UID, ANNA), ("BEN-1", DRIVER)):
            await card(desk, uid, payer=payer)
        async with desk.field.station(version, kind=LISTING[version]) as station:
            assert (await desk.host.post(SYNC)).status_code == 200
            assert sorted(station.point.list) == [UID, "BEN-1"]
            kept, number = station.point.list, station.point.list_version
        request = (await forget(desk, UID, state="stations"))["id"]
        assert desk.house.store.get(LocalList, "S") is None
        async with desk.field.station(version, kind=LISTING[version], boot=False) as station:
            station.point.list, station.point.list_version = kept, number
            await station.boot()
            await until_done(desk, request)
            assert sorted(station.point.list) == ["BEN-1"]
            assert station.point.cleared

    walk(tmp_path, scenario)


def test_a_request_goes_on_where_the_disk_stopped_it(tmp_path, monkeypatch):
    async def scenario(desk):
        await anna(desk)
        async with desk.field.station(V16, kind=Station16) as station:
            await station.charge(token=UID)
            persons, turned = desk.house.persons, []
            turn = persons._turn

            async def failing(page):
                turned.append(page.table)
                if len(turned) == 2:
                    raise StoreUnavailable("the disk is full")
                return await turn(page)

            monkeypatch.setattr(persons, "_turn", failing)
            done = await forget(desk, UID)
            # The page that failed was taken up again, the one before it was not.
            assert turned[1] == turned[2]
            assert turned[0] not in turned[1:3]
            assert done["records"]["sessions"] == 1
            assert desk.field.sessions()[0].id_token.startswith(GONE)

    walk(tmp_path, scenario)


def test_a_request_that_another_house_sealed_keeps_nobody_else_waiting(tmp_path):
    async def scenario(desk):
        strange = PersonRequest("P-0", PersonState.ERASING, ("d",), "AAAA", Author(), 1)
        await desk.field.run(put_record, strange)
        await anna(desk)
        assert (await forget(desk, UID))["records"] == {"id_tokens": 1}

    walk(tmp_path, scenario)


def test_a_wallets_lock_is_no_card_that_a_station_could_be_asked_by(tmp_path):
    async def scenario(desk):
        async with desk.field.station(V201, kind=Station201) as station:
            uid = await desk.field.lock(40_000_000, "0x" + "7c" * 32)
            token = desk.house.store.get(IdToken, uid.casefold())
            # Longer than any station takes, and of a type that OCPP does not have.
            strange = replace(token, offline_at=("S",), type="Strange")
            await desk.field.run(put_record, strange)
            refused = await desk.admin.post(FORGET, json={"subjects": [uid]})
            assert "is open" in problem(refused, 409, "not-settled")["blocked_by"][0]
            lock = desk.house.store.get(Lock, token.lock_id)
            await desk.field.run(put_record, replace(lock, state=LockState.RETURNED))
            done = await forget(desk, uid)
            assert (done["stations"][0]["state"], station.point.asked) == ("done", [])
            assert station.point.cleared
            await anna(desk)
            known = desk.house.store.get(IdToken, UID.casefold())
            changed = replace(known, type="Strange", offline_at=("S",))
            await desk.field.run(put_record, changed)
            await forget(desk, UID)
            assert station.point.asked == [(False, True, UID)]

    walk(tmp_path, scenario)


def test_only_admins_ask_and_nonsense_is_told_what_to_do(tmp_path):
    async def scenario(desk):
        for client in (desk.host, desk.read, desk.driver):
            answer = await client.post(REPORT, json={"subjects": [UID]})
            problem(answer, 403, "scope")
            problem(await client.post(FORGET, json={"subjects": [UID]}), 403, "scope")
            problem(await client.get(REQUESTS), 403, "scope")
        problem(await desk.admin.post(FORGET, json={"subjects": []}), 400)
        problem(await desk.admin.post(FORGET, json={"subjects": [" "]}), 400)
        problem(await desk.admin.get(f"{REQUESTS}/P-none"), 404)
        # Nobody is known by this name: it was mistyped, and nothing is begun.
        await anna(desk)
        for names, unknown in ((["NEVER-SEEN"], ["NEVER-SEEN"]), ([UID, "N-9"], ["N-9"])):
            body = {"subjects": names, "leave_balance": True}
            plan = (await desk.admin.post(FORGET, json=body | {"dry_run": True})).json()
            assert plan["unknown"] == unknown
            refused = problem(await desk.admin.post(FORGET, json=body), 404, "unknown-person")
            assert f"nobody is known here as {unknown[0]}: no record" in refused["detail"]
            assert refused["unknown"] == unknown
        assert (await desk.admin.get(REQUESTS)).json()["items"] == []
        request = (await forget(desk, UID))["id"]
        twice = problem(await desk.admin.post(FORGET, json={"subjects": [UID]}), 404)
        assert f"(forgotten by {request})" in twice["detail"]

    walk(tmp_path, scenario)


def test_somebody_who_is_not_known_is_told_apart_from_a_name_that_cannot_be(tmp_path):
    async def scenario(desk):
        await anna(desk)
        stranger = "0x" + "5e" * 20
        for names, unknown in (
            ([UID], []),
            ([ANNA.upper().replace("X", "x")], []),
            (["CARD-9"], ["CARD-9"]),
            ([stranger, "0x04aabb"], [stranger, "0x04aabb"]),  # some readers write hex like this
            ([UID, "CARD-9", "4"], ["CARD-9", "4"]),
        ):
            answer = await desk.admin.post(REPORT, json={"subjects": names})
            assert (answer.status_code, answer.json()["unknown"]) == (200, unknown)
        for wrong in ("0xzz", ANNA[:-1], ANNA + "0", "0x"):
            for path in (REPORT, FORGET):
                refused = problem(await desk.admin.post(path, json={"subjects": [wrong]}), 400)
                assert f"{wrong} is no payer's address, which is 0x and 40 hex" in refused["detail"]
        await anna(desk, uid="0xCardZ")  # odd, and somebody's
        answer = await desk.admin.post(REPORT, json={"subjects": ["0xCardZ"]})
        assert answer.json()["unknown"] == []

    walk(tmp_path, scenario)
