"""Ethereum JSON-RPC over httpx: typed answers, or :class:`ohmstead.errors.ChainUnavailable`.

A chain that answers nonsense is a chain that is not there: whatever does not have the shape that
the execution API specifies (ethereum/execution-apis) is refused here and goes no further. An error
object of the node becomes :class:`RpcRefused`, which is a ChainUnavailable too, because most of
them mean "later"; the few that mean more are told apart by their message (no code is standard).
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence

import httpx
import msgspec

from ohmstead.adapters.chain.evm.shapes import (
    Block,
    CallRequest,
    Log,
    Transaction,
    TxReceipt,
    as_block,
    as_bytes,
    as_int,
    as_log,
    as_receipt,
    as_transaction,
    items,
)
from ohmstead.errors import ChainUnavailable
from ohmstead.frozen import Frozen

CALL_TIMEOUT_S = 20.0
TRIES = 3
PAUSE_S = 0.15  # an embedded chain is back within about 0.2 s
ANSWER_BYTES_MAX = 64 * 1024 * 1024
LATEST = "latest"
FINALIZED = "finalized"
PENDING = "pending"

BlockTag = int | str
"""A height, or one of the tags above."""


class RpcRefused(ChainUnavailable):
    """The node answered an error object; ``data`` is revert data where there is some."""

    def __init__(self, method: str, code: int, message: str, data: bytes | None) -> None:
        super().__init__(f"{method}: {message} ({code})")
        self.code = code
        self.message = message
        self.data = data


class FeeHint(Frozen):
    """What the next block asks: ``base_wei`` is burnt, ``tip_wei`` is what the node suggests."""

    base_wei: int
    tip_wei: int


class Rpc:
    """One endpoint of one chain. Every method raises ChainUnavailable, and nothing else.

    The chain id is checked before the first call and again after every broken connection, so a
    node that was exchanged for another chain's is noticed before it is believed. A call whose
    connection breaks is tried again at once: each method here is a read or, as a signed
    transaction is, the same when done twice. Filters are not offered: they die with the node.
    """

    def __init__(self, url: str, chain_id: int, *, timeout_s: float = CALL_TIMEOUT_S) -> None:
        self.url = url
        self.chain_id = chain_id
        self._ids = itertools.count(1)
        self._checked = False
        # A proxy from the environment must not stand between us and our own loopback.
        loopback = httpx.URL(url).host in ("127.0.0.1", "localhost", "::1")
        self._http = httpx.AsyncClient(timeout=timeout_s, trust_env=not loopback)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def ask(self, method: str, *params: object) -> object:
        """Call a method; the answer is checked JSON-RPC, its ``result`` is not checked yet."""
        if not self._checked:
            await self.check_chain()
        return await self._ask(method, params)

    async def check_chain(self) -> None:
        """Raise ChainUnavailable unless the endpoint answers with our chain id."""
        found = as_int(await self._ask("eth_chainId", ()), "eth_chainId")
        if found != self.chain_id:
            raise ChainUnavailable(f"{self.url} is chain {found}, not {self.chain_id}")
        self._checked = True

    async def block(self, which: BlockTag = LATEST) -> Block | None:
        """Return a block without its transactions, None above the head."""
        return as_block(await self.ask("eth_getBlockByNumber", _tag(which), False))

    async def head(self) -> Block:
        """Return the newest block."""
        block = await self.block(LATEST)
        if block is None:
            raise ChainUnavailable(f"{self.url} has no newest block")
        return block

    async def receipt(self, tx_hash: str) -> TxReceipt | None:
        """Return the receipt of a mined transaction, None when it is not on the chain now."""
        return as_receipt(await self.ask("eth_getTransactionReceipt", tx_hash), tx_hash)

    async def transaction(self, tx_hash: str) -> Transaction | None:
        """Return what the node knows of a transaction, mined or waiting."""
        return as_transaction(await self.ask("eth_getTransactionByHash", tx_hash), tx_hash)

    async def nonce(self, address: str, which: BlockTag = LATEST) -> int:
        """Return the number of transactions that ``address`` has in the chain up to a block."""
        answer = await self.ask("eth_getTransactionCount", address, _tag(which))
        return as_int(answer, "eth_getTransactionCount")

    async def balance_wei(self, address: str, which: BlockTag = LATEST) -> int:
        """Return the native balance."""
        return as_int(await self.ask("eth_getBalance", address, _tag(which)), "eth_getBalance")

    async def code(self, address: str, which: BlockTag = LATEST) -> bytes:
        """Return the code at an address; empty where there is none."""
        return as_bytes(await self.ask("eth_getCode", address, _tag(which)), "eth_getCode")

    async def call(self, request: CallRequest, which: BlockTag = LATEST) -> bytes:
        """Run a call without a transaction; a revert is :class:`RpcRefused` with ``data``."""
        return as_bytes(await self.ask("eth_call", request.to_json(), _tag(which)), "eth_call")

    async def estimate_gas(self, request: CallRequest) -> int:
        """Return the gas that the call needs now; a revert is :class:`RpcRefused`."""
        return as_int(await self.ask("eth_estimateGas", request.to_json()), "eth_estimateGas")

    async def fee_hint(self) -> FeeHint:
        """Return the base fee of the newest block and the tip that the node suggests."""
        head = await self.head()
        tip = as_int(await self.ask("eth_maxPriorityFeePerGas"), "eth_maxPriorityFeePerGas")
        return FeeHint(head.base_fee_wei, tip)

    async def send_raw(self, raw: bytes) -> None:
        """Hand a signed transaction to the node."""
        await self.ask("eth_sendRawTransaction", "0x" + raw.hex())

    async def logs(self, addresses: Sequence[str], first: int, last: int) -> list[Log]:
        """Return the logs of these contracts in blocks ``first`` to ``last``, in chain order."""
        wanted = {"address": list(addresses), "fromBlock": hex(first), "toBlock": hex(last)}
        answer = items(await self.ask("eth_getLogs", wanted), "eth_getLogs")
        found = [as_log(entry) for entry in answer]
        if any(not first <= log.block_number <= last for log in found):
            raise ChainUnavailable("eth_getLogs answered blocks that were not asked for")
        return sorted(found, key=lambda log: (log.block_number, log.index))

    async def _ask(self, method: str, params: Sequence[object]) -> object:
        call = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": list(params)}
        body = msgspec.json.encode(call)
        for attempt in range(TRIES):
            try:
                headers = {"content-type": "application/json"}
                response = await self._http.post(self.url, content=body, headers=headers)
                break
            except (httpx.HTTPError, httpx.InvalidURL) as broken:
                # The node may come back as another one.
                self._checked = False
                if attempt == TRIES - 1 or not isinstance(
                    broken, httpx.NetworkError | httpx.RemoteProtocolError
                ):
                    raise ChainUnavailable(f"{method}: {self.url}: {broken!r}") from broken
                await asyncio.sleep(PAUSE_S)
        return _result(method, call["id"], response)


async def ask_chain_id(url: str) -> int:
    """Return the id of the chain behind ``url``, before it is known; raises ChainUnavailable."""
    rpc = Rpc(url, 0)
    try:
        return as_int(await rpc._ask("eth_chainId", ()), "eth_chainId")
    finally:
        await rpc.close()


def _result(method: str, call_id: object, response: httpx.Response) -> object:
    """Take the result out of an answer; raises RpcRefused and ChainUnavailable."""
    if len(response.content) > ANSWER_BYTES_MAX:
        raise ChainUnavailable(f"{method}: an answer of {len(response.content)} bytes")
    try:
        answer = msgspec.json.decode(response.content)
    except (ValueError, RecursionError) as broken:
        raise ChainUnavailable(
            f"{method}: HTTP {response.status_code}, not JSON: {response.content[:80]!r}"
        ) from broken
    if not isinstance(answer, dict) or answer.get("jsonrpc") != "2.0":
        raise ChainUnavailable(f"{method}: not a JSON-RPC answer: {response.content[:80]!r}")
    error = answer.get("error")
    if isinstance(error, dict):
        raise RpcRefused(method, *_error(error))
    if error is not None or "result" not in answer or answer.get("id") != call_id:
        raise ChainUnavailable(f"{method}: not our answer: {response.content[:80]!r}")
    result: object = answer["result"]
    return result


def _error(error: dict[str, object]) -> tuple[int, str, bytes | None]:
    code, message, data = error.get("code"), error.get("message"), error.get("data")
    if isinstance(data, dict):  # some nodes wrap revert data once more
        data = data.get("data")
    try:
        revert = as_bytes(data, "data") if isinstance(data, str) else None
    except ChainUnavailable:
        revert = None
    return code if isinstance(code, int) else 0, str(message)[:500], revert


def _tag(which: BlockTag) -> str:
    return hex(which) if isinstance(which, int) else which
