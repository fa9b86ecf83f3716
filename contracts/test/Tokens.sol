// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IEscrow} from "../src/interfaces/IEscrow.sol";

/// @dev Refuses to pay whom it was told not to, as regulated stablecoins do.
contract FreezingToken is ERC20("Freezing", "FRZ") {
    mapping(address account => bool) public frozen;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function freeze(address account, bool yes) external {
        frozen[account] = yes;
    }

    function _update(address from, address to, uint256 amount) internal override {
        require(!frozen[to], "frozen");
        super._update(from, to, amount);
    }
}

/// @dev Keeps one per cent of every transfer once it is told to.
contract FeeToken is ERC20("Fee", "FEE") {
    bool public taking = true;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function take(bool yes) external {
        taking = yes;
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (taking && from != address(0)) super._update(to, address(this), amount / 100);
    }
}

/// @dev Calls `target` back in the middle of a transfer and keeps what came of it.
contract ReentrantToken is ERC20("Reentrant", "RE") {
    address private _target;
    bytes private _call;
    bool public succeeded;
    bytes public result;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function arm(address target, bytes calldata call) external {
        (_target, _call) = (target, call);
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (_target == address(0)) return;
        address target = _target;
        _target = address(0);
        // slither-disable-next-line low-level-calls
        (succeeded, result) = target.call(_call);
    }
}
