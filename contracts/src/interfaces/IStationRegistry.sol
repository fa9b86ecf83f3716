// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.37;

/// @title Passports of charging stations: who owns which meter key, where, and since when.
/// @notice A passport is an ERC-721 token. Its meter key signs the binding to ledger, registry and
/// owner; one key belongs to one passport for ever. Every change raises `version`, and the history
/// of a key answers what held at any version, because receipts name the version they rely on.
interface IStationRegistry {
    /// @notice A meter's public key. `publicKey` is x || y, big endian, each left-padded to whole
    /// 32-byte words: 64 bytes, or 128 for secp384r1.
    /// @param curve 1 secp256r1, 2 secp256k1, 3 secp384r1, 4 secp192r1, 5 brainpoolP256r1
    struct MeterKey {
        uint8 curve;
        bytes publicKey;
    }

    /// @notice The key's own word that it belongs here: either a low-s P-256 signature over
    /// `bindingDigest`, or the sha-256 of an OCMF record whose ID carries the binding.
    struct Binding {
        bytes32 r;
        bytes32 s;
        bytes32 ocmfRecord;
    }

    /// @notice What a station is.
    /// @param ratedPowerW watts
    /// @param locationCell H3 cell
    /// @param registrationHash of the registration document
    /// @param homeLedger keccak256 of the CAIP-2 name of the one ledger that may reward it
    struct Station {
        uint32 ratedPowerW;
        uint64 locationCell;
        bytes32 registrationHash;
        bytes32 homeLedger;
        string metadataUri;
    }

    /// @notice A passport as it stands now.
    /// @param verified this contract checked the key's signature for the present owner
    struct Passport {
        bytes32 keyId;
        bytes32 ocmfRecord;
        bool verified;
        bool suspended;
        MeterKey key;
        Station station;
    }

    /// @notice What held for a key from `version` on; a key without an owner has been replaced.
    /// @param validFrom seconds; `validTo` is 0 while it still holds
    struct Tenure {
        uint32 version;
        uint40 validFrom;
        uint40 validTo;
        bool verified;
        bool suspended;
        uint64 passportId;
        address owner;
    }

    event PassportChanged(uint256 indexed passportId, bytes32 indexed keyId, uint32 version);
    event Registered(uint256 indexed passportId, bytes32 indexed keyId, address indexed owner);
    event KeyReplaced(uint256 indexed passportId, bytes32 indexed oldKeyId, bytes32 indexed keyId);
    event Bound(uint256 indexed passportId, bytes32 indexed keyId, bool verified);
    event StationUpdated(uint256 indexed passportId);
    event SuspensionSet(uint256 indexed passportId, bool suspended);

    error ZeroAddress();

    /// @notice The key is or was bound to another passport (or to this one before).
    error KeyTaken(bytes32 keyId, uint256 passportId);
    error UnknownCurve(uint8 curve);
    error WrongKeyLength(uint8 curve, uint256 length, uint256 expected);

    /// @notice Not this key's signature over the binding, or its s is in the upper half.
    error WrongSignature(bytes32 keyId);

    /// @notice Neither a signature that can be checked here nor the hash of an OCMF record.
    error NoBinding(bytes32 keyId);
    error NotOwner(uint256 passportId, address caller);
    error AlreadySuspended(uint256 passportId, bool suspended);

    /// @notice Mints a passport to `owner`. With a checkable signature anyone may call: the key
    /// names the owner. With an OCMF record hash only REGISTRAR_ROLE, and it stays unverified.
    /// @dev Stopped by pause. ZeroAddress, UnknownCurve, WrongKeyLength, KeyTaken, NoBinding,
    /// WrongSignature.
    function register(
        address owner,
        MeterKey calldata key,
        Station calldata station,
        Binding calldata binding
    ) external returns (uint256 passportId);

    /// @notice Replaces the meter key; the old one is never accepted again. Its owner.
    function replaceKey(uint256 passportId, MeterKey calldata key, Binding calldata binding)
        external;

    /// @notice Binds the present key to the present owner, after a transfer took `verified` away.
    function rebind(uint256 passportId, Binding calldata binding) external;

    /// @notice Changes what the station is. Its owner.
    function update(uint256 passportId, Station calldata station) external;

    /// @notice Suspends or restores a passport. SUSPENDER_ROLE. Not stopped by pause.
    function setSuspended(uint256 passportId, bool suspended) external;

    /// @notice Stops registration, changes by owners and transfers. PAUSER_ROLE.
    function pause() external;

    /// @notice Ends a pause. DEFAULT_ADMIN_ROLE.
    function unpause() external;

    /// @notice What the meter key signs: sha256(abi.encode(keccak256("ohmstead-binding/1"),
    /// homeLedger, chainId, registry, owner, nonce)).
    function bindingDigest(bytes32 homeLedger, address owner, uint256 nonce)
        external
        view
        returns (bytes32);

    /// @notice keccak256(uint256(curve) || publicKey): the `key` of receipts, which for curves of
    /// up to 256 bits is keccak256(abi.encode(curve, x, y)).
    function keyIdOf(MeterKey calldata key) external pure returns (bytes32);

    /// @notice What held for a key at a version; all zero if it was not registered then.
    function tenureAt(bytes32 keyId, uint32 atVersion) external view returns (Tenure memory);

    /// @notice Whether the key was registered, not replaced and not suspended at a version.
    function isRegisteredAt(bytes32 keyId, uint32 atVersion) external view returns (bool);

    /// @notice The whole history of a key, oldest first.
    function historyOf(bytes32 keyId) external view returns (Tenure[] memory);
    function passportOf(uint256 passportId) external view returns (Passport memory);

    /// @notice The passport that a key is or was bound to, 0 if none.
    function passportIdOf(bytes32 keyId) external view returns (uint256);

    /// @notice The nonce that a key's next binding must name.
    function nonceOf(bytes32 keyId) external view returns (uint256);

    /// @notice Raised by every change of any passport; receipts name it.
    function version() external view returns (uint32);

    /// @notice keccak256("eip155:<chain id>"): the `homeLedger` of stations at home on this chain.
    function ledger() external view returns (bytes32);
}
