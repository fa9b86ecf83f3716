// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ChargingEscrow} from "../src/ChargingEscrow.sol";
import {Settlement} from "../src/Settlement.sol";
import {IEscrow} from "../src/interfaces/IEscrow.sol";
import {ISettlement} from "../src/interfaces/ISettlement.sol";
import {Base, Built} from "./Base.sol";
import {FeeToken} from "./Tokens.sol";
import {Trees} from "./Trees.sol";

contract DepositTest is Base {
    function test_aDepositJoinsThePool() public {
        vm.expectEmit(address(escrow));
        emit IEscrow.Deposited(driver, 0, 100e6);
        _deposit(driver, 100e6);
        assertEq(escrow.accountOf(driver, 0).deposited, 100e6);
        assertEq(escrow.bookOf(0).pool, 100e6);
        assertEq(escrow.withdrawable(driver, 0), 100e6);
    }

    function test_somebodyElseMayPay() public {
        vm.expectEmit(address(escrow));
        emit IEscrow.Deposited(host, 0, 100e6);
        vm.startPrank(driver);
        escrow.depositFor(host, 0, 100e6);
        assertEq(escrow.accountOf(host, 0).deposited, 100e6);
        vm.expectRevert(IEscrow.ZeroAddress.selector);
        escrow.depositFor(address(0), 0, 1);
    }

    function test_nothingAndAbsentAssetsAreRefused() public {
        vm.expectRevert(IEscrow.ZeroAmount.selector);
        _deposit(driver, 0);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.UnknownAsset.selector, 1));
        vm.prank(driver);
        escrow.deposit(1, 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.UnknownAsset.selector, 2));
        escrow.bookOf(2);
    }

    function test_aPauseStopsDepositsButNoWithdrawal() public {
        _deposit(driver, 100e6);
        vm.prank(pauser);
        escrow.pause();
        vm.expectRevert(Pausable.EnforcedPause.selector);
        _deposit(driver, 1);
        _request(100e6);
        skip(THAW);
        assertEq(_withdraw(), 100e6);
    }

    function test_aWithdrawalWaitsForTheThaw() public {
        _deposit(driver, 100e6);
        uint40 readyAt = uint40(block.timestamp) + THAW;
        vm.expectEmit(address(escrow));
        emit IEscrow.WithdrawalRequested(driver, 0, 40e6, readyAt);
        _request(40e6);
        assertEq(escrow.withdrawalOf(driver, 0).readyAt, readyAt);
        vm.warp(readyAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.Thawing.selector, readyAt));
        _withdraw();
        vm.warp(readyAt);
        vm.expectEmit(address(escrow));
        emit IEscrow.Withdrawn(driver, 0, 40e6);
        assertEq(_withdraw(), 40e6);
        assertEq(escrow.accountOf(driver, 0).deposited, 60e6);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NoWithdrawal.selector, driver, 0));
        _withdraw();
    }

    function test_aRequestMayBeReplacedOrTakenBack() public {
        _deposit(driver, 100e6);
        bytes4 selector = IEscrow.AboveWithdrawable.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, 100e6 + 1, 100e6));
        _request(100e6 + 1);
        _request(40e6);
        skip(THAW - 1);
        _request(50e6);
        skip(1);
        vm.expectPartialRevert(IEscrow.Thawing.selector);
        _withdraw();
        _request(0);
        skip(THAW);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NoWithdrawal.selector, driver, 0));
        _withdraw();
    }

    function test_whatIsProvenSpentCannotBeWithdrawn() public {
        _deposit(driver, 100e6);
        _request(100e6);
        Built memory b = _finalEpoch(_pay(driver, host, 30e6));
        vm.expectEmit(address(escrow));
        emit IEscrow.SpentProven(driver, 0, 30e6);
        _prove(b);
        assertEq(escrow.withdrawable(driver, 0), 70e6);
        skip(THAW);
        assertEq(_withdraw(), 70e6);
        assertEq(escrow.withdrawable(driver, 0), 0);
    }

    function test_anOlderProofLowersNothing() public {
        _deposit(driver, 100e6);
        Built memory first = _finalEpoch(_pay(driver, host, 30e6));
        _prove(_finalEpoch(_pay(driver, host, 12e6)));
        _prove(first);
        assertEq(escrow.accountOf(driver, 0).spent, 42e6);
    }

    /// The session of a walk-up wallet was paid by its lock, so its spend entry is not the
    /// deposit's; and a released cost is never a deposit.
    function test_aLockPaysForItsOwnSession() public {
        _deposit(driver, 100e6);
        _lock("walk-up", 50e6);
        vm.prank(settler);
        escrow.release("walk-up", 20e6);
        assertEq(escrow.withdrawable(driver, 0), 100e6);
        _prove(_finalEpoch(_pay(driver, host, 20e6)));
        assertEq(escrow.withdrawable(driver, 0), 100e6);
        _prove(_finalEpoch(_pay(driver, host, 5e6)));
        assertEq(escrow.withdrawable(driver, 0), 95e6);
    }

    function test_onlyASpendOfAFinalEpochProvesASpend() public {
        _deposit(driver, 100e6);
        Built memory b = _build(_pay(driver, host, 30e6));
        _anchor(b);
        bytes32[] memory proof = Trees.proof(b.levels, 1);
        vm.expectPartialRevert(ISettlement.NotFinal.selector);
        escrow.proveSpent(1, b.seal, 1, b.entries[1], proof);
        skip(WINDOW);
        vm.expectRevert(ISettlement.NotInTree.selector);
        escrow.proveSpent(1, b.seal, 0, b.entries[1], proof);
        proof = Trees.proof(b.levels, 0);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotASpend.selector, 0));
        escrow.proveSpent(1, b.seal, 0, b.entries[0], proof);
    }

    function test_aWithdrawalIsBoundedByThePool() public {
        _deposit(driver, 100e6);
        _request(100e6);
        _finalEpoch(_pay(host, host, 30e6)); // somebody without a deposit was debited
        skip(THAW);
        bytes4 selector = IEscrow.PoolTooSmall.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, 0, 70e6, 100e6));
        _withdraw();
        assertEq(escrow.withdrawalOf(driver, 0).amount, 100e6);
    }

    function test_onlySettlementPulls() public {
        _deposit(driver, 100e6);
        address[3] memory others = [admin, settler, driver];
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IEscrow.NotSettlement.selector, others[i]));
            vm.prank(others[i]);
            escrow.pull(0, 1);
        }
    }

    function test_theSettlementIsChosenOnceAndFitsTheThaw() public {
        vm.startPrank(admin);
        bytes4 selector = IEscrow.SettlementAlreadySet.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, settlement));
        escrow.setSettlement(settlement);

        IERC20[2] memory tokens = [IERC20(token), IERC20(address(0))];
        ChargingEscrow other = new ChargingEscrow(admin, tokens, WINDOW);
        Settlement slow = new Settlement(admin, other, WINDOW);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.ThawTooShort.selector, WINDOW, WINDOW));
        other.setSettlement(slow);
        vm.expectRevert(IEscrow.ZeroAddress.selector);
        other.setSettlement(Settlement(address(0)));
    }

    function test_nobodyAndNoTokenAreNoDeployment() public {
        vm.expectRevert(IEscrow.ZeroAddress.selector);
        new ChargingEscrow(address(0), [IERC20(token), IERC20(address(0))], THAW);
        vm.expectRevert(IEscrow.ZeroAddress.selector);
        new ChargingEscrow(admin, [IERC20(address(0)), IERC20(token)], THAW);
    }

    /// A fee that is switched on after the deposit would leave claims without money.
    function test_aPullThatLosesMoneyOnTheWayIsRefused() public {
        FeeToken fee = new FeeToken();
        fee.take(false);
        _deploy([IERC20(fee), IERC20(address(0))]);
        fee.mint(driver, 100e6);
        vm.prank(driver);
        fee.approve(address(escrow), 100e6);
        _deposit(driver, 100e6);
        fee.take(true);
        Built memory b = _build(_pay(driver, host, 100e6));
        bytes4 selector = ISettlement.Underfunded.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, 0, 99e6, 100e6));
        vm.prank(settler);
        settlement.anchor(b.header);
    }

    function testFuzz_aWithdrawalIsNeverMoreThanDepositLessSpent(
        uint128 deposit,
        uint128 spend,
        uint128 wish
    ) public {
        deposit = uint128(bound(deposit, 1, 1_000_000e6));
        spend = uint128(bound(spend, 0, deposit));
        wish = uint128(bound(wish, 1, deposit));
        _deposit(driver, deposit);
        _request(wish);
        _prove(_finalEpoch(_pay(driver, host, spend)));
        skip(THAW);
        uint128 left = deposit - spend;
        assertEq(_withdraw(), wish < left ? wish : left);
        assertEq(escrow.bookOf(0).pool, token.balanceOf(address(escrow)));
    }

    function _request(uint128 amount) private {
        vm.prank(driver);
        escrow.requestWithdrawal(0, amount);
    }

    function _withdraw() private returns (uint128) {
        vm.prank(driver);
        return escrow.withdraw(0);
    }

    function _prove(Built memory b) private {
        bytes32[] memory proof = Trees.proof(b.levels, 1);
        escrow.proveSpent(b.header.number, b.seal, 1, b.entries[1], proof);
    }
}
