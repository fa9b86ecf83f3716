// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ITestStablecoin} from "./interfaces/ITestStablecoin.sol";

/// @title TestStablecoin. ITestStablecoin says what everything means.
contract TestStablecoin is ITestStablecoin, ERC20Permit {
    uint256 public constant LOCAL_CHAIN = 31337;

    constructor() ERC20("Ohmstead test dollar", "tUSD") ERC20Permit("Ohmstead test dollar") {
        _requireLocal();
    }

    function mint(address to, uint256 amount) external {
        _requireLocal();
        _mint(to, amount);
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }

    function _requireLocal() private view {
        if (block.chainid != LOCAL_CHAIN) revert NotALocalChain(block.chainid);
    }
}
