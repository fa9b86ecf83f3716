// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {Entry, Header, Seal} from "../libraries/Types.sol";

/// @title Epochs of charging receipts and the claims against them.
/// @notice An epoch is anchored as one slot, its seal. It is final when it is at or below the head
/// and the dispute window has passed; there is no transaction for that. Claims are cumulative: each
/// pays what its proof shows beyond what was paid before, never more than the escrow handed over.
/// Amounts are whole minor units of the asset.
interface ISettlement {
    /// @notice One claim of `claimMany`: the arguments of `claim`.
    struct Claim {
        uint64 number;
        Seal seal;
        uint32 index;
        Entry entry;
        bytes32[] proof;
    }

    /// @notice Money of one asset, for all time.
    /// @param settled pulled from the escrow by anchored epochs (the sum of their spends)
    /// @param paid paid out to claimants; never above `settled`
    struct Book {
        uint128 settled;
        uint128 paid;
    }

    /// @notice Epoch `number` is the new head; `header` and `seal` are hashes.
    event Anchored(uint64 indexed number, bytes32 header, bytes32 seal, uint40 proposedAt);

    /// @notice `amount` of `asset` went to `account`.
    event Claimed(address indexed account, uint256 indexed asset, uint256 amount);

    /// @notice The claim at `position` of a `claimMany` failed with `reason`; the others went on.
    event ClaimFailed(uint256 indexed position, bytes reason);

    /// @notice The header's number is not the one after the head.
    error WrongNumber(uint64 given, uint64 expected);

    /// @notice The header's parent is not the seal of the head.
    error WrongParent(bytes32 given, bytes32 expected);

    /// @notice More than eight entries a receipt, or more balances than entries.
    error WrongCounts(uint32 receiptCount, uint32 entryCount, uint32 balanceCount);

    /// @notice Credits and burns above spends, or money without entries or without a token.
    error WrongTotals(uint256 asset);

    /// @notice `settled` is not the running total of the chain plus this epoch's spends.
    error WrongSettled(uint256 asset, uint256 given, uint256 expected);

    /// @notice No buy-back has burnt tokens for these rewards (design 3: alpha x tokens burnt).
    error RewardAboveBound(uint256 rewards, uint256 bound);

    /// @notice The token did not deliver: more may be claimed than has arrived.
    error Underfunded(uint256 asset, uint256 balance, uint256 unclaimed);

    /// @notice No epoch of this number has this seal.
    error UnknownEpoch(uint64 number);

    /// @notice The dispute window of the epoch ends at `finalAt`, seconds since 1970.
    error NotFinal(uint64 number, uint256 finalAt);

    /// @notice The proof does not lead to the root that the seal commits to.
    error NotInTree();

    /// @notice Only entries of a credit lane can be claimed.
    error NotACredit(uint16 lane);

    /// @notice An asset index beyond the assets of this settlement, or one without a token.
    error UnknownAsset(uint256 asset);

    /// @notice The claim would pay more than the escrow ever handed over.
    error ClaimAbovePulled(uint256 asset, uint256 amount, uint256 available);

    /// @notice A window longer than `MAX_WINDOW` would keep claims away for ever.
    error WindowTooLong(uint40 window);

    /// @notice Anchors the next epoch and pulls exactly its spends from the escrow.
    /// @dev SETTLER_ROLE. Stopped by pause. Reverts with the first of WrongNumber, WrongParent,
    /// WrongCounts, RewardAboveBound, WrongTotals, WrongSettled, Underfunded, the escrow's errors.
    /// @return seal the hash that is now `seals(h.number)`
    function anchor(Header calldata h) external returns (bytes32 seal);

    /// @notice Pays what `entry` proves beyond what its account was paid, which may be nothing.
    /// Anyone may call, the money always goes to the entry's account. The last entry pays most.
    /// @dev Stopped by pause. UnknownEpoch, NotFinal, NotACredit, NotInTree, ClaimAbovePulled.
    /// @return amount paid now
    function claim(
        uint64 number,
        Seal calldata seal,
        uint32 index,
        Entry calldata entry,
        bytes32[] calldata proof
    ) external returns (uint256 amount);

    /// @notice The same from a leaf of the epoch's StandardMerkleTree of balances.
    /// @param lastEntryIndex of the account's last entry in the epoch, which decides the leaf
    function claimBalance(
        uint64 number,
        Seal calldata seal,
        address account,
        uint256 asset,
        uint256 cumulative,
        uint256 lastEntryIndex,
        bytes32[] calldata proof
    ) external returns (uint256 amount);

    /// @notice Several claims; ClaimFailed reports one that fails, and the rest go on.
    function claimMany(Claim[] calldata claims) external;

    /// @notice Stops `anchor` and every claim. PAUSER_ROLE.
    function pause() external;

    /// @notice Ends a pause. DEFAULT_ADMIN_ROLE, so that a stolen pauser key can only stop.
    function unpause() external;

    /// @notice Reverts unless `entry` stands at `index` of a final epoch (UnknownEpoch, NotFinal,
    /// NotInTree).
    function requireFinalEntry(
        uint64 number,
        Seal calldata seal,
        uint32 index,
        Entry calldata entry,
        bytes32[] calldata proof
    ) external view;

    /// @notice Whether the epoch has this seal and its window has passed.
    function isFinal(uint64 number, Seal calldata seal) external view returns (bool);

    /// @notice Number of the newest epoch; 0 before the first.
    function head() external view returns (uint64);

    /// @notice keccak256(abi.encode(seal)) of an epoch, 0 where there is none.
    function seals(uint64 number) external view returns (bytes32);

    /// @notice What `account` was paid of `asset` for all time.
    function claimed(address account, uint256 asset) external view returns (uint256);

    /// @notice The book of an asset.
    function bookOf(uint256 asset) external view returns (Book memory);

    /// @notice Seconds between anchoring and finality; never changes.
    function window() external view returns (uint40);
}
