// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IEscrow} from "../src/interfaces/IEscrow.sol";
import {Base} from "./Base.sol";
import {FeeToken, FreezingToken, ReentrantToken} from "./Tokens.sol";

contract LockTest is Base {
    bytes32 private constant ID = keccak256("S-1");

    function test_aLockTakesTheMoneyFromTheWallet() public {
        uint40 expiry = uint40(block.timestamp + 1 hours);
        vm.expectEmit(address(escrow));
        emit IEscrow.Locked(ID, driver, 0, 50e6, expiry);
        _lock(ID, 50e6);
        IEscrow.Lock memory held = escrow.lockOf(ID);
        assertEq(held.wallet, driver);
        assertEq(held.amount, 50e6);
        assertEq(held.expiry, expiry);
        assertEq(uint8(held.state), uint8(IEscrow.LockState.Open));
        assertEq(escrow.bookOf(0).locked, 50e6);
        assertEq(escrow.bookOf(0).pool, 0);
        assertEq(token.balanceOf(address(escrow)), 50e6);
    }

    function test_aReleaseKeepsTheCostAndReturnsTheRest() public {
        _lock(ID, 50e6);
        uint256 before = token.balanceOf(driver);
        vm.expectEmit(address(escrow));
        emit IEscrow.Released(ID, 18e6, 32e6);
        _release(18e6);
        assertEq(token.balanceOf(driver), before + 32e6);
        assertEq(escrow.bookOf(0).pool, 18e6);
        assertEq(escrow.bookOf(0).locked, 0);
        assertEq(escrow.accountOf(driver, 0).released, 18e6);
    }

    function testFuzz_aReleaseSplitsTheLockExactly(uint128 amount, uint128 cost) public {
        amount = uint128(bound(amount, 1, 1_000_000e6));
        _lock(ID, amount);
        if (cost > amount) {
            bytes4 selector = IEscrow.CostAboveLock.selector;
            vm.expectRevert(abi.encodeWithSelector(selector, ID, cost, amount));
            _release(cost);
            return;
        }
        _release(cost);
        assertEq(token.balanceOf(driver), 1_000_000e6 - cost);
        assertEq(escrow.bookOf(0).pool, cost);
        assertEq(token.balanceOf(address(escrow)), cost);
    }

    function test_aRefundReturnsEverything() public {
        _lock(ID, 50e6);
        vm.expectEmit(address(escrow));
        emit IEscrow.Refunded(ID, 50e6);
        vm.prank(settler);
        escrow.refund(ID);
        assertEq(token.balanceOf(driver), 1_000_000e6);
    }

    function test_anyoneReclaimsAnExpiredLockForItsWallet() public {
        _lock(ID, 50e6);
        uint40 expiry = escrow.lockOf(ID).expiry;
        vm.warp(expiry - 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.LockNotExpired.selector, ID, expiry));
        escrow.reclaim(ID);
        vm.warp(expiry);
        vm.expectEmit(address(escrow));
        emit IEscrow.Reclaimed(ID, 50e6);
        escrow.reclaim(ID);
        assertEq(token.balanceOf(driver), 1_000_000e6);
    }

    function test_anExpiredLockIsTheWalletsAgain() public {
        _lock(ID, 50e6);
        uint40 expiry = escrow.lockOf(ID).expiry;
        vm.warp(expiry);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.LockExpired.selector, ID, expiry));
        _release(18e6);
        vm.prank(settler);
        escrow.refund(ID);
        assertEq(token.balanceOf(driver), 1_000_000e6);
    }

    function test_aLockEndsOnceWhicheverWay() public {
        _lock(ID, 50e6);
        _release(18e6);
        bytes4 selector = IEscrow.LockNotOpen.selector;
        bytes memory ended = abi.encodeWithSelector(selector, ID, IEscrow.LockState.Ended);
        vm.expectRevert(ended);
        _release(18e6);
        vm.expectRevert(ended);
        vm.prank(settler);
        escrow.refund(ID);
        skip(1 days);
        vm.expectRevert(ended);
        escrow.reclaim(ID);
        vm.expectRevert(abi.encodeWithSelector(selector, bytes32("no"), IEscrow.LockState.None));
        escrow.reclaim("no");
    }

    function test_anIdIsUsedOnce() public {
        _lock(ID, 50e6);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.LockExists.selector, ID));
        _lock(ID, 50e6);
        _release(50e6);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.LockExists.selector, ID));
        _lock(ID, 50e6);
    }

    function test_anExpiryIsInTheFutureAndNotTooFar() public {
        uint40 now_ = uint40(block.timestamp);
        uint40[2] memory bad = [now_, now_ + escrow.MAX_LOCK() + 1];
        for (uint256 i; i < bad.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IEscrow.BadExpiry.selector, bad[i]));
            vm.prank(driver);
            escrow.lock(ID, 0, 1, bad[i]);
        }
    }

    function test_absentAssetsAndNothingAreRefused() public {
        uint40 expiry = uint40(block.timestamp + 1);
        for (uint256 asset = 1; asset < 4; ++asset) {
            vm.expectRevert(abi.encodeWithSelector(IEscrow.UnknownAsset.selector, asset));
            escrow.lock(ID, asset, 1, expiry);
        }
        vm.expectRevert(IEscrow.ZeroAmount.selector);
        escrow.lock(ID, 0, 0, expiry);
    }

    function test_onlyTheSettlerEndsAnOpenLock() public {
        _lock(ID, 50e6);
        bytes4 selector = IAccessControl.AccessControlUnauthorizedAccount.selector;
        bytes memory reason = abi.encodeWithSelector(selector, driver, escrow.SETTLER_ROLE());
        vm.startPrank(driver);
        vm.expectRevert(reason);
        escrow.release(ID, 0);
        vm.expectRevert(reason);
        escrow.refund(ID);
    }

    function test_aPauseStopsLocksAndReleasesButNoWayBack() public {
        _lock(ID, 50e6);
        _lock("second", 50e6);
        vm.prank(pauser);
        escrow.pause();
        vm.expectRevert(Pausable.EnforcedPause.selector);
        _lock("third", 50e6);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        _release(1);
        vm.prank(settler);
        escrow.refund("second");
        skip(1 hours);
        escrow.reclaim(ID);
        assertEq(token.balanceOf(driver), 1_000_000e6);
    }

    function test_aPermitLocksInOneTransaction() public {
        (address wallet, uint256 key) = makeAddrAndKey("walk-up");
        token.mint(wallet, 50e6);
        uint40 expiry = uint40(block.timestamp + 1 hours);
        (uint8 v, bytes32 r, bytes32 s) = _signPermit(wallet, key, 50e6);
        uint256 snapshot = vm.snapshotState();
        vm.prank(wallet);
        escrow.lockWithPermit(ID, 0, 50e6, expiry, block.timestamp, v, r, s);
        assertEq(escrow.lockOf(ID).wallet, wallet);
        // Somebody who runs ahead with the permit changes nothing.
        vm.revertToState(snapshot);
        token.permit(wallet, address(escrow), 50e6, block.timestamp, v, r, s);
        vm.prank(wallet);
        escrow.lockWithPermit(ID, 0, 50e6, expiry, block.timestamp, v, r, s);
        assertEq(escrow.lockOf(ID).wallet, wallet);
    }

    function test_anothersPermitIsOfNoUse() public {
        (address wallet, uint256 key) = makeAddrAndKey("walk-up");
        token.mint(wallet, 50e6);
        (uint8 v, bytes32 r, bytes32 s) = _signPermit(wallet, key, 50e6);
        vm.expectRevert();
        vm.prank(host);
        escrow.lockWithPermit(ID, 0, 50e6, uint40(block.timestamp + 1), block.timestamp, v, r, s);
    }

    function test_aWalletThatCannotBePaidIsOwed() public {
        FreezingToken frozen = new FreezingToken();
        _deploy([IERC20(frozen), IERC20(address(0))]);
        frozen.mint(driver, 50e6);
        vm.prank(driver);
        frozen.approve(address(escrow), 50e6);
        _lock(ID, 50e6);
        frozen.freeze(driver, true);
        vm.expectEmit(address(escrow));
        emit IEscrow.Owed(driver, 0, 32e6);
        _release(18e6);
        assertEq(escrow.owedTo(driver, 0), 32e6);
        assertEq(escrow.bookOf(0).owed, 32e6);
        vm.expectRevert("frozen");
        escrow.collect(driver, 0);
        frozen.freeze(driver, false);
        escrow.collect(driver, 0);
        assertEq(frozen.balanceOf(driver), 32e6);
        assertEq(escrow.bookOf(0).owed, 0);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NothingOwed.selector, driver, 0));
        escrow.collect(driver, 0);
    }

    function test_aTokenThatKeepsAFeeIsRefused() public {
        FeeToken fee = new FeeToken();
        _deploy([IERC20(fee), IERC20(address(0))]);
        fee.mint(driver, 100e6);
        vm.startPrank(driver);
        fee.approve(address(escrow), 100e6);
        bytes4 selector = IEscrow.FeeOnTransfer.selector;
        bytes memory reason = abi.encodeWithSelector(selector, 0, 100e6, 99e6);
        vm.expectRevert(reason);
        escrow.lock(ID, 0, 100e6, uint40(block.timestamp + 1));
        vm.expectRevert(reason);
        escrow.deposit(0, 100e6);
    }

    function test_aTokenCannotCallBackIntoARelease() public {
        ReentrantToken evil = new ReentrantToken();
        _deploy([IERC20(evil), IERC20(address(0))]);
        evil.mint(driver, 100e6);
        vm.prank(driver);
        evil.approve(address(escrow), 100e6);
        _lock(ID, 50e6);
        _lock("second", 50e6);
        skip(30 minutes);
        evil.arm(address(escrow), abi.encodeCall(IEscrow.reclaim, ("second")));
        _release(10e6);
        assertFalse(evil.succeeded());
        assertEq(
            bytes4(evil.result()), ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector
        );
    }

    function _release(uint128 cost) private {
        vm.prank(settler);
        escrow.release(ID, cost);
    }

    function _signPermit(address wallet, uint256 key, uint256 amount)
        private
        view
        returns (uint8, bytes32, bytes32)
    {
        bytes32 permit = keccak256(
            "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
        );
        bytes32 body =
            keccak256(abi.encode(permit, wallet, address(escrow), amount, 0, block.timestamp));
        return vm.sign(key, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), body)));
    }
}
