// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {IEscrow} from "./interfaces/IEscrow.sol";
import {ISettlement} from "./interfaces/ISettlement.sol";
import {Leaf} from "./libraries/Leaf.sol";
import {Tree} from "./libraries/Tree.sol";
import {
    ASSETS,
    CREDIT,
    Entry,
    Header,
    LANES_PER_ASSET,
    MAX_SLOTS,
    Seal,
    Totals
} from "./libraries/Types.sol";

/// @title Settlement. ISettlement says what everything means.
contract Settlement is ISettlement, AccessControl, Pausable {
    using Leaf for Entry;
    using Leaf for Header;
    using Leaf for Seal;
    using SafeERC20 for IERC20;

    bytes32 public constant SETTLER_ROLE = keccak256("SETTLER_ROLE");
    bytes32 public constant PAUSER_ROLE = keccak256("PAUSER_ROLE");
    uint40 public constant MAX_WINDOW = 30 days;

    IEscrow public immutable escrow;
    uint40 public immutable window;
    IERC20 private immutable _token0;
    IERC20 private immutable _token1;

    /// @dev The first two share a slot with Pausable's flag: an anchor writes them as one.
    uint64 public head;
    uint128 private _settled0;
    uint128 private _settled1;
    mapping(uint64 number => bytes32) public seals;
    mapping(address account => mapping(uint256 asset => uint256)) public claimed;
    uint128[ASSETS] private _paid;

    constructor(address admin, IEscrow escrow_, uint40 window_) {
        if (window_ > MAX_WINDOW) revert WindowTooLong(window_);
        escrow = escrow_;
        window = window_;
        _token0 = escrow_.tokenOf(0);
        _token1 = escrow_.tokenOf(1);
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
    }

    function anchor(Header calldata h)
        external
        onlyRole(SETTLER_ROLE)
        whenNotPaused
        returns (bytes32 seal)
    {
        uint64 number = head + 1;
        if (h.number != number) revert WrongNumber(h.number, number);
        if (h.parent != seals[number - 1]) revert WrongParent(h.parent, seals[number - 1]);
        _requireCounts(h);
        for (uint256 asset; asset < ASSETS; ++asset) {
            _settle(asset, h.totals[asset], h.entryCount);
        }

        bytes32 header = h.hash();
        uint40 proposedAt = uint40(block.timestamp);
        seal = Seal(h.entries, h.balances, h.entryCount, proposedAt, header).hash();
        seals[number] = seal;
        head = number;
        emit Anchored(number, header, seal, proposedAt);

        for (uint256 asset; asset < ASSETS; ++asset) {
            _pull(asset, h.totals[asset].spends);
        }
    }

    function claim(
        uint64 number,
        Seal calldata seal,
        uint32 index,
        Entry calldata entry,
        bytes32[] calldata proof
    ) external whenNotPaused returns (uint256) {
        uint256 asset = entry.lane / LANES_PER_ASSET;
        if (asset >= ASSETS || entry.lane % LANES_PER_ASSET != CREDIT) {
            revert NotACredit(entry.lane);
        }
        requireFinalEntry(number, seal, index, entry, proof);
        return _pay(entry.account, asset, entry.cumulative);
    }

    function claimBalance(
        uint64 number,
        Seal calldata seal,
        address account,
        uint256 asset,
        uint256 cumulative,
        uint256 lastEntryIndex,
        bytes32[] calldata proof
    ) external whenNotPaused returns (uint256) {
        if (asset >= ASSETS) revert UnknownAsset(asset);
        _requireFinal(number, seal);
        bytes32 leaf = Leaf.balance(account, asset, cumulative, lastEntryIndex);
        if (!MerkleProof.verifyCalldata(proof, seal.balances, leaf)) revert NotInTree();
        return _pay(account, asset, cumulative);
    }

    function claimMany(Claim[] calldata claims) external {
        for (uint256 i; i < claims.length; ++i) {
            Claim calldata c = claims[i];
            try this.claim(c.number, c.seal, c.index, c.entry, c.proof) {}
            catch (bytes memory reason) {
                emit ClaimFailed(i, reason);
            }
        }
    }

    function pause() external onlyRole(PAUSER_ROLE) {
        _pause();
    }

    function unpause() external onlyRole(DEFAULT_ADMIN_ROLE) {
        _unpause();
    }

    function requireFinalEntry(
        uint64 number,
        Seal calldata seal,
        uint32 index,
        Entry calldata entry,
        bytes32[] calldata proof
    ) public view {
        _requireFinal(number, seal);
        if (!Tree.includes(seal.entries, seal.entryCount, index, entry.hash(), proof)) {
            revert NotInTree();
        }
    }

    function isFinal(uint64 number, Seal calldata seal) external view returns (bool) {
        return _isKnown(number, seal) && _finalAt(seal) <= block.timestamp;
    }

    function bookOf(uint256 asset) external view returns (Book memory) {
        if (asset >= ASSETS) revert UnknownAsset(asset);
        return Book(_settledOf(asset), _paid[asset]);
    }

    /// @dev Eight slots a receipt, an entry a slot, a balance only for accounts with an entry.
    function _requireCounts(Header calldata h) private view {
        if (h.entryCount > h.receiptCount * MAX_SLOTS || h.balanceCount > h.entryCount) {
            revert WrongCounts(h.receiptCount, h.entryCount, h.balanceCount);
        }
        if (h.rewards > _rewardBound(h.number)) {
            revert RewardAboveBound(h.rewards, _rewardBound(h.number));
        }
    }

    /// @dev alpha x tokens burnt by the buy-backs of an epoch; none has burnt any so far.
    function _rewardBound(uint64) internal view virtual returns (uint256) {
        return 0;
    }

    /// @dev In 256 bits, so that totals that overflow are refused with a name.
    function _settle(uint256 asset, Totals calldata t, uint32 entryCount) private {
        if (uint256(t.credits) + t.burns > t.spends) revert WrongTotals(asset);
        if (address(_tokenOf(asset)) == address(0)) {
            if (t.settled != 0 || t.spends != 0) revert WrongTotals(asset);
            return;
        }
        if (t.spends != 0 && entryCount == 0) revert WrongTotals(asset);
        uint256 settled = uint256(_settledOf(asset)) + t.spends;
        if (t.settled != settled) revert WrongSettled(asset, t.settled, settled);
        if (asset == 0) _settled0 = t.settled;
        else if (t.spends != 0) _settled1 = t.settled;
    }

    /// @dev The escrow is ours but the token need not be: all that may be claimed has arrived.
    function _pull(uint256 asset, uint128 amount) private {
        if (amount == 0) return;
        escrow.pull(asset, amount);
        uint256 balance = _tokenOf(asset).balanceOf(address(this));
        uint256 unclaimed = _settledOf(asset) - _paid[asset];
        if (balance < unclaimed) revert Underfunded(asset, balance, unclaimed);
    }

    /// @dev Pays max(0, cumulative - claimed), and never more in all than the escrow handed over.
    function _pay(address account, uint256 asset, uint256 cumulative)
        private
        returns (uint256 amount)
    {
        uint256 before = claimed[account][asset];
        if (cumulative <= before) return 0;
        amount = cumulative - before;
        uint128 paid = _paid[asset];
        uint256 available = _settledOf(asset) - paid;
        if (amount > available) revert ClaimAbovePulled(asset, amount, available);

        claimed[account][asset] = cumulative;
        // forge-lint: disable-next-line(unsafe-typecast)
        _paid[asset] = paid + uint128(amount); // at most `available`, which has 128 bits
        emit Claimed(account, asset, amount);
        _tokenOf(asset).safeTransfer(account, amount);
    }

    function _settledOf(uint256 asset) private view returns (uint128) {
        return asset == 0 ? _settled0 : _settled1;
    }

    function _requireFinal(uint64 number, Seal calldata seal) private view {
        if (!_isKnown(number, seal)) revert UnknownEpoch(number);
        if (_finalAt(seal) > block.timestamp) revert NotFinal(number, _finalAt(seal));
    }

    /// @dev Above the head stand only epochs that a dispute has cut off.
    function _isKnown(uint64 number, Seal calldata seal) private view returns (bool) {
        return number <= head && seal.hash() == seals[number];
    }

    function _finalAt(Seal calldata seal) private view returns (uint256) {
        return uint256(seal.proposedAt) + window;
    }

    function _tokenOf(uint256 asset) private view returns (IERC20) {
        return asset == 0 ? _token0 : _token1;
    }
}
