"""Others are told what happens: once it has happened, in order, signed, and nowhere unwanted."""

from __future__ import annotations

import asyncio
import base64
import json
from ipaddress import ip_network

import pytest

from ohmstead.adapters.clock import ManualClock
from ohmstead.adapters.store.memory import MemoryStore
from ohmstead.adapters.store.schema import TABLES
from ohmstead.adapters.store.tables import RecordConflict
from ohmstead.apps.config import WebhooksConfig
from ohmstead.apps.operations import posting
from ohmstead.core.ledger import Transfer
from ohmstead.core.network import Counter
from ohmstead.core.onchain import EpochState
from ohmstead.core.webhooks import BACK_OFF_MS, Subscription, Topic, signature
from ohmstead.flows.operations.telling import watched
from ohmstead.ports import Decision
from tests.apps.api.desk import epoch_record, problem, put_record
from tests.apps.operations.stage import Ear, contexts, is_signed, stage, walk
from tests.apps.stations.field import V16, V201
from tests.flows.world import NOON

W = "/api/v1/webhooks"


async def subscribe(desk, url, *topics):
    made = await desk.admin.post(W, json={"url": url, "topics": topics})
    assert made.status_code == 201, made.text
    return made.json()


def later(desk, ms):
    desk.field.clock.advance(ms)
    desk.house.office.courier.wake()


async def deliveries(desk, webhook):
    return (await desk.admin.get(f"{W}/{webhook}/deliveries")).json()


@pytest.mark.parametrize("version", [V16, V201])
def test_a_session_is_told_from_connection_to_settlement_in_order_and_signed(tmp_path, version):
    async def scenario(desk):
        ear = await Ear().open()
        made = await subscribe(desk, ear.url)
        async with desk.field.station(version) as station:
            await ear.hears(2)
            tx = await station.charge()
            await ear.hears(5)
            await station.status("Faulted")
            await ear.hears(6)
        await ear.hears(7)
        assert sorted(ear.types[:2]) == ["station.booted", "station.connected"]
        assert ear.types[2:5] == ["session.started", "session.ended", "session.settled"]
        assert ear.types[5:] == ["station.faulted", "station.disconnected"]
        assert all(is_signed(heard, made["secret"]) for heard in ear.heard)
        ids = [headers["webhook-id"] for _, headers, _, _ in ear.heard]
        assert len(set(ids)) == 7
        assert ids == sorted(ids)
        line, headers, body, _ = ear.heard[4]
        assert line == "POST /hook?x=1 HTTP/1.1"
        assert headers["content-type"] == "application/json"
        told = json.loads(body)
        assert told.keys() == {"type", "timestamp", "data"}
        assert told["data"]["session"] == desk.field.session(tx).id
        assert told["data"]["energy_mwh"] == 4_000_000
        assert told["data"]["total"] == {"amount": "2000000", "asset": "tUSD/6"}
        assert told["data"]["proven"] is True
        assert [one["state"] for one in await deliveries(desk, made["id"])] == ["delivered"] * 7

    walk(tmp_path, scenario)


def test_only_what_was_asked_for_is_told_and_the_secret_is_shown_once(tmp_path):
    async def scenario(desk):
        one, other = await Ear().open(), await Ear().open()
        made = await subscribe(desk, one.url, "session.in_review")
        gone = await subscribe(desk, other.url, "session.started")
        assert made["secret"].startswith("whsec_")
        assert made["secret"] != gone["secret"]
        listed = await desk.admin.get(W)
        assert made["secret"] not in listed.text
        assert len(listed.json()) == 2
        assert (await desk.admin.delete(f"{W}/{gone['id']}")).status_code == 204
        problem(await desk.admin.get(f"{W}/{gone['id']}/deliveries"), 404)
        for client in (desk.host, desk.read, desk.driver):
            problem(await client.get(W), 403)
        async with desk.field.station(V201) as station:
            tx, _ = await station.start(wh=9_000)
            desk.field.wait(30)
            await station.stop(tx, 1_000)  # the register ran backwards
        await one.hears(1)
        assert one.types == ["session.in_review"]
        assert "register" in " ".join(one.data("session.in_review")[0]["findings"])
        await asyncio.sleep(0.1)
        assert other.heard == []
        assert (await desk.admin.post(f"{W}/{made['id']}/test")).status_code == 202
        await one.hears(2)
        assert one.types[1] == "webhook.test"

    walk(tmp_path, scenario)


def test_payouts_are_told_when_an_epoch_is_final_and_when_somebody_claims(tmp_path):
    async def scenario(desk):
        ear = await Ear().open()
        await subscribe(desk, ear.url, "payout.final", "payout.claimed")
        run = desk.house.store.run
        await run(put_record, epoch_record(state=EpochState.ANCHORED))
        await run(put_record, epoch_record(state=EpochState.FINAL))
        await run(put_record, epoch_record(state=EpochState.FINAL))
        payee = "0x" + "ab" * 20
        claim = Transfer("chain/0xaa/1", f"claimable:{payee}@tUSD", "onchain:anvil@tUSD", 7, "c")
        await run(lambda *_: Decision(None, appends=(claim,)), None)
        await ear.hears(2)
        assert ear.types == ["payout.final", "payout.claimed"]
        assert ear.data("payout.final")[0]["epoch"] == 1
        assert ear.data("payout.claimed")[0] | {"tx": ""} == {
            "payee": payee,
            "asset": "tUSD",
            "amount_minor": "7",
            "tx": "",
        }

    walk(tmp_path, scenario)


def test_a_receiver_that_fails_is_asked_again_later_and_nothing_overtakes(tmp_path):
    async def scenario(desk):
        ear = await Ear().open()
        made = await subscribe(desk, ear.url, "session.started", "session.ended")
        ear.statuses = [500, 302]  # a redirect leads nowhere
        async with desk.field.station(V16) as station:
            tx, _ = await station.start()
            await ear.hears(1)
            await station.stop(tx, 1_000)
            await asyncio.sleep(0.1)
            [ended, started] = await deliveries(desk, made["id"])
            assert (started["state"], started["error"]) == ("waiting", "127.0.0.1 answered 500")
            assert ended["attempts"] == 0
            later(desk, BACK_OFF_MS[0])
            await ear.hears(2)
            assert ear.types == []
            later(desk, BACK_OFF_MS[1])
            await ear.hears(4)
        assert ear.types == ["session.started", "session.ended"]
        assert len({headers["webhook-id"] for _, headers, _, _ in ear.heard[:3]}) == 1
        assert len({body for _, _, body, _ in ear.heard[:3]}) == 1

    walk(tmp_path, scenario)


def test_what_failed_twelve_times_is_a_dead_letter_the_rest_goes_on_and_it_can_be_replayed(
    tmp_path,
):
    async def scenario(desk):
        ear = await Ear().open()
        ear.status = 503
        made = await subscribe(desk, ear.url, "session.started", "session.ended")
        async with desk.field.station(V16) as station:
            tx, _ = await station.start()
            await station.stop(tx, 1_000)
        for attempt, wait_ms in enumerate(BACK_OFF_MS, 1):
            await ear.hears(attempt)
            while (await deliveries(desk, made["id"]))[1]["attempts"] != attempt:
                await asyncio.sleep(0.02)
            later(desk, wait_ms)
        await ear.hears(13)  # the last attempt, and the next event's first
        assert ear.data("session.ended")
        first, second = ear.heard[0][1]["webhook-id"], ear.heard[12][1]["webhook-id"]
        assert first != second
        dead = (await deliveries(desk, made["id"]))[1]
        assert (dead["event"], dead["state"], dead["attempts"]) == (first, "given up", 12)
        troubles = (await desk.read.get("/api/v1/status")).json()["troubles"]
        assert f"{first}/{made['id']} was given up after 12 attempts" in troubles[0]
        ear.status = 200
        later(desk, BACK_OFF_MS[0])
        await ear.hears(14)
        again = await desk.admin.post(f"{W}/{made['id']}/replay", json={"event": first})
        assert again.status_code == 202
        await ear.hears(15)
        assert ear.heard[-1][1]["webhook-id"] == first
        assert ear.heard[-1][2] == ear.heard[0][2]
        assert (await desk.read.get("/api/v1/status")).json()["troubles"] == []
        # What was delivered can be sent again as well; what never was cannot.
        await desk.admin.post(f"{W}/{made['id']}/replay", json={"event": second})
        await ear.hears(16)
        nothing = await desk.admin.post(f"{W}/{made['id']}/replay", json={"event": "evt_9"})
        assert "there is no event evt_9" in problem(nothing, 400)["detail"]

    walk(tmp_path, scenario)


def test_a_receiver_that_never_answers_holds_up_nobody_else(tmp_path):
    async def scenario(desk):
        deaf, ear = await Ear().open(), await Ear().open()
        deaf.mute = True
        slow = await subscribe(desk, deaf.url, "session.started")
        await subscribe(desk, ear.url, "session.started")
        async with desk.field.station(V16) as station:
            for evse in (1, 2):
                await station.start(evse=evse)
            await ear.hears(2)
            while not (await deliveries(desk, slow["id"]))[1]["error"]:
                await asyncio.sleep(0.05)
        assert "did not answer within 1 s" in (await deliveries(desk, slow["id"]))[1]["error"]

    walk(tmp_path, scenario)


REFUSED = {
    "http://127.0.0.1/x": "not a public address",
    "https://localhost:8080/": "not a public address",
    "https://10.1.2.3/": "webhooks.allow",
    "https://192.168.0.1/": "webhooks.allow",
    "https://169.254.169.254/latest/meta-data": "not a public address",
    "https://[::1]/": "not a public address",
    "https://[::ffff:127.0.0.1]/": "not a public address",
    "https://[fe80::1]/": "not a public address",
    "https://[fd00::1]/": "not a public address",
    "https://[64:ff9b::a00:1]/": "not a public address",
    "https://0.0.0.0/": "not a public address",
    "https://2130706433/": "not a public address",
    "https://224.0.0.1/": "not a public address",
    "http://93.184.216.34/": "over https only",
    "https://user:pw@93.184.216.34/": "without user",
    "ftp://93.184.216.34/": "expected https",
    "https:///x": "expected https",
    "https://93.184.216.34:99999/": "ort",
    "https://93.184.216.34/a b": "printable",
    "https://93.184.216.34/\r\nX: y": "printable",
    "https://no-such-name.invalid/": "cannot be resolved",
}


def test_nothing_is_told_where_an_attacker_would_like_it(tmp_path):
    async def scenario(desk):
        for url, word in REFUSED.items():
            refused = await desk.admin.post(W, json={"url": url})
            assert word in problem(refused, 400)["detail"], url
        problem(await desk.admin.post(W, json={"url": "https://x/", "topics": ["all"]}), 400)
        assert (await desk.admin.get(W)).json() == []

    walk(tmp_path, scenario, webhooks=WebhooksConfig())


def test_an_address_that_is_not_allowed_any_more_is_judged_at_each_delivery(tmp_path):
    async def subscribed(desk):
        ear = await Ear().open()
        found.append((await subscribe(desk, ear.url), ear))

    async def told(desk):
        [(made, _)] = found
        await desk.admin.post(f"{W}/{made['id']}/test")
        while not (await deliveries(desk, made["id"]))[0]["error"]:
            await asyncio.sleep(0.02)
        assert "not a public address" in (await deliveries(desk, made["id"]))[0]["error"]

    found = []
    clock = ManualClock(NOON)
    walk(tmp_path, subscribed, clock=clock)

    async def later():
        async with stage(tmp_path, WebhooksConfig(), clock, furnished=True) as desk:
            await told(desk)

    asyncio.run(later())


def test_a_frozen_house_tells_nobody(tmp_path):
    async def scenario(desk):
        ear = await Ear().open()
        await subscribe(desk, ear.url, "session.started")
        desk.house.is_frozen = True
        async with desk.field.station(V16) as station:
            await station.start()
            await asyncio.sleep(1.2)
            assert ear.heard == []
            desk.house.is_frozen = False
            await ear.hears(1)

    walk(tmp_path, scenario)


def test_what_is_told_is_in_the_commit_of_its_cause_or_nowhere():
    """The watcher only adds to a decision; the store takes it whole or not at all."""
    store = MemoryStore(TABLES, ManualClock(NOON))
    listener = Subscription("wh_1", "https://x/", tuple(Topic), "", "salt", 1)

    def failing(state, _command, now_ms):
        done = Decision(None, (epoch_record(),), appends=(Counter("c", 2),))
        return watched(state, done, (listener,), now_ms)

    async def scenario():
        await store.run(put_record, Counter("c", 1))
        with pytest.raises(RecordConflict):
            await store.run(failing, None)
        assert store.due_jobs(NOON, 10) == []
        await store.run(
            lambda s, _, n: watched(s, Decision(None, (epoch_record(),)), (listener,), n), 0
        )
        [job] = store.due_jobs(NOON, 10)
        assert (job.id, job.lane) == ("evt_000000000001/wh_1", "post/webhook/wh_1")

    asyncio.run(scenario())


def test_a_defect_in_the_telling_costs_nobody_a_session(tmp_path, monkeypatch):
    async def scenario(desk):
        ear = await Ear().open()
        await subscribe(desk, ear.url)

        def broken(*_):
            raise ZeroDivisionError

        monkeypatch.setattr("ohmstead.apps.operations.webhooks.watched", broken)
        async with desk.field.station(V16) as station:
            tx = await station.charge()
        assert desk.field.session(tx).state.value == "settled"

    walk(tmp_path, scenario)


def test_the_signature_is_that_of_the_standard_webhooks_text():
    """The example of the text: base64 secret, id, timestamp and body as they stand there."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    said = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert said == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_over_https_the_certificate_has_to_be_that_of_the_name(tmp_path, monkeypatch):
    server, _ = contexts(tmp_path)
    here = (ip_network("127.0.0.0/8"),)

    async def scenario():
        ear = await Ear().open(server)
        url = ear.url.replace("http:", "https:")
        posting.trust.cache_clear()
        with pytest.raises(posting.NotPosted, match="TLS failed"):
            await posting.post(url, {}, b"{}", here, 5)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "sink.pem"))
        posting.trust.cache_clear()
        assert await posting.post(url, {"webhook-id": "1"}, b"{}", here, 5) == 204
        with pytest.raises(posting.NotPosted, match="TLS failed"):
            await posting.post(url.replace("127.0.0.1", "localhost"), {}, b"{}", LOCAL, 5)
        assert [heard[1]["webhook-id"] for heard in ear.heard] == ["1"]
        with pytest.raises(posting.NotPosted, match="exceeds"):
            await posting.post(url, {}, bytes(1 << 20), here, 5)

    LOCAL = (*here, ip_network("::1/128"))
    try:
        asyncio.run(scenario())
    finally:
        posting.trust.cache_clear()


def test_what_was_not_delivered_before_a_stop_is_delivered_after_the_next_start(tmp_path):
    clock, found = ManualClock(NOON), []

    async def whole():
        ear = await Ear().open()
        ear.mute = True
        async with stage(tmp_path, clock=clock) as desk:
            found.append(await subscribe(desk, ear.url, "session.started"))
            async with desk.field.station(V16) as station:
                await station.start()
                await asyncio.sleep(0.2)
        ear.mute, before = False, len(ear.heard)
        async with stage(tmp_path, clock=clock, furnished=True) as desk:
            await ear.hears(before + 1)
            assert ear.types[-1] == "session.started"
            assert is_signed(ear.heard[-1], found[0]["secret"])

    asyncio.run(whole())
