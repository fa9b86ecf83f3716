"""A person is told once when something goes wrong, and once when it is over."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
import time

import pytest

from ohmstead.adapters.clock import ManualClock
from ohmstead.apps.config import AlertsConfig, MailConfig
from ohmstead.apps.operations.mail import Mailer, said
from ohmstead.apps.operations.posting import NotPosted
from ohmstead.core.alerts import Alert, Rule, span, when
from ohmstead.core.meter import MeterKey
from ohmstead.core.network import Station
from ohmstead.core.station_log import StationCertificate
from ohmstead.flows.station_log import Happening, Tell, tell
from ohmstead.flows.stations import retire_station
from ohmstead.frozen import replace
from ohmstead.ports import Decision, Job
from tests.apps.api.desk import problem, put_record
from tests.apps.operations.stage import Ear, contexts, stage, walk
from tests.apps.stations.field import V16, V201
from tests.flows.world import NOON, Meter

DAY = 24 * 60  # minutes
AWAY = f"station S has been offline since {when(NOON)}"


class Sink:
    """A mail server that keeps what it is given."""

    def __init__(self, context=None):
        self.mails, self.context, self.refuses, self.encrypted = [], context, "", []

    async def open(self):
        self.server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{self.server.sockets[0].getsockname()[1]}"
        return self

    async def _talk(self, reader, writer):
        def say(text):
            writer.write(text.encode() + b"\r\n")

        say("220 sink")
        while line := (await reader.readline()).decode().strip():
            word = line.split()[0].upper()
            if word == "EHLO":
                say("250-sink\r\n250 STARTTLS" if self.context else "250 sink")
            elif word == "STARTTLS":
                say("220 go")
                await writer.start_tls(self.context)
            elif word == "DATA":
                say("354 go")
                mail = await reader.readuntil(b"\r\n.\r\n")
                self.mails.append(mail.decode())
                self.encrypted.append(writer.get_extra_info("ssl_object") is not None)
                say("250 kept")
            elif word == "RCPT" and self.refuses:
                say(f"550 {self.refuses}")
            elif word == "QUIT":
                say("221 bye")
                break
            else:
                say("250 fine")
        writer.close()

    async def gets(self, count):
        async with asyncio.timeout(20):
            while len(self.mails) < count:
                await asyncio.sleep(0.02)


def post_to(sink, **options):
    return MailConfig(
        server=sink.address,
        sender="net@here",
        to=("ops@here", "b@here"),
        **{"tls": "none"} | options,
    )


def run(folder, scenario, mail=True, **alerts):
    """A house with a mail server, where only the named rules are on."""
    off = dict.fromkeys(AlertsConfig.__struct_fields__, 0)

    async def whole():
        sink = await Sink().open()
        config = AlertsConfig(**off | alerts)
        sections = {"mail": post_to(sink)} if mail else {}
        async with stage(folder, alerts=config, **sections) as desk:
            await scenario(desk, sink)

    asyncio.run(whole())


async def opened(desk):
    await desk.house.office.minute()
    return [one["text"] for one in (await desk.read.get("/api/v1/alerts")).json()["items"]]


def test_a_station_that_is_away_too_long_is_told_once_and_its_return_once(tmp_path):
    async def scenario(desk, sink):
        field, ear = desk.field, await Ear().open()
        await desk.admin.post(
            "/api/v1/webhooks", json={"url": ear.url, "topics": ["alert.opened", "alert.closed"]}
        )
        async with field.station(V16), field.station(V16, "OTHER"):
            field.wait(60)
            assert await opened(desk) == []
        while desk.house.gateway.link("S") or desk.house.gateway.link("OTHER"):
            await asyncio.sleep(0.01)
        field.wait(14)
        async with field.station(V16, "OTHER"):
            field.wait(61)
            assert await opened(desk) == [AWAY]
            assert await opened(desk) == [AWAY]
            status = (await desk.read.get("/api/v1/status")).json()
            assert "station S has been offline" in status["troubles"][0]
            headers = {"Authorization": desk.read.headers["authorization"]}
            page = await desk.nobody.get("/", headers=headers)
            assert "station S has been offline" in page.text
            async with field.station(V16):
                assert await opened(desk) == []
                assert await opened(desk) == []
            await sink.gets(2)
            await ear.hears(2)
        assert ear.types == ["alert.opened", "alert.closed"]
        assert ear.data("alert.closed")[0]["station"] == "S"
        first, second = sink.mails
        assert f"Subject: [commons] {AWAY}" in first
        assert "To: ops@here, b@here" in first
        assert "Subject: [commons] over: station S" in second
        assert len(desk.house.store.find(Alert, 10)) == 1

    run(tmp_path, scenario, offline_s=3_600)


def test_an_alert_survives_a_restart_and_is_not_told_again(tmp_path):
    clock = ManualClock(NOON)
    alerts = AlertsConfig(offline_s=60, idle_days=0)

    async def first():
        async with stage(tmp_path, clock=clock, alerts=alerts) as desk:
            desk.field.wait(2)
            assert len(await opened(desk)) == 2

    async def second():
        sink = await Sink().open()
        sections = {"mail": post_to(sink), "clock": clock, "furnished": True}
        async with stage(tmp_path, alerts=alerts, **sections) as desk:
            assert len(await opened(desk)) == 2  # it cannot know yet that they are back
            desk.field.wait(5)
            assert len(await opened(desk)) == 2
            await asyncio.sleep(0.1)
            assert sink.mails == []
            await desk.house.store.run(retire_station, "OTHER")
            async with desk.field.station(V16):
                assert await opened(desk) == []
            await sink.gets(1)
            assert "(and 1 more)" in sink.mails[0]

    asyncio.run(first())
    asyncio.run(second())


@pytest.mark.parametrize("version", [V16, V201])
def test_a_fault_that_stays_is_told_and_one_that_passes_is_not(tmp_path, version):
    async def scenario(desk, _sink):
        async with desk.field.station(version) as station:
            await station.status("Faulted")
            assert await opened(desk) == []
            await station.status("Available")
            desk.field.wait(5)
            assert await opened(desk) == []
            await station.status("Faulted")
            assert await opened(desk) == []
            desk.field.wait(5)
            assert await opened(desk) == ["station S reports Faulted at evse 1"]
            await station.status("Available")
            assert await opened(desk) == []

    run(tmp_path, scenario, mail=False, fault_s=60)


def test_a_station_without_a_session_for_days_is_told_until_it_has_one(tmp_path):
    async def scenario(desk, _sink):
        assert await opened(desk) == []
        desk.field.wait(6 * DAY)
        async with desk.field.station(V201) as station:
            await station.charge()
            desk.field.wait(2 * DAY)
            assert await opened(desk) == [f"station OTHER has had no session since {when(NOON)}"]
            desk.field.wait(5 * DAY)
            assert len(await opened(desk)) == 2
            await station.start(wh=4_000)
            assert len(await opened(desk)) == 1
            desk.field.wait(9 * DAY)
            assert len(await opened(desk)) == 1  # it charges still

    run(tmp_path, scenario, mail=False, idle_days=7)


@pytest.mark.parametrize("version", [V16, V201])
def test_a_clock_that_is_off_is_told_and_a_message_that_waited_is_no_such_thing(tmp_path, version):
    async def scenario(desk, _sink):
        field = desk.field
        async with field.station(version) as station:
            field.wait(30)
            await station.start(at_ms=field.now - 5 * 60_000)
            assert await opened(desk) == ["the clock of station S is 5 minutes behind"]
            tx, _ = await station.start(evse=2, at_ms=field.now)
            assert await opened(desk) == []
            field.wait(30)
            await station.stop(tx, 1_000, at_ms=field.now + 10 * 60_000)
            assert await opened(desk) == ["the clock of station S is 10 minutes ahead"]
        field.wait(60)
        async with field.station(version, "OTHER") as station:
            # It was offline then, and says now what happened.
            await station.start(at_ms=field.now - 40 * 60_000)
            assert len(await opened(desk)) == 1

    run(tmp_path, scenario, mail=False, clock_off_s=120)


def test_a_certificate_is_told_of_before_it_expires_until_another_takes_its_place(tmp_path):
    async def scenario(desk, _sink):
        store, day_ms = desk.house.store, 86_400_000

        async def certificate(number, days, state="accepted"):
            until = desk.field.now + days * day_ms
            record = StationCertificate("S", number, f"{number:04x}", "", "", until, 1, state)
            await store.run(put_record, record)

        await certificate(1, 40)
        assert await opened(desk) == []
        desk.field.wait(15 * DAY)
        assert await opened(desk) == [
            "the certificate 0001 of station S expires on 2023-12-24 22:13 UTC"
        ]
        await certificate(2, 400, "rejected")
        assert len(await opened(desk)) == 1
        await certificate(3, 400)
        assert await opened(desk) == []
        desk.field.wait(500 * DAY)
        assert await opened(desk) == [
            "the certificate 0003 of station S expired on 2025-01-02 22:13 UTC"
        ]

    run(tmp_path, scenario, mail=False, certificate_days=30)


def test_the_key_of_an_exchanged_meter_is_not_told_to_have_expired_and_a_key_that_runs_out_is(
    tmp_path,
):
    async def scenario(desk, _sink):
        field, day_ms = desk.field, 86_400_000
        old, store = field.meter.public.key_id, desk.house.store
        said = {"evse": 1, "old_final_mwh": 9_000_000, "new_initial_mwh": 0, "because": "dead"}
        new = Meter("NEW-1", 9).public
        said["new_meter"] = {"public_key": new.der_hex, "serial": "NEW-1"}
        field.wait(1)
        path = "/api/v1/stations/S/meters/exchange"
        assert (await desk.host.post(path, json=said)).status_code == 201
        assert store.get(MeterKey, old).valid_until_ms == field.now
        assert await opened(desk) == []
        ends_ms = field.now + 20 * day_ms  # of the one that is there now, and has no successor
        await store.run(
            put_record, replace(store.get(MeterKey, new.key_id), valid_until_ms=ends_ms)
        )
        what = f"the meter key {new.key_id[:16]} of station S"
        assert await opened(desk) == [f"{what} expires on {when(ends_ms)}"]
        field.wait(30 * DAY)
        assert len(await opened(desk)) == 1
        # A build before this one told of the old key too: that is over at the next look.
        stale = Alert(Rule.CERTIFICATE, f"meter/{old}", "expired 5 s ago", NOON, station_id="S")
        await store.run(put_record, stale)
        assert len(await opened(desk)) == 1
        said |= {"new_initial_mwh": 5, "new_meter": None}
        assert (await desk.host.post(path, json=said)).status_code == 201
        assert await opened(desk) == []  # no meter signs there now, which the exchange said

    run(tmp_path, scenario, mail=False, certificate_days=30)


def test_a_settler_that_waits_is_told_when_it_does_not_come_right_by_itself(tmp_path):
    async def scenario(desk, _sink):
        alarms, field = desk.house.office.alarms, desk.field
        alarms.settler_trouble = lambda: "session S-1 fits no epoch"
        assert await opened(desk) == []
        field.wait(9)
        assert await opened(desk) == []
        field.wait(1)
        assert await opened(desk) == ["the settler waits: session S-1 fits no epoch"]
        alarms.settler_trouble = lambda: ""
        assert await opened(desk) == []

    run(tmp_path, scenario, mail=False, settler_s=600)


def test_a_store_that_is_down_is_mailed_at_once_and_written_down_when_it_is_back(
    tmp_path, monkeypatch
):
    async def scenario(desk, sink):
        office, store = desk.house.office, type(desk.house.store)
        with monkeypatch.context() as broken:
            broken.setattr(store, "available", False)
            await office.minute()
            desk.field.wait(2)
            await office.minute()
            await office.minute()
            await sink.gets(1)
        assert f"nothing has been stored since {when(NOON)}" in sink.mails[0]
        await office.minute()
        [alert] = desk.house.store.find(Alert, 10)
        assert (alert.rule, alert.opened_ms, alert.closed_ms) == (
            Rule.STORE,
            NOON,
            NOON + 120_000,
        )
        await sink.gets(2)
        assert "Subject: [commons] over: nothing could be stored for 2 minutes" in sink.mails[1]
        assert len(sink.mails) == 2

    run(tmp_path, scenario, store_down_s=60)


def test_a_rule_that_was_turned_off_closes_what_it_opened(tmp_path):
    clock = ManualClock(NOON)

    async def whole():
        on, off = AlertsConfig(offline_s=60), AlertsConfig(offline_s=0)
        async with stage(tmp_path, clock=clock, alerts=on) as desk:
            desk.field.wait(2)
            assert len(await opened(desk)) == 2
        async with stage(tmp_path, clock=clock, alerts=off, furnished=True) as desk:
            assert await opened(desk) == []
            everything = await desk.read.get("/api/v1/alerts", params={"which": "all"})
            assert len(everything.json()["items"]) == 2

    asyncio.run(whole())


def test_a_mail_server_that_refuses_is_asked_again_and_the_reason_is_shown(tmp_path):
    async def scenario(desk, sink):
        sink.refuses = "no such box"
        refused = problem(await desk.admin.post("/api/v1/alerts/test-mail"), 502, "mail-failed")
        assert "no such box" in refused["detail"]
        problem(await desk.read.post("/api/v1/alerts/test-mail"), 403)
        desk.field.wait(5)
        await opened(desk)
        while not (job := desk.house.store.jobs_of("post/mail", 1)[0]).error:
            await asyncio.sleep(0.02)
        assert "no such box" in job.error
        sink.refuses = ""
        desk.field.wait(1)
        desk.house.office.courier.wake()
        await sink.gets(1)
        assert (await desk.admin.post("/api/v1/alerts/test-mail")).status_code == 200
        await sink.gets(2)

    run(tmp_path, scenario, offline_s=60)


def test_without_mail_a_test_says_what_to_configure(tmp_path):
    async def scenario(desk):
        said = problem(await desk.admin.post("/api/v1/alerts/test-mail"), 409, "no-mail")
        assert "[mail]" in said["detail"]

    walk(tmp_path, scenario)


def test_mail_is_encrypted_and_what_a_station_says_ends_no_header(tmp_path):
    server, client = contexts(tmp_path)

    async def scenario():
        sink = await Sink(server).open()
        mailer = Mailer(tmp_path, "commons", post_to(sink, tls="starttls"), client)
        evil = "x\r\nBcc: all@there\r\n\r\nbody"
        await mailer.carry(Job("1", "post/mail", "mail", {"subject": evil, "lines": [evil, "."]}))
        assert sink.encrypted == [True]
        assert "\nBcc:" not in sink.mails[0]
        stranger = Mailer(tmp_path, "commons", post_to(sink, tls="starttls"))
        with pytest.raises(NotPosted, match="certificate"):
            await stranger.say("2", "hello")
        plain = await Sink().open()
        downgraded = Mailer(tmp_path, "commons", post_to(plain, tls="starttls"), client)
        with pytest.raises(NotPosted, match="STARTTLS"):
            await downgraded.say("3", "hello")
        assert plain.mails == []
        known = Mailer(tmp_path, "commons", post_to(plain, user="me"), client)
        with pytest.raises(NotPosted, match=r"mail\.password"):
            await known.say("4", "hello")
        (tmp_path / "keys").mkdir()
        (tmp_path / "keys/mail.password").write_text("secret")
        (tmp_path / "keys/mail.password").chmod(0o644)
        with pytest.raises(NotPosted, match="chmod 600"):
            await known.say("4", "hello")
        nobody = MailConfig(server="127.0.0.1:1", sender="a@b", to=("c@d",), tls="none")
        with pytest.raises(NotPosted, match=r"server 127\.0\.0\.1:1 takes no connection"):
            await Mailer(tmp_path, "commons", nobody).say("5", "hello")

    asyncio.run(scenario())


ANSWERS = [
    (
        smtplib.SMTPRecipientsRefused({"night@example.com": (550, b"5.1.1 no such mailbox")}),
        "does not take mail for night@example.com (550 5.1.1 no such mailbox)",
    ),
    (smtplib.SMTPSenderRefused(553, b"no", "a@b"), "does not take mail from mail.sender (553 no)"),
    (smtplib.SMTPAuthenticationError(535, b"no"), "refused mail.user with its password in keys/"),
    (smtplib.SMTPDataError(554, b"spam"), "answered 554 spam"),
    (smtplib.SMTPServerDisconnected("Connection unexpectedly closed"), "ended the connection;"),
    (smtplib.SMTPException("odd"), "cannot be used: odd"),
    (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)"), "in TLS"),
    (TimeoutError(), "did not answer within 30 s"),
    (socket.gaierror(-2, "Name or service not known"), "is not known by this name"),
    (OSError(113, "No route to host"), "cannot be reached: No route to host"),
]


@pytest.mark.parametrize(("error", "words"), ANSWERS)
def test_why_no_mail_is_sent_is_said_in_words_for_people(error, words):
    text = said(error)
    assert words in text
    assert not set("{}[]") & set(text) and "_ssl" not in text and "b'" not in text


def test_lengths_of_time_are_said_in_their_largest_unit():
    said = [span(ms) for ms in (0, 59_999, 60_000, 3_599_999, 3_600_000, 86_400_000, 10**9)]
    assert said == ["0 s", "59 s", "1 minute", "59 minutes", "1 hour", "1 day", "11 days"]


def test_a_network_that_loses_its_uplink_gets_one_mail(tmp_path):
    async def scenario(desk, sink):
        proto = desk.house.store.get(Station, "S")
        many = tuple(replace(proto, id=f"S{number:04d}") for number in range(1_200))
        await desk.house.store.run(lambda *_: Decision(None, many), None)
        desk.field.wait(5)
        changed = await desk.house.office.minute()
        assert len(changed.opened) == 1_202
        await sink.gets(1)
        assert "(and 1201 more)" in sink.mails[0].replace("\r\n ", " ")
        assert "... and 1152 more" in sink.mails[0]
        status = (await desk.read.get("/api/v1/status")).json()
        assert status["troubles"][-1].startswith("1202 alerts are open in all")
        await asyncio.sleep(0.2)
        assert len(sink.mails) == 1

    run(tmp_path, scenario, offline_s=60)


def test_a_dated_event_tells_what_the_clock_of_its_station_shows(tmp_path):
    async def scenario(desk, _sink):
        async with desk.field.station(V16) as station:
            desk.field.wait(60)
            for minutes, texts in ((7, ["the clock of station S is 7 minutes ahead"]), (1, [])):
                happening = Happening("Security", desk.field.now + minutes * 60_000, security=True)
                await desk.house.store.run(tell, Tell(station.name, (happening,)))
                assert await opened(desk) == texts

    run(tmp_path, scenario, mail=False, clock_off_s=120)


def test_a_certificate_of_the_house_is_told_of_until_its_file_holds_a_newer_one(tmp_path):
    async def scenario(desk, _sink):
        contexts(tmp_path)  # of today and tomorrow
        desk.field.clock.advance(int(time.time() * 1_000) - desk.field.now)
        (tmp_path / "ca.pem").write_bytes((tmp_path / "sink.pem").read_bytes())
        [text] = await opened(desk)
        assert text.startswith("a certificate in ca.pem expires on ")
        contexts(tmp_path, days=400)
        (tmp_path / "ca.pem").write_bytes((tmp_path / "sink.pem").read_bytes())
        assert await opened(desk) == []
        (tmp_path / "ca.pem").write_text("no certificate")
        assert await opened(desk) == []

    run(tmp_path, scenario, mail=False, certificate_days=30)
