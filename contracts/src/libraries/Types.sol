// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

/// @dev Assets of a settlement: 0 is the stablecoin, 1 is reserved and may have no token.
uint256 constant ASSETS = 2;

/// @dev Slots of one receipt: a longer list could be too long to show in a dispute.
uint256 constant MAX_SLOTS = 8;

/// @dev lane = asset * LANES_PER_ASSET + kind; rewards have a lane of their own.
uint256 constant LANES_PER_ASSET = 4;
uint256 constant CREDIT = 0;
uint256 constant BURN = 1;
uint256 constant SPEND = 2;
uint16 constant REWARDS_LANE = 0xffff;

/// @dev Money of one asset in one epoch, in minor units; `settled` is the running total of spends
/// over all epochs up to and including this one.
struct Totals {
    uint128 credits;
    uint128 burns;
    uint128 spends;
    uint128 settled;
}

/// @dev An epoch. Its hash is keccak256(abi.encode(header)); the layout is final.
struct Header {
    uint64 number;
    bytes32 parent;
    bytes32 receipts;
    uint32 receiptCount;
    bytes32 entries;
    uint32 entryCount;
    bytes32 balances;
    uint32 balanceCount;
    Totals[ASSETS] totals;
    uint128 rewards;
    uint64 provenMWh;
    uint64 unprovenMWh;
    uint32 registryVersion;
    bytes32 bundle;
}

/// @dev The chain keeps keccak256(abi.encode(seal)): enough to claim without the header.
struct Seal {
    bytes32 entries;
    bytes32 balances;
    uint32 entryCount;
    uint40 proposedAt;
    bytes32 header;
}

/// @dev A leaf of the entries tree, the only tree that moves money; strictly ascending by
/// (lane, account, receipt, slot). `sum` runs over the lane in this epoch, `cumulative` over the
/// account in this lane for all time, (prevEpoch, prevIndex) is the account's previous entry.
struct Entry {
    uint16 lane;
    address account;
    uint32 receipt;
    uint8 slot;
    uint128 amount;
    uint128 sum;
    uint128 cumulative;
    uint64 prevEpoch;
    uint32 prevIndex;
}

/// @dev One payment of a receipt.
struct Slot {
    uint16 lane;
    address account;
    uint128 amount;
}

/// @dev A leaf of the receipts tree; `provenMWh` and `unprovenMWh` are running sums of the epoch.
struct Receipt {
    bytes32 begin;
    bytes32 end;
    bytes32 session;
    bytes32 slots;
    bytes32 key;
    uint32 registryVersion;
    uint64 provenMWh;
    uint64 unprovenMWh;
}

/// @dev What `Receipt.begin` and `Receipt.end` are the hashes of: one register value at one time.
struct Reading {
    bytes32 payload;
    bytes32 r;
    bytes32 s;
    uint8 entry;
    uint64 mWh;
    uint40 time;
    bytes1 kind;
    bytes1 status;
    bytes1 context;
    uint32 page;
    bytes16 register;
}
