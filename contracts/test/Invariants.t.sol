// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {Test} from "forge-std/Test.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IEscrow} from "../src/interfaces/IEscrow.sol";
import {ISettlement} from "../src/interfaces/ISettlement.sol";
import {Built, Payment} from "./Base.sol";
import {Shipped} from "./Shipped.sol";
import {FreezingToken} from "./Tokens.sol";
import {Trees} from "./Trees.sol";

/// @dev Drivers who deposit, lock, withdraw and get frozen, and a settler who is honest: it debits
/// a deposit only for what is neither spent nor asked back, settles each released cost within the
/// thaw, and shows spends before a withdrawal. Everything else comes in any order.
contract Handler is Shipped {
    address[3] internal wallets = [address(0xA1), address(0xA2), address(0xA3)];
    address[3] internal hosts = [address(0xB1), address(0xB2), address(0xB3)];
    FreezingToken public money = new FreezingToken();

    bytes32[] public ids;
    mapping(bytes32 id => uint256) public ended;
    mapping(address wallet => uint128) public depositLeft;
    mapping(address wallet => uint128) public releaseLeft;
    uint256 public depositsLeft;
    uint256 public releasesLeft;
    uint256 public open;
    uint256 public pulled;
    uint256 public paid;
    bytes[] internal epochs;

    constructor() {
        vm.warp(START);
        _deploy([IERC20(money), IERC20(address(0))]);
        for (uint256 i; i < wallets.length; ++i) {
            money.mint(wallets[i], 1e30);
            vm.prank(wallets[i]);
            money.approve(address(escrow), type(uint256).max);
        }
    }

    function deposit(uint256 who, uint128 amount) external {
        address wallet = wallets[who % 3];
        amount = uint128(bound(amount, 1, 1e12));
        _deposit(wallet, amount);
        depositLeft[wallet] += amount;
        depositsLeft += amount;
    }

    function lock(uint256 who, uint128 amount, uint40 duration) external {
        amount = uint128(bound(amount, 1, 1e12));
        uint40 expiry = uint40(block.timestamp + bound(duration, 1, 1 days));
        bytes32 id = bytes32(ids.length + 1);
        vm.prank(wallets[who % 3]);
        escrow.lock(id, 0, amount, expiry);
        ids.push(id);
        open += amount;
    }

    function release(uint256 which, uint128 cost) external {
        (bytes32 id, IEscrow.Lock memory held) = _pick(which);
        cost = uint128(bound(cost, 0, uint256(held.amount) + 1));
        vm.prank(settler);
        try escrow.release(id, cost) {
            _ended(id, held);
            releaseLeft[held.wallet] += cost;
            releasesLeft += cost;
        } catch {}
    }

    function refund(uint256 which) external {
        (bytes32 id, IEscrow.Lock memory held) = _pick(which);
        vm.prank(settler);
        try escrow.refund(id) {
            _ended(id, held);
        } catch {}
    }

    function reclaim(uint256 which) external {
        (bytes32 id, IEscrow.Lock memory held) = _pick(which);
        try escrow.reclaim(id) {
            _ended(id, held);
        } catch {}
    }

    function freeze(uint256 who, bool yes) external {
        money.freeze(wallets[who % 3], yes);
    }

    function collect(uint256 who) external {
        address wallet = wallets[who % 3];
        if (money.frozen(wallet) || escrow.owedTo(wallet, 0) == 0) return;
        escrow.collect(wallet, 0);
    }

    /// @dev Two drivers pay two hosts, each up to its whole budget.
    function anchor(uint256 who, uint128 a, uint128 b) external {
        uint256 first = who % 2;
        Payment[] memory payments = new Payment[](2);
        for (uint256 i; i < 2; ++i) {
            address wallet = wallets[first + i];
            uint128 amount = uint128(bound(i == 0 ? a : b, 0, _budget(wallet)));
            payments[i] = Payment(wallet, hosts[first + i], amount);
            uint128 ofRelease = amount < releaseLeft[wallet] ? amount : releaseLeft[wallet];
            releaseLeft[wallet] -= ofRelease;
            releasesLeft -= ofRelease;
            depositLeft[wallet] -= amount - ofRelease;
            depositsLeft -= amount - ofRelease;
            pulled += amount;
        }
        Built memory built = _build(payments);
        _anchor(built);
        epochs.push(abi.encode(built));
    }

    function claim(uint256 which, uint32 index) external {
        if (epochs.length == 0) return;
        Built memory b = abi.decode(epochs[which % epochs.length], (Built));
        if (!settlement.isFinal(b.header.number, b.seal)) return;
        paid += _claim(b, index % 2);
    }

    function request(uint256 who, uint128 amount) external {
        address wallet = wallets[who % 3];
        amount = uint128(bound(amount, 0, escrow.withdrawable(wallet, 0)));
        vm.prank(wallet);
        escrow.requestWithdrawal(0, amount);
    }

    function withdraw(uint256 who) external {
        address wallet = wallets[who % 3];
        IEscrow.Withdrawal memory wish = escrow.withdrawalOf(wallet, 0);
        bool early = wish.amount == 0 || block.timestamp < wish.readyAt;
        // The thaw covers an epoch: every released cost has been settled by its end.
        if (early || releaseLeft[wallet] != 0 || money.frozen(wallet)) return;
        _proveAll(wallet);
        vm.prank(wallet);
        uint128 amount = escrow.withdraw(0);
        depositLeft[wallet] -= amount;
        depositsLeft -= amount;
    }

    function wait(uint256 seconds_) external {
        skip(bound(seconds_, 1, 12 hours));
    }

    function lockCount() external view returns (uint256) {
        return ids.length;
    }

    function epochCount() external view returns (uint256) {
        return epochs.length;
    }

    function earnedBy(uint256 i) external view returns (address, uint256) {
        return (hosts[i], earned[hosts[i]]);
    }

    function house() external view returns (address, address) {
        return (address(escrow), address(settlement));
    }

    function _budget(address wallet) private view returns (uint128) {
        uint128 asked = escrow.withdrawalOf(wallet, 0).amount;
        uint128 left = depositLeft[wallet];
        return releaseLeft[wallet] + (left > asked ? left - asked : 0);
    }

    function _pick(uint256 which) private view returns (bytes32 id, IEscrow.Lock memory held) {
        id = ids.length == 0 ? bytes32(0) : ids[which % ids.length];
        held = escrow.lockOf(id);
    }

    function _ended(bytes32 id, IEscrow.Lock memory held) private {
        ended[id] += 1;
        open -= held.amount;
    }

    function _proveAll(address wallet) private {
        for (uint256 k; k < epochs.length; ++k) {
            Built memory b = abi.decode(epochs[k], (Built));
            if (!settlement.isFinal(b.header.number, b.seal)) continue;
            for (uint32 i = 2; i < 4; ++i) {
                if (b.entries[i].account != wallet) continue;
                bytes32[] memory proof = Trees.proof(b.levels, i);
                escrow.proveSpent(b.header.number, b.seal, i, b.entries[i], proof);
            }
        }
    }
}

/// @dev The money of the house, in English first:
/// 1. The escrow holds exactly its pool, its open locks and what it owes.
/// 2. The settlement holds exactly what was pulled and not claimed.
/// 3. The pool is what depositors have not spent and what released locks have not settled: so
///    together both contracts hold the unclaimed, the locked, the owed and the unspent.
/// 4. Claims never exceed what was pulled, and nobody is paid more than was earned.
/// 5. A lock ends exactly once, and is open until then.
/// 6. Anchored numbers have no gap, and nothing stands above the head.
contract InvariantsTest is Test {
    Handler private handler;
    IEscrow private escrow;
    ISettlement private settlement;
    FreezingToken private money;

    function setUp() public {
        handler = new Handler();
        (address e, address s) = handler.house();
        (escrow, settlement) = (IEscrow(e), ISettlement(s));
        money = handler.money();
        bytes4[] memory actions = new bytes4[](12);
        actions[0] = Handler.deposit.selector;
        actions[1] = Handler.lock.selector;
        actions[2] = Handler.release.selector;
        actions[3] = Handler.refund.selector;
        actions[4] = Handler.reclaim.selector;
        actions[5] = Handler.freeze.selector;
        actions[6] = Handler.collect.selector;
        actions[7] = Handler.anchor.selector;
        actions[8] = Handler.claim.selector;
        actions[9] = Handler.request.selector;
        actions[10] = Handler.withdraw.selector;
        actions[11] = Handler.wait.selector;
        targetSelector(FuzzSelector(address(handler), actions));
        targetContract(address(handler));
    }

    function invariant_theEscrowHoldsPoolLocksAndWhatItOwes() public view {
        IEscrow.Book memory book = escrow.bookOf(0);
        uint256 sum = uint256(book.pool) + book.locked + book.owed;
        assertEq(money.balanceOf(address(escrow)), sum);
        assertEq(book.locked, handler.open());
    }

    function invariant_theSettlementHoldsWhatIsUnclaimed() public view {
        uint256 unclaimed = handler.pulled() - handler.paid();
        assertEq(money.balanceOf(address(settlement)), unclaimed);
    }

    function invariant_thePoolIsWhatIsUnspentAndUnsettled() public view {
        assertEq(escrow.bookOf(0).pool, handler.depositsLeft() + handler.releasesLeft());
    }

    function invariant_claimsStayWithinWhatWasPulledAndEarned() public view {
        ISettlement.Book memory book = settlement.bookOf(0);
        assertEq(book.settled, handler.pulled());
        assertEq(book.paid, handler.paid());
        assertLe(book.paid, book.settled);
        for (uint256 i; i < 3; ++i) {
            (address host, uint256 earned) = handler.earnedBy(i);
            assertLe(settlement.claimed(host, 0), earned);
            assertEq(money.balanceOf(host), settlement.claimed(host, 0));
        }
    }

    function invariant_aLockEndsExactlyOnce() public view {
        for (uint256 i; i < handler.lockCount(); ++i) {
            bytes32 id = handler.ids(i);
            bool isOpen = escrow.lockOf(id).state == IEscrow.LockState.Open;
            assertEq(handler.ended(id), isOpen ? 0 : 1);
        }
    }

    function invariant_anchoredNumbersHaveNoGap() public view {
        uint64 head = settlement.head();
        assertEq(head, handler.epochCount());
        for (uint64 n = 1; n <= head; ++n) {
            assertNotEq(settlement.seals(n), 0);
        }
        assertEq(settlement.seals(0), 0);
        assertEq(settlement.seals(head + 1), 0);
    }
}
