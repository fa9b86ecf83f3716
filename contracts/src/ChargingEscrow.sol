// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IEscrow} from "./interfaces/IEscrow.sol";
import {ISettlement} from "./interfaces/ISettlement.sol";
import {ASSETS, Entry, LANES_PER_ASSET, Seal, SPEND} from "./libraries/Types.sol";

/// @title ChargingEscrow. IEscrow says what everything means.
contract ChargingEscrow is IEscrow, AccessControl, Pausable, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    bytes32 public constant SETTLER_ROLE = keccak256("SETTLER_ROLE");
    bytes32 public constant PAUSER_ROLE = keccak256("PAUSER_ROLE");

    /// @notice Longer than a session and the offline window; a typo must not lock money for years.
    uint40 public constant MAX_LOCK = 90 days;

    uint40 public immutable thaw;
    IERC20 private immutable _token0;
    IERC20 private immutable _token1;

    /// @dev First of our own variables: it shares a slot with Pausable's flag.
    ISettlement public settlement;
    Book[ASSETS] private _books;
    mapping(bytes32 id => Lock) private _locks;
    mapping(address account => mapping(uint256 asset => Account)) private _accounts;
    mapping(address account => mapping(uint256 asset => uint128)) private _owed;
    mapping(address account => mapping(uint256 asset => Withdrawal)) private _withdrawals;

    constructor(address admin, IERC20[ASSETS] memory tokens, uint40 thaw_) {
        if (admin == address(0) || address(tokens[0]) == address(0)) revert ZeroAddress();
        (_token0, _token1) = (tokens[0], tokens[1]);
        thaw = thaw_;
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
    }

    function setSettlement(ISettlement settlement_) external onlyRole(DEFAULT_ADMIN_ROLE) {
        if (address(settlement_) == address(0)) revert ZeroAddress();
        if (address(settlement) != address(0)) revert SettlementAlreadySet(address(settlement));
        settlement = settlement_;
        emit SettlementSet(address(settlement_));
        uint40 window = settlement_.window();
        if (window >= thaw) revert ThawTooShort(thaw, window);
    }

    function deposit(uint256 asset, uint128 amount) external {
        _deposit(msg.sender, asset, amount);
    }

    function depositFor(address account, uint256 asset, uint128 amount) external {
        if (account == address(0)) revert ZeroAddress();
        _deposit(account, asset, amount);
    }

    function depositWithPermit(
        uint256 asset,
        uint128 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        _permit(asset, amount, deadline, v, r, s);
        _deposit(msg.sender, asset, amount);
    }

    function lock(bytes32 id, uint256 asset, uint128 amount, uint40 expiry) external {
        _lock(id, asset, amount, expiry);
    }

    function lockWithPermit(
        bytes32 id,
        uint256 asset,
        uint128 amount,
        uint40 expiry,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        _permit(asset, amount, deadline, v, r, s);
        _lock(id, asset, amount, expiry);
    }

    function release(bytes32 id, uint128 cost)
        external
        onlyRole(SETTLER_ROLE)
        whenNotPaused
        nonReentrant
    {
        Lock memory held = _locks[id];
        if (held.state != LockState.Open) revert LockNotOpen(id, held.state);
        if (block.timestamp >= held.expiry) revert LockExpired(id, held.expiry);
        if (cost > held.amount) revert CostAboveLock(id, cost, held.amount);
        uint128 remainder = held.amount - cost;

        _end(id, held);
        _books[held.asset].pool += cost;
        _accounts[held.wallet][held.asset].released += cost;
        emit Released(id, cost, remainder);
        _return(held.wallet, held.asset, remainder);
    }

    function refund(bytes32 id) external onlyRole(SETTLER_ROLE) nonReentrant {
        Lock memory held = _locks[id];
        if (held.state != LockState.Open) revert LockNotOpen(id, held.state);
        _end(id, held);
        emit Refunded(id, held.amount);
        _return(held.wallet, held.asset, held.amount);
    }

    function reclaim(bytes32 id) external nonReentrant {
        Lock memory held = _locks[id];
        if (held.state != LockState.Open) revert LockNotOpen(id, held.state);
        if (block.timestamp < held.expiry) revert LockNotExpired(id, held.expiry);
        _end(id, held);
        emit Reclaimed(id, held.amount);
        _return(held.wallet, held.asset, held.amount);
    }

    function collect(address account, uint256 asset) external nonReentrant {
        uint128 amount = _owed[account][asset];
        if (amount == 0) revert NothingOwed(account, asset);
        delete _owed[account][asset];
        _books[asset].owed -= amount;
        emit Collected(account, asset, amount);
        _token(asset).safeTransfer(account, amount);
    }

    function requestWithdrawal(uint256 asset, uint128 amount) external {
        uint128 most = withdrawable(msg.sender, asset);
        if (amount > most) revert AboveWithdrawable(amount, most);
        uint40 readyAt = uint40(block.timestamp) + thaw;
        _withdrawals[msg.sender][asset] = Withdrawal(amount, readyAt);
        emit WithdrawalRequested(msg.sender, asset, amount, readyAt);
    }

    function withdraw(uint256 asset) external nonReentrant returns (uint128 amount) {
        Withdrawal memory wish = _withdrawals[msg.sender][asset];
        if (wish.amount == 0) revert NoWithdrawal(msg.sender, asset);
        if (block.timestamp < wish.readyAt) revert Thawing(wish.readyAt);
        uint128 most = withdrawable(msg.sender, asset);
        amount = wish.amount < most ? wish.amount : most;

        delete _withdrawals[msg.sender][asset];
        _accounts[msg.sender][asset].deposited -= amount;
        _takeFromPool(asset, amount);
        emit Withdrawn(msg.sender, asset, amount);
        _token(asset).safeTransfer(msg.sender, amount);
    }

    function proveSpent(
        uint64 number,
        Seal calldata seal,
        uint32 index,
        Entry calldata entry,
        bytes32[] calldata proof
    ) external {
        uint256 asset = entry.lane / LANES_PER_ASSET;
        if (asset >= ASSETS || entry.lane % LANES_PER_ASSET != SPEND) revert NotASpend(entry.lane);
        settlement.requireFinalEntry(number, seal, index, entry, proof);
        Account storage account = _accounts[entry.account][asset];
        if (entry.cumulative <= account.spent) return;
        account.spent = entry.cumulative;
        emit SpentProven(entry.account, asset, entry.cumulative);
    }

    function pull(uint256 asset, uint128 amount) external whenNotPaused nonReentrant {
        if (msg.sender != address(settlement)) revert NotSettlement(msg.sender);
        _takeFromPool(asset, amount);
        emit Pulled(asset, amount);
        _token(asset).safeTransfer(msg.sender, amount);
    }

    function pause() external onlyRole(PAUSER_ROLE) {
        _pause();
    }

    function unpause() external onlyRole(DEFAULT_ADMIN_ROLE) {
        _unpause();
    }

    function withdrawable(address account, uint256 asset) public view returns (uint128) {
        Account memory a = _accounts[account][asset];
        // A lock paid for its own session, so that much of the spends is not the deposit's.
        uint128 spent = a.spent > a.released ? a.spent - a.released : 0;
        return a.deposited > spent ? a.deposited - spent : 0;
    }

    function tokenOf(uint256 asset) public view returns (IERC20) {
        if (asset >= ASSETS) revert UnknownAsset(asset);
        return asset == 0 ? _token0 : _token1;
    }

    function lockOf(bytes32 id) external view returns (Lock memory) {
        return _locks[id];
    }

    function accountOf(address account, uint256 asset) external view returns (Account memory) {
        return _accounts[account][asset];
    }

    function bookOf(uint256 asset) external view returns (Book memory) {
        if (asset >= ASSETS) revert UnknownAsset(asset);
        return _books[asset];
    }

    function owedTo(address account, uint256 asset) external view returns (uint128) {
        return _owed[account][asset];
    }

    function withdrawalOf(address account, uint256 asset)
        external
        view
        returns (Withdrawal memory)
    {
        return _withdrawals[account][asset];
    }

    function _deposit(address account, uint256 asset, uint128 amount)
        private
        whenNotPaused
        nonReentrant
    {
        _receive(asset, amount);
        _accounts[account][asset].deposited += amount;
        _books[asset].pool += amount;
        emit Deposited(account, asset, amount);
    }

    function _lock(bytes32 id, uint256 asset, uint128 amount, uint40 expiry)
        private
        whenNotPaused
        nonReentrant
    {
        if (_locks[id].state != LockState.None) revert LockExists(id);
        if (expiry <= block.timestamp || expiry > block.timestamp + MAX_LOCK) {
            revert BadExpiry(expiry);
        }
        _receive(asset, amount);
        // forge-lint: disable-next-line(unsafe-typecast)
        uint8 index = uint8(asset); // below ASSETS, or _receive had reverted
        _locks[id] = Lock(msg.sender, expiry, index, LockState.Open, amount);
        _books[asset].locked += amount;
        emit Locked(id, msg.sender, asset, amount, expiry);
    }

    /// @dev Takes from the caller, and only tokens that deliver what was sent.
    function _receive(uint256 asset, uint128 amount) private {
        if (amount == 0) revert ZeroAmount();
        IERC20 token = _token(asset);
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = token.balanceOf(address(this)) - before;
        if (received != amount) revert FeeOnTransfer(asset, amount, received);
    }

    function _permit(uint256 asset, uint128 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        private
    {
        IERC20Permit token = IERC20Permit(address(_token(asset)));
        // EIP-2612: anybody may submit a permit; if somebody did, the allowance is there already.
        try token.permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
    }

    function _end(bytes32 id, Lock memory held) private {
        _locks[id].state = LockState.Ended;
        delete _locks[id].amount;
        _books[held.asset].locked -= held.amount;
    }

    /// @dev A wallet that cannot be paid must not keep a session from ending: it is owed instead.
    function _return(address wallet, uint256 asset, uint128 amount) private {
        if (amount == 0 || _token(asset).trySafeTransfer(wallet, amount)) return;
        _owed[wallet][asset] += amount;
        _books[asset].owed += amount;
        emit Owed(wallet, asset, amount);
    }

    function _takeFromPool(uint256 asset, uint128 amount) private {
        uint128 pool = _books[asset].pool;
        if (amount > pool) revert PoolTooSmall(asset, pool, amount);
        _books[asset].pool = pool - amount;
    }

    function _token(uint256 asset) private view returns (IERC20 token) {
        token = tokenOf(asset);
        if (address(token) == address(0)) revert UnknownAsset(asset);
    }
}
