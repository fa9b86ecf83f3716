"""Calls, events and errors are encoded as the compiler's ABI says, and read back by name."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmstead.adapters.chain.evm.contracts import CONTRACTS, artifact, explain_revert
from ohmstead.adapters.chain.evm.shapes import Log
from ohmstead.errors import ChainUnavailable, LocalProtocolError
from ohmstead.hashing import keccak


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_contract_ships_with_abi_and_bytecode(name):
    contract = artifact(name)
    assert len(contract.bytecode) > 500
    assert contract.functions
    assert contract.errors
    assert contract.events


def test_a_selector_is_the_hash_of_the_whole_signature():
    # The well-known selector of ERC-20's transfer.
    transfer = artifact("TestStablecoin").function("transfer")
    assert transfer.selector.hex() == "a9059cbb"
    data = transfer.encode("0x" + "11" * 20, 5)
    assert data == transfer.selector + bytes(12) + b"\x11" * 20 + (5).to_bytes(32, "big")


def test_a_struct_is_part_of_the_signature():
    anchor = artifact("Settlement").function("anchor")
    totals = "(uint128,uint128,uint128,uint128)[2]"
    header = (
        "(uint64,bytes32,bytes32,uint32,bytes32,uint32,bytes32,uint32,"
        f"{totals},uint128,uint64,uint64,uint32,bytes32)"
    )
    assert anchor.selector == keccak(f"anchor({header})".encode())[:4]


def test_arguments_that_do_not_fit_are_our_mistake():
    transfer = artifact("TestStablecoin").function("transfer")
    for arguments in [(), ("0x12", 5), ("0x" + "11" * 20, -1), ("0x" + "11" * 20, 2**256)]:
        with pytest.raises(LocalProtocolError):
            transfer.encode(*arguments)
    with pytest.raises(LocalProtocolError, match="no function"):
        artifact("Settlement").function("fly")


def test_a_revert_is_told_by_name_with_its_arguments():
    error = next(e for e in artifact("Settlement").errors.values() if e.name == "WrongNumber")
    refused = explain_revert(error.encode(7, 8))
    assert (refused.name, dict(refused.arguments)) == ("WrongNumber", {"given": 7, "expected": 8})
    assert "given=7" in str(refused)
    reason = (
        keccak(b"Error(string)")[:4]
        + bytes(31)
        + b"\x20"
        + bytes(31)
        + b"\x02"
        + b"no".ljust(32, b"\0")
    )
    assert explain_revert(reason).arguments == {"reason": "no"}
    assert explain_revert(b"").name == ""


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(sorted(artifact("Settlement").errors)))
def test_no_revert_data_is_too_strange_to_explain(tail, selector):
    explain_revert(tail)
    explain_revert(selector + tail)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(min_size=32, max_size=32), max_size=3), st.binary(max_size=200))
def test_a_log_is_read_or_the_chain_is_unavailable(topics, data):
    for topic, event in artifact("ChargingEscrow").events.items():
        log = Log("0x" + "00" * 20, (topic, *topics), data, 1, "", "", 0)
        try:
            event.decode(log)
        except ChainUnavailable:
            continue
