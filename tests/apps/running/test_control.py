"""What other processes may ask of a running house, and what systemd is told of it."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from contextlib import asynccontextmanager

import pytest

from ohmstead.apps.running.control import NAME, Control, reach
from ohmstead.apps.running.handing import close_all, fitting
from ohmstead.apps.running.notify import notify, notify_ready, notify_reloading
from ohmstead.apps.running.takeover import Predecessor, Succession
from ohmstead.errors import OperatorError


async def echo(conversation, message):
    await conversation.say({"heard": message})


@asynccontextmanager
async def listening_in(folder):
    control = Control(folder, echo)
    control.open()
    try:
        yield folder
    finally:
        await control.end()
    assert not (folder / NAME).exists()


async def asked(folder, message):
    conversation = reach(folder)
    try:
        await conversation.say(message)
        return (await conversation.hear())[0]
    finally:
        conversation.close()


async def test_only_the_user_of_the_house_may_ask(tmp_path):
    async with listening_in(tmp_path) as folder:
        assert stat.S_IMODE((folder / NAME).stat().st_mode) == 0o600
        assert await asked(folder, {"ask": "x"}) == {"heard": {"ask": "x"}}


async def test_what_an_earlier_process_left_is_taken_over(tmp_path):
    (tmp_path / NAME).write_text("")
    with pytest.raises(OperatorError, match="no house runs in"):
        reach(tmp_path)
    control = Control(tmp_path, echo)
    control.open()
    assert (await asked(tmp_path, {"n": 1}))["heard"]["n"] == 1
    await control.end()
    await control.end()


async def test_a_folder_of_any_depth_has_its_socket(tmp_path):
    deep = tmp_path / ("d" * 120) / ("e" * 120)
    deep.mkdir(parents=True)
    control = Control(deep, echo)
    control.open()
    assert (await asked(deep, {"n": 2}))["heard"]["n"] == 2
    await control.end()
    assert not (deep / NAME).exists()


async def test_a_folder_that_cannot_be_written_only_has_no_socket(tmp_path):
    control = Control(tmp_path / "gone", echo)
    control.open()
    await control.end()


@pytest.mark.parametrize("junk", [b"", b"{", b"[]\n", b"\xff\n", b"{}\n", b'{"sockets":[1]}\n'])
async def test_junk_ends_one_conversation_and_no_other(tmp_path, junk):
    loop = asyncio.get_running_loop()
    async with listening_in(tmp_path) as folder:
        with socket.socket(socket.AF_UNIX) as one:
            one.setblocking(False)
            await loop.sock_connect(one, str(folder / NAME))
            await loop.sock_sendall(one, junk)
            one.shutdown(socket.SHUT_WR)
            async with asyncio.timeout(10):
                assert b"heard" not in await loop.sock_recv(one, 100)
        assert (await asked(folder, {"n": 3}))["heard"]["n"] == 3


async def test_listening_sockets_are_handed_on_and_work(tmp_path):
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    succession = Succession()

    async def answer(conversation, message):
        await succession.converse(conversation, {"http": [listening], "ocpp": []})

    control = Control(tmp_path, answer)
    control.open()
    wanted = {"http": f"127.0.0.1:{port}", "ocpp": "127.0.0.1:0", "ocpp_tls": ""}
    predecessor = await Predecessor.meet(tmp_path, wanted)
    going = asyncio.create_task(predecessor.let_go())
    await asyncio.wait_for(succession.asked.wait(), 10)
    assert listening.fileno() == -1  # ours is closed, theirs is not
    served = asyncio.create_task(succession.yours())
    await going
    reader = asyncio.open_connection("127.0.0.1", port)
    _, writer = await reader
    [theirs] = predecessor.handed["http"]
    theirs.accept()[0].close()
    writer.close()
    await predecessor.tell_serving(os.getpid())
    assert await served is True
    assert succession.successor_pid == os.getpid()
    await control.end()
    close_all(predecessor.handed)


def test_a_socket_of_another_port_is_not_taken():
    one, two, three = (socket.create_server(("127.0.0.1", 0)) for _ in range(3))
    port = one.getsockname()[1]
    kept = fitting(
        {"http": [one], "ocpp": [two], "ocpp_tls": [three]},
        {"http": f"127.0.0.1:{port}", "ocpp": "127.0.0.1:1", "ocpp_tls": ""},
    )
    assert kept == {"http": [one]}
    assert (two.fileno(), three.fileno()) == (-1, -1)
    close_all(kept)
    assert one.fileno() == -1


def test_systemd_is_told_which_process_serves(tmp_path, monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify_ready()  # nobody asked
    path = str(tmp_path / "n")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(path)
        systemd.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        notify_ready()
        assert systemd.recv(999).decode() == f"READY=1\nMAINPID={os.getpid()}"
        notify_reloading()
        assert systemd.recv(999).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
        notify("STOPPING=1")
        assert systemd.recv(999) == b"STOPPING=1"
    notify("STOPPING=1")  # nobody is there any more
    monkeypatch.setenv("NOTIFY_SOCKET", "relative")
    notify("STOPPING=1")
