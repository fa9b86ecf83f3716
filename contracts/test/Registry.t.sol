// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {Test} from "forge-std/Test.sol";
import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {StationRegistry} from "../src/StationRegistry.sol";
import {IStationRegistry as I} from "../src/interfaces/IStationRegistry.sol";

contract RegistryTest is Test {
    uint256 private constant METER = 0xB0B;
    uint256 private constant OTHER = 0xCAFE;

    address private immutable admin = makeAddr("admin");
    address private immutable registrar = makeAddr("registrar");
    address private immutable suspender = makeAddr("suspender");
    address private immutable pauser = makeAddr("pauser");
    address private immutable host = makeAddr("host");
    address private immutable buyer = makeAddr("buyer");
    StationRegistry private registry;
    bytes32 private home;

    function setUp() public {
        vm.warp(1_800_000_000);
        registry = new StationRegistry(admin);
        home = registry.ledger();
        vm.startPrank(admin);
        registry.grantRole(registry.REGISTRAR_ROLE(), registrar);
        registry.grantRole(registry.SUSPENDER_ROLE(), suspender);
        registry.grantRole(registry.PAUSER_ROLE(), pauser);
        vm.stopPrank();
    }

    function test_aLedgerIsNamedByItsChain() public view {
        assertEq(home, keccak256("eip155:31337"));
    }

    function test_aMeterKeyBindsItselfToItsOwner() public {
        uint256 id = _register(METER);
        assertEq(id, 1);
        assertEq(registry.ownerOf(1), host);
        assertEq(registry.tokenURI(1), "urn:station:1");
        I.Passport memory p = registry.passportOf(1);
        assertEq(p.keyId, _keyId(METER));
        assertTrue(p.verified);
        assertFalse(p.suspended);
        assertEq(p.key.publicKey, _key(METER).publicKey);
        assertEq(p.station.ratedPowerW, 22_000);
        assertEq(p.station.locationCell, 0x8a1f8d5a3b7ffff);
        assertEq(p.station.homeLedger, home);
        assertEq(registry.passportIdOf(_keyId(METER)), 1);
        assertEq(registry.version(), 1);
        assertTrue(registry.isRegisteredAt(_keyId(METER), 1));
        assertFalse(registry.isRegisteredAt(_keyId(METER), 0));
    }

    function test_theKeyIdIsTheHashOfCurveAndPoint() public view {
        (uint256 x, uint256 y) = vm.publicKeyP256(METER);
        assertEq(registry.keyIdOf(_key(METER)), keccak256(abi.encode(uint8(1), x, y)));
    }

    function test_aSignatureForAnotherOwnerLedgerOrNonceIsRefused() public {
        I.MeterKey memory key = _key(METER);
        bytes memory reason = abi.encodeWithSelector(I.WrongSignature.selector, _keyId(METER));
        I.Binding[3] memory bad = [
            _sign(METER, home, buyer, 0),
            _sign(METER, keccak256("eip155:1"), host, 0),
            _sign(METER, home, host, 1)
        ];
        for (uint256 i; i < bad.length; ++i) {
            vm.expectRevert(reason);
            registry.register(host, key, _station(), bad[i]);
        }
    }

    function test_anotherKeysSignatureIsRefused() public {
        I.Binding memory binding = _sign(OTHER, home, host, 0);
        vm.expectRevert(abi.encodeWithSelector(I.WrongSignature.selector, _keyId(METER)));
        registry.register(host, _key(METER), _station(), binding);
    }

    function test_theUpperHalfOfSIsRefused() public {
        I.Binding memory binding = _sign(METER, home, host, 0);
        binding.s = bytes32(P256.N - uint256(binding.s));
        vm.expectRevert(abi.encodeWithSelector(I.WrongSignature.selector, _keyId(METER)));
        registry.register(host, _key(METER), _station(), binding);
    }

    function testFuzz_aMangledSignatureIsRefused(uint256 flip) public {
        vm.assume(flip != 0);
        I.Binding memory binding = _sign(METER, home, host, 0);
        binding.r = bytes32(uint256(binding.r) ^ flip);
        vm.expectRevert(abi.encodeWithSelector(I.WrongSignature.selector, _keyId(METER)));
        registry.register(host, _key(METER), _station(), binding);
    }

    function test_aKeyBelongsToOnePassportForEver() public {
        _register(METER);
        bytes memory reason = abi.encodeWithSelector(I.KeyTaken.selector, _keyId(METER), 1);
        I.Binding memory binding = _sign(METER, home, buyer, 1);
        vm.expectRevert(reason);
        registry.register(buyer, _key(METER), _station(), binding);
        _replace(OTHER);
        binding = _sign(METER, home, host, 1);
        vm.expectRevert(reason);
        vm.prank(host);
        registry.replaceKey(1, _key(METER), binding);
    }

    function test_ofAnotherCurveTheRecordIsKeptAndNotCalledVerified() public {
        I.MeterKey memory key = I.MeterKey(3, new bytes(128));
        I.Binding memory binding = I.Binding(0, 0, keccak256("record"));
        vm.prank(registrar);
        registry.register(host, key, _station(), binding);
        I.Passport memory p = registry.passportOf(1);
        assertFalse(p.verified);
        assertEq(p.ocmfRecord, keccak256("record"));
        assertFalse(registry.tenureAt(p.keyId, 1).verified);
        assertTrue(registry.isRegisteredAt(p.keyId, 1));
    }

    function test_onlyARegistrarAnswersForARecord() public {
        bytes4 selector = IAccessControl.AccessControlUnauthorizedAccount.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, host, registry.REGISTRAR_ROLE()));
        vm.prank(host);
        registry.register(host, _key(METER), _station(), I.Binding(0, 0, keccak256("record")));
        I.MeterKey memory key = I.MeterKey(2, new bytes(64));
        bytes32 keyId = registry.keyIdOf(key);
        vm.expectRevert(abi.encodeWithSelector(I.NoBinding.selector, keyId));
        vm.prank(registrar);
        registry.register(host, key, _station(), I.Binding(0, 0, 0));
    }

    function test_unknownCurvesAndLengthsAreRefused() public {
        I.Binding memory binding = I.Binding(0, 0, keccak256("record"));
        uint8[5] memory curves = [1, 2, 3, 4, 5];
        uint8[5] memory lengths = [64, 64, 128, 64, 64];
        vm.startPrank(registrar);
        for (uint256 i; i < curves.length; ++i) {
            bytes4 selector = I.WrongKeyLength.selector;
            uint256 length = lengths[i];
            vm.expectRevert(abi.encodeWithSelector(selector, curves[i], length + 1, length));
            I.MeterKey memory key = I.MeterKey(curves[i], new bytes(length + 1));
            registry.register(host, key, _station(), binding);
            key.publicKey = new bytes(length);
            registry.register(host, key, _station(), binding);
        }
        vm.expectRevert(abi.encodeWithSelector(I.UnknownCurve.selector, 6));
        registry.register(host, I.MeterKey(6, new bytes(64)), _station(), binding);
        vm.expectRevert(I.ZeroAddress.selector);
        registry.register(address(0), _key(METER), _station(), binding);
    }

    /// History decides history: what held then is answered whatever happened since.
    function test_everyVersionRemembersWhoseKeyItWas() public {
        bytes32 key = _keyId(METER);
        _register(METER); // 1
        skip(100);
        vm.prank(host);
        registry.transferFrom(host, buyer, 1); // 2
        skip(100);
        registry.rebind(1, _sign(METER, home, buyer, 1)); // 3
        skip(100);
        vm.prank(suspender);
        registry.setSuspended(1, true); // 4
        skip(100);
        vm.prank(suspender);
        registry.setSuspended(1, false); // 5
        skip(100);
        I.Binding memory binding = _sign(OTHER, home, buyer, 0);
        vm.prank(buyer);
        registry.replaceKey(1, _key(OTHER), binding); // 6 ends the old key, 7 begins the new
        assertEq(registry.version(), 7);

        _tenure(key, 0, address(0), false, false);
        _tenure(key, 1, host, true, false);
        _tenure(key, 2, buyer, false, false);
        _tenure(key, 3, buyer, true, false);
        _tenure(key, 4, buyer, true, true);
        _tenure(key, 5, buyer, true, false);
        _tenure(_keyId(OTHER), 6, address(0), false, false);
        _tenure(_keyId(OTHER), 7, buyer, true, false);
        assertFalse(registry.isRegisteredAt(key, 6));
        assertFalse(registry.isRegisteredAt(key, 100));

        I.Tenure[] memory all = registry.historyOf(key);
        assertEq(all.length, 6);
        for (uint256 i; i + 1 < all.length; ++i) {
            assertEq(all[i].validTo, all[i + 1].validFrom);
            assertEq(all[i].validTo, all[i].validFrom + 100);
        }
        assertEq(all[5].validTo, 0);
        assertEq(all[5].owner, address(0));
    }

    function testFuzz_aTenureIsTheLastOneNotAfterItsVersion(uint8 others, uint32 when) public {
        _register(METER);
        uint256 n = bound(others, 1, 12);
        for (uint256 i; i < n; ++i) {
            vm.prank(suspender);
            registry.setSuspended(1, i % 2 == 0);
            if (i % 3 == 0) _register(0x1000 + i);
        }
        when = uint32(bound(when, 0, 40));
        I.Tenure[] memory all = registry.historyOf(_keyId(METER));
        I.Tenure memory expected;
        for (uint256 i; i < all.length; ++i) {
            if (all[i].version <= when) expected = all[i];
        }
        assertEq(abi.encode(registry.tenureAt(_keyId(METER), when)), abi.encode(expected));
    }

    function test_anOldBindingCannotBeReplayedAfterATransfer() public {
        I.Binding memory old = _sign(METER, home, host, 0);
        registry.register(host, _key(METER), _station(), old);
        vm.prank(host);
        registry.transferFrom(host, buyer, 1);
        assertFalse(registry.passportOf(1).verified);
        vm.prank(buyer);
        registry.transferFrom(buyer, host, 1);
        vm.expectRevert(abi.encodeWithSelector(I.WrongSignature.selector, _keyId(METER)));
        registry.rebind(1, old);
    }

    function test_anotherHomeLedgerNeedsAnotherSignature() public {
        _register(METER);
        I.Station memory station = _station();
        station.ratedPowerW = 50_000;
        vm.prank(host);
        registry.update(1, station);
        assertTrue(registry.passportOf(1).verified);
        assertEq(registry.passportOf(1).station.ratedPowerW, 50_000);
        station.homeLedger = keccak256("eip155:1");
        vm.prank(host);
        registry.update(1, station);
        assertFalse(registry.passportOf(1).verified);
        registry.rebind(1, _sign(METER, station.homeLedger, host, 1));
        assertTrue(registry.passportOf(1).verified);
    }

    function test_onlyTheOwnerChangesAPassport() public {
        _register(METER);
        bytes memory reason = abi.encodeWithSelector(I.NotOwner.selector, 1, buyer);
        vm.startPrank(buyer);
        vm.expectRevert(reason);
        registry.update(1, _station());
        vm.expectRevert(reason);
        registry.replaceKey(1, _key(OTHER), I.Binding(0, 0, 0));
    }

    function test_onlyASuspenderSuspendsAndNotTwice() public {
        _register(METER);
        bytes4 selector = IAccessControl.AccessControlUnauthorizedAccount.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, host, registry.SUSPENDER_ROLE()));
        vm.prank(host);
        registry.setSuspended(1, true);
        vm.startPrank(suspender);
        registry.setSuspended(1, true);
        vm.expectRevert(abi.encodeWithSelector(I.AlreadySuspended.selector, 1, true));
        registry.setSuspended(1, true);
    }

    function test_aPauseStopsEverythingButSuspension() public {
        _register(METER);
        vm.prank(pauser);
        registry.pause();
        bytes memory reason = abi.encodePacked(Pausable.EnforcedPause.selector);
        I.Binding memory binding = _sign(OTHER, home, host, 0);
        vm.expectRevert(reason);
        registry.register(host, _key(OTHER), _station(), binding);
        vm.expectRevert(reason);
        registry.rebind(1, binding);
        vm.startPrank(host);
        vm.expectRevert(reason);
        registry.transferFrom(host, buyer, 1);
        vm.expectRevert(reason);
        registry.update(1, _station());
        vm.expectRevert(reason);
        registry.replaceKey(1, _key(OTHER), binding);
        vm.stopPrank();
        vm.prank(suspender);
        registry.setSuspended(1, true);
        vm.prank(admin);
        registry.unpause();
        _register(OTHER);
    }

    function test_itIsAnErc721() public view {
        assertTrue(registry.supportsInterface(type(IERC721).interfaceId));
        assertTrue(registry.supportsInterface(type(IAccessControl).interfaceId));
    }

    /// forge-config: default.evm_version = "cancun"
    function test_withoutThePrecompileTheSignatureIsCheckedInSolidity() public {
        (bool ok, bytes memory answer) = address(0x100).staticcall(new bytes(160));
        assertTrue(ok);
        assertEq(answer.length, 0);
        _register(METER);
        assertTrue(registry.passportOf(1).verified);
        I.Binding memory binding = _sign(METER, home, host, 0);
        vm.expectRevert(abi.encodeWithSelector(I.WrongSignature.selector, _keyId(OTHER)));
        registry.register(host, _key(OTHER), _station(), binding);
    }

    function _register(uint256 meter) private returns (uint256) {
        I.Binding memory binding = _sign(meter, home, host, 0);
        return registry.register(host, _key(meter), _station(), binding);
    }

    function _replace(uint256 meter) private {
        I.Binding memory binding = _sign(meter, home, host, 0);
        vm.prank(host);
        registry.replaceKey(1, _key(meter), binding);
    }

    function _tenure(bytes32 key, uint32 when, address owner, bool verified, bool suspended)
        private
        view
    {
        I.Tenure memory t = registry.tenureAt(key, when);
        assertEq(t.owner, owner);
        assertEq(t.verified, verified);
        assertEq(t.suspended, suspended);
        assertEq(t.passportId, owner == address(0) ? 0 : 1);
        assertEq(registry.isRegisteredAt(key, when), owner != address(0) && !suspended);
    }

    function _station() private view returns (I.Station memory) {
        return I.Station({
            ratedPowerW: 22_000,
            locationCell: 0x8a1f8d5a3b7ffff,
            registrationHash: keccak256("document"),
            homeLedger: home,
            metadataUri: "urn:station:1"
        });
    }

    function _key(uint256 meter) private pure returns (I.MeterKey memory) {
        (uint256 x, uint256 y) = vm.publicKeyP256(meter);
        return I.MeterKey(1, abi.encode(x, y));
    }

    function _keyId(uint256 meter) private view returns (bytes32) {
        return registry.keyIdOf(_key(meter));
    }

    /// @dev Low-s, as the contract wants it; stored bytes elsewhere stay as they came.
    function _sign(uint256 meter, bytes32 ledger, address owner, uint256 nonce)
        private
        view
        returns (I.Binding memory)
    {
        bytes32 tag = keccak256("ohmstead-binding/1");
        bytes32 digest =
            sha256(abi.encode(tag, ledger, block.chainid, address(registry), owner, nonce));
        (bytes32 r, bytes32 s) = vm.signP256(meter, digest);
        if (uint256(s) > P256.N / 2) s = bytes32(P256.N - uint256(s));
        return I.Binding(r, s, 0);
    }
}
