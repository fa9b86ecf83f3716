"""Configurations and templates as a person types them: every example of the page, and mistakes."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from tests.apps.cli.test_commands import OWNER, TARIFF, Up, inside
from tests.apps.cli.test_station_commands import station, wait_for

PAGE = Path(__file__).parents[3] / "docs" / "operating" / "configuration.md"
EXAMPLES = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A house with CP1 to CP4; returns a way to type to it, their passwords, and its URL."""
    folder = tmp_path_factory.mktemp("configuration") / "net"
    inside("init", "--dir", folder, "--json")
    tariff = folder / "tariff.json"
    tariff.write_text(json.dumps(TARIFF))
    with Up(folder) as up:

        def typed(*words, code=0):
            return inside(*words, "--dir", folder, code=code)

        typed("tariff", "add", tariff)
        passwords = {}
        for name in ("CP1", "CP2", "CP3", "CP4"):
            made = typed("station", "add", name, "--owner", OWNER, "--tariff", "T1", "--json")
            passwords[name] = json.loads(made.stdout)["password"]
        yield typed, passwords, up.where["ocpp"]


def state_of(typed, name="CP1"):
    said = typed("station", "configuration", name, "--json").stdout
    return json.loads(said)["standing"]["state"]


def test_every_example_of_the_page_does_what_it_says(house):
    typed, passwords, url = house
    unread = typed("station", "configuration", "CP1", code=1)
    assert "station configuration CP1 --read" in unread.stderr
    lines = [line for block in EXAMPLES for line in block.replace("\\\n", "").splitlines()]
    assert len(lines) == 10
    with station(url, passwords["CP1"]), station(url, passwords["CP2"], name="CP2"):
        typed("station", "configuration", "CP2", "--read")
        said = {}
        for line in lines:
            words = shlex.split(line)[1:]
            if words[:2] == ["template", "drift"]:
                wait_for(lambda: state_of(typed) == "drifted")
            if "--diff-earlier" in words:
                typed(*words, code=1)  # it has said only one thing so far
                key = '{"key": "ResetRetries", "value": "2"}'
                typed("station", "command", "CP1", "ChangeConfiguration", key)
                continue
            said[" ".join(words)] = typed(*words).stdout
        texts = list(said.values())
    assert "HeartbeatInterval" in texts[0] and "Read 20" in texts[0]
    assert "ResetRetries" in texts[0] and "ResetRetries" not in texts[1]
    assert "***" in texts[0]  # AuthorizationKey
    assert texts[2] == "They do not differ.\n"
    assert "Template acme-wall has 2 settings." in texts[3]
    assert "acme-wall" in texts[4]
    assert re.search(r"CP1 +acme-wall +drifted +HeartbeatInterval +300 +600", texts[5])
    assert re.search(r"HeartbeatInterval +300 +600", texts[6])
    assert texts[7] == "Station CP1 is as_wanted.\n"
    assert texts[8] == "1 station is put right now or as they return.\n"  # CP2
    log = json.loads(typed("command", "list", "--station", "CP1", "--json").stdout)
    sets = [one for one in log if one["author"]["name"] == "template acme-wall"]
    assert {one["action"] for one in sets} == {"ChangeConfiguration", "GetConfiguration"}
    assert all(one["author"]["reason"].endswith(": ticket 4711") for one in sets)


def test_a_template_from_a_file_is_shown_and_removed(house, tmp_path):
    typed, _, _ = house
    file = tmp_path / "acme.json"
    file.write_text('{"AuthCtrlr.LocalPreAuthorize": true, "AlignedDataCtrlr.Interval": 900}')
    made = typed("template", "add", "two", "--ocpp", "2.x", "--vendor", "*", "--file", file,
                 "--setting", "AlignedDataCtrlr.Interval=600", "--json")  # fmt: skip
    settings = {"AuthCtrlr.LocalPreAuthorize": "true", "AlignedDataCtrlr.Interval": "600"}
    assert json.loads(made.stdout)["settings"] == settings
    assert json.loads(typed("template", "show", "two").stdout)["settings"] == settings
    again = ["template", "add", "two", "--ocpp", "1.6", "--vendor", "V", "--setting", "A=1"]
    refused = typed(*again, code=1).stderr
    assert "already; --replace puts" in refused and "/templates" not in refused
    typed(*again, "--replace")
    assert "is gone" in typed("template", "remove", "two").stdout
    assert "no template two" in typed("template", "show", "two", code=1).stderr
    assert "no template two" in typed("template", "repair", "two", code=1).stderr


def test_two_templates_in_conflict_say_so_wherever_either_is_looked_at(house):
    typed, passwords, url = house
    with station(url, passwords["CP4"], name="CP4"):
        typed("station", "configuration", "CP4", "--read")
        for name, seconds in (("aaa", 700), ("bbb", 800)):
            said = typed("template", "add", name, "--ocpp", "1.6", "--station", "CP4",
                         "--setting", f"HeartbeatInterval={seconds}")  # fmt: skip
            assert f"Template {name} has 1 setting.\n" in said.stdout
        wait_for(lambda: state_of(typed, "CP4") == "conflict")
        listed = typed("template", "list").stdout
        assert re.search(r"^aaa .* 1 in conflict with bbb$", listed, re.MULTILINE)
        assert re.search(r"^bbb .* 1 in conflict with aaa$", listed, re.MULTILINE)
        for name, other in (("aaa", "bbb"), ("bbb", "aaa")):
            words = f"Template {name} is in conflict with {other} at 1 station"
            failed = typed("template", "repair", name, code=1)
            assert words in failed.stderr and "--priority" in failed.stderr
            assert words in typed("template", "drift", name).stderr
        assert json.loads(typed("template", "repair", "aaa", "--json", code=1).stdout)["conflict"]
        assert "aaa and bbb both apply" in typed("template", "repair", "--station", "CP4",
                                                 code=1).stderr  # fmt: skip
        typed("template", "remove", "bbb")
        wait_for(lambda: state_of(typed, "CP4") == "drifted")
        typed("template", "repair", "aaa")
    typed("template", "remove", "aaa")


@pytest.mark.parametrize(("version", "name"), [("2.0.1", "CP3"), ("2.1", "CP4")])
def test_our_own_station_of_2x_tells_its_device_model_and_is_put_right(house, version, name):
    typed, passwords, url = house
    with station(url, passwords[name], version, name=name):
        said = typed("station", "configuration", name, "--read").stdout
        assert re.search(r"SecurityCtrlr.BasicAuthPassword +\*\*\*", said)
        assert f"over OCPP {version}" in said
        one = "OCPPCommCtrlr.HeartbeatInterval"
        wanted = re.search(rf"{one} +(\d+)", said)[1] + "0"
        typed("template", "add", "two", "--ocpp", version, "--station", name,
              "--setting", f"{one}={wanted}", "--repair", "always", "--replace")  # fmt: skip
        wait_for(lambda: state_of(typed, name) == "as_wanted")
        now = typed("station", "configuration", name, "--contains", "heartbeat").stdout
        assert re.search(rf"{one} +{wanted}", now)
    typed("template", "remove", "two")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--setting", "HeartbeatInterval"], 2, "NAME=VALUE"),
        (["--setting", "HeartbeatInterval=x"], 1, "is a whole number"),
        (["--setting", "SecurityProfile=2"], 1, "--allow-risky"),
        (["--setting", "AuthorizationKey=2"], 1, "station set"),
        (["--setting", "A=1", "--station", "CP1"], 1, "choose stations by --station"),
        (["--setting", "A=1", "--repair", "often"], 1, "--repair"),
        (["--file", "none.json"], 1, "none.json"),
        ([], 1, "setting"),
    ],
)
def test_what_was_typed_wrongly_is_told_with_the_option(house, words, code, said):
    typed, _, _ = house
    done = typed("template", "add", "T", "--ocpp", "1.6", "--vendor", "*", *words, code=code)
    assert said in done.stderr
