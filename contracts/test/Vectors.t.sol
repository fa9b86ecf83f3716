// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {stdJson} from "forge-std/StdJson.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Settlement} from "../src/Settlement.sol";
import {IEscrow} from "../src/interfaces/IEscrow.sol";
import {Leaf} from "../src/libraries/Leaf.sol";
import {Tree} from "../src/libraries/Tree.sol";
import {
    Entry,
    Header,
    Reading,
    Receipt as ReceiptLeaf,
    Seal,
    Slot
} from "../src/libraries/Types.sol";
import {Base} from "./Base.sol";
import {FreezingToken} from "./Tokens.sol";

/// @dev Lends the libraries calldata.
contract Libraries {
    using Leaf for *;

    function ofEntry(Entry calldata e) external pure returns (bytes32) {
        return e.hash();
    }

    function ofReceipt(ReceiptLeaf calldata r) external pure returns (bytes32) {
        return r.hash();
    }

    function ofSlots(Slot[] calldata s) external pure returns (bytes32) {
        return s.hash();
    }

    function ofReading(Reading calldata x) external pure returns (bytes32) {
        return x.hash();
    }

    function ofHeader(Header calldata h) external pure returns (bytes32) {
        return h.hash();
    }

    function includes(bytes32 root, uint256 n, uint256 i, bytes32 leaf, bytes32[] calldata proof)
        external
        pure
        returns (bool)
    {
        return Tree.includes(root, n, i, leaf, proof);
    }
}

/// @dev The vectors also hold rewards, which buy-backs will allow.
contract SettlementWithBuyBacks is Settlement {
    constructor(address admin, IEscrow escrow, uint40 window) Settlement(admin, escrow, window) {}

    function _rewardBound(uint64) internal pure override returns (uint256) {
        return type(uint128).max;
    }
}

/// @dev ../vectors/*.json are written by tools/gen_vectors.py from the Python that builds epochs:
/// both sides must see the same bytes.
contract VectorsTest is Base {
    using stdJson for string;

    Libraries private libraries = new Libraries();

    function setUp() public override {
        super.setUp();
        FreezingToken second = new FreezingToken();
        _deploy([IERC20(token), IERC20(second)]);
        second.mint(driver, 1e30);
        vm.startPrank(driver);
        token.approve(address(escrow), type(uint256).max);
        second.approve(address(escrow), type(uint256).max);
        vm.stopPrank();
    }

    function _newSettlement() internal override returns (Settlement) {
        return new SettlementWithBuyBacks(admin, escrow, WINDOW);
    }

    function test_keccakIsTheSame() public view {
        string memory json = vm.readFile("../vectors/keccak.json");
        uint256 i;
        for (; json.keyExists(_at(".cases", i)); ++i) {
            string memory path = _at(".cases", i);
            bytes memory message = json.readBytes(string.concat(path, ".message"));
            assertEq(keccak256(message), json.readBytes32(string.concat(path, ".hash")));
        }
        assertGt(i, 5);
    }

    function test_positionalTreesAreTheSame() public view {
        string memory json = vm.readFile("../vectors/merkle.json");
        uint256 seen;
        for (uint256 i; json.keyExists(_at(".positional", i)); ++i) {
            string memory path = _at(".positional", i);
            bytes32 root = json.readBytes32(string.concat(path, ".root"));
            uint256 count = json.readUint(string.concat(path, ".count"));
            bytes32[] memory leaves = json.readBytes32Array(string.concat(path, ".leaves"));
            for (uint256 k; k < leaves.length; ++k) {
                bytes32[] memory proof =
                    json.readBytes32Array(_at(string.concat(path, ".proofs"), k));
                assertTrue(libraries.includes(root, count, k, leaves[k], proof));
                assertFalse(libraries.includes(root, count, k + 1, leaves[k], proof));
                assertFalse(libraries.includes(root, count, k, ~leaves[k], proof));
                ++seen;
            }
        }
        assertGt(seen, 20);
    }

    function test_standardTreesAreTheSame() public view {
        string memory json = vm.readFile("../vectors/merkle.json");
        uint256 seen;
        for (uint256 i; json.keyExists(_at(".standard.cases", i)); ++i) {
            string memory path = _at(".standard.cases", i);
            bytes32 root = json.readBytes32(string.concat(path, ".root"));
            for (uint256 k; json.keyExists(_at(string.concat(path, ".rows"), k)); ++k) {
                string memory row = _at(string.concat(path, ".rows"), k);
                bytes32 leaf = Leaf.balance(
                    json.readAddress(string.concat(row, "[0]")),
                    json.readUint(string.concat(row, "[1]")),
                    json.readUint(string.concat(row, "[2]")),
                    json.readUint(string.concat(row, "[3]"))
                );
                assertEq(leaf, json.readBytes32(_at(string.concat(path, ".leaves"), k)));
                bytes32[] memory proof =
                    json.readBytes32Array(_at(string.concat(path, ".proofs"), k));
                assertTrue(MerkleProof.verify(proof, root, leaf));
                ++seen;
            }
        }
        assertGt(seen, 20);
    }

    function test_readingsAreTheSame() public view {
        string memory json = vm.readFile("../vectors/epoch.json");
        uint256 i;
        for (; json.keyExists(_at(".readings", i)); ++i) {
            string memory path = _at(".readings", i);
            assertEq(libraries.ofReading(_reading(json, path)), _hash(json, path));
        }
        assertGt(i, 1);
    }

    /// The whole of three epochs: every hash, every proof, then anchored and claimed in full.
    function test_epochsAnchorAndPayAsTheyWereBuilt() public {
        string memory json = vm.readFile("../vectors/epoch.json");
        uint64 number;
        for (; json.keyExists(_at(".epochs", number)); ++number) {
            string memory path = _at(".epochs", number);
            Header memory h =
                abi.decode(json.readBytes(string.concat(path, ".header_abi")), (Header));
            bytes32 header = json.readBytes32(string.concat(path, ".header_hash"));
            assertEq(libraries.ofHeader(h), header);
            assertEq(h.number, number + 1);
            _checkReceipts(json, path, h);

            vm.startPrank(driver);
            escrow.deposit(0, h.totals[0].spends);
            if (h.totals[1].spends != 0) escrow.deposit(1, h.totals[1].spends);
            vm.stopPrank();
            vm.warp(json.readUint(string.concat(path, ".seal.proposed_at_s")));
            vm.prank(settler);
            bytes32 seal = settlement.anchor(h);
            assertEq(seal, json.readBytes32(string.concat(path, ".seal_hash")));
            Seal memory s = _sealOf(h);
            vm.warp(block.timestamp + WINDOW);
            _claimEverything(json, path, h.number, s);
        }
        assertEq(number, 3);
    }

    function _checkReceipts(string memory json, string memory epoch, Header memory h) private view {
        for (uint32 i; i < h.receiptCount; ++i) {
            string memory path = _at(string.concat(epoch, ".receipts"), i);
            ReceiptLeaf memory r = ReceiptLeaf({
                begin: json.readBytes32(string.concat(path, ".begin")),
                end: json.readBytes32(string.concat(path, ".end")),
                session: json.readBytes32(string.concat(path, ".session")),
                slots: libraries.ofSlots(_slots(json, string.concat(path, ".slot_list"))),
                key: json.readBytes32(string.concat(path, ".key")),
                registryVersion: uint32(json.readUint(string.concat(path, ".registry_version"))),
                provenMWh: uint64(json.readUint(string.concat(path, ".proven_mwh"))),
                unprovenMWh: uint64(json.readUint(string.concat(path, ".unproven_mwh")))
            });
            assertEq(r.slots, json.readBytes32(string.concat(path, ".slots")));
            bytes32 leaf = libraries.ofReceipt(r);
            assertEq(leaf, _hash(json, path));
            bytes32[] memory proof = json.readBytes32Array(string.concat(path, ".proof"));
            assertTrue(libraries.includes(h.receipts, h.receiptCount, i, leaf, proof));
        }
    }

    /// @dev Balances first, then entries: the second route finds nothing left to pay.
    function _claimEverything(
        string memory json,
        string memory epoch,
        uint64 number,
        Seal memory seal
    ) private {
        for (uint256 i; json.keyExists(_at(string.concat(epoch, ".balances"), i)); ++i) {
            string memory path = _at(string.concat(epoch, ".balances"), i);
            address account = json.readAddress(string.concat(path, ".account"));
            uint256 asset = json.readUint(string.concat(path, ".asset"));
            uint256 cumulative = json.readUint(string.concat(path, ".cumulative"));
            uint256 last = json.readUint(string.concat(path, ".last_entry_index"));
            assertEq(Leaf.balance(account, asset, cumulative, last), _hash(json, path));
            bytes32[] memory proof = json.readBytes32Array(string.concat(path, ".proof"));
            settlement.claimBalance(number, seal, account, asset, cumulative, last, proof);
            assertEq(settlement.claimed(account, asset), cumulative);
        }
        for (uint32 i; i < seal.entryCount; ++i) {
            string memory path = _at(string.concat(epoch, ".entries"), i);
            Entry memory e = _entry(json, path);
            assertEq(libraries.ofEntry(e), _hash(json, path));
            bytes32[] memory proof = json.readBytes32Array(string.concat(path, ".proof"));
            settlement.requireFinalEntry(number, seal, i, e, proof);
            if (e.lane % 4 == 0) assertEq(settlement.claim(number, seal, i, e, proof), 0);
            if (e.lane % 4 == 2) escrow.proveSpent(number, seal, i, e, proof);
        }
    }

    function _entry(string memory json, string memory path) private pure returns (Entry memory) {
        return Entry({
            lane: uint16(json.readUint(string.concat(path, ".lane"))),
            account: json.readAddress(string.concat(path, ".account")),
            receipt: uint32(json.readUint(string.concat(path, ".receipt"))),
            slot: uint8(json.readUint(string.concat(path, ".slot"))),
            amount: uint128(json.readUint(string.concat(path, ".amount"))),
            sum: uint128(json.readUint(string.concat(path, ".sum"))),
            cumulative: uint128(json.readUint(string.concat(path, ".cumulative"))),
            prevEpoch: uint64(json.readUint(string.concat(path, ".prev_epoch"))),
            prevIndex: uint32(json.readUint(string.concat(path, ".prev_index")))
        });
    }

    function _slots(string memory json, string memory list)
        private
        view
        returns (Slot[] memory slots)
    {
        uint256 n;
        while (json.keyExists(_at(list, n))) ++n;
        slots = new Slot[](n);
        for (uint256 i; i < n; ++i) {
            string memory path = _at(list, i);
            slots[i] = Slot({
                lane: uint16(json.readUint(string.concat(path, ".lane"))),
                account: json.readAddress(string.concat(path, ".account")),
                amount: uint128(json.readUint(string.concat(path, ".amount")))
            });
        }
    }

    function _reading(string memory json, string memory path)
        private
        pure
        returns (Reading memory)
    {
        return Reading({
            payload: json.readBytes32(string.concat(path, ".payload")),
            r: json.readBytes32(string.concat(path, ".r")),
            s: json.readBytes32(string.concat(path, ".s")),
            entry: uint8(json.readUint(string.concat(path, ".entry"))),
            mWh: uint64(json.readUint(string.concat(path, ".energy_mwh"))),
            time: uint40(json.readUint(string.concat(path, ".time_s"))),
            kind: bytes1(json.readBytes(string.concat(path, ".kind"))),
            status: bytes1(json.readBytes(string.concat(path, ".status"))),
            context: bytes1(json.readBytes(string.concat(path, ".context"))),
            page: uint32(json.readUint(string.concat(path, ".page"))),
            register: bytes16(json.readBytes(string.concat(path, ".register")))
        });
    }

    function _hash(string memory json, string memory path) private pure returns (bytes32) {
        return json.readBytes32(string.concat(path, ".hash"));
    }

    function _at(string memory list, uint256 i) private pure returns (string memory) {
        return string.concat(list, "[", vm.toString(i), "]");
    }
}
