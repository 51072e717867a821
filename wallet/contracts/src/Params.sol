// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Numbers that may be changed, each within bounds that may not
/// @notice Read by the other contracts at the moment a record is made; records keep what they were made with. Changes come from a
/// timelock; the guardian can only pause entries, for at most 72 hours, and never an exit.
contract Params {
    uint64 public constant MAX_PAUSE = 72 hours;
    /// A pause cannot follow the last one at once, or pauses would have no end.
    uint64 public constant PAUSE_GAP = 7 days;

    bytes32 public constant MIN_WORKER_STAKE = "minWorkerStake";
    bytes32 public constant MIN_VALIDATOR_STAKE = "minValidatorStake";
    bytes32 public constant FEE_BPS = "feeBps";
    bytes32 public constant CHANNEL_CAP = "channelCap";
    bytes32 public constant TOTAL_CAP = "totalCap";
    bytes32 public constant MIN_DEPOSIT = "minDeposit";
    bytes32 public constant CHALLENGE_BOND = "challengeBond";
    bytes32 public constant GUILTY_BPS = "guiltyBps";
    bytes32 public constant SILENT_BPS = "silentBps";

    struct Bounds {
        uint128 least;
        uint128 most;
    }

    address public timelock;
    address public guardian;
    uint64 public pausedUntil;
    uint64 public pausedAt;
    mapping(bytes32 => uint128) private values;
    mapping(bytes32 => Bounds) public bounds;

    event Changed(bytes32 indexed name, uint128 from, uint128 to);
    event Paused(uint64 until);
    event Unpaused();
    event TimelockChanged(address from, address to);
    event GuardianChanged(address from, address to);

    error NotTimelock();
    error NotGuardian();
    error OutOfBounds(bytes32 name, uint128 value, uint128 least, uint128 most);
    error UnknownParameter(bytes32 name);
    error EntriesPaused(uint64 until);
    error PausedTooRecently(uint64 next);

    constructor(address timelock_, address guardian_) {
        timelock = timelock_;
        guardian = guardian_;
        _define(MIN_WORKER_STAKE, 1_000 ether, 1 ether, 1_000_000_000 ether);
        _define(MIN_VALIDATOR_STAKE, 10_000 ether, 10 ether, 10_000_000_000 ether);
        _define(FEE_BPS, 100, 0, 500);
        _define(CHANNEL_CAP, 10_000_000 ether, 1 ether, 1_000_000_000_000 ether);
        _define(TOTAL_CAP, 1_000_000_000 ether, 1 ether, 1_000_000_000_000_000 ether);
        _define(MIN_DEPOSIT, 1 ether, 0.001 ether, 1_000_000 ether);
        _define(CHALLENGE_BOND, 500 ether, 1 ether, 10_000_000 ether);
        _define(GUILTY_BPS, 5_000, 1_000, 10_000);
        _define(SILENT_BPS, 1_000, 100, 5_000);
    }

    function _define(bytes32 name, uint128 value, uint128 least, uint128 most) private {
        bounds[name] = Bounds(least, most);
        values[name] = value;
        emit Changed(name, 0, value);
    }

    function get(bytes32 name) public view returns (uint128) {
        if (bounds[name].most == 0) revert UnknownParameter(name);
        return values[name];
    }

    function set(bytes32 name, uint128 value) external {
        if (msg.sender != timelock) revert NotTimelock();
        Bounds memory allowed = bounds[name];
        if (allowed.most == 0) revert UnknownParameter(name);
        if (value < allowed.least || value > allowed.most) revert OutOfBounds(name, value, allowed.least, allowed.most);
        emit Changed(name, values[name], value);
        values[name] = value;
    }

    function setTimelock(address next) external {
        if (msg.sender != timelock) revert NotTimelock();
        emit TimelockChanged(timelock, next);
        timelock = next;
    }

    function setGuardian(address next) external {
        if (msg.sender != timelock) revert NotTimelock();
        emit GuardianChanged(guardian, next);
        guardian = next;
    }

    /// @notice Stops new stakes, channels, disputes and reward roots for 72 hours. What is under way goes on, and everybody may leave.
    function pause() external {
        if (msg.sender != guardian) revert NotGuardian();
        if (pausedAt != 0 && block.timestamp < pausedAt + MAX_PAUSE + PAUSE_GAP) {
            revert PausedTooRecently(pausedAt + MAX_PAUSE + PAUSE_GAP);
        }
        pausedAt = uint64(block.timestamp);
        pausedUntil = uint64(block.timestamp) + MAX_PAUSE;
        emit Paused(pausedUntil);
    }

    function unpause() external {
        if (msg.sender != guardian && msg.sender != timelock) revert NotGuardian();
        pausedUntil = 0;
        emit Unpaused();
    }

    /// @dev To be called by every entry and by no exit.
    function requireOpen() external view {
        if (block.timestamp < pausedUntil) revert EntriesPaused(pausedUntil);
    }
}
