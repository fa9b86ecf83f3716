"""A contract that fills storage, in hand-written EVM code, and a plain client to drive it with.

Called with (first, count) it stores ``slot * K`` in each slot from ``first`` on.
"""

from __future__ import annotations

import time

import httpx

K = 0x9E3779B97F4A7C15F39CC0605CEDC8341082276BF3A27251F86C6A11D0C18E95
_RUNTIME = (
    "5f35602035"  # slot count
    "5b8015603c57"  # while count:
    f"817f{K:064x}028255"  # store[slot] = slot * K
    "906001019060019003600556"  # slot += 1; count -= 1
    "5b00"
)
CODE = "0x603e8060095f395ff3" + _RUNTIME
GAS = 16_700_000


class Refused(Exception):
    """The node answered an error, or nothing that can be used."""


class Client:
    """JSON-RPC without any care, for tests."""

    def __init__(self, url):
        self.url = url
        self.http = httpx.Client(trust_env=False, timeout=30)

    def ask(self, method, *params):
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        try:
            return self.http.post(self.url, json=call).json()["result"]
        except (httpx.HTTPError, ValueError, KeyError) as why:
            raise Refused(f"{method}: {why!r}") from why

    def block(self, which):
        return self.ask("eth_getBlockByNumber", which, False)

    def head(self):
        return int(self.ask("eth_blockNumber"), 16)

    def mined(self, tx):
        for _ in range(400):
            if receipt := self.ask("eth_getTransactionReceipt", tx):
                assert receipt["status"] == "0x1", receipt
                return receipt
            time.sleep(0.01)
        raise Refused("no receipt")

    def deploy(self, sender, code=CODE):
        tx = {"from": sender, "data": code, "gas": hex(1_000_000)}
        return self.mined(self.ask("eth_sendTransaction", tx))["contractAddress"]

    def fill(self, sender, contract, first, count):
        data = f"0x{first:064x}{count:064x}"
        gas = hex(min(100_000 + 23_000 * count, GAS))
        tx = {"from": sender, "to": contract, "data": data, "gas": gas}
        return self.mined(self.ask("eth_sendTransaction", tx))


def stored(slot):
    """What the contract stores in ``slot``."""
    return slot * K % 2**256
