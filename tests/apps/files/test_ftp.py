"""Files over FTP and FTPS, with Python's own client: what is refused first, then what moves."""

from __future__ import annotations

import asyncio
import ftplib
import io
import socket
import ssl
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from ohmstead.apps.config import FilesConfig, FtpConfig
from ohmstead.apps.files import ftp, ftp_moving
from ohmstead.core.files import Protocol
from tests.apps.files.hands import eventually, hands, without_errors
from tests.apps.gateway.pki import Pki

PLAIN = FilesConfig(ftp=FtpConfig(bind="127.0.0.1:0"), upload_bytes_max=200_000)


def secured(folder, tls="offered"):
    certificate, key, _ = Pki(folder).issue("files")
    bind = FtpConfig(bind="127.0.0.1:0", tls=tls)
    return FilesConfig(ftp=bind, certificate=certificate.name, key=key.name)


def unchecked():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class Client:
    """What ftplib does, each in a thread of its own."""

    def __init__(self, url, tls=False, login=True, private=True):
        self.place = urlsplit(url)
        self.tls, self.login, self.private = tls, login, private
        self.ftp = ftplib.FTP_TLS(context=unchecked()) if tls else ftplib.FTP()

    def open(self):
        self.ftp.connect(self.place.hostname, self.place.port, timeout=20)
        if self.login:
            self.ftp.login(self.place.username, self.place.password)
        if self.tls and self.private:
            self.ftp.prot_p()
        return self

    def fetch(self, name=None, rest=None):
        found = io.BytesIO()
        name = name or self.place.path.lstrip("/")
        self.ftp.retrbinary(f"RETR {name}", found.write, rest=rest)
        return found.getvalue()

    def bring(self, content, name="S.log", **how):
        return self.ftp.storbinary(f"STOR {name}", io.BytesIO(content), **how)


@asynccontextmanager
async def client(url, **how):
    found = await asyncio.to_thread(Client(url, **how).open)
    try:
        yield found
    finally:
        found.ftp.close()


async def refused(work, *args, **options):
    """The code and text of the refusal."""
    with pytest.raises((ftplib.error_perm, ftplib.error_temp)) as caught:
        await asyncio.to_thread(work, *args, **options)
    return str(caught.value)


async def test_a_wrong_password_and_a_user_nobody_has_sound_alike(tmp_path):
    async with hands(tmp_path, PLAIN) as it:
        url = (await it.slot()).url
        place = urlsplit(url)
        said = set()
        for user, password in ((place.username, "0" * 32), ("0" * 12, "x"), ("anonymous", "a@b")):
            async with client(url, login=False) as one:
                said.add(await refused(one.ftp.login, user, password))
        assert len(said) == 1
        assert said.pop().startswith("530")


async def test_three_wrong_passwords_end_the_connection(tmp_path):
    async with hands(tmp_path, PLAIN) as it, client((await it.slot()).url, login=False) as one:
        for _ in range(3):
            await refused(one.ftp.login, "nobody", "x")
        with pytest.raises((EOFError, OSError)):
            await asyncio.to_thread(one.ftp.sendcmd, "NOOP")


async def test_nothing_moves_before_the_log_in_and_there_is_nothing_to_list(tmp_path):
    async with hands(tmp_path, PLAIN) as it:
        await it.shelved()
        url = await it.url()
        async with client(url, login=False) as one:
            assert (await refused(one.fetch)).startswith("503")
            assert (await refused(one.ftp.sendcmd, "SIZE fw.bin")).startswith("530")
        async with client(url) as one:
            assert (await refused(one.ftp.nlst)).startswith("502")
            for command in (
                "DELE fw.bin",
                "MKD x",
                "RNFR fw.bin",
                "SITE CHMOD",
                "PORT 1,2,3,4,5,6",
            ):
                assert (await refused(one.ftp.sendcmd, command)).startswith("502")
            assert (await refused(one.ftp.cwd, "/etc")).startswith("550")
            await asyncio.to_thread(one.ftp.cwd, "/")
            assert await asyncio.to_thread(one.ftp.pwd) == "/"


async def test_a_path_leads_nowhere_but_to_the_one_file(tmp_path):
    async with hands(tmp_path, PLAIN) as it:
        await it.shelved()
        async with client(await it.url()) as one:
            for name in ("../network.toml", "/etc/passwd", "..", "fw.bin/.."):
                assert (await refused(one.fetch, name)).startswith("550")
            assert await asyncio.to_thread(one.fetch, "/a/../fw.bin") == b"firmware" * 1_000
            assert (await refused(one.bring, b"mine")).startswith("550")


async def test_an_upload_may_be_called_anything_and_stands_under_its_number(tmp_path):
    async with hands(tmp_path, PLAIN) as it:
        async with client((await it.slot()).url) as one:
            assert (await refused(one.fetch, "S.log")).startswith("550")
            done = await asyncio.to_thread(one.bring, b"line\n", "../../ohmstead.db")
        assert done.startswith("226")
        assert (it.state(), it.upload().file_name, it.content()) == (
            "received",
            "ohmstead.db",
            b"line\n",
        )


async def test_what_is_too_large_leaves_nothing(tmp_path):
    async with hands(tmp_path, PLAIN) as it:
        slot = await it.slot()
        async with client(slot.url) as one:
            with pytest.raises((ftplib.error_perm, OSError)):
                await asyncio.to_thread(one.bring, b"x" * 5_000_000)
        await eventually(lambda: it.parts() == [] and it.content() is None)


async def test_a_link_that_is_over_lets_nobody_in(tmp_path):
    async with hands(tmp_path, PLAIN) as it:
        slot = await it.slot()
        it.field.wait(61)
        async with client(slot.url, login=False) as one:
            place = urlsplit(slot.url)
            said = await refused(one.ftp.login, place.username, place.password)
            assert "ask for a new one" in said


async def test_a_station_that_dies_half_way_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(ftp_moving, "LAST_LOOK_S", 10)  # until both ends were noticed
    with without_errors():
        async with hands(tmp_path, PLAIN) as it:
            await dies_half_way(it)
            here = await asyncio.to_thread(Client((await it.slot()).url).open)
        here.ftp.close()  # it was there when the house stopped


async def dies_half_way(it):
    slot = await it.slot()
    async with client(slot.url) as one:
        data = await asyncio.to_thread(one.ftp.transfercmd, "STOR S.log")
        await asyncio.to_thread(data.sendall, b"half")
        await eventually(it.parts)
        data.close()
        one.ftp.close()
    await eventually(lambda: it.parts() == [])
    assert (it.state(), it.content()) == ("uploading", None)


async def test_an_upload_cannot_go_on_where_it_broke_off(tmp_path):
    async with hands(tmp_path, PLAIN) as it, client((await it.slot()).url) as one:
        assert (await refused(one.bring, b"x", rest=4)).startswith("554")
        assert (await asyncio.to_thread(one.bring, b"x")).startswith("226")


async def test_the_data_connection_of_another_address_is_closed(tmp_path):
    async with hands(tmp_path, PLAIN) as it:
        await it.shelved()
        async with client(await it.url()) as one:
            host, port = await asyncio.to_thread(one.ftp.makepasv)
            with socket.create_connection((host, port), source_address=("127.0.0.2", 0)) as thief:
                thief.settimeout(10)
                assert await asyncio.to_thread(thief.recv, 1) == b""


async def test_who_does_not_log_in_is_cut_off(tmp_path, monkeypatch):
    monkeypatch.setattr(ftp, "LOGIN_S", 0.2)
    async with hands(tmp_path, PLAIN) as it:
        place = urlsplit((await it.slot()).url)
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        assert (await asyncio.wait_for(reader.read(), 10)).startswith(b"220")
        writer.close()


async def test_a_data_connection_that_never_comes_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(ftp_moving, "DATA_S", 0.2)
    async with hands(tmp_path, PLAIN) as it:
        async with client((await it.slot()).url) as one:
            await asyncio.to_thread(one.ftp.makepasv)
            assert (await asyncio.to_thread(one.ftp.sendcmd, "STOR S.log")).startswith("150")
            assert (await refused(one.ftp.getresp)).startswith("425")
        await eventually(lambda: it.parts() == [])


async def test_a_firmware_comes_over_ftp_whole_and_from_the_middle(tmp_path):
    async with hands(tmp_path, PLAIN) as it:
        content = bytes(range(256)) * 4_000
        await it.shelved(content)
        async with client(await it.url()) as one:
            assert await asyncio.to_thread(one.ftp.size, "fw.bin") == len(content)
            assert await asyncio.to_thread(one.fetch) == content
            assert await asyncio.to_thread(one.fetch, rest=1_000_000) == content[1_000_000:]
            assert "REST STREAM" in await asyncio.to_thread(one.ftp.sendcmd, "FEAT")


async def test_ftps_moves_under_tls_only(tmp_path):
    async with hands(tmp_path, secured(tmp_path)) as it:
        await it.shelved()
        assert it.files.offers.bases.keys() == {Protocol.FTP, Protocol.FTPS}
        url = await it.url()
        assert url.startswith("ftps://")
        async with client(url, login=False) as plain:
            place = urlsplit(url)
            assert "AUTH TLS" in await refused(plain.ftp.login, place.username, place.password)
        async with client(url, tls=True, private=False) as clear:
            assert (await refused(clear.fetch)).startswith("521")
        async with client(url, tls=True) as one:
            assert await asyncio.to_thread(one.fetch) == b"firmware" * 1_000
        async with client((await it.slot()).url, tls=True) as one:
            assert (await asyncio.to_thread(one.bring, b"x" * 100_000)).startswith("226")
        assert it.content() == b"x" * 100_000


async def test_where_tls_is_required_nobody_logs_in_without(tmp_path):
    async with hands(tmp_path, secured(tmp_path, "required")) as it:
        assert it.files.offers.bases.keys() == {Protocol.FTPS}
        async with client((await it.slot()).url, login=False) as one:
            assert (await refused(one.ftp.login, "a", "b")).startswith("530 begin with AUTH TLS")


async def test_ftps_from_the_first_byte(tmp_path):
    certificate, key, _ = Pki(tmp_path).issue("files")
    bind = FtpConfig(implicit_bind="127.0.0.1:0")
    files = FilesConfig(ftp=bind, certificate=certificate.name, key=key.name)
    async with hands(tmp_path, files) as it:
        await it.shelved()
        place = urlsplit(await it.url())
        assert place.scheme == "ftps"
        context = unchecked()
        reader, writer = await asyncio.open_connection(place.hostname, place.port, ssl=context)

        async def say(line, code):
            writer.write(f"{line}\r\n".encode())
            said = await asyncio.wait_for(reader.readline(), 10)
            assert said.startswith(code), said
            return said.decode()

        assert (await reader.readline()).startswith(b"220")
        await say(f"USER {place.username}", b"331")
        await say(f"PASS {place.password}", b"230")
        port = int((await say("EPSV", b"229")).split("|")[3])
        await say("RETR fw.bin", b"150")
        data, closing = await asyncio.open_connection(place.hostname, port, ssl=context)
        assert await asyncio.wait_for(data.read(), 10) == b"firmware" * 1_000
        assert (await reader.readline()).startswith(b"226")
        closing.close()
        writer.close()


async def test_what_is_said_in_clear_behind_auth_is_never_heard(tmp_path):
    async with hands(tmp_path, secured(tmp_path)) as it:
        place = urlsplit((await it.slot()).url)
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        await reader.readline()
        writer.write(f"AUTH TLS\r\nUSER {place.username}\r\n".encode())
        said = await asyncio.wait_for(reader.read(), 10)
        assert b"331" not in said
        writer.close()


async def test_a_whole_range_of_ports_in_use_is_told(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        bind = FtpConfig(bind="127.0.0.1:0", passive_ports=f"{port}-{port}")
        async with hands(tmp_path, FilesConfig(ftp=bind)) as it:
            await it.shelved()
            async with client(await it.url()) as one:
                assert (await refused(one.fetch)).startswith("421")
