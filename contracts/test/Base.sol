// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {Test} from "forge-std/Test.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ChargingEscrow} from "../src/ChargingEscrow.sol";
import {Settlement} from "../src/Settlement.sol";
import {TestStablecoin} from "../src/TestStablecoin.sol";
import {ASSETS, Entry, Header, Seal, SPEND, Totals} from "../src/libraries/Types.sol";
import {Trees} from "./Trees.sol";

/// @dev One payment of a test epoch: `amount` to `account`, paid by `payer`.
struct Payment {
    address payer;
    address account;
    uint128 amount;
}

/// @dev An epoch as its builder knows it: what is anchored, and what proves its parts.
struct Built {
    Header header;
    Seal seal;
    Entry[] entries;
    bytes32[][] levels;
    bytes32[] balances;
}

/// @dev A deployed house with one stablecoin, and a builder of epochs apart from the code under
/// test. Accounts earn and spend once per epoch here; cumulative values follow `earned`, `spent`.
abstract contract Base is Test {
    uint40 internal constant WINDOW = 1 hours;
    uint40 internal constant THAW = 1 days;
    uint256 internal constant START = 1_800_000_000;

    address internal immutable admin = makeAddr("admin");
    address internal immutable settler = makeAddr("settler");
    address internal immutable pauser = makeAddr("pauser");
    address internal immutable driver = makeAddr("driver");
    address internal immutable host = makeAddr("host");

    TestStablecoin internal token;
    ChargingEscrow internal escrow;
    Settlement internal settlement;

    mapping(address account => uint128) internal earned;
    mapping(address account => uint128) internal spent;
    uint128 internal settled;

    function setUp() public virtual {
        vm.warp(START);
        token = new TestStablecoin();
        _deploy([IERC20(token), IERC20(address(0))]);
        token.mint(driver, 1_000_000e6);
        vm.prank(driver);
        token.approve(address(escrow), type(uint256).max);
    }

    function _deploy(IERC20[ASSETS] memory tokens) internal {
        escrow = _newEscrow(tokens);
        settlement = _newSettlement();
        vm.startPrank(admin);
        escrow.setSettlement(settlement);
        escrow.grantRole(escrow.SETTLER_ROLE(), settler);
        escrow.grantRole(escrow.PAUSER_ROLE(), pauser);
        settlement.grantRole(settlement.SETTLER_ROLE(), settler);
        settlement.grantRole(settlement.PAUSER_ROLE(), pauser);
        vm.stopPrank();
    }

    function _newEscrow(IERC20[ASSETS] memory tokens) internal virtual returns (ChargingEscrow) {
        return new ChargingEscrow(admin, tokens, THAW);
    }

    function _newSettlement() internal virtual returns (Settlement) {
        return new Settlement(admin, escrow, WINDOW);
    }

    function _deposit(address who, uint128 amount) internal {
        vm.prank(who);
        escrow.deposit(0, amount);
    }

    function _lock(bytes32 id, uint128 amount) internal {
        vm.prank(driver);
        escrow.lock(id, 0, amount, uint40(block.timestamp + 1 hours));
    }

    function _pay(address payer, address account, uint128 amount)
        internal
        pure
        returns (Payment[] memory payments)
    {
        payments = new Payment[](1);
        payments[0] = Payment(payer, account, amount);
    }

    /// @dev The next epoch over these payments: first all credits, then all spends. Payees and
    /// payers must each be strictly ascending, so that the entries are.
    function _build(Payment[] memory payments) internal returns (Built memory b) {
        uint256 n = payments.length;
        b.entries = new Entry[](2 * n);
        bytes32[] memory leaves = new bytes32[](2 * n);
        bytes32[] memory balances = new bytes32[](n);
        uint128 sum;
        for (uint32 i; i < n; ++i) {
            Payment memory p = payments[i];
            sum += p.amount;
            (earned[p.account], spent[p.payer]) =
            (earned[p.account] + p.amount, spent[p.payer] + p.amount);
            b.entries[i] = Entry(0, p.account, i, 0, p.amount, sum, earned[p.account], 0, 0);
            b.entries[n + i] =
                Entry(uint16(SPEND), p.payer, i, 1, p.amount, sum, spent[p.payer], 0, 0);
            balances[i] = _balanceLeaf(p.account, earned[p.account], i);
        }
        for (uint256 i; i < leaves.length; ++i) {
            leaves[i] = _leaf(b.entries[i]);
        }
        b.levels = Trees.positional(leaves);
        if (n != 0) b.balances = Trees.standard(balances);
        settled += sum;
        b.header = _header(b, uint32(n), sum);
    }

    function _header(Built memory b, uint32 n, uint128 sum) private view returns (Header memory h) {
        h.number = settlement.head() + 1;
        h.parent = settlement.seals(settlement.head());
        h.receipts = keccak256("receipts");
        h.receiptCount = n;
        h.entries = Trees.root(b.levels);
        h.entryCount = 2 * n;
        h.balances = n == 0 ? bytes32(0) : b.balances[0];
        h.balanceCount = n;
        h.totals[0] = Totals(sum, 0, sum, settled);
        h.provenMWh = uint64(n) * 20_000_000;
        h.registryVersion = 1;
        h.bundle = keccak256("bundle");
    }

    /// @dev Anchors as the settler and fills in the seal.
    function _anchor(Built memory b) internal {
        vm.prank(settler);
        settlement.anchor(b.header);
        b.seal = _sealOf(b.header);
    }

    function _sealOf(Header memory h) internal view returns (Seal memory) {
        bytes32 header = keccak256(abi.encode(h));
        return Seal(h.entries, h.balances, h.entryCount, uint40(block.timestamp), header);
    }

    /// @dev An epoch that is anchored and final.
    function _finalEpoch(Payment[] memory payments) internal returns (Built memory b) {
        b = _build(payments);
        _anchor(b);
        skip(WINDOW);
    }

    function _claim(Built memory b, uint32 i) internal returns (uint256) {
        bytes32[] memory proof = Trees.proof(b.levels, i);
        return settlement.claim(b.header.number, b.seal, i, b.entries[i], proof);
    }

    function _leaf(Entry memory e) internal pure returns (bytes32) {
        bytes memory where = abi.encodePacked(e.lane, e.account, e.receipt, e.slot);
        bytes memory money = abi.encodePacked(e.amount, e.sum, e.cumulative);
        return keccak256(bytes.concat(where, money, abi.encodePacked(e.prevEpoch, e.prevIndex)));
    }

    function _balanceLeaf(address account, uint256 cumulative, uint256 index)
        internal
        pure
        returns (bytes32)
    {
        return
            keccak256(bytes.concat(keccak256(abi.encode(account, uint256(0), cumulative, index))));
    }
}
