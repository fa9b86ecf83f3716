"""Firmware on the shelf: what is not stored, what is, by the API and as a person types it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import tarfile

import httpx
import pytest

from ohmstead.apps.files import folders, shelf
from ohmstead.apps.operations.backup import back_up
from ohmstead.apps.profiles import profile_text
from ohmstead.errors import OperatorError
from tests.apps.api.desk import desk as served
from tests.apps.api.desk import problem
from tests.apps.cli.test_commands import inside
from tests.apps.files.hands import HTTP
from tests.apps.gateway.pki import Pki

P = "/api/v1/firmware"
IMAGE = b"\x7fELF" + b"image" * 1_000


@pytest.fixture
def certificate(tmp_path):
    return Pki(tmp_path).issue("maker")[0].read_text()


class Shelf:
    """The desk, and images to put on its shelf."""

    def __init__(self, desk):
        self.desk = desk

    async def add(self, content=IMAGE, **words):
        words = {"version": "1.2", "vendor": "V", "model": "M", "file_name": "fw.bin"} | words
        return await self.desk.host.post(P, params=words, content=content)

    def files(self):
        return sorted(one.name for one in (self.desk.house.directory / "firmware").glob("*"))


async def with_shelf(folder, scenario):
    async with served(folder, files=HTTP) as desk:
        await scenario(Shelf(desk))


WRONG = [
    ({"file_name": "../fw.bin"}, "file_name"),
    ({"file_name": "a/b"}, "file_name"),
    ({"file_name": ".hidden"}, "file_name"),
    ({"name": "\x00"}, "name"),
    ({"version": ""}, "version"),
    ({"signature": "AAAA"}, "both"),
    ({"signature": "?", "signing_certificate": "x"}, "base64"),
    ({"signature": "AAAA", "signing_certificate": "x"}, "PEM"),
    ({"sha256": "0" * 64}, "changed on its way"),
    ({"sha256": "zz"}, "sha256"),
]


async def test_wrong_words_store_nothing(tmp_path):
    async def scenario(it):
        for words, named in WRONG:
            assert named in problem(await it.add(**words), 400)["detail"]
            assert it.files() == []

    await with_shelf(tmp_path, scenario)


async def test_an_image_that_is_empty_too_large_or_finds_no_room_leaves_nothing(
    tmp_path, monkeypatch
):
    async def scenario(it):
        problem(await it.add(b""), 400)
        monkeypatch.setattr(shelf, "IMAGE_BYTES_MAX", 1_000)
        problem(await it.add(), 413, "too-large")
        monkeypatch.undo()
        monkeypatch.setattr(folders, "free_bytes", lambda folder: 0)
        problem(await it.add(), 507, "disk-full")
        assert it.files() == []

    await with_shelf(tmp_path, scenario)


async def test_a_name_is_one_image_and_an_image_has_one_set_of_words(tmp_path):
    async def scenario(it):
        made = (await it.add(name="spring")).json()
        assert (await it.add(name="spring")).json() == made  # twice is once
        assert "other words" in problem(await it.add(name="autumn"), 409)["detail"]
        assert "--name" in problem(await it.add(b"another", name="spring"), 409)["detail"]
        assert it.files() == [made["sha256"]]

    await with_shelf(tmp_path, scenario)


async def test_only_who_runs_stations_changes_the_shelf(tmp_path):
    async def scenario(it):
        problem(await it.desk.read.post(P, params={"version": "1"}, content=b"x"), 403, "scope")
        problem(await it.desk.driver.get(P), 403, "scope")
        problem(await it.desk.nobody.get(P), 401)
        problem(await it.desk.host.get(f"{P}/none"), 404)
        problem(await it.desk.host.delete(f"{P}/none"), 404)

    await with_shelf(tmp_path, scenario)


async def test_a_signed_image_is_added_fetched_by_a_station_and_withdrawn(tmp_path, certificate):
    async def scenario(it):
        signed = {"signature": "AAAA", "signing_certificate": certificate}
        made = (await it.add(name="spring", **signed)).json()
        assert made["sha256"] == hashlib.sha256(IMAGE).hexdigest()
        assert (made["is_signed"], made["has_file"], made["bytes"]) == (True, True, len(IMAGE))
        record = it.desk.house.files.firmware("spring")
        assert (record.signature, record.signing_certificate) == ("AAAA", certificate)
        now = it.desk.field.now
        url = await it.desk.house.files.firmware_url("spring", "S", now)
        async with httpx.AsyncClient(trust_env=False) as station:
            assert (await station.get(url)).content == IMAGE
            removed = await it.desk.host.delete(f"{P}/spring")
            assert removed.json()["removed"]
            assert (await station.get(url)).status_code == 410
        assert it.files() == []
        assert [one["id"] for one in (await it.desk.read.get(P)).json()["items"]] == [made["id"]]
        assert (await it.add(name="spring")).status_code == 201  # it may come back

    await with_shelf(tmp_path, scenario)


async def test_a_file_that_is_missing_is_told_and_put_back_by_adding_it(tmp_path):
    async def scenario(it):
        made = (await it.add()).json()
        (it.desk.house.directory / "firmware" / made["sha256"]).unlink()
        assert not (await it.desk.read.get(f"{P}/{made['id']}")).json()["has_file"]
        with pytest.raises(OperatorError, match="add its file again"):
            await it.desk.house.files.firmware_url(made["id"], "S", it.desk.field.now)
        assert (await it.add()).json()["has_file"]

    await with_shelf(tmp_path, scenario)


async def test_a_person_adds_and_lists_firmware_and_is_told_what_a_restore_lacks(tmp_path):
    folder, image = tmp_path / "net", tmp_path / "fw-1.2.bin"
    image.write_bytes(IMAGE)
    folder.mkdir()
    at = ("--dir", folder)

    async def typed(*words, code=0):
        return await asyncio.to_thread(inside, *words, code=code)

    async with served(folder, files=HTTP) as it:
        (folder / "run.json").write_text(json.dumps({"http": it.url, "ocpp": "-"}))
        (folder / "keys" / "admin.key").write_text(it.keys["admin"][1])
        missing = await typed("firmware", "add", tmp_path / "x", "--version", "1", *at, code=1)
        assert "cannot be read" in missing.stderr
        words = ("--version", "1.2", "--vendor", "V", "--model", "M", *at)
        made = json.loads((await typed("firmware", "add", image, *words, "--json")).stdout)
        assert made["name"] == "fw-1.2.bin-1.2"
        image.write_bytes(IMAGE + b"2")
        odd = ("--version", "2 (beta)/é", *at)
        other = json.loads((await typed("firmware", "add", image, *odd, "--json")).stdout)
        assert other["name"] == "fw-1.2.bin-2-beta-"  # nothing that a shell would split
        listed = (await typed("firmware", "list", *at)).stdout
        assert made["id"] in listed
        assert "here" in listed
        shown = json.loads((await typed("firmware", "show", made["id"], *at)).stdout)
        assert shown["sha256"] == made["sha256"]
        said = await typed("station", "logs", "NONE", *at, code=1)
        assert "there is no station NONE" in said.stderr
        said = await typed("station", "logs", "S", "--save", tmp_path / "x.log", *at, code=1)
        assert "ask for one with --wait" in said.stderr
        assert "--number" in (await typed("station", "logs", "S", "--remove", *at, code=2)).stderr
    (folder / "run.json").unlink()
    (folder / "network.toml").write_bytes(profile_text("commons").replace(b'"anvil"', b'"none"'))
    back_up(folder, tmp_path / "b.tar", with_keys=True)
    with tarfile.open(tmp_path / "b.tar") as archive:
        assert all("firmware" not in name for name in archive.getnames())
    said = (await typed("restore", tmp_path / "b.tar", "--dir", tmp_path / "again")).stdout
    assert f"copy it to firmware/{made['sha256']}" in said
