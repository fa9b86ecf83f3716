"""Commands over HTTP: every action answered or refused, the log, the queue, many at a time."""

from __future__ import annotations

import asyncio
import json

import pytest
from ocpp.routing import on

from ohmstead.core.command import CommandBody, CommandState, StationCommand
from ohmstead.flows.commanding import ATTEMPTS_MAX, QUEUED_MAX
from tests.apps.api.desk import desk, problem, walk
from tests.apps.gateway.floor import until
from tests.apps.stations.field import PACKAGES, V16, V201
from tests.apps.stations.minimal import EVERY, minimal, required
from tests.apps.stations.test_commands import obedient, snake

S, C, B = "/api/v1/stations", "/api/v1/commands", "/api/v1/command-batches"
both = pytest.mark.parametrize("version", [V16, V201])
SECRET = "0123456789abcdef0123"


def log_of(desk, name="S"):
    return desk.house.store.find(StationCommand, 100, station_id=name)


async def booted(desk, name="S"):
    await until(lambda: desk.house.queue.is_ready(name))


def obeys_all(version, actions):
    """A ChargePoint that answers each action with the least its schema takes."""
    module = PACKAGES[version]

    def obeying(action):
        answer = minimal(version, f"{action}Response")

        def obey(self, **asked):
            result = getattr(module.call_result, action)
            return result(**{snake(key): value for key, value in answer.items()})

        obey.__name__ = f"obey_{action}"
        return on(action)(obey)

    methods = {f"obey_{action}": obeying(action) for action in actions}
    return type("Obedient", (module.ChargePoint,), methods)


@both
def test_every_action_is_answered_over_http_by_the_station_itself(version, tmp_path):
    actions = [action for one, action in EVERY if one == version]
    everything = obeys_all(version, actions)

    async def scenario(desk):
        async with desk.field.station(version, kind=everything):
            for action in actions:
                payload = minimal(version, f"{action}Request")
                answer = await desk.host.post(f"{S}/S/commands/{action}", json=payload)
                assert answer.status_code == 200, (action, answer.text)
                assert answer.json() == minimal(version, f"{action}Response")
                entry = await desk.host.get(f"{C}/{answer.headers['Ohmstead-Command']}")
                assert entry.json()["answer"] == answer.json()
        assert [one.action for one in reversed(log_of(desk))] == actions

    walk(tmp_path, scenario)


@both  # in 2.1 the package leaves what it does not know unanswered
def test_every_action_refused_is_502_with_the_code_inside_and_in_the_log(version, tmp_path):
    async def scenario(desk):
        async with desk.field.station(version):
            for action in (action for one, action in EVERY if one == version):
                payload = minimal(version, f"{action}Request")
                answer = await desk.host.post(f"{S}/S/commands/{action}", json=payload)
                told = problem(answer, 502, "call-error")
                assert told["code"] in ("NotImplemented", "NotSupported")
                entry = (await desk.read.get(f"{C}/{told['command']}")).json()
                assert (entry["state"], entry["error"]) == ("refused", told["code"])

    walk(tmp_path, scenario)


@both
def test_every_payload_that_breaks_its_schema_is_422_and_names_the_field(version, tmp_path):
    async def scenario(desk):
        async with desk.field.station(version):
            for action in (action for one, action in EVERY if one == version):
                payload, path = minimal(version, f"{action}Request"), f"{S}/S/commands/{action}"
                unknown = problem(await desk.host.post(path, json=payload | {"zz": 1}), 422)
                assert "zz" in unknown["detail"]
                for name in required(version, f"{action}Request")[:1]:
                    less = {key: value for key, value in payload.items() if key != name}
                    for bad in (less, payload | {name: {"no": 1}}):
                        told = problem(await desk.host.post(path, json=bad), 422, "bad-payload")
                        assert name in told["detail"], (action, told)
            problem(await desk.host.post(f"{S}/S/commands/Dance", json={}), 400, "bad-command")
        assert not log_of(desk)  # none of it left

    walk(tmp_path, scenario)


def test_a_mistake_is_told_before_the_absence_of_the_station(tmp_path):
    async def scenario(desk):
        async def refused(name, action, body, *expected):
            answer = await desk.host.post(f"{S}/{name}/commands/{action}", json=body)
            return problem(answer, *expected)["detail"]

        wrong = (400, "bad-command"), (422, "bad-payload")
        # It never booted here: what is wrong in every version is known to be wrong.
        assert "no version of OCPP" in await refused("S", "Resett", {}, *wrong[0])
        assert "type" in await refused("S", "Reset", {"type": "Later"}, *wrong[1])
        for kind in ("Soft", "OnIdle"):
            assert "queue" in await refused("S", "Reset", {"type": kind}, 409, "not-connected")
        for version, right, others in ((V16, "Soft", "OnIdle"), (V201, "OnIdle", "Soft")):
            async with desk.field.station(version):
                pass
            await until(lambda: desk.house.gateway.link("S") is None)
            assert others in await refused("S", "Reset", {"type": others}, *wrong[1])
            await refused("S", "Reset", {"type": right}, 409, "not-connected")
        assert "GetVariables" in await refused("S", "GetConfiguration", {}, *wrong[0])
        assert not log_of(desk)

    walk(tmp_path, scenario)


def test_an_answer_that_breaks_its_schema_is_502_and_shown_in_the_log(tmp_path):
    async def scenario(desk):
        async with desk.field.socket(V201) as socket:
            asked = asyncio.create_task(desk.host.post(f"{S}/S/commands/ClearCache", json={}))
            frame = json.loads(await socket.recv())
            await socket.send(json.dumps([3, frame[1], {"status": 7}]))
            told = problem(await asked, 502, "invalid-answer")
            entry = (await desk.host.get(f"{C}/{told['command']}")).json()
            assert (entry["state"], entry["answer"]) == ("invalid", {"status": 7})
            assert "status" in entry["problem"]

    walk(tmp_path, scenario)


def test_the_log_says_who_and_why_and_pages_the_newest_first(tmp_path):
    async def scenario(desk):
        key, _ = desk.keys["host"]
        async with desk.field.station(V16):
            path = f"{S}/S/commands"
            for number, action in enumerate(("ClearCache", "GetLocalListVersion", "ClearCache")):
                headers = {"Ohmstead-Reason": f"ticket {number} für Zoë".encode()}
                await desk.host.post(f"{path}/{action}", json={}, headers=headers)
            await desk.admin.post(f"{path}/ClearCache?reason=asked%20twice", json={})
        seen, cursor = [], ""
        while cursor is not None:
            page = (await desk.read.get(path, params={"limit": 2, "cursor": cursor})).json()
            seen, cursor = seen + page["items"], page["next"]
        assert [one["author"]["reason"] for one in seen] == [
            "asked twice", "ticket 2 für Zoë", "ticket 1 für Zoë", "ticket 0 für Zoë"
        ]  # fmt: skip
        assert seen[1]["author"] | {"reason": ""} == {
            "key": key.id, "name": "host", "via": "api", "reason": ""
        }  # fmt: skip
        assert (await desk.read.get(f"{S}/OTHER/commands")).json()["items"] == []
        problem(await desk.read.get(f"{S}/none/commands"), 404)
        problem(await desk.read.get(path, params={"state": "lost"}), 400)
        problem(await desk.read.get(C, params={"batch": "lost"}), 404)
        problem(await desk.driver.get(path), 403, "scope")
        problem(await desk.read.post(f"{path}/ClearCache", json={}), 403, "scope")
        problem(await desk.read.get(f"{C}/none"), 404)

    walk(tmp_path, scenario)


def test_no_secret_is_in_the_log_nor_in_the_database_of_what_waits(tmp_path):
    profile = minimal(V201, "SetNetworkProfileRequest")
    profile["connectionData"]["vpn"] = {
        "server": "v", "user": "u", "password": SECRET, "key": SECRET, "type": "IPSec"
    }  # fmt: skip
    variable = {"component": {"name": "CellularModem"}, "variable": {"name": "SimPin"}}
    pem = f"-----BEGIN EC PRIVATE KEY-----\n{SECRET}\n-----END EC PRIVATE KEY-----"
    told = [
        ("ChangeConfiguration", {"key": "ApnPassword", "value": SECRET}),
        ("SetNetworkProfile", profile),
        ("SetVariables", {"setVariableData": [{**variable, "attributeValue": SECRET}]}),
        ("CertificateSigned", {"certificateChain": pem}),
        ("GetDiagnostics", {"location": f"ftp://user:{SECRET}@host/x"}),
        ("DataTransfer", {"vendorId": "v", "data": json.dumps({"password": SECRET})}),
    ]

    async def scenario(desk):
        for action, payload in told:
            path = f"{S}/S/commands/{action}?queue=true"
            answer = await desk.host.post(path, json=payload)
            assert answer.status_code == 202, answer.text
            assert SECRET not in answer.text, action
        text = (await desk.host.get(f"{S}/S/commands")).text
        assert SECRET not in text and text.count("***") >= len(told)
        for body in desk.house.store.find(CommandBody, 100):
            assert SECRET not in body.body
        got = []
        async with desk.field.socket(V16) as socket:
            await socket.send('[2,"b","BootNotification",{"chargePointModel":"M",'
                              '"chargePointVendor":"V"}]')  # fmt: skip
            while len(got) < 4:
                frame = json.loads(await socket.recv())
                if frame[0] == 2:
                    got.append(frame)
                    await socket.send(json.dumps([4, frame[1], "NotSupported", SECRET[:3], {}]))
        sent = [told[at] for at in (0, 3, 4, 5)]  # what 1.6 has
        assert [(frame[2], frame[3]) for frame in got] == sent
        await until(lambda: not waiting(desk))
        assert {one.state.value for one in log_of(desk)} == {"refused", "undeliverable"}

    walk(tmp_path, scenario)


def waiting(desk, name="S"):
    going = (CommandState.QUEUED, CommandState.SENT)
    return [one for one in log_of(desk, name) if one.state in going]


@both
def test_what_is_queued_waits_for_the_boot_and_goes_out_once_and_in_order(version, tmp_path):
    limits = range(1, 9)
    action = "GetLocalListVersion" if version == V16 else "CostUpdated"
    seen = []
    module = PACKAGES[version]

    class Counting(module.ChargePoint):
        @on(action)
        def count(self, **asked):
            seen.append(asked)
            if version == V16:
                return module.call_result.GetLocalListVersion(len(seen))
            return module.call_result.CostUpdated()

    async def scenario(desk):
        ids = []
        for number in limits:
            body = {} if version == V16 else {"totalCost": number, "transactionId": "T"}
            answer = await desk.host.post(f"{S}/S/commands/{action}?queue=true", json=body)
            ids.append(answer.json()["id"])
        async with desk.field.station(version, kind=Counting, boot=False) as station:
            await asyncio.sleep(0.4)
            assert seen == []  # connected, and not booted
            await station.boot()
            await until(lambda: not waiting(desk))
        assert len(seen) == len(limits)
        done = [(await desk.host.get(f"{C}/{one}")).json() for one in ids]
        assert {one["state"] for one in done} == {"answered"}
        if version == V16:
            assert [one["answer"]["listVersion"] for one in done] == list(limits)
        else:
            assert [one["total_cost"] for one in seen] == list(limits)
        async with desk.field.station(version, kind=Counting):
            await asyncio.sleep(0.4)
        assert len(seen) == len(limits)

    walk(tmp_path, scenario)


def test_a_station_that_reconnects_without_booting_is_served_after_a_while(tmp_path):
    kind, seen = obedient(V201, "ClearCache", {"status": "Accepted"})

    async def scenario(desk):
        await desk.host.post(f"{S}/S/commands/ClearCache?queue=true", json={})
        async with desk.field.station(V201, kind=kind, boot=False):
            await until(lambda: desk.field.link())
            desk.field.wait(1)
            await until(lambda: seen)

    walk(tmp_path, scenario)


def test_a_station_that_is_not_accepted_is_sent_nothing_that_waits(tmp_path):
    kind, seen = obedient(V201, "ClearCache", {"status": "Accepted"})

    async def scenario(desk):
        await desk.host.post(f"{S}/S/commands/ClearCache?queue=true", json={})
        async with desk.field.station(V201, kind=kind):
            desk.field.wait(1)
            await asyncio.sleep(0.4)
            assert seen == [] and len(waiting(desk)) == 1
            await desk.host.patch(f"{S}/S", json={"admission": "accepted"})
            await until(lambda: seen)

    walk(tmp_path, scenario, admission="Pending")


def test_a_command_is_expired_once_its_time_is_over_and_not_only_at_the_next_sweep(tmp_path):
    async def scenario(desk):
        path = f"{S}/S/commands/ClearCache?queue=true"
        kept = (await desk.host.post(f"{path}&ttl_s=600", json={})).json()["id"]
        body = {"action": "ClearCache", "stations": ["S", "OTHER"], "ttl_s": 3}
        batch = (await desk.host.post("/api/v1/commands", json=body)).json()["id"]
        desk.field.wait(1)
        desk.house.queue._event.set()  # its clock is moved by hand, so nothing else wakes it
        await until(lambda: len(waiting(desk)) == 1)
        shown = (await desk.host.get(f"/api/v1/command-batches/{batch}")).json()
        assert (shown["states"], shown["complete"]) == ({"expired": 2}, True)
        assert (await desk.host.get(f"{C}/{kept}")).json()["state"] == "queued"

    walk(tmp_path, scenario)


def test_what_waits_expires_and_is_taken_back_and_its_queue_is_bounded(tmp_path):
    async def scenario(desk):
        path = f"{S}/S/commands/ClearCache?queue=true"
        old = (await desk.host.post(f"{path}&ttl_s=60", json={})).json()["id"]
        gone = (await desk.host.post(path, json={})).json()["id"]
        assert (await desk.host.delete(f"{C}/{gone}")).json()["state"] == "cancelled"
        assert (await desk.host.delete(f"{C}/{gone}")).json()["state"] == "cancelled"
        desk.field.wait(2)
        kind, seen = obedient(V16, "ClearCache", {"status": "Accepted"})
        async with desk.field.station(V16, kind=kind):
            await until(lambda: not waiting(desk))
        assert seen == []
        assert (await desk.host.get(f"{C}/{old}")).json()["state"] == "expired"
        problem(await desk.host.delete(f"{C}/{old}"), 409)
        for _ in range(QUEUED_MAX):
            assert (await desk.host.post(path, json={})).status_code == 202
        problem(await desk.host.post(path, json={}), 409, "queue-full")
        for bad in ("ttl_s=0", "ttl_s=x", "ttl_s=99999999"):
            problem(await desk.host.post(f"{path}&{bad}", json={}), 400)
        problem(await desk.host.post(f"{S}/S/commands/Dance?queue=true", json={}), 400)
        answer = await desk.host.post(f"{S}/S/commands/Reset?queue=true", json={"type": 1})
        problem(answer, 422, "bad-payload")

    walk(tmp_path, scenario)


@pytest.mark.parametrize(("action", "payload", "again"), [
    ("ClearCache", {}, True),
    ("Reset", {"type": "Immediate"}, False),
])  # fmt: skip
def test_what_was_sent_when_the_socket_dropped_is_repeated_only_where_that_is_harmless(
    action, payload, again, tmp_path
):
    async def scenario(desk):
        path = f"{S}/S/commands/{action}?queue=true"
        one = (await desk.host.post(path, json=payload)).json()["id"]
        asked = []
        for _ in range(2):
            async with desk.field.socket(V201) as socket:
                await until(lambda: desk.field.link())
                desk.field.wait(1)
                try:
                    async with asyncio.timeout(1):
                        while json.loads(frame := await socket.recv())[0] != 2:
                            pass
                except TimeoutError:
                    continue
                asked.append(json.loads(frame))
                if len(asked) == 2:
                    await socket.send(json.dumps([3, asked[1][1], {"status": "Accepted"}]))
                    await until(lambda: not waiting(desk))
            await until(lambda: desk.field.link() is None)
        entry = (await desk.host.get(f"{C}/{one}")).json()
        if again:
            assert asked[0] == asked[1]  # the same message id: a station may know it again
            assert (entry["state"], entry["attempts"]) == ("answered", 2)
        else:
            assert len(asked) == 1
            assert entry["state"] == "unknown" and "may have obeyed" in entry["problem"]

    walk(tmp_path, scenario)


@pytest.mark.parametrize(("action", "payload", "state"), [
    ("ClearCache", {}, "queued"),
    ("Reset", {"type": "Immediate"}, "unknown"),
])  # fmt: skip
def test_after_a_crash_nothing_that_had_left_is_taken_for_unsent(action, payload, state, tmp_path):
    async def scenario(desk):
        path = f"{S}/S/commands/{action}"
        one = (await desk.host.post(f"{path}?queue=true", json=payload)).json()["id"]
        async with desk.field.socket(V201) as socket:
            await until(lambda: desk.field.link())
            desk.field.wait(1)
            asked = json.loads(await socket.recv())
            assert asked[1] == one
            direct = asyncio.create_task(desk.host.post(path, json=payload))
            await until(lambda: len(log_of(desk)) == 2)
            queue = desk.house.queue
            queue.note_left()  # what a process begun now would find
            await queue._recover()
            first, second = (await desk.host.get(C)).json()["items"]
            assert (second["id"], second["state"]) == (one, state)
            assert first["state"] == "unknown"
            direct.cancel()

    walk(tmp_path, scenario)


def test_a_late_answer_is_attached_to_its_command(tmp_path):
    async def scenario(desk):
        async with desk.field.socket(V16) as socket:
            path = f"{S}/S/commands/GetConfiguration"
            late = problem(await desk.host.post(path, json={}), 504, "timeout")["command"]
            refused = problem(await desk.host.post(path, json={}), 504, "timeout")["command"]
            answer = {"configurationKey": [
                {"key": "AuthorizationKey", "readonly": False, "value": SECRET}
            ]}  # fmt: skip
            await socket.send(json.dumps([3, late, answer]))
            await socket.send(json.dumps([4, refused, "InternalError", "", {}]))
            shown = {}

            async def look():
                for one in (late, refused):
                    shown[one] = (await desk.host.get(f"{C}/{one}")).json()
                return all(entry["late"] for entry in shown.values())

            while not await look():
                await asyncio.sleep(0.02)
            assert [shown[one]["state"] for one in (late, refused)] == ["timeout", "timeout"]
            assert shown[late]["late_answer"]["configurationKey"][0]["value"] == "***"
            assert shown[refused]["late_answer"] == "InternalError"

    walk(tmp_path, scenario, ocpp={"call_timeout_s": 1})


def test_what_may_be_repeated_and_is_never_answered_is_given_up(tmp_path):
    async def scenario(desk):
        await desk.host.post(f"{S}/S/commands/ClearCache?queue=true", json={})
        async with desk.field.socket(V16) as socket:
            await until(lambda: desk.field.link())
            for _ in range(ATTEMPTS_MAX):
                asked = asyncio.ensure_future(asyncio.wait_for(socket.recv(), 10))
                while not asked.done():  # time may have passed before it was waited for
                    desk.field.wait(1)
                    await asyncio.sleep(0.02)
                assert json.loads(asked.result())[2] == "ClearCache"
                await until(lambda: log_of(desk)[0].state is not CommandState.SENT)
            await until(lambda: not waiting(desk))
        [entry] = log_of(desk)
        assert (entry.state, entry.attempts) == (CommandState.TIMEOUT, ATTEMPTS_MAX)

    walk(tmp_path, scenario, ocpp={"call_timeout_s": 1})


def test_one_request_is_queued_for_many_and_its_progress_is_shown(tmp_path):
    kind, seen = obedient(V16, "ClearCache", {"status": "Accepted"})

    async def scenario(desk):
        ask = {"action": "ClearCache", "reason": "after the incident"}
        async with desk.field.station(V16, "OTHER"):
            pass  # now its vendor is known
        for choice, count in (
            ({"all": True}, 2),
            ({"stations": ["S", "S"]}, 1),
            ({"vendor": "vEnd", "model": "mod"}, 1),
        ):
            told = (await desk.host.post(C, json=ask | choice | {"dry_run": True})).json()
            assert (told["total"], told["queued"]) == (count, 0)
        made = (await desk.host.post(C, json=ask | {"all": True})).json()
        assert (made["total"], made["queued"], made["spread"]) == (2, 2, True)
        assert made["author"]["reason"] == "after the incident"
        path = f"{B}/{made['id']}"
        assert (await desk.read.get(path)).json()["states"] == {"queued": 2}
        async with desk.field.station(V16, kind=kind):
            await until(lambda: seen and not waiting(desk))
        told = (await desk.read.get(path)).json()
        assert (told["states"], told["complete"]) == ({"queued": 1, "answered": 1}, False)
        told = (await desk.host.delete(path)).json()
        assert (told["states"], told["complete"]) == ({"cancelled": 1, "answered": 1}, True)
        of_it = (await desk.read.get(C, params={"batch": made["id"]})).json()["items"]
        assert {one["station"] for one in of_it} == {"S", "OTHER"}
        [listed] = (await desk.read.get(B)).json()["items"]
        assert listed["id"] == made["id"]
        for bad in ({}, {"all": True, "vendor": "V"}, {"stations": ["none"]}):
            problem(await desk.host.post(C, json=ask | bad), 400, "bad-command")
        problem(await desk.host.post(C, json={"action": "Dance", "all": True}), 400)
        wrong = {"action": "Reset", "payload": {"type": "Later"}, "all": True}
        problem(await desk.host.post(C, json=wrong), 422, "bad-payload")
        problem(await desk.host.get(f"{B}/none"), 404)

    walk(tmp_path, scenario)


async def test_what_was_queued_is_delivered_by_the_next_process(tmp_path):
    async with desk(tmp_path) as before:
        path = f"{S}/S/commands/ClearCache?queue=true"
        one = (await before.host.post(path, json={})).json()["id"]
        clock = before.field.clock
    kind, seen = obedient(V201, "ClearCache", {"status": "Accepted"})
    async with desk(tmp_path, furnish=False, clock=clock) as after:
        async with after.field.station(V201, kind=kind):
            await until(lambda: seen and not waiting(after))
        entry = after.house.store.get(StationCommand, one)
        assert entry.state is CommandState.ANSWERED
        assert json.loads(entry.answer) == {"status": "Accepted"}


def keyed(key):
    return {"Idempotency-Key": key}


def test_a_queued_command_posted_again_under_its_key_is_queued_once(tmp_path):
    async def scenario(desk):
        path = f"{S}/S/commands/ClearCache?queue=true"
        first = await desk.host.post(path, json={}, headers=keyed("a"))
        again = await desk.host.post(path, json={}, headers=keyed("a"))
        assert (first.status_code, again.status_code) == (202, 202)
        assert first.json() == again.json()
        assert len(log_of(desk)) == 1
        other = await desk.host.post(path, json={}, headers=keyed("b"))
        assert other.json()["id"] != first.json()["id"]
        await desk.host.post(path, json={})  # without a key each is a new one
        assert len(log_of(desk)) == 3
        reset = f"{S}/S/commands/Reset?queue=true"
        problem(await desk.host.post(reset, json={}, headers=keyed("a")), 422)
        for _ in range(2):  # what was refused did nothing, and its key is free
            problem(await desk.host.post(reset, json={"type": 1}, headers=keyed("c")), 422)
        assert len(log_of(desk)) == 3

    walk(tmp_path, scenario)


def test_a_bulk_request_posted_again_under_its_key_answers_the_same_batch(tmp_path):
    async def scenario(desk):
        body = {"action": "ClearCache", "all": True}
        first = await desk.host.post(C, json=body, headers=keyed("a"))
        again = await desk.host.post(C, json=body, headers=keyed("a"))
        assert first.status_code == again.status_code == 202
        assert first.json() == again.json()
        assert len(log_of(desk)) == 1
        other = body | {"action": "GetLocalListVersion"}
        problem(
            await desk.host.post(C, json=other, headers=keyed("a")), 422, "idempotency-key-reused"
        )

    walk(tmp_path, scenario)


def test_a_command_sent_at_once_leaves_once_under_its_key(tmp_path):
    async def scenario(desk):
        path = f"{S}/S/commands/ClearCache"
        away = problem(await desk.host.post(path, json={}, headers=keyed("a")), 409)
        assert "`queue`" in away["detail"]  # it may wait
        async with desk.field.station(V16, kind=obeys_all(V16, ["ClearCache"])):
            first = await desk.host.post(path, json={}, headers=keyed("a"))
            again = await desk.host.post(path, json={}, headers=keyed("a"))
        assert first.status_code == again.status_code == 200
        assert first.json() == again.json()
        assert len(log_of(desk)) == 1

    walk(tmp_path, scenario)


def test_a_bulk_request_that_means_nobody_is_refused(tmp_path):
    async def scenario(desk):
        for body in ({"vendor": "nobody"}, {"model": "none", "dry_run": True}):
            told = problem(await desk.host.post(C, json={"action": "ClearCache"} | body), 400)
            assert "no station is meant" in told["detail"]
        assert not (await desk.host.get(B)).json()["items"]

    walk(tmp_path, scenario)
