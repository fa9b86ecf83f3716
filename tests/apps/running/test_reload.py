"""What of a configuration changes while the house runs, and what is said to wait."""

from __future__ import annotations

import json
import re
import signal
import ssl
import time
from contextlib import asynccontextmanager

import pytest

from ohmstead.adapters.clock import ManualClock
from ohmstead.apps import config as configuration
from ohmstead.apps.boot import House
from ohmstead.apps.config import Config, parse
from ohmstead.apps.gateway import Certificates
from ohmstead.apps.running.checking import check
from ohmstead.apps.running.reloading import LIVE, TLS_FILES, reload
from ohmstead.errors import ConfigError
from ohmstead.units import MS_PER_S
from tests.apps.cli.test_commands import WAIT_S, Up, inside
from tests.apps.gateway.floor import ask
from tests.apps.gateway.pki import Pki
from tests.apps.gateway.test_tls import tls_floor
from tests.apps.operations.test_pages import PAGES, typed
from tools.gen_reference import keys, sections

NOON = 1_790_000_000_000


class Levels(list):
    """What the log was set to."""

    def __call__(self, word):
        self.append(word)


@asynccontextmanager
async def house_in(folder, config):
    house = await House.open(folder, ManualClock(NOON), config)
    try:
        yield house
    finally:
        await house.stop()


def config(text):
    return parse(b"[chain]\nkind = 'none'\n" + text.encode(), "network.toml")


async def test_live_keys_hold_at_once_and_the_others_wait(tmp_path):
    levels = Levels()
    text = """
    [log]
    level = "info"
    [alerts]
    offline_s = 5
    [mail]
    server = "localhost:25"
    tls = "none"
    sender = "a@b.example"
    to = ["c@d.example"]
    [webhooks]
    allow = ["10.0.0.0/8"]
    [ocpp]
    retry_s = 7
    heartbeat_s = 17
    trusted_proxies = ["10.1.0.0/16"]
    onboarding = "approve"
    [http]
    bind = "127.0.0.1:1"
    """
    async with house_in(tmp_path, config("")) as house:
        done = reload(house, house.config, config(text), levels)
        assert set(done.waiting) == {"ocpp.heartbeat_s", "http.bind"}
        assert {"log.level", "alerts.offline_s", "mail.server", "ocpp.retry_s"} <= set(done.changed)
        assert levels == ["info"]
        assert house.office.alarms._rules.offline_ms == 5 * MS_PER_S
        assert house.office.mailer.is_on
        assert "10.1.2.3" in house.gateway._proxies
        assert house.config is done.config
        # What waits is not said to hold: the next reload says again that it waits.
        assert done.config.ocpp.heartbeat_s == Config().ocpp.heartbeat_s
        again = reload(house, done.config, config(text), levels)
        assert (again.changed, set(again.waiting)) == ((), set(done.waiting))
        back = reload(house, done.config, config(""), levels)
        assert set(back.changed) == set(done.changed)
        assert back.waiting == ()
        assert levels == ["info", "warning"]
        assert not house.office.mailer.is_on


def test_every_live_key_is_one_of_the_file():
    known = {
        f"{name}.{field.name}" for name, section in sections(Config) for field in keys(section)
    }
    for name in LIVE:
        assert name in known or any(key.startswith(f"{name}.") for key in known), name


async def test_new_certificates_are_for_new_connections_and_broken_ones_change_nothing(tmp_path):
    pki = Pki(tmp_path)
    async with tls_floor(pki) as floor, floor.station(ssl=pki.client()) as old:
        certificates, ocpp = floor.gateway.certificates, floor.gateway._config
        first = certificates.context
        assert not certificates.are_stale
        certificate, key, _ = pki.issue("gateway")
        tls = configuration.TlsConfig(
            bind=ocpp.tls.bind, certificate=certificate.name, key=key.name, client_ca=pki.ca.name
        )
        newer = Certificates(tls, tmp_path)
        floor.gateway.reconfigure(configuration.OcppConfig(tls=tls), newer)
        assert floor.gateway.certificates is certificates
        assert certificates.context is newer.context is not first
        async with floor.station("S2", ssl=pki.client()) as new:
            shown = new.transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
            assert shown == ssl.PEM_cert_to_DER_cert(certificate.read_text())
            assert (await ask(old, "1"))[0] == 3  # it stays
        (tmp_path / key.name).write_text("no key")
        assert certificates.are_stale
        assert not certificates.refresh()
        assert certificates.are_stale  # and goes on with what it has
        with pytest.raises(ConfigError, match="not a private key"):
            Certificates(tls, tmp_path)
        assert certificates.context is newer.context


async def test_a_broken_certificate_stops_the_rest_of_a_reload_too(tmp_path):
    pki = Pki(tmp_path)
    certificate, key, _ = pki.issue("gateway")
    text = f"""
    [ocpp]
    bind = "127.0.0.1:0"
    [ocpp.tls]
    bind = "127.0.0.1:0"
    certificate = "{certificate.name}"
    key = "{key.name}"
    """
    old = config(text)
    async with house_in(tmp_path, old) as house:
        await house.start()
        assert reload(house, old, config(text), Levels()).changed == ()
        broken = text.replace(certificate.name, "gone.pem") + "[alerts]\noffline_s = 1"
        with pytest.raises(ConfigError, match=r"gone\.pem.*ocpp\.tls\.certificate"):
            reload(house, old, config(broken), Levels())
        assert house.office.alarms._rules.offline_ms == 900 * MS_PER_S
        assert house.config == old
        fresh, fresh_key, _ = pki.issue("gateway")
        certificate.write_bytes(fresh.read_bytes())
        key.write_bytes(fresh_key.read_bytes())
        assert reload(house, old, config(text), Levels()).changed == (TLS_FILES,)
        assert reload(house, house.config, config(text), Levels()).changed == ()


async def test_tls_that_a_restart_will_begin_is_read_now_and_waits(tmp_path):
    certificate, key, _ = Pki(tmp_path).issue("gateway")
    text = f"""
    [ocpp.tls]
    bind = "127.0.0.1:0"
    certificate = "{certificate.name}"
    key = "{key.name}"
    """
    async with house_in(tmp_path, config("")) as house:
        with pytest.raises(ConfigError, match=r"gone\.pem.*ocpp\.tls\.key"):
            reload(house, house.config, config(text.replace(key.name, "gone.pem")), Levels())
        done = reload(house, house.config, config(text), Levels())
        assert done.changed == ()
        assert set(done.waiting) == {f"ocpp.tls.{one}" for one in ("bind", "certificate", "key")}


def test_the_page_names_the_keys_that_change_at_once():
    text = (PAGES / "running.md").read_text()
    section = text.split("## What a reload changes")[1].split("\n## ")[0]
    named = set(re.findall(r"`([a-z_.]+)`", section))
    assert named >= LIVE
    assert typed("running.md") == [["restart"], ["reload"]]


def test_a_signal_and_a_command_reload_a_running_house(tmp_path):
    folder = tmp_path / "n"
    inside("init", "--dir", folder)
    file = folder / "network.toml"
    with Up(folder) as up:
        assert inside("reload", "--dir", folder).stdout == "Nothing has changed.\n"
        file.write_text(file.read_text().replace("offline_s = 900", "offline_s = 60"))
        file.write_text(file.read_text().replace("heartbeat_s = 300", "heartbeat_s = 60"))
        said = inside("reload", "--dir", folder).stdout.splitlines()
        assert said == [
            "changed: alerts.offline_s",
            "waits for `ohmstead restart`: ocpp.heartbeat_s",
        ]
        file.write_text(file.read_text().replace("offline_s = 60", "offline_s = 'soon'"))
        refused = inside("reload", "--dir", folder, code=1).stderr
        assert "network.toml:" in refused
        assert "key alerts.offline_s" in refused
        up.process.send_signal(signal.SIGHUP)
        file.write_text(file.read_text().replace("offline_s = 'soon'", "offline_s = 30"))
        deadline = time.monotonic() + WAIT_S
        while json.loads(inside("reload", "--json", "--dir", folder).stdout)["changed"]:
            assert time.monotonic() < deadline
        up.process.send_signal(signal.SIGHUP)
        code, log = up.stop()
    assert code == 0
    assert "Traceback" not in log
    down = inside("reload", "--dir", folder, code=1).stderr
    assert "start it with `ohmstead up" in down


BAD_FILES = [
    ('[pki]\nroots = "tariff.json"', r"tariff\.json.*pki\.roots"),
    ('[pki]\nauthorities = "absent.pem"', r"absent\.pem: No such file.*pki\.authorities"),
    ('[files]\nhttps_bind = "127.0.0.1:0"\ncertificate = "tariff.json"\nkey = "k"', "tariff.json"),
    ('[[data_transfer]]\nvendor_id = "V"\nentry_point = "nobody"', "no installed package"),
    (
        '[mail]\nserver = "localhost:25"\ntls = "none"\nuser = "u"\nsender = "a@b.example"\n'
        'to = ["c@d.example"]',
        r"mail\.password: No such file",
    ),
]


@pytest.mark.parametrize(("text", "why"), BAD_FILES)
async def test_a_reload_refuses_what_a_restart_could_not_read(text, why, tmp_path):
    (tmp_path / "tariff.json").write_text("{}")
    async with house_in(tmp_path, config("")) as house:
        with pytest.raises(ConfigError, match=why):
            reload(house, house.config, config(f"[log]\nlevel = 'info'\n{text}"), Levels())
        assert house.config == config("")


def test_a_secret_that_is_none_is_found_before_the_house_is_let_go(tmp_path):
    check(tmp_path, config(""))
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "pepper").write_text("not hex")
    with pytest.raises(ConfigError, match="pepper is not what was written there"):
        check(tmp_path, config(""))
