// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {Params} from "./Params.sol";

interface IDenylist {
    function isDenied(address owner) external view returns (bool);
}

/// @title What a worker or a validator loses by cheating
/// @notice Stake is active, or unbonding in a ticket; a ticket stays slashable until it is released, and a case that is open holds it a
/// little longer. So nobody can cheat and be gone before the verdict: unbonding takes longer than an epoch, the time to open a
/// dispute, reveal, verdict and appeal together (checked in the constructor).
contract StakeRegistry is EIP712, ReentrancyGuard {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;
    using Checkpoints for Checkpoints.Trace208;
    using EnumerableSet for EnumerableSet.AddressSet;

    enum Role {
        NONE,
        WORKER,
        VALIDATOR
    }

    struct Timing {
        uint64 epoch;
        uint64 disputeOpen;
        uint64 reveal;
        uint64 verdict;
        uint64 appeal;
        uint64 unbonding;
    }

    struct Ticket {
        uint128 amount;
        uint64 releaseAt;
    }

    struct Stake {
        Role role;
        uint16 locks; // open cases
        uint64 lockedUntil; // no lock holds longer
        uint64 weightFrom; // a validator's weight counts from here on
        uint64 payoutAt; // from when on nextPayout is the payout
        uint128 active;
        address operator;
        address payout;
        address nextPayout;
        Ticket[4] tickets;
    }

    bytes32 public constant OPERATOR_TYPEHASH = keccak256("Operator(address owner,address operator)");

    uint256 public constant TICKETS = 4;
    uint256 public constant MAX_VALIDATORS = 128;
    uint256 public constant MAX_CHALLENGER_BPS = 2_000;
    /// A payer may be the worker's friend: what the two get out of a slash together with a challenger stays below three quarters of it.
    uint256 public constant MAX_REFUND_BPS = 5_000;
    uint256 private constant BPS = 10_000;
    /// Of all stake, what may be slashed within a day; above it slashes are scaled down, never refused.
    uint256 public constant DAILY_SLASH_BPS = 3_000;

    IERC20 public immutable asset;
    Params public immutable params;
    address public immutable reserve;
    address public immutable gateway;
    address private immutable deployer;
    /// Below this the daily limit does not bind: a young network must be able to punish one cheat.
    uint256 public immutable slashFloor;

    uint64 public immutable EPOCH;
    uint64 public immutable DISPUTE_OPEN;
    uint64 public immutable REVEAL;
    uint64 public immutable VERDICT;
    uint64 public immutable APPEAL;
    uint64 public immutable UNBONDING;

    address public court;
    IDenylist public hardware;
    uint256 public totalHeld;
    uint256 private slashed; // within the running day, decaying
    uint64 private slashedAt;

    mapping(address => Stake) private stakes;
    /// Whose operator a key is or was; never given to somebody else, so that old signatures keep their author.
    mapping(address => address) public ownerOfOperator;
    EnumerableSet.AddressSet private validators;
    mapping(address => Checkpoints.Trace208) private weights;

    event Wired(address court, address hardware);
    event Staked(address indexed owner, Role role, uint128 amount, uint128 active);
    event OperatorChanged(address indexed owner, address from, address to);
    event PayoutChanging(address indexed owner, address to, uint64 time);
    event Unbonding(address indexed owner, uint256 ticket, uint128 amount, uint64 releaseAt);
    event UnbondCancelled(address indexed owner, uint256 ticket, uint128 amount);
    event Withdrawn(address indexed owner, address indexed to, uint128 amount);
    event Locked(address indexed owner, uint16 locks, uint64 until);
    event Unlocked(address indexed owner, uint16 locks);
    event Slashed(
        address indexed owner, uint256 indexed caseId, uint128 taken, uint128 challenger, uint128 refund, uint128 reserve
    );

    error NotCourt();
    error NotGateway();
    error NotDeployer();
    error AlreadyWired();
    error BadTiming();
    error BadRole();
    error RoleTaken(Role role);
    error BelowMinimum(uint128 amount, uint128 least);
    error Denied();
    error OperatorTaken(address operator);
    error BadOperator();
    error TicketsFull();
    error NoSuchTicket(uint256 ticket);
    error NotStaked();
    error TooEarly(uint64 releaseAt);
    error StakeLocked(uint64 until);
    error TooManyValidators();
    error ShortTransfer(uint256 expected, uint256 received);

    constructor(
        IERC20 asset_,
        Params params_,
        address reserve_,
        address gateway_,
        uint256 slashFloor_,
        Timing memory timing
    ) EIP712("InferGrid Stakes", "1") {
        uint256 least = uint256(timing.epoch) + timing.disputeOpen + timing.reveal + timing.verdict + timing.appeal;
        // the last day is for transactions that are late
        if (timing.epoch == 0 || timing.unbonding < least + 1 days || timing.unbonding > 365 days) revert BadTiming();
        asset = asset_;
        params = params_;
        reserve = reserve_;
        gateway = gateway_;
        slashFloor = slashFloor_;
        deployer = msg.sender;
        EPOCH = timing.epoch;
        DISPUTE_OPEN = timing.disputeOpen;
        REVEAL = timing.reveal;
        VERDICT = timing.verdict;
        APPEAL = timing.appeal;
        UNBONDING = timing.unbonding;
    }

    /// @notice Once, by who deployed it: the two contracts that need this one's address for theirs.
    function wire(address court_, IDenylist hardware_) external {
        if (msg.sender != deployer) revert NotDeployer();
        if (court != address(0)) revert AlreadyWired();
        court = court_;
        hardware = hardware_;
        emit Wired(court_, address(hardware_));
    }

    // ---- entries

    function stake(Role role, uint128 amount) external {
        _stake(msg.sender, role, amount);
    }

    function stakeFor(address owner, Role role, uint128 amount) external {
        if (msg.sender != gateway) revert NotGateway();
        _stake(owner, role, amount);
    }

    function _stake(address owner, Role role, uint128 amount) private nonReentrant {
        params.requireOpen();
        if (role == Role.NONE) revert BadRole();
        if (address(hardware) != address(0) && hardware.isDenied(owner)) revert Denied();
        Stake storage s = stakes[owner];
        // who lost everything to a slash has no ticket left whose withdrawal would end the old role
        if (s.role != Role.NONE && s.role != role && (_slashable(s) > 0 || s.locks > 0)) revert RoleTaken(s.role);
        uint128 least =
            params.get(role == Role.WORKER ? params.MIN_WORKER_STAKE() : params.MIN_VALIDATOR_STAKE());
        uint128 active = s.active + amount;
        if (active < least) revert BelowMinimum(active, least);
        s.role = role;
        s.active = active;
        _seat(owner, s);
        totalHeld += amount;
        _weigh(owner, s);
        emit Staked(owner, role, amount, active);
        uint256 before = asset.balanceOf(address(this));
        asset.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = asset.balanceOf(address(this)) - before;
        if (received != amount) revert ShortTransfer(amount, received);
    }

    /// @notice The key that signs receipts and verdicts; it cannot move funds.
    /// @param consent the operator's signature over {operatorHash}: without it one could take another's key for his own, and be told
    /// to have signed what the other signed
    function setOperator(address operator, bytes calldata consent) external {
        Stake storage s = stakes[msg.sender];
        if (s.role == Role.NONE) revert NotStaked();
        if (operator != msg.sender && stakes[operator].role != Role.NONE) revert BadOperator();
        if (ECDSA.recover(operatorHash(msg.sender, operator), consent) != operator) revert BadOperator();
        address of_ = ownerOfOperator[operator];
        if (of_ != address(0) && of_ != msg.sender) revert OperatorTaken(operator);
        ownerOfOperator[operator] = msg.sender;
        emit OperatorChanged(msg.sender, s.operator, operator);
        s.operator = operator;
    }

    /// @notice Where withdrawals go; counts after the unbonding time, so that a thief of the key cannot take what unbonds now.
    function setPayout(address to) external {
        Stake storage s = stakes[msg.sender];
        if (s.role == Role.NONE) revert NotStaked();
        s.payout = payoutOf(msg.sender);
        s.nextPayout = to;
        s.payoutAt = uint64(block.timestamp) + UNBONDING;
        emit PayoutChanging(msg.sender, to, s.payoutAt);
    }

    // ---- exits

    function requestUnbond(uint128 amount) external returns (uint256 ticket) {
        Stake storage s = stakes[msg.sender];
        if (amount == 0 || amount > s.active) revert BelowMinimum(s.active, amount);
        for (ticket = 0; ticket < TICKETS; ticket++) {
            if (s.tickets[ticket].amount == 0) break;
        }
        if (ticket == TICKETS) revert TicketsFull();
        s.active -= amount;
        uint64 releaseAt = uint64(block.timestamp) + UNBONDING;
        s.tickets[ticket] = Ticket(amount, releaseAt);
        _unseat(msg.sender, s);
        _weigh(msg.sender, s);
        emit Unbonding(msg.sender, ticket, amount, releaseAt);
    }

    function cancelUnbond(uint256 ticket) external {
        Stake storage s = stakes[msg.sender];
        if (ticket >= TICKETS || s.tickets[ticket].amount == 0) revert NoSuchTicket(ticket);
        uint128 amount = s.tickets[ticket].amount;
        delete s.tickets[ticket];
        s.active += amount;
        _seat(msg.sender, s);
        _weigh(msg.sender, s);
        emit UnbondCancelled(msg.sender, ticket, amount);
    }

    function withdraw(uint256 ticket) external nonReentrant {
        Stake storage s = stakes[msg.sender];
        if (ticket >= TICKETS || s.tickets[ticket].amount == 0) revert NoSuchTicket(ticket);
        Ticket memory t = s.tickets[ticket];
        if (block.timestamp < t.releaseAt) revert TooEarly(t.releaseAt);
        if (isLocked(msg.sender)) revert StakeLocked(s.lockedUntil);
        delete s.tickets[ticket];
        totalHeld -= t.amount;
        if (_slashable(s) == 0 && s.locks == 0) s.role = Role.NONE;
        address to = payoutOf(msg.sender);
        emit Withdrawn(msg.sender, to, t.amount);
        asset.safeTransfer(to, t.amount);
    }

    // ---- the court

    modifier onlyCourt() {
        if (msg.sender != court) revert NotCourt();
        _;
    }

    function lock(address owner, uint64 until) external onlyCourt {
        Stake storage s = stakes[owner];
        s.locks++;
        if (until > s.lockedUntil) s.lockedUntil = until;
        emit Locked(owner, s.locks, s.lockedUntil);
    }

    function unlock(address owner) external onlyCourt {
        Stake storage s = stakes[owner];
        if (s.locks > 0) s.locks--;
        if (s.locks == 0) s.lockedUntil = 0;
        emit Unlocked(owner, s.locks);
    }

    /// @notice Takes a part of active stake and tickets, as far as there is something; never fails for lack of it.
    /// @param challengerBps of what is taken, at most a fifth: a colluding pair must not get stake out this way
    /// @param refundMost to the wronged payer, at most half of what is taken
    function slash(
        address owner,
        uint256 bps,
        uint256 caseId,
        address challenger,
        uint256 challengerBps,
        address refundTo,
        uint128 refundMost
    ) external onlyCourt nonReentrant returns (uint128 taken) {
        Stake storage s = stakes[owner];
        uint256 wanted = Math.mulDiv(_slashable(s), Math.min(bps, BPS), BPS, Math.Rounding.Ceil);
        taken = _take(s, Math.min(wanted, _limit(wanted)));
        totalHeld -= taken;
        _unseat(owner, s);
        _weigh(owner, s);
        uint128 toChallenger;
        if (challenger != address(0)) {
            toChallenger = uint128(uint256(taken) * Math.min(challengerBps, MAX_CHALLENGER_BPS) / BPS);
        }
        uint128 refund =
            refundTo == address(0) ? 0 : uint128(Math.min(refundMost, uint256(taken) * MAX_REFUND_BPS / BPS));
        uint128 rest = taken - toChallenger - refund;
        emit Slashed(owner, caseId, taken, toChallenger, refund, rest);
        if (toChallenger > 0) asset.safeTransfer(challenger, toChallenger);
        if (refund > 0) asset.safeTransfer(refundTo, refund);
        if (rest > 0) asset.safeTransfer(reserve, rest);
    }

    /// @dev Pro rata over active stake and tickets, rounded up against the owner and then bounded, so that dust cannot be saved.
    function _take(Stake storage s, uint256 amount) private returns (uint128) {
        uint256 total = _slashable(s);
        if (amount == 0 || total == 0) return 0;
        if (amount > total) amount = total;
        uint256 left = amount;
        uint256 part = Math.min(left, Math.mulDiv(s.active, amount, total, Math.Rounding.Ceil));
        s.active -= uint128(part);
        left -= part;
        for (uint256 i = 0; i < TICKETS; i++) {
            uint256 held = s.tickets[i].amount;
            part = Math.min(left, Math.min(held, Math.mulDiv(held, amount, total, Math.Rounding.Ceil)));
            s.tickets[i].amount = uint128(held - part);
            left -= part;
        }
        return uint128(amount - left);
    }

    /// @dev A bucket that holds what may be slashed in a day and fills up over a day.
    function _limit(uint256 wanted) private returns (uint256) {
        uint256 capacity = Math.max(totalHeld * DAILY_SLASH_BPS / BPS, slashFloor);
        uint256 age = block.timestamp - slashedAt;
        uint256 forgotten = age >= 1 days ? slashed : slashed * age / 1 days;
        uint256 used = slashed - forgotten;
        uint256 free = used >= capacity ? 0 : capacity - used;
        uint256 granted = Math.min(wanted, free);
        slashed = used + granted;
        slashedAt = uint64(block.timestamp);
        return granted;
    }

    // ---- views

    function get(address owner) external view returns (Stake memory) {
        return stakes[owner];
    }

    function slashable(address owner) external view returns (uint256) {
        return _slashable(stakes[owner]);
    }

    function isLocked(address owner) public view returns (bool) {
        Stake storage s = stakes[owner];
        return s.locks > 0 && block.timestamp <= s.lockedUntil;
    }

    function payoutOf(address owner) public view returns (address) {
        Stake storage s = stakes[owner];
        address now_ = s.payoutAt != 0 && block.timestamp >= s.payoutAt ? s.nextPayout : s.payout;
        return now_ == address(0) ? owner : now_;
    }

    /// @notice Whether work by this owner is accepted: enough active stake in that role, and not denied.
    function eligible(address owner, Role role) external view returns (bool) {
        Stake storage s = stakes[owner];
        uint128 least =
            params.get(role == Role.WORKER ? params.MIN_WORKER_STAKE() : params.MIN_VALIDATOR_STAKE());
        return s.role == role && s.active >= least
            && (address(hardware) == address(0) || !hardware.isDenied(owner));
    }

    function validatorCount() external view returns (uint256) {
        return validators.length();
    }

    function validatorAt(uint256 index) external view returns (address) {
        return validators.at(index);
    }

    function isValidator(address owner) external view returns (bool) {
        return validators.contains(owner);
    }

    /// @notice A validator's weight at a time: the stake it had then and an epoch earlier, the smaller of the two. So stake that is brought
    /// for one vote counts for nothing, and what unbonds counts no more.
    function weightAt(address owner, uint64 time) public view returns (uint208) {
        if (time < EPOCH || time < stakes[owner].weightFrom) return 0;
        Checkpoints.Trace208 storage trace = weights[owner];
        uint208 then_ = trace.upperLookup(uint48(time - EPOCH));
        if (then_ == 0) return 0;
        uint208 now_ = trace.upperLookupRecent(uint48(time));
        return now_ < then_ ? now_ : then_;
    }

    /// @notice All validators and their weights at a time.
    function weightsAt(uint64 time) external view returns (address[] memory owners, uint256[] memory each, uint256 total) {
        owners = validators.values();
        each = new uint256[](owners.length);
        for (uint256 i = 0; i < owners.length; i++) {
            each[i] = weightAt(owners[i], time);
            total += each[i];
        }
    }

    function operatorHash(address owner, address operator) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(OPERATOR_TYPEHASH, owner, operator)));
    }

    /// @dev A validator has one of the bounded number of seats while its active stake is enough for one.
    function _seat(address owner, Stake storage s) private {
        if (s.role != Role.VALIDATOR || s.active < params.get(params.MIN_VALIDATOR_STAKE())) return;
        if (validators.add(owner)) {
            if (validators.length() > MAX_VALIDATORS) revert TooManyValidators();
            s.weightFrom = uint64(block.timestamp) + EPOCH;
        }
    }

    /// @dev Apart from {_seat}, which may refuse, because unbonding and slashing may not.
    function _unseat(address owner, Stake storage s) private {
        if (s.active < params.get(params.MIN_VALIDATOR_STAKE())) validators.remove(owner);
    }

    function _weigh(address owner, Stake storage s) private {
        if (s.role == Role.VALIDATOR) weights[owner].push(uint48(block.timestamp), uint208(s.active));
    }

    function _slashable(Stake storage s) private view returns (uint256 total) {
        total = s.active;
        for (uint256 i = 0; i < TICKETS; i++) {
            total += s.tickets[i].amount;
        }
    }
}
