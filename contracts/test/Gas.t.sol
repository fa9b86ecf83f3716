// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {CREDIT, Entry, Header, Seal, SPEND, Totals} from "../src/libraries/Types.sol";
import {Built, Payment} from "./Base.sol";
import {Shipped} from "./Shipped.sol";
import {Trees} from "./Trees.sol";

/// @dev What whole transactions cost (forge `isolate`: 21,000 and calldata included), kept in
/// snapshots/ and reviewed like code. The two bounds are the issue's; the rest is for the reader.
contract GasTest is Shipped {
    string private constant GROUP = "ohmstead";
    uint32 private constant RECEIPTS = 1_000;
    uint32 private constant ENTRIES = 4 * RECEIPTS; // three credits and one spend a receipt
    uint32 private constant BALANCES = 480;
    uint128 private constant SPENDS = uint128(RECEIPTS) * 20e6;

    function setUp() public override {
        super.setUp();
        _deposit(driver, 3 * SPENDS);
    }

    function test_anAnchorOfAThousandReceiptsStaysBelowAHundredThousand() public {
        (Header memory first,,) = _epoch(1);
        vm.prank(settler);
        settlement.anchor(first);
        _snapshot("anchor the first epoch, 1,000 receipts");
        (Header memory second,,) = _epoch(2);
        vm.prank(settler);
        settlement.anchor(second);
        assertLe(_snapshot("anchor a later epoch, 1,000 receipts"), 100_000);
    }

    function test_aLaterClaimOfAThousandReceiptsStaysBelowSeventyThousand() public {
        for (uint64 number = 1; number < 3; ++number) {
            (Header memory h, bytes32[][] memory levels, bytes32[] memory nodes) = _epoch(number);
            vm.prank(settler);
            settlement.anchor(h);
            Seal memory seal = _sealOf(h);
            skip(WINDOW);
            Entry memory e = _entry(number);
            bytes32[] memory proof = Trees.proof(levels, 1234);
            uint256 snapshot = vm.snapshotState();
            settlement.claim(number, seal, 1234, e, proof);
            string memory which = number == 1 ? "very first" : "later";
            uint256 gas = _snapshot(string.concat(which, " claim by entry, 1,000 receipts"));
            if (number == 2) assertLe(gas, 70_000);

            vm.revertToState(snapshot);
            proof = Trees.standardProof(nodes, _balanceLeaf(host, e.cumulative, 1234));
            settlement.claimBalance(number, seal, host, 0, e.cumulative, 1234, proof);
            gas = _snapshot(string.concat(which, " claim by balance, 1,000 receipts"));
            if (number == 2) assertLe(gas, 70_000);
        }
    }

    /// An account's first claim, when others have claimed before.
    function test_aFirstClaim() public {
        Built memory b = _build(_two());
        _anchor(b);
        skip(WINDOW);
        _claim(b, 0);
        _claim(b, 1);
        _snapshot("first claim of an account, small epoch");
    }

    function test_aSpendIsProven() public {
        Entry memory e = _entry(1);
        e.lane = uint16(SPEND);
        bytes32[] memory leaves = _leaves();
        leaves[1234] = _leaf(e);
        (Header memory h,,) = _epoch(1);
        bytes32[][] memory levels = Trees.positional(leaves);
        h.entries = Trees.root(levels);
        vm.prank(settler);
        settlement.anchor(h);
        Seal memory seal = _sealOf(h);
        skip(WINDOW);
        escrow.proveSpent(1, seal, 1234, e, Trees.proof(levels, 1234));
        _snapshot("prove a spend, 1,000 receipts");
    }

    function test_aWalkUpSession() public {
        _lock("first", 50e6); // no slot of the book is empty from here on
        _lock("second", 50e6);
        _snapshot("lock");
        _release("first");
        _release("second");
        _snapshot("release");
        _lock("third", 50e6);
        vm.prank(settler);
        escrow.refund("third");
        _snapshot("refund");
        _lock("fourth", 50e6);
        skip(1 hours);
        escrow.reclaim("fourth");
        _snapshot("reclaim");
    }

    function test_aDeposit() public {
        _deposit(driver, 100e6);
        _snapshot("deposit, again");
        (address wallet, uint256 key) = makeAddrAndKey("newcomer");
        token.mint(wallet, 200e6);
        bytes32 permit = keccak256(
            "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
        );
        bytes32 body =
            keccak256(abi.encode(permit, wallet, address(escrow), 100e6, 0, block.timestamp));
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(key, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), body)));
        vm.prank(wallet);
        escrow.depositWithPermit(0, 100e6, block.timestamp, v, r, s);
        _snapshot("deposit with permit, first");
    }

    function _snapshot(string memory name) private returns (uint256) {
        return vm.snapshotGasLastCall(GROUP, name);
    }

    function _two() private view returns (Payment[] memory payments) {
        payments = new Payment[](2);
        payments[0] = Payment(address(1), address(2), 5e6);
        payments[1] = Payment(driver, host, 5e6);
    }

    function _release(bytes32 id) private {
        vm.prank(settler);
        escrow.release(id, 18e6);
    }

    function _epoch(uint64 number)
        private
        view
        returns (Header memory h, bytes32[][] memory levels, bytes32[] memory balances)
    {
        Entry memory e = _entry(number);
        bytes32[] memory leaves = _leaves();
        leaves[1234] = _leaf(e);
        levels = Trees.positional(leaves);
        bytes32[] memory rows = new bytes32[](BALANCES);
        for (uint256 i; i < BALANCES; ++i) {
            rows[i] = keccak256(abi.encode("balance", i));
        }
        rows[77] = _balanceLeaf(host, e.cumulative, 1234);
        balances = Trees.standard(rows);
        h = Header({
            number: number,
            parent: settlement.seals(number - 1),
            receipts: keccak256("receipts"),
            receiptCount: RECEIPTS,
            entries: Trees.root(levels),
            entryCount: ENTRIES,
            balances: balances[0],
            balanceCount: BALANCES,
            totals: [Totals(SPENDS * 95 / 100, 0, SPENDS, SPENDS * number), Totals(0, 0, 0, 0)],
            rewards: 0,
            provenMWh: uint64(RECEIPTS) * 20_000_000,
            unprovenMWh: uint64(RECEIPTS) * 1_000_000,
            registryVersion: 321,
            bundle: keccak256("bundle")
        });
    }

    function _leaves() private pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](ENTRIES);
        for (uint256 i; i < ENTRIES; ++i) {
            leaves[i] = keccak256(abi.encode("entry", i));
        }
    }

    function _entry(uint64 number) private view returns (Entry memory) {
        uint128 amount = 16_123_456;
        uint128 sum = amount * number;
        return Entry(uint16(CREDIT), host, 411, 2, amount, 6_623_456_789, sum, number - 1, 1234);
    }
}
