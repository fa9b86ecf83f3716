// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {Entry, Header, Reading, Receipt, Seal, Slot} from "./Types.sol";

/// @title The hash of everything that is committed to, each in one place.
library Leaf {
    function hash(Header calldata h) internal pure returns (bytes32) {
        return keccak256(abi.encode(h));
    }

    function hash(Seal memory s) internal pure returns (bytes32) {
        return keccak256(abi.encode(s));
    }

    /// @dev 83 packed bytes: one block of keccak.
    function hash(Entry calldata e) internal pure returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                e.lane,
                e.account,
                e.receipt,
                e.slot,
                e.amount,
                e.sum,
                e.cumulative,
                e.prevEpoch,
                e.prevIndex
            )
        );
    }

    /// @dev 38 packed bytes a slot, in the order of the receipt.
    function hash(Slot[] calldata slots) internal pure returns (bytes32) {
        bytes memory packed = "";
        for (uint256 i; i < slots.length; ++i) {
            packed = bytes.concat(
                packed, abi.encodePacked(slots[i].lane, slots[i].account, slots[i].amount)
            );
        }
        return keccak256(packed);
    }

    function hash(Receipt calldata r) internal pure returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                r.begin,
                r.end,
                r.session,
                r.slots,
                r.key,
                r.registryVersion,
                r.provenMWh,
                r.unprovenMWh
            )
        );
    }

    /// @dev 133 packed bytes: one block of keccak.
    function hash(Reading calldata x) internal pure returns (bytes32) {
        bytes memory signed = abi.encodePacked(x.payload, x.r, x.s, x.entry, x.mWh, x.time);
        return keccak256(abi.encodePacked(signed, x.kind, x.status, x.context, x.page, x.register));
    }

    /// @dev A leaf of OpenZeppelin's StandardMerkleTree: (address, uint256, uint256, uint256).
    function balance(address account, uint256 asset, uint256 cumulative, uint256 lastEntryIndex)
        internal
        pure
        returns (bytes32)
    {
        bytes32 inner = keccak256(abi.encode(account, asset, cumulative, lastEntryIndex));
        return keccak256(bytes.concat(inner));
    }
}
