// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IDenylist, StakeRegistry} from "./StakeRegistry.sol";
import {Params} from "./Params.sol";
import {Quorum} from "./Quorum.sol";

/// @title Which card belongs to whom
/// @notice A hardware signature belongs to one owner at a time. After a final guilty verdict the court denies it: neither it nor its
/// owner can stake, bind or claim any more; what is left of the stake can still be withdrawn. A signature that the owner declares itself
/// (class B) can be forged, so a denial is a speed bump there and no wall; class A is attested by two thirds of the validators' weight.
contract HardwareRegistry is EIP712, IDenylist {
    bytes32 public constant BINDING_TYPEHASH =
        keccak256("HwBinding(address owner,bytes32 hwId,uint8 class,uint64 expiry)");

    enum Class {
        NONE,
        ATTESTED,
        DECLARED
    }

    struct Binding {
        address owner;
        Class class;
        uint64 expiry; // of an attestation
    }

    /// A card that was given free or changed for another, while work done with it can still be disputed.
    struct Previous {
        bytes32 hwId;
        uint64 until;
    }

    StakeRegistry public immutable stakes;
    Params public immutable params;
    address public immutable court;
    address public immutable timelock;

    mapping(bytes32 => Binding) public bindings;
    mapping(address => bytes32) public hardwareOf;
    mapping(address => Previous) public previousOf;
    mapping(bytes32 => uint256) public deniedHardware; // by which case, 0: not
    mapping(address => uint256) public deniedOwner;

    event Bound(address indexed owner, bytes32 indexed hwId, Class class, uint64 expiry);
    event Released(address indexed owner, bytes32 indexed hwId);
    event Denied(address indexed owner, bytes32 indexed hwId, uint256 caseId);
    event Pardoned(address indexed owner, bytes32 indexed hwId);

    error NotCourt();
    error NotTimelock();
    error IsDenied();
    error Taken(address owner);
    error NotBound();
    error Expired(uint64 expiry);
    error NothingToBind();
    error TooEarly(uint64 time);

    constructor(StakeRegistry stakes_, Params params_, address court_, address timelock_) EIP712("InferGrid Hardware", "1") {
        stakes = stakes_;
        params = params_;
        court = court_;
        timelock = timelock_;
    }

    function bind(bytes32 hwId) external {
        _bind(msg.sender, hwId, Class.DECLARED, 0);
    }

    /// @param signatures of validators' operators over the binding, ascending by owner
    function bindAttested(address owner, bytes32 hwId, uint64 expiry, bytes[] calldata signatures) external {
        if (block.timestamp > expiry) revert Expired(expiry);
        Quorum.require23(stakes, bindingHash(owner, hwId, expiry), uint64(block.timestamp), signatures);
        _bind(owner, hwId, Class.ATTESTED, expiry);
    }

    function _bind(address owner, bytes32 hwId, Class class, uint64 expiry) private {
        params.requireOpen();
        if (hwId == bytes32(0)) revert NothingToBind();
        if (deniedHardware[hwId] != 0 || deniedOwner[owner] != 0) revert IsDenied();
        Binding storage now_ = bindings[hwId];
        // an attestation takes a card from one who merely said that it was his
        bool stronger = class == Class.ATTESTED && now_.class == Class.DECLARED;
        if (now_.owner != address(0) && now_.owner != owner && !stronger) revert Taken(now_.owner);
        if (now_.owner != address(0) && now_.owner != owner) {
            delete hardwareOf[now_.owner];
            emit Released(now_.owner, hwId);
        }
        bytes32 before = hardwareOf[owner];
        if (before != bytes32(0) && before != hwId) _giveFree(owner, before);
        bindings[hwId] = Binding(owner, class, expiry);
        hardwareOf[owner] = hwId;
        emit Bound(owner, hwId, class, expiry);
    }

    /// @notice Gives a card free, e.g. before it is sold. Not while a case is open, or it would slip away from its verdict; and one card for each
    /// unbonding time, in which a verdict still reaches the one that was given free.
    function release() external {
        bytes32 hwId = hardwareOf[msg.sender];
        if (hwId == bytes32(0)) revert NotBound();
        if (deniedHardware[hwId] != 0) revert IsDenied();
        delete hardwareOf[msg.sender];
        _giveFree(msg.sender, hwId);
    }

    function _giveFree(address owner, bytes32 hwId) private {
        if (stakes.isLocked(owner)) revert StakeRegistry.StakeLocked(stakes.get(owner).lockedUntil);
        uint64 until = previousOf[owner].until;
        if (block.timestamp < until) revert TooEarly(until);
        previousOf[owner] = Previous(hwId, uint64(block.timestamp) + stakes.UNBONDING());
        delete bindings[hwId];
        emit Released(owner, hwId);
    }

    function deny(address owner, uint256 caseId) external {
        if (msg.sender != court) revert NotCourt();
        bytes32 hwId = hardwareOf[owner];
        deniedOwner[owner] = caseId;
        if (hwId != bytes32(0)) deniedHardware[hwId] = caseId;
        emit Denied(owner, hwId, caseId);
        Previous memory previous = previousOf[owner];
        if (block.timestamp < previous.until) {
            deniedHardware[previous.hwId] = caseId;
            emit Denied(owner, previous.hwId, caseId);
        }
    }

    /// @notice Undoes a denial; only by the timelock, in the open and with its delay.
    function pardon(address owner) external {
        if (msg.sender != timelock) revert NotTimelock();
        bytes32 hwId = hardwareOf[owner];
        delete deniedOwner[owner];
        if (hwId != bytes32(0)) delete deniedHardware[hwId];
        delete deniedHardware[previousOf[owner].hwId];
        emit Pardoned(owner, hwId);
    }

    function isDenied(address owner) external view returns (bool) {
        return deniedOwner[owner] != 0;
    }

    function bindingHash(address owner, bytes32 hwId, uint64 expiry) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(BINDING_TYPEHASH, owner, hwId, uint8(Class.ATTESTED), expiry)));
    }
}
