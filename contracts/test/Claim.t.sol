// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ISettlement} from "../src/interfaces/ISettlement.sol";
import {Entry, Header, Seal, SPEND, Totals} from "../src/libraries/Types.sol";
import {Base, Built, Payment} from "./Base.sol";
import {Trees} from "./Trees.sol";

contract ClaimTest is Base {
    address private constant ANN = address(0xA);
    address private constant BEN = address(0xB);

    function setUp() public override {
        super.setUp();
        _deposit(driver, 1_000e6);
    }

    function test_anyoneClaimsForAnAccountAndTheAccountIsPaid() public {
        Built memory b = _finalEpoch(_pay(driver, host, 30e6));
        vm.expectEmit(address(settlement));
        emit ISettlement.Claimed(host, 0, 30e6);
        assertEq(_claim(b, 0), 30e6);
        assertEq(token.balanceOf(host), 30e6);
        assertEq(settlement.claimed(host, 0), 30e6);
        assertEq(settlement.bookOf(0).paid, 30e6);
    }

    function test_aClaimTwicePaysOnce() public {
        Built memory b = _finalEpoch(_pay(driver, host, 30e6));
        _claim(b, 0);
        assertEq(_claim(b, 0), 0);
        assertEq(_claimBalance(b, host, 30e6, 0), 0);
        assertEq(token.balanceOf(host), 30e6);
    }

    function test_aLaterEntryPaysWhatAllEarlierOnesLeft() public {
        Built memory first = _finalEpoch(_pay(driver, host, 30e6));
        Built memory second = _finalEpoch(_pay(driver, host, 12e6));
        assertEq(_claim(second, 0), 42e6);
        assertEq(_claim(first, 0), 0);
    }

    function test_aBalanceLeafPaysTheSame() public {
        Built memory b = _finalEpoch(_two(30e6, 12e6));
        assertEq(_claimBalance(b, ANN, 30e6, 0), 30e6);
        assertEq(_claimBalance(b, BEN, 12e6, 1), 12e6);
    }

    function test_aBalanceThatIsNotInTheTreeIsRefused() public {
        Built memory b = _finalEpoch(_two(30e6, 12e6));
        bytes32[] memory proof = Trees.standardProof(b.balances, _balanceLeaf(ANN, 30e6, 0));
        vm.expectRevert(ISettlement.NotInTree.selector);
        settlement.claimBalance(1, b.seal, ANN, 0, 30e6 + 1, 0, proof);
        vm.expectRevert(ISettlement.NotInTree.selector);
        settlement.claimBalance(1, b.seal, ANN, 0, 30e6, 1, proof);
        vm.expectRevert(abi.encodeWithSelector(ISettlement.UnknownAsset.selector, 2));
        settlement.claimBalance(1, b.seal, ANN, 2, 30e6, 0, proof);
    }

    function test_nothingIsPaidBeforeTheWindowHasPassed() public {
        Built memory b = _build(_pay(driver, host, 30e6));
        _anchor(b);
        uint256 finalAt = block.timestamp + WINDOW;
        vm.warp(finalAt - 1);
        assertFalse(settlement.isFinal(1, b.seal));
        bytes memory reason = abi.encodeWithSelector(ISettlement.NotFinal.selector, 1, finalAt);
        bytes32[] memory proof = Trees.proof(b.levels, 0);
        vm.expectRevert(reason);
        settlement.claim(1, b.seal, 0, b.entries[0], proof);
        proof = Trees.standardProof(b.balances, _balanceLeaf(host, 30e6, 0));
        vm.expectRevert(reason);
        settlement.claimBalance(1, b.seal, host, 0, 30e6, 0, proof);
        vm.warp(finalAt);
        assertTrue(settlement.isFinal(1, b.seal));
        assertEq(_claim(b, 0), 30e6);
    }

    function test_anInventedSealIsRefused() public {
        Built memory b = _finalEpoch(_pay(driver, host, 30e6));
        bytes32[] memory proof = Trees.proof(b.levels, 0);
        bytes memory reason = abi.encodeWithSelector(ISettlement.UnknownEpoch.selector, 1);
        b.seal.proposedAt -= 1;
        vm.expectRevert(reason);
        settlement.claim(1, b.seal, 0, b.entries[0], proof);
        assertFalse(settlement.isFinal(1, b.seal));
        vm.expectRevert(abi.encodeWithSelector(ISettlement.UnknownEpoch.selector, 2));
        settlement.claim(2, b.seal, 0, b.entries[0], proof);
    }

    function test_aSpendCannotBeClaimed() public {
        Built memory b = _finalEpoch(_pay(driver, host, 30e6));
        bytes32[] memory proof = Trees.proof(b.levels, 1);
        vm.expectRevert(abi.encodeWithSelector(ISettlement.NotACredit.selector, SPEND));
        settlement.claim(1, b.seal, 1, b.entries[1], proof);
        b.entries[1].lane = 0xffff;
        vm.expectRevert(abi.encodeWithSelector(ISettlement.NotACredit.selector, 0xffff));
        settlement.claim(1, b.seal, 1, b.entries[1], proof);
        b.entries[1].lane = 8;
        vm.expectRevert(abi.encodeWithSelector(ISettlement.NotACredit.selector, 8));
        settlement.claim(1, b.seal, 1, b.entries[1], proof);
    }

    function testFuzz_everyFieldOfAnEntryIsCommitted(uint8 field, uint32 index) public {
        Built memory b = _finalEpoch(_two(30e6, 12e6));
        bytes32[] memory proof = Trees.proof(b.levels, 0);
        Entry memory e = b.entries[0];
        index = uint32(bound(index, 1, type(uint32).max));
        field = uint8(bound(field, 0, 9));
        if (field == 0) e.account = BEN;
        if (field == 1) e.receipt += 1;
        if (field == 2) e.slot += 1;
        if (field == 3) e.amount += 1;
        if (field == 4) e.sum += 1;
        if (field == 5) e.cumulative += 1;
        if (field == 6) e.prevEpoch += 1;
        if (field == 7) e.prevIndex += 1;
        if (field == 8) proof = new bytes32[](proof.length + 1);
        if (field == 9) e.lane = 4;
        vm.expectRevert(ISettlement.NotInTree.selector);
        settlement.claim(1, b.seal, 0, e, proof);
        vm.expectRevert(ISettlement.NotInTree.selector);
        settlement.claim(1, b.seal, index, b.entries[0], Trees.proof(b.levels, 0));
    }

    /// A leaf can only be shown at the height of leaves, so an inner node never poses as one.
    function testFuzz_aTreeOfAnySizeProvesEachOfItsEntries(uint8 size, uint256 pick) public {
        uint256 n = bound(size, 1, 40);
        Payment[] memory payments = new Payment[](n);
        for (uint160 i; i < n; ++i) {
            payments[i] = Payment(address(i + 1), address(i + 1000), uint128(i + 1));
        }
        Built memory b = _finalEpoch(payments);
        uint32 place = uint32(bound(pick, 0, n - 1));
        assertEq(_claim(b, place), place + 1);
        settlement.requireFinalEntry(
            1, b.seal, uint32(n) + place, b.entries[n + place], Trees.proof(b.levels, n + place)
        );
    }

    function test_manyClaimsGoOnWhenOneFails() public {
        Built memory b = _finalEpoch(_two(30e6, 12e6));
        ISettlement.Claim[] memory claims = new ISettlement.Claim[](3);
        claims[0] = ISettlement.Claim(1, b.seal, 3, b.entries[0], Trees.proof(b.levels, 3));
        claims[1] = ISettlement.Claim(1, b.seal, 0, b.entries[0], Trees.proof(b.levels, 0));
        claims[2] = ISettlement.Claim(1, b.seal, 1, b.entries[1], Trees.proof(b.levels, 1));
        bytes memory reason = abi.encodePacked(ISettlement.NotInTree.selector);
        vm.expectEmit(address(settlement));
        emit ISettlement.ClaimFailed(0, reason);
        settlement.claimMany(claims);
        assertEq(token.balanceOf(ANN), 30e6);
        assertEq(token.balanceOf(BEN), 12e6);
    }

    /// A dishonest tree may promise more than was pulled; disputes will catch it, and until then
    /// the claims of an epoch can never reach money that the escrow did not hand over.
    function test_claimsNeverExceedWhatWasPulled() public {
        Built memory b = _build(_two(30e6, 12e6));
        b.header.totals[0] = Totals(20e6, 0, 40e6, 40e6);
        _anchor(b);
        token.mint(address(settlement), 100e6);
        skip(WINDOW);
        _claim(b, 0);
        bytes32[] memory proof = Trees.proof(b.levels, 1);
        bytes4 selector = ISettlement.ClaimAbovePulled.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, 0, 12e6, 10e6));
        settlement.claim(1, b.seal, 1, b.entries[1], proof);
    }

    function test_aPausedSettlementPaysNothing() public {
        Built memory b = _finalEpoch(_pay(driver, host, 30e6));
        vm.prank(pauser);
        settlement.pause();
        bytes32[] memory proof = Trees.proof(b.levels, 0);
        vm.expectRevert(Pausable.EnforcedPause.selector);
        settlement.claim(1, b.seal, 0, b.entries[0], proof);
        proof = Trees.standardProof(b.balances, _balanceLeaf(host, 30e6, 0));
        vm.expectRevert(Pausable.EnforcedPause.selector);
        settlement.claimBalance(1, b.seal, host, 0, 30e6, 0, proof);
        vm.prank(admin);
        settlement.unpause();
        assertEq(_claim(b, 0), 30e6);
    }

    function _two(uint128 a, uint128 b) private view returns (Payment[] memory payments) {
        payments = new Payment[](2);
        payments[0] = Payment(address(1), ANN, a);
        payments[1] = Payment(driver, BEN, b);
    }

    function _claimBalance(Built memory b, address account, uint256 cumulative, uint256 index)
        private
        returns (uint256)
    {
        bytes32[] memory proof =
            Trees.standardProof(b.balances, _balanceLeaf(account, cumulative, index));
        return
            settlement.claimBalance(b.header.number, b.seal, account, 0, cumulative, index, proof);
    }
}
