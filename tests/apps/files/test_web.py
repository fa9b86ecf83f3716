"""Files over HTTP: what strangers, cut lines and full disks do, and then that it works."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import re
import ssl
from urllib.parse import urlsplit

import httpx
import pytest
from cryptography import x509

from ohmstead.apps.config import FilesConfig
from ohmstead.apps.files import folders, listening, receiving
from ohmstead.core.files import ATTEMPTS_MAX, Protocol
from ohmstead.flows.firmware_shelf import unshelve
from ohmstead.flows.stations import retire_station
from tests.apps.files.hands import WAIT_S, eventually, hands, small, without_errors
from tests.apps.gateway.pki import Pki


def other_secret(url):
    return re.sub(r"/[0-9a-f]{32}/", f"/{'0' * 32}/", url)


async def raw(url, text):
    """Send bytes on a bare socket; returns what comes back before the other side closes."""
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(text)
    await writer.drain()
    return reader, writer


class TestWhoMayNot:
    async def test_a_guessed_secret_finds_nothing_and_is_soon_told_to_wait(self, tmp_path):
        async with hands(tmp_path) as it:
            await it.shelved()
            url = await it.url()
            for _ in range(5):
                assert (await it.client.get(other_secret(url))).status_code == 404
            assert (await it.client.get(other_secret(url))).status_code == 429
            assert (await it.client.get(url)).status_code == 200  # the right one is let in

    async def test_a_link_that_is_over_says_so(self, tmp_path):
        async with hands(tmp_path) as it:
            await it.shelved()
            fetching, bringing = await it.url(), (await it.slot()).url
            it.field.wait(8 * 24 * 60)
            for answer in (
                await it.client.get(fetching),
                await it.client.put(bringing, content=b"x"),
            ):
                assert answer.status_code == 410
                assert "ask for a new one" in answer.text

    async def test_an_upload_link_fetches_nothing_and_a_firmware_link_takes_nothing(self, tmp_path):
        async with hands(tmp_path) as it:
            await it.shelved()
            url, slot = await it.url(), await it.slot()
            assert (await it.client.get(slot.url)).status_code == 404
            assert (await it.client.put(url, content=b"mine")).status_code == 404
            assert it.state() == "asked"

    async def test_the_id_of_one_station_with_the_secret_of_another_finds_nothing(self, tmp_path):
        async with hands(tmp_path) as it:
            one, other = (await it.slot("S")).url, (await it.slot("OTHER")).url
            secret = other.split("/")[-2]
            mixed = re.sub(r"/[0-9a-f]{32}/", f"/{secret}/", one)
            assert (await it.client.put(mixed, content=b"x")).status_code == 404

    async def test_a_station_out_of_service_and_a_withdrawn_firmware_are_refused(self, tmp_path):
        async with hands(tmp_path) as it:
            firmware = await it.shelved()
            url, other = await it.url(), await it.url(station="OTHER")
            await it.field.run(retire_station, "OTHER")
            assert (await it.client.get(other)).status_code == 410
            await it.field.run(unshelve, firmware.id)
            assert (await it.client.get(url)).status_code == 410

    async def test_a_frozen_house_moves_no_file(self, tmp_path):
        async with hands(tmp_path) as it:
            slot = await it.slot()
            it.house.is_frozen = True
            assert (await it.client.put(slot.url, content=b"x")).status_code == 503
            it.house.is_frozen = False

    @pytest.mark.parametrize("path", ["/", "/files", "/files/x/y", "/files/../network.toml"])
    async def test_there_is_nothing_beside_links(self, tmp_path, path):
        async with hands(tmp_path) as it:
            base = "http://" + urlsplit((await it.slot()).url).netloc
            assert (await it.client.get(base + path)).status_code == 404
            answer = await it.client.delete((await it.slot()).url)
            assert answer.status_code == 405
            assert answer.headers["allow"] == "GET, HEAD, PUT, POST"

    async def test_the_secret_is_in_no_record_and_no_command_log(self, tmp_path):
        async with hands(tmp_path) as it:
            await it.shelved()
            secrets = [(await it.url()).split("/")[-2], (await it.slot()).url.split("/")[-2]]
        content = b"".join(one.read_bytes() for one in tmp_path.glob("ohmstead.db*"))
        assert all(secret.encode() not in content for secret in secrets)


class TestWhatMayNotCome:
    async def test_what_says_it_is_too_large_is_refused_before_it_comes(self, tmp_path):
        async with hands(tmp_path, small()) as it:
            slot = await it.slot()
            headers = {"content-length": str(1 << 40), "expect": "100-continue"}
            reader, writer = await raw(
                slot.url,
                f"PUT {urlsplit(slot.url).path} HTTP/1.1\r\nhost: x\r\n".encode()
                + b"".join(f"{name}: {text}\r\n".encode() for name, text in headers.items())
                + b"\r\n",
            )
            assert b" 413 " in await reader.readline()
            writer.close()
            await eventually(lambda: it.parts() == [])
            assert it.state() == "uploading"

    async def test_what_turns_out_to_be_too_large_leaves_nothing(self, tmp_path):
        async with hands(tmp_path, small()) as it:
            slot = await it.slot()

            async def endless():
                for _ in range(400):
                    yield b"x" * 1_000

            with contextlib.suppress(httpx.TransportError):
                assert (await it.client.put(slot.url, content=endless())).status_code == 413
            await eventually(lambda: it.parts() == [] and it.content() is None)
            assert (await it.client.put(slot.url, content=b"x" * 1_024)).status_code == 201

    async def test_an_upload_that_is_cut_leaves_nothing_and_may_be_tried_again(self, tmp_path):
        async with hands(tmp_path) as it:
            slot = await it.slot()
            head = f"PUT {urlsplit(slot.url).path}a.log HTTP/1.1\r\nhost: x\r\n"
            _, writer = await raw(slot.url, f"{head}content-length: 100\r\n\r\nhalf".encode())
            await eventually(it.parts)
            writer.transport.abort()
            await eventually(lambda: it.parts() == [])
            assert (it.state(), it.content()) == ("uploading", None)

            async def again():
                return (await it.client.put(slot.url, content=b"whole")).status_code == 201

            while not await again():  # the house may not have noticed the cut yet
                await asyncio.sleep(0.05)
            assert (it.state(), it.content()) == ("received", b"whole")

    async def test_one_link_brings_one_file_at_a_time(self, tmp_path):
        async with hands(tmp_path) as it:
            slot = await it.slot()
            head = f"PUT {urlsplit(slot.url).path} HTTP/1.1\r\nhost: x\r\n"
            _, writer = await raw(slot.url, f"{head}content-length: 4\r\n\r\nha".encode())
            await eventually(it.parts)
            assert (await it.client.put(slot.url, content=b"x")).status_code == 409
            writer.write(b"lf")
            await eventually(it.content, b"half")
            writer.close()

    async def test_a_link_may_be_tried_ten_times(self, tmp_path):
        async with hands(tmp_path) as it:
            slot = await it.slot()
            for _ in range(ATTEMPTS_MAX):
                assert (await it.client.put(slot.url, content=b"")).status_code == 400
            assert (await it.client.put(slot.url, content=b"x")).status_code == 429

    async def test_a_full_disk_takes_nothing_and_says_so(self, tmp_path, monkeypatch):
        async with hands(tmp_path) as it:
            slot = await it.slot()
            monkeypatch.setattr(folders, "free_bytes", lambda folder: 1_000)
            assert (await it.client.put(slot.url, content=b"x")).status_code == 507
            monkeypatch.undo()

            def full(handle):
                raise OSError(errno.ENOSPC, "No space left on device")

            monkeypatch.setattr(folders.os, "fsync", full)
            assert (await it.client.put(slot.url, content=b"x")).status_code == 507
            monkeypatch.undo()
            assert (it.parts(), it.content(), it.state()) == ([], None, "uploading")

    async def test_who_connects_and_says_nothing_is_cut_off(self, tmp_path, monkeypatch):
        monkeypatch.setattr(listening, "HEADERS_S", 0.2)
        async with hands(tmp_path) as it:
            slot = await it.slot()
            reader, writer = await raw(slot.url, b"GET /files/ HTTP/1.1\r\nhost: x\r\nslow: ")
            assert await asyncio.wait_for(reader.read(), 10) == b""
            writer.close()

    async def test_an_upload_of_which_nothing_more_comes_is_cut_off(self, tmp_path, monkeypatch):
        monkeypatch.setattr("ohmstead.apps.files.web.IDLE_S", 0.2)
        async with hands(tmp_path) as it:
            slot = await it.slot()
            head = f"PUT {urlsplit(slot.url).path} HTTP/1.1\r\nhost: x\r\n"
            reader, writer = await raw(slot.url, f"{head}content-length: 10\r\n\r\nhalf".encode())
            assert b" 408 " in await asyncio.wait_for(reader.readline(), 10)
            writer.close()
            await eventually(lambda: it.parts() == [])

    async def test_an_upload_that_drips_is_cut_off(self, tmp_path, monkeypatch):
        monkeypatch.setattr(receiving, "GRACE_S", 0)
        monkeypatch.setattr(receiving, "PACE_MIN", 1 << 40)
        async with hands(tmp_path) as it:
            slot = await it.slot()

            async def drips():
                for _ in range(3):
                    yield b"drip"
                    await asyncio.sleep(0.01)

            with contextlib.suppress(httpx.TransportError):  # it may still be sending
                assert (await it.client.put(slot.url, content=drips())).status_code == 408
            await eventually(lambda: it.parts() == [])
            assert (it.state(), it.content()) == ("uploading", None)

    async def test_one_connection_too_many_is_not_served(self, tmp_path):
        with without_errors():
            async with hands(tmp_path, small(connections_max=2)) as it:
                await self.one_too_many(it)

    async def one_too_many(self, it):
        slot = await it.slot()
        held = [await raw(slot.url, b"G") for _ in range(2)]
        refused = False
        async with asyncio.timeout(WAIT_S):
            while not refused:  # until the house has noticed both
                try:
                    await it.client.get(slot.url, headers={"connection": "close"})
                except httpx.TransportError:
                    refused = True
        for _, writer in held:
            writer.close()

    @pytest.mark.parametrize(
        "body",
        [
            b"no multipart at all",
            b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\nhalf',
            b'--b\r\nContent-Disposition: form-data; name="f"\r\n\r\nno file\r\n--b--\r\n',
        ],
    )
    async def test_a_broken_form_is_refused(self, tmp_path, body):
        async with hands(tmp_path) as it:
            slot = await it.slot()
            headers = {"content-type": "multipart/form-data; boundary=b"}
            answer = await it.client.post(slot.url, content=body, headers=headers)
            assert answer.status_code == 400
            assert (it.content(), it.parts()) == (None, [])


class TestBringing:
    async def test_a_put_that_is_answered_is_on_the_disk(self, tmp_path):
        async with hands(tmp_path) as it:
            slot = await it.slot()
            assert (await it.client.put(f"{slot.url}S 1.log", content=b"line\n")).status_code == 201
            upload = it.upload()
            assert (upload.state.value, upload.file_name, upload.bytes) == (
                "received",
                "S 1.log",
                5,
            )
            assert it.content() == b"line\n"
            assert it.files.upload_path(upload).stat().st_mode & 0o777 == 0o600

    async def test_a_form_brings_its_file(self, tmp_path):
        async with hands(tmp_path) as it:
            slot = await it.slot()
            sent = {"file": ("..\\..\\etc/passwd\n.log", b"\r\n--line\r\n" * 50_000)}
            answer = await it.client.post(slot.url, files=sent, data={"station": "S"})
            assert answer.status_code == 200
            assert it.upload().file_name.endswith(".log")
            assert "/" not in it.upload().file_name
            assert it.content() == b"\r\n--line\r\n" * 50_000

    async def test_a_file_that_is_brought_twice_is_there_once(self, tmp_path):
        async with hands(tmp_path) as it:
            slot = await it.slot()
            for _ in range(2):
                assert (await it.client.put(slot.url, content=b"x")).status_code == 201
            assert len(list((tmp_path / "uploads").iterdir())) == 1

    async def test_the_oldest_logs_of_a_station_go(self, tmp_path):
        async with hands(tmp_path, small(uploads_kept=2)) as it:
            for number in range(1, 4):
                slot = await it.slot()
                await it.client.put(slot.url, content=b"%d" % number)
                it.field.wait(1)
            await eventually(lambda: it.content(1) is None)
            assert it.upload(1).removed_ms
            assert [it.content(2), it.content(3)] == [b"2", b"3"]

    async def test_half_an_upload_of_yesterday_goes_at_the_start(self, tmp_path):
        (tmp_path / "uploads").mkdir()
        (tmp_path / "uploads" / "00ff.part").write_bytes(b"half")
        async with hands(tmp_path) as it:
            assert it.parts() == []


class TestFetching:
    async def test_a_firmware_comes_whole_and_is_told_by_its_digest(self, tmp_path):
        async with hands(tmp_path) as it:
            firmware = await it.shelved(b"0123456789" * 100_000)
            answer = await it.client.get(await it.url())
            assert answer.content == b"0123456789" * 100_000
            assert answer.headers["etag"] == f'"{firmware.sha256}"'
            head = await it.client.head(await it.url())
            assert (head.status_code, head.headers["content-length"]) == (200, "1000000")

    @pytest.mark.parametrize(
        ("asked", "status", "content"),
        [
            ("bytes=0-3", 206, b"0123"),
            ("bytes=4-", 206, b"456789"),
            ("bytes=-3", 206, b"789"),
            ("bytes=8-99", 206, b"89"),
            ("bytes=-99", 206, b"0123456789"),
            ("bytes=10-", 416, None),
            ("bytes=-0", 416, None),
            ("bytes=5-2", 416, None),
            ("bytes=0-1,3-4", 200, b"0123456789"),
            ("lines=1-2", 200, b"0123456789"),
            ("bytes=x-y", 200, b"0123456789"),
        ],
    )
    async def test_a_part_of_it_may_be_asked_for(self, tmp_path, asked, status, content):
        async with hands(tmp_path) as it:
            await it.shelved(b"0123456789")
            answer = await it.client.get(await it.url(), headers={"range": asked})
            assert answer.status_code == status
            if content is not None:
                assert answer.content == content
            if status == 206:
                assert re.fullmatch(r"bytes \d-9/10|bytes 0-3/10", answer.headers["content-range"])

    async def test_who_has_it_already_is_told_so(self, tmp_path):
        async with hands(tmp_path) as it:
            firmware = await it.shelved()
            known = {"if-none-match": f'"other", W/"{firmware.sha256}"'}
            assert (await it.client.get(await it.url(), headers=known)).status_code == 304
            stale = {"if-range": '"other"', "range": "bytes=0-3"}
            assert (await it.client.get(await it.url(), headers=stale)).status_code == 200

    async def test_a_file_that_is_missing_here_is_no_empty_file(self, tmp_path):
        async with hands(tmp_path) as it:
            url = await it.url() if await it.shelved() else ""
            it.files.firmware_path(it.files.firmware("fw")).unlink()
            assert (await it.client.get(url)).status_code == 404

    async def test_over_tls_too(self, tmp_path):
        pki = Pki(tmp_path)
        certificate, key, _ = pki.issue("files")
        files = FilesConfig(
            http_bind="127.0.0.1:0",
            https_bind="127.0.0.1:0",
            certificate=certificate.name,
            key=key.name,
        )
        async with hands(tmp_path, files) as it:
            await it.shelved()
            url = await it.url()
            assert url.startswith("https://127.0.0.1:")
            assert (await it.client.get(url)).content == b"firmware" * 1_000
            with pytest.raises(httpx.ConnectError):
                async with httpx.AsyncClient(verify=ssl.create_default_context()) as strict:
                    await strict.get(url)

    async def test_behind_a_proxy_that_ends_tls_and_leaves_its_prefix(self, tmp_path):
        files = FilesConfig(http_bind="127.0.0.1:0", https_url="https://files.example.org/csms/")
        async with hands(tmp_path, files) as it:
            await it.shelved()
            url = await it.url()
            assert url.startswith("https://files.example.org/csms/files/")
            port = it.house.file_service.ports[Protocol.HTTP]
            inside = url.replace("https://files.example.org", f"http://127.0.0.1:{port}")
            assert (await it.client.get(inside)).content == b"firmware" * 1_000

    async def test_a_renewed_certificate_is_shown_and_a_bad_one_is_not(self, tmp_path):
        pki = Pki(tmp_path)
        certificate, key, first = pki.issue("files")
        files = FilesConfig(https_bind="127.0.0.1:0", certificate=certificate.name, key=key.name)
        async with hands(tmp_path, files) as it:
            service = it.house.file_service
            place = ("127.0.0.1", service.ports[Protocol.HTTPS])

            async def shown():
                text = await asyncio.to_thread(ssl.get_server_certificate, place)
                return x509.load_pem_x509_certificate(text.encode()).serial_number

            assert await shown() == first.serial_number
            other, other_key, renewed = pki.issue("files again")
            certificate.write_bytes(b"rubbish")
            service.refresh()
            assert await shown() == first.serial_number
            certificate.write_bytes(other.read_bytes())
            key.write_bytes(other_key.read_bytes())
            service.refresh()
            assert await shown() == renewed.serial_number

    async def test_stations_are_heard_while_files_move(self, tmp_path):
        async with hands(tmp_path) as it, it.field.station("2.0.1") as station:
            await it.shelved(bytes(20 << 20))
            fetching = asyncio.create_task(it.client.get(await it.url()))
            beats = 0
            while not fetching.done():
                await asyncio.wait_for(station.heartbeat(), 10)
                beats += 1
            assert len(fetching.result().content) == 20 << 20
            assert beats
