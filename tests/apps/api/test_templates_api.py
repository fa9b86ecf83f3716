"""Templates: who they are for, what they may ask, how drift is shown and put right."""

from __future__ import annotations

import pytest

from ohmstead.core.drift import FIGHT_MAX, RESTARTS_MAX, TRIES_MAX
from ohmstead.core.standing import Stand, Standing
from ohmstead.core.template import TEMPLATES_MAX
from tests.apps.api.configured import (
    KINDS,
    ONE,
    TWO,
    Station16,
    Station201,
    a_while,
    eventually,
    hurried,
)
from tests.apps.api.desk import problem, put_record, walk
from tests.apps.api.test_configuration_api import read
from tests.apps.stations.field import V16, V21, V201, VERSIONS, iso

both = pytest.mark.parametrize("version", VERSIONS)
T, C = "/api/v1/templates", "/api/v1/stations/S/configuration"
WORDS = {V16: "1.6", V201: "2.0.1", V21: "2.x"}


def body(version, **change):
    """A template for every station of the package's model."""
    settings = {ONE[version]: "60", TWO[version]: "true"}
    return {"ocpp": WORDS[version], "settings": settings, "vendor": "Vend*"} | change


@pytest.fixture(autouse=True)
def _hurry(monkeypatch):
    hurried(monkeypatch)


async def put(desk, name="T1", **what):
    answer = await desk.host.put(f"{T}/{name}", json=what)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def standing(desk):
    return (await desk.host.get(C)).json()["standing"]


async def until(desk, state):
    """Wait until station S stands so, and answer how."""

    async def stands():
        found = await standing(desk)
        return found["state"] == state and found

    return await eventually(stands)


async def sent(desk, *actions):
    """What templates sent, the oldest first: (action, author, reason)."""
    listed = (await desk.host.get("/api/v1/stations/S/commands")).json()["items"]
    return [
        (one["action"], one["author"]["name"], one["author"]["reason"])
        for one in reversed(listed)
        if one["action"] in actions
    ]


@both
def test_drift_is_shown_and_repaired_when_a_person_asks(tmp_path, version):
    async def scenario(desk):
        await put(desk, **body(version))
        async with desk.field.station(version, kind=KINDS[version]) as station:
            point = station.point
            said = (await read(desk))["standing"]
            assert (said["state"], said["template"]) == ("drifted", "T1")
            differing = {one["name"]: one for one in said["drift"]}
            assert differing[ONE[version]]["wanted"] == "60"
            assert differing[ONE[version]]["found"] == point.factory[ONE[version]]
            (shown,) = (await desk.read.get(f"{T}/T1/drift")).json()["items"]
            assert shown["station"] == "S"
            assert (await desk.read.get(f"{T}/T1")).json()["counts"] == {"drifted": 1}
            beside = (await desk.host.get(f"{C}/diff", params={"template": "T1"})).json()
            assert beside["right"] == "template T1"
            assert ONE[version] in {one["name"] for one in beside["differences"]}
            status = (await desk.admin.get("/api/v1/status")).json()["troubles"]
            assert any(one.startswith("1 station is not as its template says:") for one in status)
            await a_while()
            assert not point.sets  # nobody asked, and the template does not repair by itself
            fixed = await desk.host.post(f"{C}/repair", params={"reason": "a visit"})
            assert fixed.json()["state"] == "as_wanted", fixed.text
            assert point.values[ONE[version]] == "60"
            assert not (await desk.host.get(f"{T}/T1/drift")).json()["items"]
            action = "ChangeConfiguration" if version == V16 else "SetVariables"
            for _, name, reason in await sent(desk, action):
                assert (name, reason) == (
                    "template T1", f"drift, try 1 of {TRIES_MAX}, asked by host: a visit"
                )  # fmt: skip
            # What was set was read back, in messages as small as the station asked for.
            back = [names for names in point.asked_names if names is not None]
            assert {name for names in back for name in names} == {name for name, _ in point.sets}
            assert version == V16 or max(map(len, back)) == 1
            again = await desk.host.post(f"{C}/repair")
            assert again.json()["state"] == "as_wanted"

    walk(tmp_path, scenario)


@both
def test_a_template_that_always_repairs_does_so_as_the_station_returns(tmp_path, version):
    async def scenario(desk):
        async with desk.field.station(version, kind=KINDS[version]):
            await read(desk)
        await put(desk, **body(version, repair="always"))

        async def is_judged():
            return (await standing(desk))["state"] == "drifted"

        await eventually(is_judged)  # although the station is away
        async with desk.field.station(version, kind=KINDS[version]) as station:
            await a_while()
            assert not station.point.sets
            desk.field.wait(1)
            await until(desk, "as_wanted")
            assert station.point.values[ONE[version]] == "60"

    walk(tmp_path, scenario)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"settings": {"AuthorizationKey": "x" * 16}}, "never sets"),
        ({"settings": {"HeartbeatInterval": "soon"}}, "is a whole number, not 'soon'"),
        ({"settings": {"HeartbeatInterval": "-5"}}, "'HeartbeatInterval' is at least 0, not -5"),
        ({"settings": {"LocalPreAuthorize": "1"}}, "is true or false"),
        ({"settings": {"SecurityProfile": "0"}}, "--allow-risky|`allow_risky`"),
        ({"settings": {"CentralSystemURL": "ws://elsewhere"}}, "`allow_risky`"),
        ({"settings": {"Up": "ftp://u:p@h/x"}}, "password in a URL"),
        ({"settings": {"K" * 51: "1"}}, "1 to 50 characters"),
        ({"settings": {"K": "1", "k": "2"}}, "stands twice"),
        ({"settings": {}}, "settings"),
        ({"vendor": ""}, "choose stations by"),
        ({"stations": ["S"]}, "choose stations by"),
        ({"vendor": "", "stations": ["nobody"]}, "there is no station nobody"),
        ({"vendor": "*****"}, "4 of *"),
        ({"priority": 101}, "priority"),
        ({"ocpp": "1.5"}, "ocpp"),
        ({"repair": "often"}, "repair"),
        ({"ocpp": "2.x", "settings": {"HeartbeatInterval": "1"}}, "is no variable"),
        ({"ocpp": "2.1", "settings": {"OCPPCommCtrlr.HeartbeatInterval": "-5"}}, "is at least 0"),
        ({"ocpp": "2.x", "settings": {"SecurityCtrlr.BasicAuthPassword": "x"}}, "never sets"),
        ({"ocpp": "2.x", "settings": {"SecurityCtrlr.SecurityProfile": "1"}}, "`allow_risky`"),
        ({"ocpp": "2.x", "settings": {"OCPPCommCtrlr.NetworkConfigurationPriority": "1"}},
         "`allow_risky`"),
    ],
)  # fmt: skip
def test_a_template_that_cannot_be_is_refused_with_the_setting_that_is_wrong(
    tmp_path, change, words
):
    async def scenario(desk):
        wanted = {"settings": {"HeartbeatInterval": "60"}, "vendor": "V", "ocpp": "1.6"} | change
        refused = problem(await desk.host.put(f"{T}/T1", json=wanted), 400)
        assert any(word in refused["detail"] for word in words.split("|")), refused["detail"]
        problem(await desk.host.get(f"{T}/T1"), 404)

    walk(tmp_path, scenario)


def test_templates_are_named_listed_replaced_and_removed(tmp_path):
    async def scenario(desk):
        made = await desk.host.post(T, json={"name": "T1"} | body(V16))
        assert made.status_code == 201 and made.json()["repair"] == "never"
        problem(await desk.host.post(T, json={"name": "T1"} | body(V16)), 409, "conflict")
        problem(await desk.host.put(f"{T}/-T", json=body(V16)), 400)
        problem(await desk.read.put(f"{T}/T2", json=body(V16)), 403, "scope")
        first = made.json()["revision"]
        assert (await put(desk, **body(V16)))["revision"] == first  # the same again
        risky = body(V16, settings={"SecurityProfile": "2"}, allow_risky=True)
        assert (await put(desk, **risky))["revision"] > first
        (listed,) = (await desk.read.get(T)).json()["items"]
        assert listed["settings"] == {"SecurityProfile": "2"}
        gone = await desk.host.delete(f"{T}/T1")
        assert gone.status_code == 200
        problem(await desk.host.delete(f"{T}/T1"), 404)
        for number in range(TEMPLATES_MAX):
            await put(desk, f"N{number}", **body(V16))
        crowded = problem(await desk.host.put(f"{T}/more", json=body(V16)), 400)
        assert f"{TEMPLATES_MAX} templates" in crowded["detail"]

    walk(tmp_path, scenario)


def test_a_template_is_held_against_what_its_stations_said_before_it_is_kept(tmp_path):
    async def scenario(desk):
        async with desk.field.station(V201, kind=Station201):
            await read(desk)
            for settings, words in (
                ({"AlignedDataCtrlr.Interval": "4000"}, "is 0 to 3600, not 4000"),
                ({"EVSE@1.Power#MaxSet": "wide"}, "is a number, not 'wide'"),
                ({"DeviceDataCtrlr.ItemsPerMessage[SetVariables]": "9"}, "is read-only"),
                ({"SampledDataCtrlr.TxEndedMeasurands": "SoC,Speed"}, "not 'Speed'"),
            ):
                wanted = {"ocpp": "2.0.1", "settings": settings, "vendor": "*"}
                refused = problem(await desk.host.put(f"{T}/T1", json=wanted), 400)
                assert "at station S " in refused["detail"] and words in refused["detail"]
            fits = {"SampledDataCtrlr.TxEndedMeasurands": "SoC, Energy.Active.Import.Register"}
            await put(desk, ocpp="2.x", settings=fits, vendor="*")

    walk(tmp_path, scenario)


def test_a_conflict_ends_when_one_of_the_two_templates_is_removed(tmp_path):
    async def scenario(desk):
        async with desk.field.station(V16, kind=Station16):
            await read(desk)
            await put(desk, "A", **body(V16))
            await put(desk, "B", **body(V16, model="Mod*"))
            await until(desk, "conflict")
            for name, other in (("A", "B"), ("B", "A")):  # both say so, whichever sorts first
                shown = (await desk.read.get(f"{T}/{name}")).json()
                assert (shown["counts"], shown["conflicts"]) == ({"conflict": 1}, {other: 1})
                asked = (await desk.host.post(f"{T}/{name}/repair")).json()
                assert (asked["asked"], asked["conflict"], asked["conflicts"]) == (0, 1, {other: 1})
            assert (await desk.host.delete(f"{T}/B")).status_code == 200
            assert (await until(desk, "drifted"))["template"] == "A"
            assert (await desk.read.get(f"{T}/A")).json()["conflicts"] == {}

    walk(tmp_path, scenario)


def test_of_two_templates_the_one_that_names_the_station_and_then_the_higher_one_applies(tmp_path):
    async def scenario(desk):
        async with desk.field.station(V16, kind=Station16):
            await read(desk)
            await put(desk, "A", **body(V16))
            await until(desk, "drifted")
            await put(desk, "B", **body(V16, model="Mod*"))
            two = await until(desk, "conflict")
            assert "templates A and B both apply" in two["reason"]
            refused = problem(await desk.host.post(f"{C}/repair"), 409)
            assert "give one a higher priority" in refused["detail"]
            changed = await desk.house.office.minute()
            assert any("A and B" in alert.text for alert in changed.opened)
            await put(desk, "B", **body(V16, model="Mod*", priority=7))
            assert (await until(desk, "drifted"))["template"] == "B"
            closed = (await desk.house.office.minute()).closed
            assert [alert.rule.value for alert in closed] == ["configuration"]
            mine = {"vendor": "", "stations": ["S"], "settings": {"HeartbeatInterval": "300"}}
            await put(desk, "C", **body(V16, **mine))
            assert (await until(desk, "as_wanted"))["template"] == "C"
            for name in "ABC":
                assert (await desk.host.delete(f"{T}/{name}")).status_code == 200
            assert (await until(desk, "no_template"))["template"] is None
            assert (await desk.host.post(f"{C}/repair")).status_code == 409

    walk(tmp_path, scenario)


@both
def test_a_setting_that_a_station_refuses_is_given_up_with_its_word_and_an_alert(tmp_path, version):
    word = "NotSupported" if version == V16 else "UnknownVariable"
    missing = "VendorKey" if version == V16 else "Vendor.Key"

    async def scenario(desk):
        async with desk.field.station(version, kind=KINDS[version]) as station:
            settings = {ONE[version]: "60", missing: "1"}
            await put(desk, **body(version, settings=settings, repair="always"))
            await read(desk)
            lost = await until(desk, "given_up")
            assert f"{missing} the station said {word}" in lost["reason"]
            assert station.point.values[ONE[version]] == "60"  # the others were set
            (left,) = lost["drift"]
            assert (left["name"], left["kind"], left["found"]) == (missing, "refused", None)
            changed = await desk.house.office.minute()
            assert missing in next(one for one in changed.opened if one.station_id == "S").text
            tries = len(station.point.sets)
            for _ in range(3):  # nobody fights it
                desk.field.wait(60)
                await a_while()
            assert len(station.point.sets) == tries
            # A template that asks no more than it can is another matter.
            await put(desk, **body(version, settings={ONE[version]: "60"}, repair="always"))
            await until(desk, "as_wanted")

    walk(tmp_path, scenario)


@pytest.mark.parametrize("version", [V16, V201])
def test_a_station_that_says_yes_and_does_no_is_tried_a_few_times_and_given_up(tmp_path, version):
    async def scenario(desk):
        async with desk.field.station(version, kind=KINDS[version]) as station:
            point = station.point
            point.unmoved = {ONE[version]}
            await put(desk, **body(version, settings={ONE[version]: "60"}, repair="always"))
            await read(desk)

            async def tried(times):
                async def is_so():
                    return len(point.sets) >= times

                await eventually(is_so)

            await tried(1)
            await a_while()
            assert len(point.sets) == 1  # not at once again
            desk.field.wait(2)
            await tried(2)
            desk.field.wait(11)
            lost = await until(desk, "given_up")
            assert lost["tries"] == TRIES_MAX == len(point.sets)
            assert f"after {TRIES_MAX} tries {ONE[version]} is " in lost["reason"]
            desk.field.wait(120)
            await a_while()
            assert len(point.sets) == TRIES_MAX
            # A person may have it tried once more, now that somebody was there.
            point.unmoved = set()
            done = await desk.host.post(f"{C}/repair")
            assert done.json()["state"] == "as_wanted"
            assert (await desk.house.office.minute()) is not None

    walk(tmp_path, scenario)


def test_a_station_that_something_else_sets_back_is_not_fought_for_ever(tmp_path):
    async def scenario(desk):
        async with desk.field.station(V16, kind=Station16) as station:
            point = station.point
            await put(desk, **body(V16, settings={"HeartbeatInterval": "60"}, repair="always"))
            for _ in range(FIGHT_MAX):
                point.values["HeartbeatInterval"] = "300"
                await read(desk)
                await until(desk, "as_wanted")
                desk.field.wait(10)
            point.values["HeartbeatInterval"] = "300"
            await read(desk)
            lost = await until(desk, "given_up")
            assert "something else sets it" in lost["reason"]
            assert len(point.sets) == FIGHT_MAX

    walk(tmp_path, scenario)


async def is_now(station, word):
    """Say how the connector of evse 1 is."""
    if station.is_16:
        return await station.status(word)
    told = {"timestamp": iso(station.field.now), "connector_status": word}
    return await station.say(station.call.StatusNotification(**told, evse_id=1, connector_id=1))


@both
def test_a_value_that_needs_a_restart_gets_one_when_nobody_charges_and_is_read_again(
    tmp_path, version
):
    async def scenario(desk):
        async with desk.field.station(version, kind=KINDS[version]) as station:
            point = station.point
            point.words = {ONE[version]: "RebootRequired"}
            wanted = body(version, settings={ONE[version]: "60"}, repair="always")
            await put(desk, **wanted)
            await read(desk)
            waits = await until(desk, "reboot_required")
            assert "holds after a restart" in waits["reason"]
            await a_while()
            assert not point.resets  # the template does not allow it
            tx, _ = await station.start()
            await put(desk, **(wanted | {"reboot": "idle"}))
            await until(desk, "reboot_required")
            desk.field.wait(2)
            await a_while()
            assert not point.resets  # somebody charges
            await station.stop(tx, 100)
            await is_now(station, "Preparing" if version == V16 else "Occupied")
            desk.field.wait(2)
            await a_while()
            assert not point.resets  # somebody is about to
            await is_now(station, "Available")
            desk.field.wait(2)

            async def is_told():
                return point.resets

            await eventually(is_told)
            assert point.resets == ["Soft" if version == V16 else "OnIdle"]
            ((_, name, reason),) = await sent(desk, "Reset")
            assert name == "template T1" and "holds after a restart" in reason
            point.restart()
            await station.boot()
            desk.field.wait(1)
            await until(desk, "as_wanted")
            assert point.values[ONE[version]] == "60"

    walk(tmp_path, scenario)


def test_a_restart_that_changes_nothing_is_tried_twice_and_given_up(tmp_path):
    async def scenario(desk):
        async with desk.field.station(V201, kind=Station201) as station:
            point = station.point
            point.words = {"AlignedDataCtrlr.Interval": "RebootRequired"}
            settings = {"AlignedDataCtrlr.Interval": "60"}
            await put(desk, **body(V201, settings=settings, repair="always", reboot="idle"))
            await read(desk)

            async def is_told():
                desk.field.wait(1)
                return len(point.resets) > boots

            async def is_lost():
                desk.field.wait(1)
                found = await standing(desk)
                return found["state"] == "given_up" and found

            boots = 0
            while boots < RESTARTS_MAX:
                await eventually(is_told)
                await station.boot()  # and forgets what it was told
                boots += 1
            lost = await eventually(is_lost)
            assert "it restarted, and AlignedDataCtrlr.Interval is '900'" in lost["reason"]
            desk.field.wait(60)
            await a_while()
            assert len(point.resets) == RESTARTS_MAX

    walk(tmp_path, scenario)


def test_a_station_that_goes_away_in_the_middle_of_a_repair_is_put_right_when_it_is_back(tmp_path):
    async def scenario(desk):
        await put(desk, **body(V16, repair="always"))
        async with desk.field.station(V16, kind=Station16) as station:
            point = station.point

            async def leave(key, value):
                point.sets.append((key, value))
                await station.socket.close()

            point.route_map["ChangeConfiguration"]["_on_action"] = leave
            await read(desk)

            async def is_gone():
                return point.sets and desk.field.link() is None

            await eventually(is_gone)
            found = await standing(desk)
            assert found["state"] == "drifted"
        async with desk.field.station(V16, kind=Station16) as station:
            desk.field.wait(2)
            found = await until(desk, "as_wanted")
            assert station.point.values["HeartbeatInterval"] == "60"

    walk(tmp_path, scenario)


def test_a_whole_template_is_put_right_at_a_persons_word_here_now_and_there_later(tmp_path):
    async def scenario(desk):
        await put(desk, **body(V16))
        async with (
            desk.field.station(V16, kind=Station16) as station,
            desk.field.station(V16, "OTHER", kind=Station16),
        ):
            await read(desk)
            await read(desk, "OTHER")

        async def nobody():
            return desk.field.link() is None and desk.field.link("OTHER") is None

        await eventually(nobody)
        async with desk.field.station(V16, kind=Station16) as station:
            done = await desk.host.post(f"{T}/T1/repair")
            assert done.json() == {
                "template": "T1", "asked": 2, "cannot": 0, "conflict": 0, "conflicts": {}
            }  # fmt: skip
            await until(desk, "as_wanted")
            assert station.point.values["HeartbeatInterval"] == "60"
            (left,) = (await desk.host.get(f"{T}/T1/drift")).json()["items"]
            assert (left["station"], left["repair_asked"]) == ("OTHER", True)
            async with desk.field.station(V16, "OTHER", kind=Station16):
                desk.field.wait(1)

                async def is_empty():
                    return not (await desk.host.get(f"{T}/T1/drift")).json()["items"]

                await eventually(is_empty)
        listed = (await desk.host.get("/api/v1/configurations?state=as_wanted")).json()["items"]
        assert {one["station"] for one in listed} == {"S", "OTHER"}

    walk(tmp_path, scenario)


def test_a_firmware_that_is_new_is_judged_anew(tmp_path):
    async def scenario(desk):
        only = {"firmware": "2.*", "settings": {"HeartbeatInterval": "60"}}
        await put(desk, **body(V16, **only))
        async with desk.field.station(V16, kind=Station16) as station:
            assert (await read(desk))["standing"]["state"] == "no_template"
            boot = station.call.BootNotification("Model", "Vendor", firmware_version="2.1")
            await station.say(boot)
            assert (await read(desk))["standing"]["state"] == "drifted"

    walk(tmp_path, scenario)


def test_a_station_that_is_out_of_service_drifts_from_nothing(tmp_path):
    async def scenario(desk):
        await put(desk, **body(V16))
        async with desk.field.station(V16, kind=Station16):
            assert (await read(desk))["standing"]["state"] == "drifted"
        assert (await desk.host.delete("/api/v1/stations/S")).status_code == 204
        assert not (await desk.host.get(f"{T}/T1/drift")).json()["items"]
        assert (await desk.host.get(f"{T}/T1")).json()["counts"] == {}
        problem(await desk.host.get(C), 404)

    walk(tmp_path, scenario)


def test_the_troubles_count_stations_as_people_do(tmp_path):
    async def scenario(desk):
        said = []
        for name in ("S", "OTHER"):
            standing_of = Standing(name, state=Stand.DRIFTED)
            await desk.field.run(put_record, standing_of)
            said += [one for one in desk.house.office.troubles() if "template" in one]
        assert said == [
            "1 station is not as its template says: see `ohmstead template drift`",
            "2 stations are not as their templates say: see `ohmstead template drift`",
        ]

    walk(tmp_path, scenario)
