// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ChargingEscrow} from "../src/ChargingEscrow.sol";
import {Settlement} from "../src/Settlement.sol";
import {ASSETS} from "../src/libraries/Types.sol";
import {Base} from "./Base.sol";

/// @dev Deploys the bytecode that the package ships, which goes through another pipeline of the
/// compiler than the other tests. tests/test_artifacts.py holds it to the sources.
abstract contract Shipped is Base {
    function _newEscrow(IERC20[ASSETS] memory tokens) internal override returns (ChargingEscrow) {
        return ChargingEscrow(_create("ChargingEscrow", abi.encode(admin, tokens, THAW)));
    }

    function _newSettlement() internal override returns (Settlement) {
        return Settlement(_create("Settlement", abi.encode(admin, escrow, WINDOW)));
    }

    function _create(string memory name, bytes memory arguments) private returns (address made) {
        string memory folder = "../src/ohmstead/adapters/chain/evm/artifacts/";
        string memory json = vm.readFile(string.concat(folder, name, ".json"));
        bytes memory code = bytes.concat(vm.parseJsonBytes(json, ".bytecode"), arguments);
        assembly ("memory-safe") {
            made := create(0, add(code, 32), mload(code))
        }
        require(made != address(0), name);
    }
}
