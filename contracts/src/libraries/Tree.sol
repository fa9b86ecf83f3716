// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Positional Merkle tree: the index chooses the side, the count fixes the depth.
/// @dev A missing right sibling is bytes32(0). Because the depth is fixed, no inner node can be
/// passed off as a leaf, and (tree, index < count) names exactly one leaf.
library Tree {
    /// @notice Levels above the leaves of a tree of `count` leaves.
    function depth(uint256 count) internal pure returns (uint256) {
        return count < 2 ? 0 : Math.log2(count - 1) + 1;
    }

    /// @notice Whether `leaf` stands at `index` among the `count` leaves under `root`.
    function includes(
        bytes32 root,
        uint256 count,
        uint256 index,
        bytes32 leaf,
        bytes32[] calldata proof
    ) internal pure returns (bool) {
        if (index >= count || proof.length != depth(count)) return false;
        bytes32 node = leaf;
        // An odd position is a right child: its sibling goes into the first word of scratch.
        assembly ("memory-safe") {
            let end := add(proof.offset, shl(5, proof.length))
            for { let next := proof.offset } lt(next, end) { next := add(next, 32) } {
                let place := shl(5, and(index, 1))
                mstore(place, node)
                mstore(xor(place, 32), calldataload(next))
                node := keccak256(0, 64)
                index := shr(1, index)
            }
        }
        return node == root;
    }
}
