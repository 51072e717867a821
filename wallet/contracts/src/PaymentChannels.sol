// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {Params} from "./Params.sol";

/// @title Payment by the window
/// @notice A payer deposits for one payee and signs vouchers over ever larger sums, one for each window of work whose commitments agree,
/// each bound to the root of those commitments. The payee redeems the newest when it likes; anyone may do it for the payee. The payer
/// gets the rest back after a challenge time in which a newer voucher still counts. A voucher above the deposit pays the deposit.
contract PaymentChannels is EIP712, ReentrancyGuard {
    using SafeERC20 for IERC20;

    struct Channel {
        address payer;
        uint64 challenge; // seconds between startClose and finalizeClose
        uint16 feeBps; // as it was when the channel was opened
        address payee;
        uint64 closeAt; // 0: not closing
        bool closed;
        address signer;
        uint64 oldSignerUntil;
        address oldSigner;
        uint128 deposit;
        uint128 redeemed; // of the deposit, fee included
    }

    bytes32 public constant VOUCHER_TYPEHASH =
        keccak256("Voucher(bytes32 channelId,uint128 cumulative,bytes32 receiptRoot)");
    bytes32 public constant CLOSE_TYPEHASH =
        keccak256("CooperativeClose(bytes32 channelId,uint128 cumulative,uint64 deadline)");

    uint64 public constant MIN_CHALLENGE = 1 hours;
    uint64 public constant MAX_CHALLENGE = 30 days;
    uint256 public constant MOST_AT_ONCE = 32;
    uint256 private constant BPS = 10_000;

    IERC20 public immutable asset;
    Params public immutable params;
    /// Where fees go: the reward pool.
    address public immutable feeTo;
    /// May open and top up for somebody else, whose native coins it wrapped.
    address public immutable gateway;

    /// What this contract owes; never more than it has.
    uint256 public totalHeld;
    mapping(bytes32 => Channel) private channels;
    mapping(address => uint256) public opened;

    event Opened(
        bytes32 indexed id,
        address indexed payer,
        address indexed payee,
        address signer,
        uint128 deposit,
        uint64 challenge,
        uint16 feeBps
    );
    event ToppedUp(bytes32 indexed id, uint128 amount, uint128 deposit);
    /// @param cumulative as signed; above the deposit where the payer promised more than it has
    event Redeemed(bytes32 indexed id, uint128 cumulative, uint128 paid, uint128 fee, bytes32 receiptRoot);
    /// The payer signed more than the channel holds.
    event Bounced(bytes32 indexed id, uint128 cumulative, uint128 deposit);
    event SignerRotated(bytes32 indexed id, address from, address to, uint64 oldUntil);
    event CloseStarted(bytes32 indexed id, uint64 closeAt);
    event Closed(bytes32 indexed id, uint128 redeemed, uint128 refund);

    error UnknownChannel(bytes32 id);
    error ChannelClosed(bytes32 id);
    error NotPayer();
    error NotPayee();
    error NotGateway();
    error BadParty();
    error BadChallenge(uint64 seconds_);
    error BelowMinimum(uint128 amount, uint128 least);
    error AboveCap(uint256 amount, uint256 most);
    error NotClosing(bytes32 id);
    error AlreadyClosing(bytes32 id);
    error TooEarly(uint64 closeAt);
    error BadSignature();
    error Expired(uint64 deadline);
    error TooMany(uint256 count);
    error ShortTransfer(uint256 expected, uint256 received);

    constructor(IERC20 asset_, Params params_, address feeTo_, address gateway_) EIP712("InferGrid Channels", "1") {
        if (feeTo_ == address(0)) revert BadParty();
        asset = asset_;
        params = params_;
        feeTo = feeTo_;
        gateway = gateway_;
    }

    // ---- entries

    function open(address payee, address signer, uint128 amount, uint64 challenge) external returns (bytes32) {
        return _open(msg.sender, payee, signer, amount, challenge);
    }

    function openFor(address payer, address payee, address signer, uint128 amount, uint64 challenge)
        external
        returns (bytes32)
    {
        if (msg.sender != gateway) revert NotGateway();
        return _open(payer, payee, signer, amount, challenge);
    }

    function _open(address payer, address payee, address signer, uint128 amount, uint64 challenge)
        private
        nonReentrant
        returns (bytes32 id)
    {
        params.requireOpen();
        if (payee == address(0) || signer == address(0) || payee == payer || payee == address(this)) revert BadParty();
        if (challenge < MIN_CHALLENGE || challenge > MAX_CHALLENGE) revert BadChallenge(challenge);
        id = channelId(payer, payee, opened[payer]++);
        Channel storage channel = channels[id];
        channel.payer = payer;
        channel.payee = payee;
        channel.signer = signer;
        channel.challenge = challenge;
        channel.feeBps = uint16(params.get(params.FEE_BPS()));
        _deposit(channel, amount);
        emit Opened(id, payer, payee, signer, amount, challenge, channel.feeBps);
    }

    function topUp(bytes32 id, uint128 amount) external nonReentrant {
        params.requireOpen();
        Channel storage channel = _live(id);
        if (channel.closeAt != 0) revert AlreadyClosing(id);
        _deposit(channel, amount);
        emit ToppedUp(id, amount, channel.deposit);
    }

    function _deposit(Channel storage channel, uint128 amount) private {
        uint128 least = params.get(params.MIN_DEPOSIT());
        if (amount < least) revert BelowMinimum(amount, least);
        uint256 deposit = uint256(channel.deposit) + amount;
        uint128 most = params.get(params.CHANNEL_CAP());
        if (deposit > most) revert AboveCap(deposit, most);
        uint128 mostHeld = params.get(params.TOTAL_CAP());
        if (totalHeld + amount > mostHeld) revert AboveCap(totalHeld + amount, mostHeld);
        channel.deposit = uint128(deposit);
        totalHeld += amount;
        uint256 before = asset.balanceOf(address(this));
        asset.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = asset.balanceOf(address(this)) - before;
        if (received != amount) revert ShortTransfer(amount, received);
    }

    // ---- exits: none of them asks the parameters, and none can be paused

    /// @notice Pays what a voucher promises and was not paid yet, to the payee whoever calls. The same voucher again pays nothing.
    function redeem(bytes32 id, uint128 cumulative, bytes32 receiptRoot, bytes calldata signature) external nonReentrant {
        _redeem(id, cumulative, receiptRoot, signature);
    }

    struct Claim {
        bytes32 id;
        uint128 cumulative;
        bytes32 receiptRoot;
        bytes signature;
    }

    function redeemMany(Claim[] calldata claims) external nonReentrant {
        if (claims.length > MOST_AT_ONCE) revert TooMany(claims.length);
        for (uint256 i = 0; i < claims.length; i++) {
            _redeem(claims[i].id, claims[i].cumulative, claims[i].receiptRoot, claims[i].signature);
        }
    }

    function _redeem(bytes32 id, uint128 cumulative, bytes32 receiptRoot, bytes calldata signature) private {
        Channel storage channel = _live(id);
        address by = ECDSA.recover(voucherHash(id, cumulative, receiptRoot), signature);
        if (!_signsFor(channel, by)) revert BadSignature();
        _pay(id, channel, cumulative, receiptRoot);
    }

    function _pay(bytes32 id, Channel storage channel, uint128 cumulative, bytes32 receiptRoot) private {
        if (cumulative > channel.deposit) emit Bounced(id, cumulative, channel.deposit);
        uint128 due = cumulative < channel.deposit ? cumulative : channel.deposit;
        if (due <= channel.redeemed) return;
        uint128 delta = due - channel.redeemed;
        channel.redeemed = due;
        totalHeld -= delta;
        uint128 fee = uint128(uint256(delta) * channel.feeBps / BPS);
        emit Redeemed(id, cumulative, delta - fee, fee, receiptRoot);
        asset.safeTransfer(channel.payee, delta - fee);
        if (fee > 0) asset.safeTransfer(feeTo, fee);
    }

    /// @notice The payer names another signer; what the old one signed counts for one more challenge time.
    function rotateSigner(bytes32 id, address next) external {
        Channel storage channel = _live(id);
        if (msg.sender != channel.payer) revert NotPayer();
        if (next == address(0)) revert BadParty();
        // a second rotation while the first still runs would take a signer's vouchers away before their time
        if (block.timestamp < channel.oldSignerUntil) revert TooEarly(channel.oldSignerUntil);
        channel.oldSigner = channel.signer;
        channel.oldSignerUntil = uint64(block.timestamp) + channel.challenge;
        channel.signer = next;
        emit SignerRotated(id, channel.oldSigner, next, channel.oldSignerUntil);
    }

    /// @notice Both agree on the last sum: the payee is paid, the payer gets the rest, at once.
    function cooperativeClose(
        bytes32 id,
        uint128 cumulative,
        uint64 deadline,
        bytes calldata payerSignature,
        bytes calldata payeeSignature
    ) external nonReentrant {
        Channel storage channel = _live(id);
        if (block.timestamp > deadline) revert Expired(deadline);
        bytes32 digest = closeHash(id, cumulative, deadline);
        address payerSide = ECDSA.recover(digest, payerSignature);
        if (payerSide != channel.payer && payerSide != channel.signer) revert BadSignature();
        if (ECDSA.recover(digest, payeeSignature) != channel.payee) revert BadSignature();
        _pay(id, channel, cumulative, bytes32(0));
        _close(id, channel);
    }

    /// @notice The payer wants the rest back; the payee has the challenge time to bring its newest voucher.
    function startClose(bytes32 id) external {
        Channel storage channel = _live(id);
        if (msg.sender != channel.payer) revert NotPayer();
        if (channel.closeAt != 0) revert AlreadyClosing(id);
        channel.closeAt = uint64(block.timestamp) + channel.challenge;
        emit CloseStarted(id, channel.closeAt);
    }

    /// @notice After the challenge time, by anyone.
    function finalizeClose(bytes32 id) external nonReentrant {
        Channel storage channel = _live(id);
        if (channel.closeAt == 0) revert NotClosing(id);
        if (block.timestamp < channel.closeAt) revert TooEarly(channel.closeAt);
        _close(id, channel);
    }

    /// @notice The payee wants no more: it has redeemed what it wants, and the rest goes back at once.
    function payeeClose(bytes32 id) external nonReentrant {
        Channel storage channel = _live(id);
        if (msg.sender != channel.payee) revert NotPayee();
        _close(id, channel);
    }

    function _close(bytes32 id, Channel storage channel) private {
        uint128 refund = channel.deposit - channel.redeemed;
        channel.closed = true;
        totalHeld -= refund;
        emit Closed(id, channel.redeemed, refund);
        if (refund > 0) asset.safeTransfer(channel.payer, refund);
    }

    // ---- views

    function get(bytes32 id) external view returns (Channel memory) {
        return channels[id];
    }

    /// @param nonce how many channels the payer had opened before
    function channelId(address payer, address payee, uint256 nonce) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), payer, payee, nonce));
    }

    function voucherHash(bytes32 id, uint128 cumulative, bytes32 receiptRoot) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(VOUCHER_TYPEHASH, id, cumulative, receiptRoot)));
    }

    function closeHash(bytes32 id, uint128 cumulative, uint64 deadline) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(CLOSE_TYPEHASH, id, cumulative, deadline)));
    }

    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    function _live(bytes32 id) private view returns (Channel storage channel) {
        channel = channels[id];
        if (channel.payer == address(0)) revert UnknownChannel(id);
        if (channel.closed) revert ChannelClosed(id);
    }

    function _signsFor(Channel storage channel, address by) private view returns (bool) {
        return by == channel.signer || (by == channel.oldSigner && block.timestamp < channel.oldSignerUntil);
    }
}
