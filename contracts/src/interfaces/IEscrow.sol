// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Entry, Seal} from "../libraries/Types.sol";
import {ISettlement} from "./ISettlement.sol";

/// @title Drivers' money until it is spent.
/// @notice Account holders keep a deposit that epochs draw on; walk-up wallets lock the most that
/// one session may cost. The pool is what settlement may pull: deposits and released costs. Locks
/// are never part of it. Pausing stops money on its way in and towards settlement (deposit, lock,
/// release, pull); every way back to its owner stays open. Amounts are minor units, times seconds.
interface IEscrow {
    /// @notice Where a lock is in its life; `Ended` for ever, so that an id is used once.
    enum LockState {
        None,
        Open,
        Ended
    }

    /// @notice The most that one session of a walk-up wallet may cost.
    struct Lock {
        address wallet;
        uint40 expiry;
        uint8 asset;
        LockState state;
        uint128 amount;
    }

    /// @notice What an account put in and what is known to be gone.
    /// @param deposited paid in, less what was withdrawn
    /// @param released costs of its ended locks: spends that its deposit does not pay for
    /// @param spent the highest cumulative spend proven against a final epoch
    struct Account {
        uint128 deposited;
        uint128 released;
        uint128 spent;
    }

    /// @notice Money of one asset; the contract always holds at least the sum of the three.
    /// @param pool deposits and released costs that are neither withdrawn nor pulled
    /// @param locked the sum of all open locks
    /// @param owed remainders whose transfer failed, waiting to be collected
    struct Book {
        uint128 pool;
        uint128 locked;
        uint128 owed;
    }

    /// @notice A wish to withdraw; from the request on, do not authorise a session against it.
    struct Withdrawal {
        uint128 amount;
        uint40 readyAt;
    }

    event SettlementSet(address indexed settlement);
    event Deposited(address indexed account, uint256 indexed asset, uint128 amount);
    event Locked(
        bytes32 indexed id,
        address indexed wallet,
        uint256 indexed asset,
        uint128 amount,
        uint40 expiry
    );

    /// @notice The session cost `cost`; `remainder` went back to the wallet (or is owed to it).
    event Released(bytes32 indexed id, uint128 cost, uint128 remainder);
    event Refunded(bytes32 indexed id, uint128 amount);
    event Reclaimed(bytes32 indexed id, uint128 amount);

    /// @notice A transfer to `account` failed; it can be fetched by `collect`.
    event Owed(address indexed account, uint256 indexed asset, uint128 amount);
    event Collected(address indexed account, uint256 indexed asset, uint128 amount);

    /// @notice `amount` 0 means that the request was taken back.
    event WithdrawalRequested(
        address indexed account, uint256 indexed asset, uint128 amount, uint40 readyAt
    );
    event Withdrawn(address indexed account, uint256 indexed asset, uint128 amount);
    event SpentProven(address indexed account, uint256 indexed asset, uint128 cumulative);
    event Pulled(uint256 indexed asset, uint128 amount);

    error ZeroAddress();
    error ZeroAmount();

    /// @notice An asset index beyond the assets of this escrow, or one without a token.
    error UnknownAsset(uint256 asset);

    /// @notice The token delivered something else than was sent: such tokens are refused.
    error FeeOnTransfer(uint256 asset, uint256 sent, uint256 received);

    /// @notice The settlement contract is chosen once.
    error SettlementAlreadySet(address settlement);

    /// @notice A spend could become final only after the money has left.
    error ThawTooShort(uint40 thaw, uint40 window);
    error NotSettlement(address caller);

    /// @notice The id was used before, by a lock that is open or has ended.
    error LockExists(bytes32 id);

    /// @notice There is no open lock of this id.
    error LockNotOpen(bytes32 id, LockState state);

    /// @notice The expiry is not in the future, or further away than `MAX_LOCK`.
    error BadExpiry(uint40 expiry);

    /// @notice After its expiry a lock belongs to the wallet again: only refund and reclaim remain.
    error LockExpired(bytes32 id, uint40 expiry);
    error LockNotExpired(bytes32 id, uint40 expiry);
    error CostAboveLock(bytes32 id, uint128 cost, uint128 locked);
    error PoolTooSmall(uint256 asset, uint128 pool, uint128 amount);
    error NothingOwed(address account, uint256 asset);
    error AboveWithdrawable(uint128 amount, uint128 withdrawable);
    error NoWithdrawal(address account, uint256 asset);
    error Thawing(uint40 readyAt);
    error NotASpend(uint16 lane);

    /// @notice Names the settlement contract, once. DEFAULT_ADMIN_ROLE.
    /// @dev ZeroAddress, SettlementAlreadySet, ThawTooShort when its window is not below the thaw.
    function setSettlement(ISettlement settlement_) external;

    /// @notice Adds to the caller's deposit; the caller has approved `amount`.
    function deposit(uint256 asset, uint128 amount) external;

    /// @notice Adds to the deposit of `account`, paid by the caller.
    function depositFor(address account, uint256 asset, uint128 amount) external;

    /// @notice Adds to the caller's deposit with an EIP-2612 approval in the same transaction.
    /// @dev A permit that somebody ran ahead with does no harm if the allowance holds.
    function depositWithPermit(
        uint256 asset,
        uint128 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    /// @notice Locks the caller's `amount` for session `id` until `expiry`.
    /// @dev An id seen in the mempool can be taken by somebody else; the session is then not
    /// authorised, because the event names another wallet, and the wallet locks under a new id.
    function lock(bytes32 id, uint256 asset, uint128 amount, uint40 expiry) external;

    /// @notice `lock` with an EIP-2612 approval in the same transaction.
    function lockWithPermit(
        bytes32 id,
        uint256 asset,
        uint128 amount,
        uint40 expiry,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    /// @notice Ends an unexpired lock: `cost` joins the pool, the rest returns to the wallet.
    /// @dev SETTLER_ROLE. Stopped by pause. LockNotOpen, LockExpired, CostAboveLock.
    function release(bytes32 id, uint128 cost) external;

    /// @notice Ends a lock and returns all of it. SETTLER_ROLE.
    function refund(bytes32 id) external;

    /// @notice Ends an expired lock and returns all of it to its wallet. Anyone, always.
    function reclaim(bytes32 id) external;

    /// @notice Sends `account` what an earlier failed transfer owes it. Anyone, always.
    function collect(address account, uint256 asset) external;

    /// @notice Starts the thaw of `amount` of the caller's deposit; replaces an earlier request,
    /// and 0 takes it back.
    function requestWithdrawal(uint256 asset, uint128 amount) external;

    /// @notice Pays a thawed request, at most the deposit less what is proven spent.
    /// @dev NoWithdrawal, Thawing, PoolTooSmall (then the request stays).
    /// @return amount paid
    function withdraw(uint256 asset) external returns (uint128 amount);

    /// @notice Raises what is known to be spent by an account, from a spend entry of a final epoch.
    /// Anyone, always. A lower or equal value changes nothing.
    function proveSpent(
        uint64 number,
        Seal calldata seal,
        uint32 index,
        Entry calldata entry,
        bytes32[] calldata proof
    ) external;

    /// @notice Hands an anchored epoch's spends to the settlement contract, which alone may ask.
    /// @dev Stopped by pause. Bounded by the pool: PoolTooSmall.
    function pull(uint256 asset, uint128 amount) external;

    /// @notice Stops deposit, lock, release and pull. PAUSER_ROLE.
    function pause() external;

    /// @notice Ends a pause. DEFAULT_ADMIN_ROLE.
    function unpause() external;

    /// @notice deposited - max(0, spent - released): the most the account may withdraw.
    function withdrawable(address account, uint256 asset) external view returns (uint128);

    /// @notice The token of an asset, or zero.
    function tokenOf(uint256 asset) external view returns (IERC20);
    function lockOf(bytes32 id) external view returns (Lock memory);
    function accountOf(address account, uint256 asset) external view returns (Account memory);
    function bookOf(uint256 asset) external view returns (Book memory);
    function owedTo(address account, uint256 asset) external view returns (uint128);
    function withdrawalOf(address account, uint256 asset) external view returns (Withdrawal memory);

    /// @notice The only contract that may pull; zero until set.
    function settlement() external view returns (ISettlement);

    /// @notice Seconds between a request and its withdrawal; never changes. Must cover session
    /// maximum + offline window + epoch + dispute window (design 3, Deposits).
    function thaw() external view returns (uint40);
}
