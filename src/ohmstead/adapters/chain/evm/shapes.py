"""What an Ethereum node answers, as values; anything of another shape is ChainUnavailable.

Quantities are ``0x`` hex without leading zeros, data is ``0x`` hex of whole bytes
(ethereum/execution-apis). Addresses and hashes are kept as lower-case ``0x`` text, so that they can
be compared and used as keys.
"""

from __future__ import annotations

import re

from ohmstead.errors import ChainUnavailable
from ohmstead.frozen import Frozen

_QUANTITY = re.compile(r"0x(?:0|[1-9a-fA-F][0-9a-fA-F]{0,63})")
_DATA = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
_HASH = re.compile(r"0x[0-9a-fA-F]{64}")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


class Block(Frozen):
    """A block's header; ``base_fee_wei`` is 0 where the chain has none (before EIP-1559)."""

    number: int
    hash: str
    parent: str
    timestamp_s: int
    base_fee_wei: int


class Log(Frozen):
    """One event as the chain keeps it."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes
    block_number: int
    block_hash: str
    tx_hash: str
    index: int


class TxReceipt(Frozen):
    """What a mined transaction did; ``created`` is the address of a new contract, or empty."""

    tx_hash: str
    block_number: int
    block_hash: str
    succeeded: bool
    gas_used: int
    gas_price_wei: int
    created: str


class Transaction(Frozen):
    """What a node knows of a transaction; ``block_number`` is None while it waits."""

    tx_hash: str
    sender: str
    nonce: int
    block_number: int | None


class CallRequest(Frozen):
    """A call to run or estimate; an empty ``to`` creates a contract."""

    sender: str
    to: str
    data: bytes
    value_wei: int = 0

    def to_json(self) -> dict[str, str]:
        """Return the object that eth_call and eth_estimateGas take."""
        request = {"from": self.sender, "data": "0x" + self.data.hex()}
        if self.to:
            request["to"] = self.to
        if self.value_wei:
            request["value"] = hex(self.value_wei)
        return request


def as_int(value: object, name: str) -> int:
    """Read a quantity."""
    return int(_matching(value, _QUANTITY, name), 16)


def as_bytes(value: object, name: str) -> bytes:
    """Read data."""
    return bytes.fromhex(_matching(value, _DATA, name)[2:])


def as_hash(value: object, name: str) -> str:
    """Read 32 bytes as lower-case hex text."""
    return _matching(value, _HASH, name).lower()


def as_address(value: object, name: str) -> str:
    """Read 20 bytes as lower-case hex text."""
    return _matching(value, _ADDRESS, name).lower()


def items(value: object, name: str) -> list[object]:
    """Read a list."""
    if not isinstance(value, list):
        raise ChainUnavailable(f"{name} should be a list, not {value!r:.80}")
    return value


def as_block(value: object) -> Block | None:
    """Read a block header; null is None."""
    if value is None:
        return None
    block = _fields(value, "a block")
    base_fee = block.get("baseFeePerGas")
    return Block(
        as_int(block.get("number"), "block number"),
        as_hash(block.get("hash"), "block hash"),
        as_hash(block.get("parentHash"), "parentHash"),
        as_int(block.get("timestamp"), "timestamp"),
        0 if base_fee is None else as_int(base_fee, "baseFeePerGas"),
    )


def as_receipt(value: object, tx_hash: str) -> TxReceipt | None:
    """Read the receipt of ``tx_hash``; null is None."""
    if value is None:
        return None
    receipt = _fields(value, "a receipt")
    status = as_int(receipt.get("status"), "status")
    if status > 1:
        raise ChainUnavailable(f"a receipt's status is 0 or 1, not {status}")
    created = receipt.get("contractAddress")
    return TxReceipt(
        _same(receipt.get("transactionHash"), tx_hash),
        as_int(receipt.get("blockNumber"), "blockNumber"),
        as_hash(receipt.get("blockHash"), "blockHash"),
        status == 1,
        as_int(receipt.get("gasUsed"), "gasUsed"),
        as_int(receipt.get("effectiveGasPrice"), "effectiveGasPrice"),
        "" if created is None else as_address(created, "contractAddress"),
    )


def as_transaction(value: object, tx_hash: str) -> Transaction | None:
    """Read what a node knows of ``tx_hash``; null is None."""
    if value is None:
        return None
    transaction = _fields(value, "a transaction")
    number = transaction.get("blockNumber")
    return Transaction(
        _same(transaction.get("hash"), tx_hash),
        as_address(transaction.get("from"), "from"),
        as_int(transaction.get("nonce"), "nonce"),
        None if number is None else as_int(number, "blockNumber"),
    )


def as_log(value: object) -> Log:
    """Read one log of a mined block."""
    log = _fields(value, "a log")
    topics = items(log.get("topics"), "topics")
    return Log(
        as_address(log.get("address"), "log address"),
        tuple(bytes.fromhex(as_hash(topic, "topic")[2:]) for topic in topics),
        as_bytes(log.get("data"), "log data"),
        as_int(log.get("blockNumber"), "log blockNumber"),
        as_hash(log.get("blockHash"), "log blockHash"),
        as_hash(log.get("transactionHash"), "log transactionHash"),
        as_int(log.get("logIndex"), "logIndex"),
    )


def _matching(value: object, pattern: re.Pattern[str], name: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ChainUnavailable(f"{name} cannot be {value!r:.80}")
    return value


def _fields(value: object, name: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ChainUnavailable(f"{name} should be an object, not {value!r:.80}")
    return value


def _same(value: object, tx_hash: str) -> str:
    found = as_hash(value, "transaction hash")
    if found != tx_hash.lower():
        raise ChainUnavailable(f"asked for transaction {tx_hash}, answered {found}")
    return found
