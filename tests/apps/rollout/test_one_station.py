"""Firmware for one station, over real sockets, in every version's words: well, and in every way
badly."""

from __future__ import annotations

import pytest

from ohmstead.core.station_update import StationUpdate
from ohmstead.core.update_moves import RETRY_MS
from ohmstead.frozen import replace
from tests.apps.api.desk import put_record, walk
from tests.apps.rollout.shed import (
    BEFORE,
    KINDS_OF_STORY,
    LOCATION,
    NEW,
    OLD,
    SIGNED,
    before,
    begun,
    eventually,
    station_of,
    unit,
    until,
    until_rollout,
)
from tests.apps.stations.field import MINUTE, V16, V21, V201

every = pytest.mark.parametrize("story", KINDS_OF_STORY)
both = pytest.mark.parametrize("story", [V16, V201])
RETRY_MINUTES = RETRY_MS // MINUTE


@every
def test_a_station_takes_its_firmware_and_its_boot_confirms_it(tmp_path, story):
    async def scenario(desk):
        async with unit(desk.field, story) as it:
            number = await begun(desk, story)
            request_id, location, signature = await it.offered()
            assert location == LOCATION
            assert signature == (None if story == V16 else "c2lnbmVk")
            assert (request_id is None) == (story == V16)
            await it.tell("Downloading")
            assert (await until(desk, number, "downloading"))["from_version"] == OLD
            await it.tell("Downloaded")
            await it.tell(*(() if story == V16 else ("SignatureVerified",)), "Installing")
            await until(desk, number, "installing")
            await it.boot(NEW)
            done = await until(desk, number, "confirmed")
            assert done["booted_with"] == NEW
            await it.tell("Installed")
            assert (await until_rollout(desk, number, "done"))["stations"]["updated"] == 1
            assert len(it.point.offers) == 1

    walk(tmp_path, scenario)


@pytest.mark.parametrize(
    ("story", "word"),
    [(SIGNED, "InvalidCertificate"), (V201, "RevokedCertificate"), (V21, "InvalidCertificate")],
)
def test_a_certificate_that_a_station_refuses_is_the_end_of_it(tmp_path, story, word):
    async def scenario(desk):
        async with unit(desk.field, story) as it:
            it.point.word = word
            number = await begun(desk, story, retries=3, previous=before(story))
            failed = await until(desk, number, "failed")
            assert (failed["reason"], failed["offers"]) == (word, 1)
            assert len(it.point.offers) == 1

    walk(tmp_path, scenario)


@pytest.mark.parametrize(
    ("story", "word"),
    [
        (SIGNED, "InvalidSignature"),
        (V201, "InvalidSignature"),
        (V201, "InstallVerificationFailed"),
        (V21, "InvalidSignature"),
    ],
)
def test_a_firmware_that_a_station_does_not_trust_is_not_installed_and_not_taken_back(
    tmp_path, story, word
):
    async def scenario(desk):
        async with unit(desk.field, story) as it:
            number = await begun(desk, story, retries=3, previous=before(story))
            await it.offered()
            await it.tell("Downloading", "Downloaded", word)
            failed = await until(desk, number, "failed")
            assert (failed["reason"], failed["back"]) == (word, False)
            assert len(it.point.offers) == 1

    walk(tmp_path, scenario)


@every
def test_an_installation_that_fails_is_rolled_back_to_the_firmware_of_before(tmp_path, story):
    async def scenario(desk):
        async with unit(desk.field, story) as it:
            number = await begun(desk, story, previous=before(story))
            first = await it.offered()
            await it.tell("Downloading", "Downloaded", "Installing", "InstallationFailed")
            request_id, location, _ = await it.offered(2)
            assert location == BEFORE
            assert story == V16 or request_id != first[0]
            # What it says of the first request says nothing of the second.
            if story != V16:
                await it.tell("InstallationFailed", request_id=first[0])
            await it.update(OLD, count=2)
            back = await until(desk, number, "rolled_back")
            assert (back["reason"], back["booted_with"]) == ("InstallationFailed", OLD)
            head = await until_rollout(desk, number, "halted")
            assert head["stations"]["rolled_back"] == 1

    walk(tmp_path, scenario)


def test_the_reason_that_a_station_gives_beside_its_word_is_kept(tmp_path):
    async def scenario(desk):
        async with unit(desk.field, V21) as it:
            number = await begun(desk, V21)
            request_id, _, _ = await it.offered()
            info = {"reasonCode": "NoSpace", "additionalInfo": "12 MB are free"}
            payload = {"status": "DownloadFailed", "requestId": request_id, "statusInfo": info}
            await it.station.send("FirmwareStatusNotification", payload)
            failed = await until(desk, number, "failed")
            assert failed["reason"] == "DownloadFailed: NoSpace 12 MB are free"

    walk(tmp_path, scenario)


@both
def test_a_station_that_comes_back_with_its_old_firmware_failed_and_needs_nothing_more(
    tmp_path, story
):
    async def scenario(desk):
        async with unit(desk.field, story) as it:
            number = await begun(desk, story, previous=before(story))
            await it.offered()
            await it.tell("Downloading", "Installing", "Installed")
            await until(desk, number, "installed")
            await it.boot(OLD)
            failed = await until(desk, number, "failed")
            assert failed["reason"] == "it came back with version 1.0, not 2.0"
            assert len(it.point.offers) == 1

    walk(tmp_path, scenario)


@both
def test_without_a_version_to_compare_the_word_of_the_station_is_believed(tmp_path, story):
    async def scenario(desk):
        async with unit(desk.field, story) as it:
            number = await begun(desk, story, firmware={"location": LOCATION})
            await it.offered()
            await it.tell("Downloading", "Installed")
            done = await until(desk, number, "confirmed")
            assert done["reason"] == "no version was named to compare with"

    walk(tmp_path, scenario)


@every
def test_a_session_under_way_is_never_interrupted(tmp_path, story):
    async def scenario(desk):
        async with unit(desk.field, story) as it:
            tx, _ = await it.station.start("CARD")
            number = await begun(desk, story)
            await until(desk, number, "pending")
            for _ in range(3):
                await desk.house.rollouts.driver.tick()
            assert it.point.offers == []
            assert (await station_of(desk, number))["waits_for"] == "somebody charges there"
            desk.field.wait(1)
            await it.station.stop(tx, 1_000)
            await it.offered()

    walk(tmp_path, scenario)


def test_unless_an_operator_says_that_it_may_be(tmp_path):
    async def scenario(desk):
        async with unit(desk.field, V16) as it:
            await it.station.start("CARD")
            await begun(desk, V16, busy_too=True)
            await it.offered()

    walk(tmp_path, scenario)


@pytest.mark.parametrize("story", [SIGNED, V201])
def test_a_station_that_says_not_now_is_offered_it_again_and_not_for_ever(tmp_path, story):
    async def scenario(desk):
        async with unit(desk.field, story) as it:
            it.point.word = "Rejected"
            number = await begun(desk, story, retries=1)
            await eventually(
                lambda: station_of(desk, number), lambda one: one.get("reason") == "Rejected"
            )
            assert (await station_of(desk, number))["state"] == "pending"
            desk.field.wait(RETRY_MINUTES)
            failed = await until(desk, number, "failed")
            assert (failed["offers"], len(it.point.offers)) == (2, 2)

    walk(tmp_path, scenario)


def test_a_station_that_cancels_another_update_for_this_one_has_taken_it(tmp_path):
    async def scenario(desk):
        async with unit(desk.field, V201) as it:
            it.point.word = "AcceptedCanceled"
            number = await begun(desk)
            await it.update()
            await until(desk, number, "confirmed")

    walk(tmp_path, scenario)


def test_a_station_that_knows_no_firmware_updates_is_not_asked_again(tmp_path):
    async def scenario(desk):
        async with unit(desk.field, V16) as it:
            it.point.word = "NotImplemented"
            number = await begun(desk, V16, retries=3)
            failed = await until(desk, number, "failed")
            assert failed["reason"] == "UpdateFirmware was answered with NotImplemented"

    walk(tmp_path, scenario)


@every
def test_a_station_that_vanishes_has_failed_and_one_that_comes_back_updated_has_not(
    tmp_path, story
):
    async def scenario(desk):
        async with unit(desk.field, story) as it:
            number = await begun(desk, story)
            await it.offered()
            await it.tell("Downloading", "Downloaded", "Installing")
        await until(desk, number, "installing")
        desk.field.wait(119)
        await desk.house.rollouts.driver.tick()
        assert (await station_of(desk, number))["state"] == "installing"
        desk.field.wait(1)
        failed = await until(desk, number, "failed")
        assert failed["reason"] == "no word for 2 hours while installing"
        async with unit(desk.field, story, version=NEW):
            await until(desk, number, "confirmed")

    walk(tmp_path, scenario)


@both
def test_a_station_that_is_away_is_offered_it_when_it_is_back(tmp_path, story):
    async def scenario(desk):
        number = await begun(desk, story)
        await until(desk, number, "pending")
        async with unit(desk.field, story) as it:
            await it.update()
            await until(desk, number, "confirmed")

    walk(tmp_path, scenario)


def test_a_station_that_stays_away_is_skipped_when_the_patience_is_over(tmp_path):
    async def scenario(desk):
        number = await begun(desk, patience_s=3_600)
        await until(desk, number, "pending")
        desk.field.wait(60)
        skipped = await until(desk, number, "skipped")
        assert skipped["reason"] == "the roll-out is done; it is not here"
        assert not (await until_rollout(desk, number, "done"))["open"]

    walk(tmp_path, scenario)


@every
def test_an_answer_that_was_lost_is_asked_for_and_an_offer_that_was_lost_is_made_again(
    tmp_path, story
):
    async def scenario(desk):
        async with unit(desk.field, story) as it:
            number = await begun(desk, story)
            await it.offered()
            # As if this house had died before the answer: the offer is there, the answer is not.
            await eventually(
                lambda: station_of(desk, number), lambda one: one["state"] == "offered"
            )
            await forget_answer(desk, number)
            desk.field.wait(1)
            await eventually(lambda: asked(it), lambda found: "FirmwareStatusNotification" in found)
            await it.station.send("FirmwareStatusNotification", {"status": "Idle"})
            await it.update(count=2)
            await until(desk, number, "confirmed")

    walk(tmp_path, scenario)


async def forget_answer(desk, number):
    """Leave an update as it was before its offer was answered."""
    (one,) = await eventually(lambda: found(desk, number), lambda updates: updates[0].taken)
    await desk.house.store.run(put_record, replace(one, taken=False))


async def found(desk, number):
    return desk.house.store.find(StationUpdate, 10, number=number)


async def asked(it):
    return it.point.triggers


@both
def test_a_station_that_installed_without_a_boot_is_asked_what_it_runs(tmp_path, story):
    async def scenario(desk):
        async with unit(desk.field, story) as it:
            number = await begun(desk, story)
            await it.offered()
            await it.tell("Downloading", "Installing", "Installed")
            await until(desk, number, "installed")
            desk.field.wait(1)
            await eventually(lambda: asked(it), lambda found: "BootNotification" in found)
            await it.boot(NEW)
            await until(desk, number, "confirmed")

    walk(tmp_path, scenario)


def test_a_window_is_kept_in_the_time_of_the_station(tmp_path):
    async def scenario(desk):
        async with unit(desk.field, V201) as it:
            hour = ((desk.field.now // 3_600_000) + 1) % 24  # Zurich in winter
            number = await begun(desk, window=[(hour + 2) % 24, (hour + 4) % 24])
            await until(desk, number, "pending")
            await desk.house.rollouts.driver.tick()
            assert it.point.offers == []
            waits_for = (await station_of(desk, number))["waits_for"]
            assert waits_for.endswith("there, and not in the window")
            desk.field.wait(120)
            await it.offered()

    walk(tmp_path, scenario)


def test_what_a_station_says_of_an_update_asked_for_by_hand_moves_no_roll_out(tmp_path):
    async def scenario(desk):
        async with unit(desk.field, V201) as it:
            number = await begun(desk)
            request_id, _, _ = await it.offered()
            await it.tell("InstallationFailed", request_id=request_id ^ 1)
            await it.tell("Downloading")
            await until(desk, number, "downloading")
        async with unit(desk.field, V201, "OTHER") as other:
            await other.tell("Downloading", request_id=1)

    walk(tmp_path, scenario)


def test_every_offer_is_in_the_log_of_commands_with_who_and_why(tmp_path):
    async def scenario(desk):
        async with unit(desk.field, V201) as it:
            await begun(desk, reason="ticket 4711")
            await it.offered()
            path = "/api/v1/stations/S/commands"
            (sent,) = [
                one
                for one in (await desk.host.get(path)).json()["items"]
                if one["action"] == "UpdateFirmware"
            ]
            assert sent["author"]["reason"] == "roll-out 1: ticket 4711"
            assert sent["author"]["name"] == "host"

    walk(tmp_path, scenario)
