// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title The demo's money, which cannot exist anywhere but on a local chain.
interface ITestStablecoin is IERC20 {
    /// @notice Anybody may mint this token, so only chain 31337 may have it.
    error NotALocalChain(uint256 chainId);

    /// @notice Creates `amount` minor units (six decimals) for `to`. Anyone.
    /// @dev NotALocalChain, also after a fork of the chain under another id.
    function mint(address to, uint256 amount) external;
}
