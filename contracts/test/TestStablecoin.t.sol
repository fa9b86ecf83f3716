// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {Test} from "forge-std/Test.sol";
import {TestStablecoin} from "../src/TestStablecoin.sol";
import {ITestStablecoin} from "../src/interfaces/ITestStablecoin.sol";

contract TestStablecoinTest is Test {
    function test_anyoneMintsOnALocalChain() public {
        TestStablecoin token = new TestStablecoin();
        vm.prank(address(1));
        token.mint(address(2), 5e6);
        assertEq(token.balanceOf(address(2)), 5e6);
        assertEq(token.decimals(), 6);
        assertEq(token.symbol(), "tUSD");
    }

    function testFuzz_itExistsOnNoOtherChain(uint64 chainId) public {
        vm.assume(chainId != 31337 && chainId != 0);
        TestStablecoin token = new TestStablecoin();
        vm.chainId(chainId);
        bytes memory reason =
            abi.encodeWithSelector(ITestStablecoin.NotALocalChain.selector, chainId);
        vm.expectRevert(reason);
        new TestStablecoin();
        vm.expectRevert(reason);
        token.mint(address(2), 1);
    }
}
