// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {Settlement} from "../src/Settlement.sol";
import {IEscrow} from "../src/interfaces/IEscrow.sol";
import {ISettlement} from "../src/interfaces/ISettlement.sol";
import {Header} from "../src/libraries/Types.sol";
import {Base, Built} from "./Base.sol";

contract AnchorTest is Base {
    function setUp() public override {
        super.setUp();
        _deposit(driver, 100e6);
    }

    function test_anEpochPullsExactlyItsSpends() public {
        Built memory b = _build(_pay(driver, host, 30e6));
        bytes32 header = keccak256(abi.encode(b.header));
        bytes32 seal = keccak256(abi.encode(_sealOf(b.header)));
        vm.expectEmit(address(settlement));
        emit ISettlement.Anchored(1, header, seal, uint40(START));
        vm.expectEmit(address(escrow));
        emit IEscrow.Pulled(0, 30e6);
        vm.prank(settler);
        assertEq(settlement.anchor(b.header), seal);
        assertEq(settlement.head(), 1);
        assertEq(settlement.seals(1), seal);
        assertEq(token.balanceOf(address(settlement)), 30e6);
        assertEq(escrow.bookOf(0).pool, 70e6);
        assertEq(settlement.bookOf(0).settled, 30e6);
    }

    function test_epochsFollowEachOther() public {
        _anchor(_build(_pay(driver, host, 30e6)));
        _anchor(_build(_pay(driver, host, 20e6)));
        assertEq(settlement.head(), 2);
        assertEq(settlement.bookOf(0).settled, 50e6);
    }

    function test_anEpochWithoutMoneyPullsNothing() public {
        Built memory b = _build(_pay(driver, host, 0));
        _anchor(b);
        assertEq(token.balanceOf(address(settlement)), 0);
    }

    function test_theSameEpochTwiceIsRefused() public {
        Built memory b = _build(_pay(driver, host, 30e6));
        _anchor(b);
        _refused(b.header, abi.encodeWithSelector(ISettlement.WrongNumber.selector, 1, 2));
    }

    function test_aSkippedNumberIsRefused() public {
        Built memory b = _build(_pay(driver, host, 30e6));
        b.header.number = 2;
        _refused(b.header, abi.encodeWithSelector(ISettlement.WrongNumber.selector, 2, 1));
    }

    function test_aForeignParentIsRefused() public {
        Built memory b = _build(_pay(driver, host, 30e6));
        b.header.parent = keccak256("other");
        bytes4 selector = ISettlement.WrongParent.selector;
        _refused(b.header, abi.encodeWithSelector(selector, b.header.parent, bytes32(0)));
    }

    function test_moreThanWhatIsEscrowedIsRefused() public {
        Built memory b = _build(_pay(driver, host, 101e6));
        bytes4 selector = IEscrow.PoolTooSmall.selector;
        _refused(b.header, abi.encodeWithSelector(selector, 0, 100e6, 101e6));
    }

    function test_locksAreNeverPulled() public {
        _lock("walk-up", 500e6);
        Built memory b = _build(_pay(driver, host, 101e6));
        bytes4 selector = IEscrow.PoolTooSmall.selector;
        _refused(b.header, abi.encodeWithSelector(selector, 0, 100e6, 101e6));
    }

    function test_creditsAndBurnsAboveSpendsAreRefused() public {
        Built memory b = _build(_pay(driver, host, 30e6));
        b.header.totals[0].burns = 1;
        _refused(b.header, abi.encodeWithSelector(ISettlement.WrongTotals.selector, 0));
    }

    function test_totalsThatOverflowAreRefusedByName() public {
        Built memory b = _build(_pay(driver, host, 30e6));
        b.header.totals[0].credits = type(uint128).max;
        b.header.totals[0].burns = type(uint128).max;
        _refused(b.header, abi.encodeWithSelector(ISettlement.WrongTotals.selector, 0));
    }

    function test_aWrongRunningTotalIsRefused() public {
        Built memory b = _build(_pay(driver, host, 30e6));
        b.header.totals[0].settled += 1;
        bytes4 selector = ISettlement.WrongSettled.selector;
        _refused(b.header, abi.encodeWithSelector(selector, 0, 30e6 + 1, 30e6));
    }

    function test_moneyWithoutEntriesIsRefused() public {
        Built memory b = _build(_pay(driver, host, 30e6));
        b.header.entryCount = 0;
        b.header.balanceCount = 0;
        _refused(b.header, abi.encodeWithSelector(ISettlement.WrongTotals.selector, 0));
    }

    function test_moneyOfAnAssetWithoutTokenIsRefused() public {
        Built memory b = _build(_pay(driver, host, 30e6));
        b.header.totals[1].spends = 1;
        b.header.totals[1].settled = 1;
        _refused(b.header, abi.encodeWithSelector(ISettlement.WrongTotals.selector, 1));
    }

    function test_rewardsWaitForBuyBacks() public {
        Built memory b = _build(_pay(driver, host, 30e6));
        b.header.rewards = 1;
        _refused(b.header, abi.encodeWithSelector(ISettlement.RewardAboveBound.selector, 1, 0));
    }

    function test_moreThanEightEntriesAReceiptAreRefused() public {
        Built memory b = _build(_pay(driver, host, 30e6));
        b.header.entryCount = 9;
        _refused(b.header, abi.encodeWithSelector(ISettlement.WrongCounts.selector, 1, 9, 1));
        b.header.entryCount = 2;
        b.header.balanceCount = 3;
        _refused(b.header, abi.encodeWithSelector(ISettlement.WrongCounts.selector, 1, 2, 3));
    }

    function test_onlyTheSettlerAnchors() public {
        Built memory b = _build(_pay(driver, host, 30e6));
        bytes4 selector = IAccessControl.AccessControlUnauthorizedAccount.selector;
        bytes32 role = settlement.SETTLER_ROLE();
        vm.expectRevert(abi.encodeWithSelector(selector, admin, role));
        vm.prank(admin);
        settlement.anchor(b.header);
    }

    function test_aPausedSettlementOrEscrowAnchorsNothing() public {
        Built memory b = _build(_pay(driver, host, 30e6));
        vm.prank(pauser);
        settlement.pause();
        _refused(b.header, abi.encodePacked(Pausable.EnforcedPause.selector));
        vm.prank(admin);
        settlement.unpause();
        vm.prank(pauser);
        escrow.pause();
        _refused(b.header, abi.encodePacked(Pausable.EnforcedPause.selector));
        vm.prank(admin);
        escrow.unpause();
        _anchor(b);
    }

    function test_onlyTheAdminEndsAPause() public {
        vm.prank(pauser);
        settlement.pause();
        bytes4 selector = IAccessControl.AccessControlUnauthorizedAccount.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, pauser, bytes32(0)));
        vm.prank(pauser);
        settlement.unpause();
    }

    function test_aWindowOfYearsIsRefused() public {
        uint40 window = settlement.MAX_WINDOW() + 1;
        vm.expectRevert(abi.encodeWithSelector(ISettlement.WindowTooLong.selector, window));
        new Settlement(admin, escrow, window);
    }

    function testFuzz_whatIsPulledIsWhatIsSaid(uint128 amount) public {
        amount = uint128(bound(amount, 0, 200e6));
        Built memory b = _build(_pay(driver, host, amount));
        if (amount > 100e6) {
            bytes4 selector = IEscrow.PoolTooSmall.selector;
            _refused(b.header, abi.encodeWithSelector(selector, 0, 100e6, amount));
            return;
        }
        _anchor(b);
        assertEq(token.balanceOf(address(settlement)), amount);
        assertEq(token.balanceOf(address(escrow)), 100e6 - amount);
    }

    function _refused(Header memory h, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(settler);
        settlement.anchor(h);
    }
}
