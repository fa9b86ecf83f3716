// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

/// @dev Builds the two kinds of trees in memory, apart from the code under test.
library Trees {
    /// @dev All levels of a positional tree, leaves first; a missing right sibling is zero.
    function positional(bytes32[] memory leaves) internal pure returns (bytes32[][] memory levels) {
        uint256 height = 1;
        for (uint256 n = leaves.length; n > 1; n = (n + 1) / 2) {
            ++height;
        }
        levels = new bytes32[][](height);
        levels[0] = leaves;
        for (uint256 k = 1; k < height; ++k) {
            bytes32[] memory below = levels[k - 1];
            bytes32[] memory level = new bytes32[]((below.length + 1) / 2);
            for (uint256 i; i < level.length; ++i) {
                bytes32 right = 2 * i + 1 < below.length ? below[2 * i + 1] : bytes32(0);
                level[i] = keccak256(abi.encode(below[2 * i], right));
            }
            levels[k] = level;
        }
    }

    function root(bytes32[][] memory levels) internal pure returns (bytes32) {
        return levels[levels.length - 1].length == 0 ? bytes32(0) : levels[levels.length - 1][0];
    }

    function proof(bytes32[][] memory levels, uint256 index)
        internal
        pure
        returns (bytes32[] memory path)
    {
        path = new bytes32[](levels.length - 1);
        for (uint256 k; k < path.length; ++k) {
            uint256 sibling = (index >> k) ^ 1;
            if (sibling < levels[k].length) path[k] = levels[k][sibling];
        }
    }

    /// @dev The nodes of OpenZeppelin's StandardMerkleTree as a heap; leaves come sorted.
    function standard(bytes32[] memory leaves) internal pure returns (bytes32[] memory nodes) {
        uint256 n = leaves.length;
        for (uint256 i = 1; i < n; ++i) {
            bytes32 leaf = leaves[i];
            uint256 j = i;
            for (; j > 0 && leaves[j - 1] > leaf; --j) {
                leaves[j] = leaves[j - 1];
            }
            leaves[j] = leaf;
        }
        nodes = new bytes32[](2 * n - 1);
        for (uint256 i; i < n; ++i) {
            nodes[2 * n - 2 - i] = leaves[i];
        }
        for (uint256 i = n - 1; i > 0; --i) {
            (bytes32 a, bytes32 b) = (nodes[2 * i - 1], nodes[2 * i]);
            nodes[i - 1] = a < b ? keccak256(abi.encode(a, b)) : keccak256(abi.encode(b, a));
        }
    }

    function standardProof(bytes32[] memory nodes, bytes32 leaf)
        internal
        pure
        returns (bytes32[] memory path)
    {
        uint256 place = nodes.length;
        for (uint256 i; i < nodes.length; ++i) {
            if (nodes[i] == leaf) place = i;
        }
        uint256 height;
        for (uint256 i = place; i > 0; i = (i - 1) / 2) {
            ++height;
        }
        path = new bytes32[](height);
        for (uint256 k; k < height; ++k) {
            path[k] = nodes[place % 2 == 1 ? place + 1 : place - 1];
            place = (place - 1) / 2;
        }
    }
}
