// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {IStationRegistry} from "./interfaces/IStationRegistry.sol";

/// @title StationRegistry. IStationRegistry says what everything means.
contract StationRegistry is IStationRegistry, ERC721, AccessControl, Pausable {
    bytes32 public constant REGISTRAR_ROLE = keccak256("REGISTRAR_ROLE");
    bytes32 public constant SUSPENDER_ROLE = keccak256("SUSPENDER_ROLE");
    bytes32 public constant PAUSER_ROLE = keccak256("PAUSER_ROLE");
    bytes32 public constant BINDING_TAG = keccak256("ohmstead-binding/1");
    uint8 public constant SECP256R1 = 1;
    uint8 public constant SECP384R1 = 3;
    uint8 public constant CURVES = 5;

    bytes32 public immutable ledger;

    uint32 public version;
    uint64 public passports;
    mapping(uint256 passportId => Passport) private _passports;
    mapping(bytes32 keyId => uint256) public passportIdOf;
    mapping(bytes32 keyId => uint256) public nonceOf;
    mapping(bytes32 keyId => Tenure[]) private _history;

    modifier onlyOwnerOf(uint256 passportId) {
        if (_requireOwned(passportId) != msg.sender) revert NotOwner(passportId, msg.sender);
        _;
    }

    constructor(address admin) ERC721("Ohmstead station passport", "OHMS") {
        ledger = keccak256(bytes(string.concat("eip155:", Strings.toString(block.chainid))));
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
    }

    function register(
        address owner,
        MeterKey calldata key,
        Station calldata station,
        Binding calldata binding
    ) external returns (uint256 passportId) {
        if (owner == address(0)) revert ZeroAddress();
        passportId = ++passports;
        bytes32 keyId = _take(passportId, key);
        _passports[passportId].station = station;
        _bind(passportId, owner, binding);
        emit Registered(passportId, keyId, owner);
        _mint(owner, passportId); // _update records the tenure
    }

    function replaceKey(uint256 passportId, MeterKey calldata key, Binding calldata binding)
        external
        whenNotPaused
        onlyOwnerOf(passportId)
    {
        bytes32 old = _passports[passportId].keyId;
        _push(passportId, old, address(0));
        bytes32 keyId = _take(passportId, key);
        _bind(passportId, msg.sender, binding);
        emit KeyReplaced(passportId, old, keyId);
        _push(passportId, keyId, msg.sender);
    }

    function rebind(uint256 passportId, Binding calldata binding) external whenNotPaused {
        address owner = _requireOwned(passportId);
        _bind(passportId, owner, binding);
        _push(passportId, _passports[passportId].keyId, owner);
    }

    function update(uint256 passportId, Station calldata station)
        external
        whenNotPaused
        onlyOwnerOf(passportId)
    {
        Passport storage p = _passports[passportId];
        // The binding names the home ledger: another one needs another signature.
        if (station.homeLedger != p.station.homeLedger) p.verified = false;
        p.station = station;
        emit StationUpdated(passportId);
        _push(passportId, p.keyId, msg.sender);
    }

    function setSuspended(uint256 passportId, bool suspended) external onlyRole(SUSPENDER_ROLE) {
        address owner = _requireOwned(passportId);
        Passport storage p = _passports[passportId];
        if (p.suspended == suspended) revert AlreadySuspended(passportId, suspended);
        p.suspended = suspended;
        emit SuspensionSet(passportId, suspended);
        _push(passportId, p.keyId, owner);
    }

    function pause() external onlyRole(PAUSER_ROLE) {
        _pause();
    }

    function unpause() external onlyRole(DEFAULT_ADMIN_ROLE) {
        _unpause();
    }

    function bindingDigest(bytes32 homeLedger, address owner, uint256 nonce)
        public
        view
        returns (bytes32)
    {
        return
            sha256(abi.encode(BINDING_TAG, homeLedger, block.chainid, address(this), owner, nonce));
    }

    function keyIdOf(MeterKey memory key) public pure returns (bytes32) {
        return keccak256(bytes.concat(bytes32(uint256(key.curve)), key.publicKey));
    }

    function isRegisteredAt(bytes32 keyId, uint32 atVersion) external view returns (bool) {
        Tenure memory t = tenureAt(keyId, atVersion);
        return t.owner != address(0) && !t.suspended;
    }

    function tenureAt(bytes32 keyId, uint32 atVersion) public view returns (Tenure memory t) {
        Tenure[] storage all = _history[keyId];
        (uint256 low, uint256 high) = (0, all.length);
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (all[middle].version <= atVersion) low = middle + 1;
            else high = middle;
        }
        if (low != 0) t = all[low - 1];
    }

    function historyOf(bytes32 keyId) external view returns (Tenure[] memory) {
        return _history[keyId];
    }

    function passportOf(uint256 passportId) external view returns (Passport memory) {
        _requireOwned(passportId);
        return _passports[passportId];
    }

    function tokenURI(uint256 passportId) public view override returns (string memory) {
        _requireOwned(passportId);
        return _passports[passportId].station.metadataUri;
    }

    function supportsInterface(bytes4 id)
        public
        view
        override(ERC721, AccessControl)
        returns (bool)
    {
        return super.supportsInterface(id);
    }

    /// @dev Every way to an owner passes here: minting and transfers write history alike.
    function _update(address to, uint256 passportId, address auth)
        internal
        override
        whenNotPaused
        returns (address from)
    {
        from = super._update(to, passportId, auth);
        Passport storage p = _passports[passportId];
        // The key signed for the owner before; the new one shows a signature of its own.
        if (from != address(0) && from != to) p.verified = false;
        _push(passportId, p.keyId, to);
    }

    /// @dev A key is taken once and for ever: a replaced key proves nothing again.
    function _take(uint256 passportId, MeterKey calldata key) private returns (bytes32 keyId) {
        uint256 expected = _keyLength(key.curve);
        if (key.publicKey.length != expected) {
            revert WrongKeyLength(key.curve, key.publicKey.length, expected);
        }
        keyId = keyIdOf(key);
        if (passportIdOf[keyId] != 0) revert KeyTaken(keyId, passportIdOf[keyId]);
        passportIdOf[keyId] = passportId;
        _passports[passportId].keyId = keyId;
        _passports[passportId].key = key;
    }

    /// @dev A record's hash proves nothing here, so a registrar answers for it; otherwise anybody
    /// could occupy a key that is not theirs.
    function _bind(uint256 passportId, address owner, Binding calldata binding) private {
        Passport storage p = _passports[passportId];
        bytes32 keyId = p.keyId;
        uint256 nonce = nonceOf[keyId]++;
        if (binding.ocmfRecord != 0) {
            _checkRole(REGISTRAR_ROLE);
            p.verified = false;
        } else {
            if (p.key.curve != SECP256R1) revert NoBinding(keyId);
            (bytes32 x, bytes32 y) = abi.decode(p.key.publicKey, (bytes32, bytes32));
            bytes32 digest = bindingDigest(p.station.homeLedger, owner, nonce);
            // P256.verify refuses the upper half of s and falls back to Solidity without 0x100.
            if (!P256.verify(digest, binding.r, binding.s, x, y)) revert WrongSignature(keyId);
            p.verified = true;
        }
        p.ocmfRecord = binding.ocmfRecord;
        emit Bound(passportId, keyId, p.verified);
    }

    /// @dev Ends what held for the key and begins what holds now, under a new version.
    function _push(uint256 passportId, bytes32 keyId, address owner) private {
        Passport storage p = _passports[passportId];
        Tenure[] storage all = _history[keyId];
        uint40 now_ = uint40(block.timestamp);
        if (all.length != 0) all[all.length - 1].validTo = now_;
        // forge-lint: disable-next-line(unsafe-typecast)
        uint64 id = uint64(passportId); // counted by a uint64
        all.push(Tenure(++version, now_, 0, p.verified, p.suspended, id, owner));
        emit PassportChanged(passportId, keyId, version);
    }

    function _keyLength(uint8 curve) private pure returns (uint256) {
        if (curve == 0 || curve > CURVES) revert UnknownCurve(curve);
        return curve == SECP384R1 ? 128 : 64;
    }
}
