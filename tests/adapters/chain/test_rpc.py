"""A chain that answers nonsense is a chain that is not there."""

from __future__ import annotations

import asyncio
import json
import random
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmstead.adapters.chain.evm import shapes
from ohmstead.adapters.chain.evm.finality import FinalByDepth, FinalByTag, FinalWhenDurable
from ohmstead.adapters.chain.evm.rpc import Rpc, RpcRefused
from ohmstead.adapters.chain.evm.shapes import CallRequest
from ohmstead.errors import ChainUnavailable

HASH = "0x" + "5a" * 32
ADDRESS = "0x" + "a5" * 20
CHAIN_ID = 31337


class Node:
    """A loopback HTTP server that answers whatever ``reply(call)`` returns, as bytes."""

    def __init__(self, reply):
        self.reply = reply
        self.calls = []
        self.cut = 0  # how many of the next requests lose their connection

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *error):
        self.server.close()

    async def _serve(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.lower().split(b"\r\n")
                length = next(line for line in lines if line.startswith(b"content-length:"))
                call = json.loads(await reader.readexactly(int(length.split(b":")[1])))
                self.calls.append(call["method"])
                if self.cut:
                    self.cut -= 1
                    return
                body = self.reply(call)
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def answering(**results):
    """Answer like a node; ``results`` by method, bytes are the whole body."""
    results.setdefault("eth_chainId", hex(CHAIN_ID))

    def reply(call):
        result = results.get(call["method"])
        if isinstance(result, bytes):
            return result
        return json.dumps({"jsonrpc": "2.0", "id": call["id"], "result": result}).encode()

    return reply


METHODS = {
    "eth_getBlockByNumber": lambda rpc: rpc.head(),
    "eth_getTransactionReceipt": lambda rpc: rpc.receipt(HASH),
    "eth_getTransactionByHash": lambda rpc: rpc.transaction(HASH),
    "eth_getTransactionCount": lambda rpc: rpc.nonce(ADDRESS),
    "eth_getBalance": lambda rpc: rpc.balance_wei(ADDRESS),
    "eth_getCode": lambda rpc: rpc.code(ADDRESS),
    "eth_call": lambda rpc: rpc.call(CallRequest(ADDRESS, ADDRESS, b"")),
    "eth_estimateGas": lambda rpc: rpc.estimate_gas(CallRequest(ADDRESS, "", b"")),
    "eth_getLogs": lambda rpc: rpc.logs([ADDRESS], 0, 9),
}
NONSENSE = [
    b"",
    b"<html>502 Bad Gateway</html>",
    b"[]",
    b"{}",
    b"null",
    b'{"jsonrpc":"2.0","id":2}',
    b'{"jsonrpc":"2.0","id":2,"error":"no"}',
    b'{"jsonrpc":"2.0","id":99999,"result":"0x1"}',
    b"[" * 100_000,
    b"\xff\xfe",
    *("zebra", "0x", "0x00", "0xg", {"number": 7}, {}, [{}], [7], 7, -1, 1.5, True, [[]]),
]
HARMLESS = {
    ("eth_getCode", "0x"),
    ("eth_getCode", "0x00"),
    ("eth_call", "0x"),
    ("eth_call", "0x00"),
}


@pytest.fixture(autouse=True)
def ordinary_recursion_limit():
    """Other tests import eth-account, which lifts the limit; the service never does."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    yield
    sys.setrecursionlimit(limit)


@pytest.mark.parametrize("method", METHODS)
def test_a_chain_that_answers_nonsense_is_unavailable(method):
    async def run():
        for answer in NONSENSE:
            if isinstance(answer, str) and (method, answer) in HARMLESS:
                continue
            async with Node(answering(**{method: answer})) as node:
                rpc = Rpc(node.url, CHAIN_ID)
                with pytest.raises(ChainUnavailable):
                    found = await METHODS[method](rpc)
                    pytest.fail(f"{method} took {answer!r} for {found!r}")
                await rpc.close()

    asyncio.run(run())


def test_another_chain_behind_the_address_is_refused_before_it_is_believed():
    async def run():
        async with Node(answering(eth_chainId="0x1", eth_getBalance="0x7")) as node:
            rpc = Rpc(node.url, CHAIN_ID)
            with pytest.raises(ChainUnavailable, match="is chain 1, not 31337"):
                await rpc.balance_wei(ADDRESS)
            await rpc.close()
            assert node.calls == ["eth_chainId"]

    asyncio.run(run())


def test_a_node_exchanged_while_we_were_cut_off_is_noticed():
    async def run():
        results = {"eth_chainId": hex(CHAIN_ID), "eth_getBalance": "0x7"}
        async with Node(lambda call: answering(**results)(call)) as node:
            rpc = Rpc(node.url, CHAIN_ID)
            assert await rpc.balance_wei(ADDRESS) == 7
            node.cut, results["eth_chainId"] = 1, "0x1"
            await rpc.balance_wei(ADDRESS)  # tried again; what it says counts for nothing from here
            with pytest.raises(ChainUnavailable, match="is chain 1"):
                await rpc.balance_wei(ADDRESS)
            await rpc.close()

    asyncio.run(run())


def test_a_cut_connection_is_tried_again_and_a_dead_chain_is_unavailable():
    async def run():
        async with Node(answering(eth_getBalance="0x7")) as node:
            rpc = Rpc(node.url, CHAIN_ID)
            node.cut = 2
            assert await rpc.balance_wei(ADDRESS) == 7
            node.cut = 100
            with pytest.raises(ChainUnavailable):
                await rpc.balance_wei(ADDRESS)
        with pytest.raises(ChainUnavailable):
            await rpc.balance_wei(ADDRESS)
        await rpc.close()
        for url in ("http://127.0.0.1:1", "http://nowhere.invalid", "ftp://x", "http://["):
            with pytest.raises(ChainUnavailable):
                await Rpc(url, CHAIN_ID).head()

    asyncio.run(run())


def test_a_revert_keeps_its_data_and_a_refusal_its_message():
    async def run():
        error = {"code": 3, "message": "execution reverted", "data": "0x08c379a0"}
        body = json.dumps({"jsonrpc": "2.0", "id": 2, "error": error}).encode()
        async with Node(answering(eth_call=body)) as node:
            rpc = Rpc(node.url, CHAIN_ID)
            with pytest.raises(RpcRefused) as refused:
                await rpc.call(CallRequest(ADDRESS, ADDRESS, b""))
            assert refused.value.data == bytes.fromhex("08c379a0")
            assert refused.value.message == "execution reverted"
            await rpc.close()

    asyncio.run(run())


FIELDS = [
    *("number", "hash", "parentHash", "timestamp", "baseFeePerGas", "status", "transactionHash"),
    *("blockNumber", "blockHash", "gasUsed", "effectiveGasPrice", "contractAddress", "from"),
    *("nonce", "address", "topics", "data", "logIndex"),
]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=70)
    | st.sampled_from(["0x1", HASH, ADDRESS, "0x", "0x01ff"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(FIELDS),
            inner,
            max_size=12,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(VALUES)
def test_no_value_makes_a_reader_raise_anything_but_unavailable(value):
    readers = [
        shapes.as_block,
        shapes.as_log,
        lambda v: shapes.as_receipt(v, HASH),
        lambda v: shapes.as_transaction(v, HASH),
        lambda v: shapes.as_int(v, "x"),
        lambda v: shapes.as_bytes(v, "x"),
        lambda v: shapes.as_address(v, "x"),
    ]
    for reader in readers:
        try:
            reader(value)
        except ChainUnavailable:
            continue


def test_a_real_receipt_with_any_field_spoilt_is_refused(anvil):
    async def run():
        rpc = Rpc(anvil.url, CHAIN_ID)
        accounts = await rpc.ask("eth_accounts")
        tx = {"from": accounts[0], "to": accounts[1], "gas": "0x5208"}
        tx_hash = await rpc.ask("eth_sendTransaction", tx)
        while not (receipt := await rpc.ask("eth_getTransactionReceipt", tx_hash)):
            await asyncio.sleep(0.05)
        assert shapes.as_receipt(receipt, tx_hash).succeeded
        needed = ["status", "transactionHash", "blockNumber", "blockHash", "gasUsed"]
        rng = random.Random(3)
        for field in needed:
            for bad in (None, 7, "x", "0x" + "f" * 65, rng.random()):
                with pytest.raises(ChainUnavailable):
                    shapes.as_receipt({**receipt, field: bad}, tx_hash)
        await rpc.close()

    asyncio.run(run())


def test_each_chain_says_what_is_final(anvil):
    async def run():
        rpc = Rpc(anvil.url, CHAIN_ID)
        await rpc.ask("anvil_mine", "0x5")
        head = (await rpc.head()).number
        assert await FinalByDepth(3).final_block(rpc) >= head - 3
        assert await FinalByDepth(10**6).final_block(rpc) == -1
        assert head - 2 <= await FinalByTag().final_block(rpc) <= head
        for durable in (-1, 1, 2):
            assert await FinalWhenDurable(lambda n=durable: n).final_block(rpc) == durable
        tag = await FinalByTag().final_block(rpc)
        assert await FinalWhenDurable(lambda: 10**9).final_block(rpc) >= tag
        await rpc.close()

    asyncio.run(run())
