// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

/// @title Positional Merkle tree: the index chooses the side, the count fixes the depth.
/// @dev A missing right sibling is bytes32(0). Because the depth is fixed, no inner node can be
/// passed off as a leaf, and (tree, index < count) names exactly one leaf.
library Tree {
    /// @notice Levels above the leaves of a tree of `count` leaves.
    function depth(uint256 count) internal pure returns (uint256 levels) {
        while ((uint256(1) << levels) < count) ++levels;
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
        for (uint256 i; i < proof.length; ++i) {
            bytes32 sibling = proof[i];
            // An odd position is a right child: its sibling goes into the first word of scratch.
            assembly ("memory-safe") {
                let place := shl(5, and(shr(i, index), 1))
                mstore(place, node)
                mstore(xor(place, 32), sibling)
                node := keccak256(0, 64)
            }
        }
        return node == root;
    }
}
