"""The embedded chain keeps what it called durable, whatever is killed."""

from __future__ import annotations

import gzip
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from ohmstead.adapters.chain.evm import dumps
from ohmstead.adapters.chain.evm.anvil import Anvil, AnvilEventKind, find_anvil
from ohmstead.errors import ChainUnavailable, OperatorError
from tests.adapters.chain.filler import Client, Refused, stored

STATE_BYTES = 5_000_000
KILLS = 20


def until(condition, limit_s=20.0):
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def kill_and_wait(chain):
    pid, restarts = chain.pid, chain.restarts
    os.kill(pid, signal.SIGKILL)
    until(lambda: chain.restarts > restarts or chain.failure)
    assert chain.failure is None
    assert not alive(pid)


def assert_accounts_and_blocks_are_of_one_moment(client, sender, known):
    """The nonce is the number of transactions; ``known`` remembers it by block hash."""
    head = client.head()
    block, sent = client.ask("eth_getBlockByNumber", hex(head), True), 0
    path = []
    while block["hash"] not in known:
        path.append(block)
        if block["number"] == "0x0":
            break
        block = client.ask("eth_getBlockByHash", block["parentHash"], True)
    sent = known.get(block["hash"], 0)
    for block in reversed(path):
        sent += sum(tx["from"] == sender for tx in block["transactions"])
        known[block["hash"]] = sent
    assert int(client.ask("eth_getTransactionCount", sender, hex(head)), 16) == sent


class Traffic(threading.Thread):
    """Transactions without pause; each success is remembered with its block and its slots."""

    def __init__(self, url, sender, contract):
        super().__init__(daemon=True)
        self.client, self.sender, self.contract = Client(url), sender, contract
        self.over, self.flowing = threading.Event(), threading.Event()
        self.mined, self.count = {}, 0
        self.first = 1_000_000

    def run(self):
        pause = random.Random(1)
        while not self.over.is_set():
            self.flowing.wait()
            self.first += 10
            try:
                receipt = self.client.fill(self.sender, self.contract, self.first, 10)
                self.mined[receipt["transactionHash"]] = (receipt, self.first)
                self.count += 1
            except (Refused, AssertionError, TypeError):
                time.sleep(0.01)
            time.sleep(pause.random() * 0.02)

    def assert_durable_is_there(self, client, durable):
        """Return how many remembered transactions were at or before ``durable`` and are intact."""
        checked = 0
        for tx, (receipt, first) in list(self.mined.items()):
            number = int(receipt["blockNumber"], 16)
            if number > durable.number:
                continue
            if client.block(hex(number))["hash"] != receipt["blockHash"]:
                del self.mined[tx]  # mined, then lost in a kill before it was ever durable
                continue
            found = client.ask("eth_getTransactionReceipt", tx)
            assert found["blockHash"] == receipt["blockHash"]
            value = client.ask("eth_getStorageAt", self.contract, hex(first + 9), "latest")
            assert int(value, 16) == stored(first + 9)
            checked += 1
        return checked


def twenty_kills(binary, folder):
    kinds, rng, checked, known = Counter(), random.Random(7), 0, {}
    with Anvil(
        binary, folder, dump_every_s=0.2, on_event=lambda event: kinds.update([event.kind])
    ) as chain:
        client = Client(chain.url)
        owner, sender = client.ask("eth_accounts")[:2]
        contract = client.deploy(owner)
        for k in range(52):
            client.fill(owner, contract, 1 + 700 * k, 700)
        chain.dump()
        assert len(gzip.decompress(dumps.generations(folder)[0].path.read_bytes())) >= STATE_BYTES
        traffic = Traffic(chain.url, sender, contract)
        traffic.flowing.set()
        traffic.start()
        for n in range(KILLS):
            mined = traffic.count
            until(lambda n=mined: traffic.count >= n + 2)
            if n % 3 == 0:  # else most lives are too short for a dump to end
                until(lambda n=chain.durable.number: chain.durable.number > n)
            time.sleep(rng.random() * 0.5)
            traffic.flowing.clear()
            durable = chain.durable
            kill_and_wait(chain)
            assert chain.durable.number >= durable.number
            assert client.block(hex(durable.number))["hash"] == durable.hash
            assert_accounts_and_blocks_are_of_one_moment(client, sender, known)
            checked += traffic.assert_durable_is_there(client, chain.durable)
            head = client.head()
            client.fill(owner, contract, 100_000 + n, 1)
            assert client.head() > head
            traffic.flowing.set()
        traffic.over.set()
        traffic.join()
        assert chain.restarts == KILLS
        last = chain.pid
    assert not alive(last)
    assert kinds[AnvilEventKind.GENERATION_BROKEN] == 0
    assert checked >= KILLS
    with Anvil(binary, folder) as chain:
        assert_accounts_and_blocks_are_of_one_moment(Client(chain.url), sender, {})
    return checked, kinds


def test_twenty_kills_under_traffic_lose_nothing_durable(anvil_binary, tmp_path):
    print(twenty_kills(anvil_binary, tmp_path))


def test_the_kill_test_notices_dumps_that_are_not_one_moment(anvil_binary, tmp_path, monkeypatch):
    def trusting(self, deadline_s):
        packed = bytes.fromhex(self._ask("anvil_dumpState", timeout_s=60)[2:])
        return packed, dumps.inspect(packed)

    monkeypatch.setattr(Anvil, "_consistent_dump", trusting)
    with pytest.raises((AssertionError, Refused)):
        twenty_kills(anvil_binary, tmp_path)


def test_a_torn_dump_falls_back_a_generation_and_never_to_an_empty_chain(anvil_binary, tmp_path):
    broken = []
    with Anvil(anvil_binary, tmp_path) as chain:
        chain.dump()
        until(lambda: Client(chain.url).head() > chain.durable.number)
    new, old = dumps.generations(tmp_path)
    new.path.write_bytes(new.path.read_bytes()[:-100])
    with Anvil(anvil_binary, tmp_path, on_event=broken.append) as chain:
        assert chain.durable.number >= old.number
        assert [event.kind for event in broken][:1] == [AnvilEventKind.GENERATION_BROKEN]
    for generation in dumps.generations(tmp_path):
        generation.path.write_bytes(b"")
    with pytest.raises(OperatorError, match=r"no dump in .* loads"):
        Anvil(anvil_binary, tmp_path).start()
    assert len(dumps.generations(tmp_path)) == 2


def test_a_dump_under_the_name_of_another_block_is_not_loaded(anvil_binary, tmp_path):
    with Anvil(anvil_binary, tmp_path):
        pass
    for generation in dumps.generations(tmp_path):
        name = generation.path.name.replace(generation.hash, "0x" + "ab" * 32)
        generation.path.rename(tmp_path / name)
    with pytest.raises(OperatorError, match="no dump"):
        Anvil(anvil_binary, tmp_path).start()


def test_a_full_disk_keeps_the_dumps_that_are_there(anvil_binary, tmp_path, monkeypatch):
    def full(folder, packed, durable):
        raise OSError(28, "No space left on device")

    with Anvil(anvil_binary, tmp_path) as chain:
        there = dumps.generations(tmp_path)
        with monkeypatch.context() as patch:
            patch.setattr(dumps, "write", full)
            with pytest.raises(ChainUnavailable, match="No space left"):
                chain.dump()
        assert dumps.generations(tmp_path) == there
        assert chain.dump().number >= there[0].number


def test_block_time_never_runs_backwards_over_a_restart(anvil_binary, tmp_path):
    with Anvil(anvil_binary, tmp_path) as chain:
        client = Client(chain.url)
        client.ask("evm_increaseTime", 5000)
        client.ask("evm_mine")
        before = chain.dump()
        kill_and_wait(chain)
        until(lambda: client.head() > before.number + 1)
        times = [int(client.block(hex(n))["timestamp"], 16) for n in range(client.head() + 1)]
        assert times == sorted(times)


def test_an_idle_chain_is_not_dumped_and_a_transaction_is(anvil_binary, tmp_path):
    with Anvil(anvil_binary, tmp_path, dump_every_s=0.1) as chain:
        client, first = Client(chain.url), chain.durable
        until(lambda: client.head() >= first.number + 2)
        assert chain.durable == first
        receipt = client.mined(
            client.ask(
                "eth_sendTransaction",
                {
                    "from": client.ask("eth_accounts")[0],
                    "gas": "0x5208",
                    "to": client.ask("eth_accounts")[1],
                },
            )
        )
        until(lambda: chain.durable.number >= int(receipt["blockNumber"], 16))


def test_one_supervisor_holds_a_directory(anvil_binary, tmp_path):
    with (
        Anvil(anvil_binary, tmp_path),
        pytest.raises(OperatorError, match="another process runs the chain"),
    ):
        Anvil(anvil_binary, tmp_path).start()
    stopped = Anvil(anvil_binary, tmp_path).start()
    stopped.stop()
    stopped.stop()
    with pytest.raises(ChainUnavailable, match="stopped"):
        stopped.dump()


def test_a_program_that_is_no_anvil_is_reported(tmp_path):
    with pytest.raises(ChainUnavailable, match="exit code 1"):
        Anvil(Path("/bin/false"), tmp_path).start()


def test_anvil_is_found_by_variable_then_checkout_then_path(anvil_binary, tmp_path):
    program = tmp_path / "anvil"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert find_anvil({"OHMSTEAD_ANVIL": str(program)}) == program
    with pytest.raises(OperatorError, match="OHMSTEAD_ANVIL"):
        find_anvil({"OHMSTEAD_ANVIL": str(tmp_path / "none")})
    assert find_anvil({"PATH": str(tmp_path)}).name == "anvil"


PARENT = """
import sys, time, pathlib
from ohmstead.adapters.chain.evm.anvil import Anvil
chain = Anvil(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), dump_every_s=0.2).start()
print(chain.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("delay_s", [0.3, 0.4, 0.5, None])
def test_no_anvil_outlives_a_killed_parent(anvil_binary, tmp_path, delay_s):
    source = str(Path(dumps.__file__).parents[4])
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(anvil_binary), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": source},
        stdout=subprocess.PIPE,
        text=True,
    )
    if delay_s is None:
        assert alive(int(parent.stdout.readline()))
    else:
        time.sleep(delay_s)
    parent.kill()
    parent.wait()
    parent.stdout.close()

    def orphans():
        lines = list(Path("/proc").glob("[0-9]*/cmdline"))
        return [p for p in lines if str(tmp_path) in _text(p) and alive(p.parent.name)]

    until(lambda: not orphans(), 5)
    with Anvil(anvil_binary, tmp_path) as chain:
        assert Client(chain.url).head() >= 0


def _text(path):
    try:
        return path.read_text()
    except OSError:
        return ""
