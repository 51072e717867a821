// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {HardwareRegistry} from "./HardwareRegistry.sol";
import {Params} from "./Params.sol";
import {PaymentChannels} from "./PaymentChannels.sol";
import {Quorum} from "./Quorum.sol";
import {StakeRegistry} from "./StakeRegistry.sol";

/// @title From a differing byte to a slash
/// @notice A worker's operator signs a receipt over the Merkle root of its window commitments. A validator that found a window to be
/// wrong opens a case with a bond; the worker reveals that window's leaf or loses by silence; a panel drawn by weight from a block hash
/// that nobody knew signs what it computed; after the time for an appeal the verdict is final. The chain never computes the model.
contract DisputeCourt is EIP712, ReentrancyGuard {
    using SafeERC20 for IERC20;

    bytes32 public constant RECEIPT_TYPEHASH = keccak256(
        "WorkReceipt(bytes32 jobId,bytes32 channelId,bytes32 modelRoot,bytes32 commitmentRoot,uint32 stage,uint32 windows,uint64 epoch)"
    );
    bytes32 public constant VERDICT_TYPEHASH = keccak256("Verdict(uint256 disputeId,bool guilty,bytes32 evidenceHash)");

    struct Receipt {
        bytes32 jobId;
        bytes32 channelId;
        bytes32 modelRoot;
        bytes32 commitmentRoot; // over keccak256(keccak256(commitment of window i, i))
        uint32 stage;
        uint32 windows;
        uint64 epoch;
    }

    enum State {
        NONE,
        OPEN, // waits for the leaf
        REVEALED, // waits for the panel
        JUDGED, // waits for an appeal
        APPEALED, // waits for votes
        GUILTY,
        NOT_GUILTY,
        SILENT, // lost by not revealing
        LAPSED // no verdict in time
    }

    struct Case {
        State state;
        bool guilty;
        bool vetted; // the panel was drawn
        uint8 yes; // votes of an appeal
        uint8 no;
        uint32 window;
        address worker;
        address challenger;
        address appellant;
        uint64 opened;
        uint64 revealBy;
        uint64 verdictBy;
        uint64 appealBy;
        uint64 votesBy;
        uint64 votesRevealedBy;
        uint64 drawBlock;
        uint128 bond;
        uint128 appealBond;
        bytes32 channelId; // whose payer was wronged
        bytes32 receipt;
        bytes32 root;
        bytes32 leaf;
        bytes32 evidence;
    }

    uint256 public constant PANEL = 9;
    uint256 public constant APPEAL_PANEL = 21;
    uint256 public constant LEAST_SIGNERS = 5; // of a whole panel
    uint256 public constant LEAST_OF_FEW = 3; // of a panel that is smaller for lack of validators: more than half, and never fewer
    uint256 public constant OPEN_PER_CHALLENGER = 8;
    uint256 public constant OVERTURNED_BPS = 1_500;
    uint256 public constant CHALLENGER_BPS = 1_500;
    uint256 public constant ABSENT_BPS = 50;
    uint256 private constant BPS = 10_000;
    bytes32 private constant REVEALED_VOTE = bytes32(uint256(1));

    IERC20 public immutable asset;
    StakeRegistry public immutable stakes;
    Params public immutable params;
    HardwareRegistry public hardware;
    PaymentChannels public channels;
    address private immutable deployer;
    uint64 public immutable genesis;

    /// Bonds of cases that are open.
    uint256 public totalHeld;
    uint256 public count;
    mapping(uint256 => Case) private cases;
    mapping(bytes32 => mapping(uint32 => uint256)) private caseOfWindow; // by receipt, window
    mapping(bytes32 => bool) public convicted; // receipts whose worker was slashed for them
    mapping(address => uint256) public openBy;
    mapping(uint256 => address[]) private panels;
    mapping(uint256 => address[]) private signers; // of the provisional verdict
    mapping(uint256 => mapping(address => bytes32)) private votes; // commitments of an appeal
    mapping(bytes32 => bool) public anchored;

    event Wired(address hardware, address channels);
    event Anchored(address indexed owner, uint64 indexed epoch, bytes32 receiptsRoot);
    event Opened(uint256 indexed id, address indexed worker, address indexed challenger, bytes32 receipt, uint32 window);
    event Revealed(uint256 indexed id, bytes32 leaf);
    event PanelDrawn(uint256 indexed id, address[] members);
    event Judged(uint256 indexed id, bool guilty, bytes32 evidence, uint64 appealBy);
    event Appealed(uint256 indexed id, address indexed by);
    event Voted(uint256 indexed id, address indexed member);
    event VoteRevealed(uint256 indexed id, address indexed member, bool guilty);
    event Final(uint256 indexed id, State state);
    event Equivocated(address indexed owner, bytes32 what);

    error NotDeployer();
    error AlreadyWired();
    error NotAValidator();
    error TooManyOpen();
    error NotAWorker(address signer);
    error AlreadyDisputed(uint256 id);
    error AlreadyConvicted(bytes32 receipt);
    error TooLate(uint64 deadline);
    error TooEarly(uint64 time);
    error WrongState(State state);
    error BadLeaf();
    error BadWindow();
    error NotOnPanel(address owner);
    error TooFewSigners(uint256 signers, uint256 weight, uint256 total);
    error AlreadyVoted();
    error BadVote();
    error NoContradiction();
    error NoPanel();

    constructor(IERC20 asset_, StakeRegistry stakes_, Params params_) EIP712("InferGrid Court", "1") {
        asset = asset_;
        stakes = stakes_;
        params = params_;
        deployer = msg.sender;
        genesis = uint64(block.timestamp);
    }

    function wire(HardwareRegistry hardware_, PaymentChannels channels_) external {
        if (msg.sender != deployer) revert NotDeployer();
        if (address(hardware) != address(0)) revert AlreadyWired();
        hardware = hardware_;
        channels = channels_;
        emit Wired(address(hardware_), address(channels_));
    }

    /// @notice Puts a time on a worker's receipts of an epoch.
    function anchor(uint64 epoch, bytes32 receiptsRoot) external {
        anchored[keccak256(abi.encode(msg.sender, epoch, receiptsRoot))] = true;
        emit Anchored(msg.sender, epoch, receiptsRoot);
    }

    // ---- opening

    /// @notice The payer of the receipt's channel is refunded from the slash if the channel's payee is the worker. One case for each window of
    /// a receipt: a friend's case about a window that is right must not shield the others.
    function open(Receipt calldata receipt, bytes calldata workerSignature, uint32 window)
        external
        nonReentrant
        returns (uint256 id)
    {
        params.requireOpen();
        address challenger = _ownerOf(msg.sender);
        if (!stakes.eligible(challenger, StakeRegistry.Role.VALIDATOR)) revert NotAValidator();
        if (openBy[challenger] >= OPEN_PER_CHALLENGER) revert TooManyOpen();
        if (window >= receipt.windows) revert BadWindow();
        _requireTime(receipt.epoch);
        bytes32 digest = receiptHash(receipt);
        if (convicted[digest]) revert AlreadyConvicted(digest);
        if (caseOfWindow[digest][window] != 0) revert AlreadyDisputed(caseOfWindow[digest][window]);
        address key = ECDSA.recover(digest, workerSignature);
        address worker = stakes.ownerOfOperator(key);
        if (worker == address(0) || stakes.slashable(worker) == 0 || worker == challenger) revert NotAWorker(key);
        id = ++count;
        caseOfWindow[digest][window] = id;
        openBy[challenger]++;
        Case storage c = cases[id];
        c.state = State.OPEN;
        c.worker = worker;
        c.challenger = challenger;
        c.window = window;
        c.receipt = digest;
        c.root = receipt.commitmentRoot;
        c.channelId = receipt.channelId;
        c.bond = params.get(params.CHALLENGE_BOND());
        c.opened = uint64(block.timestamp);
        c.revealBy = c.opened + stakes.REVEAL();
        c.verdictBy = c.revealBy + stakes.VERDICT();
        totalHeld += c.bond;
        // a day more than the appeal, so that nobody withdraws in the moment in which the verdict may be executed
        stakes.lock(worker, c.verdictBy + stakes.APPEAL() + 1 days);
        emit Opened(id, worker, challenger, digest, window);
        asset.safeTransferFrom(msg.sender, address(this), c.bond);
    }

    /// @dev In 256 bits: a receipt with an epoch near the end of its type must not be beyond dispute.
    function _requireTime(uint64 epoch) private view {
        uint256 until = genesis + (uint256(epoch) + 1) * stakes.EPOCH() + stakes.DISPUTE_OPEN();
        if (block.timestamp > until) revert TooLate(uint64(until));
    }

    /// @notice The worker, or anyone for it, shows the window's leaf.
    function reveal(uint256 id, bytes32 commitment, bytes32[] calldata proof) external {
        Case storage c = _in(id, State.OPEN);
        if (block.timestamp > c.revealBy) revert TooLate(c.revealBy);
        if (!MerkleProof.verifyCalldata(proof, c.root, leafOf(commitment, c.window))) revert BadLeaf();
        c.state = State.REVEALED;
        c.leaf = commitment;
        // only now: the worker must not know its judges before it decides to reveal
        c.drawBlock = uint64(block.number) + 2;
        emit Revealed(id, commitment);
    }

    /// @notice Nothing was revealed in time: lost by silence.
    function defaultLoss(uint256 id) external nonReentrant {
        Case storage c = _in(id, State.OPEN);
        if (block.timestamp <= c.revealBy) revert TooEarly(c.revealBy);
        c.state = State.SILENT;
        emit Final(id, State.SILENT);
        _release(c);
        _slashWorker(id, c, params.get(params.SILENT_BPS()));
        _payBond(c.bond, c.challenger);
    }

    // ---- the panel

    /// @notice Draws the panel by weight from a block hash that was not known when the leaf was revealed. Bounded by the number of validators.
    function drawPanel(uint256 id) external {
        Case storage c = cases[id];
        if ((c.state != State.REVEALED && c.state != State.APPEALED) || c.vetted) revert WrongState(c.state);
        if (block.number <= c.drawBlock) revert TooEarly(c.drawBlock);
        bytes32 beacon = blockhash(c.drawBlock);
        if (beacon == bytes32(0)) {
            // more than 256 blocks ago: another block decides
            c.drawBlock = uint64(block.number) + 2;
            return;
        }
        c.vetted = true;
        panels[id] = _draw(
            c, keccak256(abi.encode(beacon, id, c.receipt)), c.state == State.APPEALED ? APPEAL_PANEL : PANEL
        );
        emit PanelDrawn(id, panels[id]);
    }

    function _draw(Case storage c, bytes32 seed, uint256 size) private view returns (address[] memory panel) {
        (address[] memory owners, uint256[] memory weights, uint256 total) = stakes.weightsAt(c.opened);
        for (uint256 i = 0; i < owners.length; i++) {
            if (owners[i] == c.challenger || owners[i] == c.worker) {
                total -= weights[i];
                weights[i] = 0;
            }
        }
        address[] memory drawn = new address[](size);
        uint256 length = 0;
        while (length < size && total > 0) {
            uint256 ticket = uint256(keccak256(abi.encode(seed, length))) % total;
            uint256 i = 0;
            while (ticket >= weights[i]) {
                ticket -= weights[i];
                i++;
            }
            drawn[length++] = owners[i];
            total -= weights[i];
            weights[i] = 0;
        }
        panel = new address[](length);
        for (uint256 i = 0; i < length; i++) {
            panel[i] = drawn[i];
        }
        _sort(panel);
    }

    function _sort(address[] memory list) private pure {
        for (uint256 i = 1; i < list.length; i++) {
            address moved = list[i];
            uint256 j = i;
            while (j > 0 && list[j - 1] > moved) {
                list[j] = list[j - 1];
                j--;
            }
            list[j] = moved;
        }
    }

    /// @notice Enough of the panel signed the same verdict: provisional until the time for an appeal is over.
    /// @param signatures by the members' operators, ascending by owner
    function judge(uint256 id, bool guilty, bytes32 evidence, bytes[] calldata signatures) external {
        Case storage c = _in(id, State.REVEALED);
        if (block.timestamp > c.verdictBy) revert TooLate(c.verdictBy);
        if (!c.vetted) revert NoPanel();
        bytes32 digest = verdictHash(id, guilty, evidence);
        address[] memory panel = panels[id];
        (uint256 weight, uint256 total) = (0, 0);
        for (uint256 i = 0; i < panel.length; i++) {
            total += stakes.weightAt(panel[i], c.opened);
        }
        address last = address(0);
        for (uint256 i = 0; i < signatures.length; i++) {
            address owner = Quorum.signer(stakes, digest, signatures[i]);
            if (owner <= last) revert Quorum.NotAscending();
            if (!_contains(panel, owner)) revert NotOnPanel(owner);
            last = owner;
            weight += stakes.weightAt(owner, c.opened);
            signers[id].push(owner);
        }
        uint256 least = panel.length / 2 + 1;
        if (least < LEAST_OF_FEW) least = LEAST_OF_FEW;
        if (signatures.length < least || weight * 3 < total * 2 || total == 0) {
            revert TooFewSigners(signatures.length, weight, total);
        }
        c.state = State.JUDGED;
        c.guilty = guilty;
        c.evidence = evidence;
        c.appealBy = uint64(block.timestamp) + stakes.APPEAL() / 3;
        emit Judged(id, guilty, evidence, c.appealBy);
    }

    // ---- appeal: a larger panel, on chain, by commit and reveal

    function appeal(uint256 id) external nonReentrant {
        Case storage c = _in(id, State.JUDGED);
        if (block.timestamp > c.appealBy) revert TooLate(c.appealBy);
        c.state = State.APPEALED;
        c.appellant = msg.sender;
        c.appealBond = 2 * c.bond;
        c.votesBy = uint64(block.timestamp) + stakes.APPEAL() / 3;
        c.votesRevealedBy = c.votesBy + stakes.APPEAL() / 3;
        totalHeld += c.appealBond;
        // a block that the appellant does not know yet draws the larger panel
        c.drawBlock = uint64(block.number) + 2;
        c.vetted = false;
        emit Appealed(id, msg.sender);
        asset.safeTransferFrom(msg.sender, address(this), c.appealBond);
    }

    function vote(uint256 id, bytes32 commitment) external {
        Case storage c = _in(id, State.APPEALED);
        if (block.timestamp > c.votesBy) revert TooLate(c.votesBy);
        if (!c.vetted) revert NoPanel();
        address member = _ownerOf(msg.sender);
        if (!_contains(panels[id], member)) revert NotOnPanel(member);
        if (votes[id][member] != bytes32(0)) revert AlreadyVoted();
        votes[id][member] = commitment;
        emit Voted(id, member);
    }

    function revealVote(uint256 id, bool guilty, bytes32 salt) external {
        Case storage c = _in(id, State.APPEALED);
        if (block.timestamp <= c.votesBy) revert TooEarly(c.votesBy);
        if (block.timestamp > c.votesRevealedBy) revert TooLate(c.votesRevealedBy);
        address member = _ownerOf(msg.sender);
        if (votes[id][member] != voteHash(id, member, guilty, salt)) revert BadVote();
        votes[id][member] = REVEALED_VOTE;
        if (guilty) c.yes++;
        else c.no++;
        emit VoteRevealed(id, member, guilty);
    }

    // ---- the end

    /// @notice Makes a verdict final after its time, or lets a case lapse that got none. By anyone; never refused once it is due.
    function finalize(uint256 id) external nonReentrant {
        Case storage c = cases[id];
        if (c.state == State.JUDGED) {
            if (block.timestamp <= c.appealBy) revert TooEarly(c.appealBy);
            _execute(id, c, c.guilty);
        } else if (c.state == State.APPEALED) {
            if (block.timestamp <= c.votesRevealedBy) revert TooEarly(c.votesRevealedBy);
            // too few votes, or a tie, leave the first verdict: it has more names under it than the appeal
            uint256 against = c.guilty ? c.no : c.yes;
            bool overturned = against > (c.guilty ? c.yes : c.no) && against > panels[id].length / 2;
            bool guilty = overturned ? !c.guilty : c.guilty;
            _slashAbsent(id, c);
            _payBond(c.appealBond, overturned ? c.appellant : (guilty ? c.challenger : c.worker));
            if (overturned) {
                address[] memory wrong = signers[id];
                for (uint256 i = 0; i < wrong.length; i++) {
                    stakes.slash(wrong[i], OVERTURNED_BPS, id, address(0), 0, address(0), 0);
                }
            }
            _execute(id, c, guilty);
        } else if (c.state == State.REVEALED) {
            if (block.timestamp <= c.verdictBy) revert TooEarly(c.verdictBy);
            c.state = State.LAPSED;
            // nothing was found either way: it may be tried once more while there is time
            delete caseOfWindow[c.receipt][c.window];
            emit Final(id, State.LAPSED);
            _release(c);
            _payBond(c.bond, c.challenger);
        } else {
            revert WrongState(c.state);
        }
    }

    function _execute(uint256 id, Case storage c, bool guilty) private {
        c.state = guilty ? State.GUILTY : State.NOT_GUILTY;
        emit Final(id, c.state);
        _release(c);
        if (guilty) {
            _slashWorker(id, c, params.get(params.GUILTY_BPS()));
            hardware.deny(c.worker, id);
            _payBond(c.bond, c.challenger);
        } else {
            _payBond(c.bond, c.worker);
        }
    }

    /// @dev Once for a receipt, however many of its windows are wrong.
    function _slashWorker(uint256 id, Case storage c, uint256 bps) private {
        if (convicted[c.receipt]) return;
        convicted[c.receipt] = true;
        PaymentChannels.Channel memory channel = channels.get(c.channelId);
        address refundTo = channel.payee == c.worker ? channel.payer : address(0);
        stakes.slash(c.worker, bps, id, c.challenger, CHALLENGER_BPS, refundTo, channel.redeemed);
    }

    /// @dev Who was drawn for an appeal and did not reveal a vote; nobody where no panel was drawn.
    function _slashAbsent(uint256 id, Case storage c) private {
        if (!c.vetted) return;
        address[] memory panel = panels[id];
        for (uint256 i = 0; i < panel.length; i++) {
            if (votes[id][panel[i]] != REVEALED_VOTE) {
                stakes.slash(panel[i], ABSENT_BPS, id, address(0), 0, address(0), 0);
            }
        }
    }

    function _release(Case storage c) private {
        openBy[c.challenger]--;
        stakes.unlock(c.worker);
    }

    function _payBond(uint128 amount, address to) private {
        totalHeld -= amount;
        asset.safeTransfer(to, amount);
    }

    // ---- contradictions prove themselves

    /// @notice Two receipts of one worker for the same job, stage and number of windows with different roots: no panel is needed.
    function proveTwoReceipts(Receipt calldata a, bytes calldata signatureA, Receipt calldata b, bytes calldata signatureB)
        external
        nonReentrant
    {
        bool same = a.jobId == b.jobId && a.channelId == b.channelId && a.stage == b.stage && a.windows == b.windows;
        if (!same || a.commitmentRoot == b.commitmentRoot) revert NoContradiction();
        address owner = stakes.ownerOfOperator(ECDSA.recover(receiptHash(a), signatureA));
        if (owner == address(0) || owner != stakes.ownerOfOperator(ECDSA.recover(receiptHash(b), signatureB))) {
            revert NoContradiction();
        }
        _punish(owner, keccak256(abi.encode(a.jobId, a.stage, a.windows)));
    }

    /// @notice Two verdicts of one validator on the same case.
    function proveTwoVerdicts(
        uint256 id,
        bool guiltyA,
        bytes32 evidenceA,
        bytes calldata signatureA,
        bool guiltyB,
        bytes32 evidenceB,
        bytes calldata signatureB
    ) external nonReentrant {
        if (guiltyA == guiltyB) revert NoContradiction();
        address owner = stakes.ownerOfOperator(ECDSA.recover(verdictHash(id, guiltyA, evidenceA), signatureA));
        if (
            owner == address(0)
                || owner != stakes.ownerOfOperator(ECDSA.recover(verdictHash(id, guiltyB, evidenceB), signatureB))
        ) revert NoContradiction();
        _punish(owner, bytes32(id));
    }

    mapping(bytes32 => bool) private punished;

    function _punish(address owner, bytes32 what) private {
        bytes32 key = keccak256(abi.encode(owner, what));
        if (punished[key]) revert NoContradiction();
        punished[key] = true;
        emit Equivocated(owner, what);
        stakes.slash(owner, BPS, uint256(key), msg.sender, CHALLENGER_BPS, address(0), 0);
        hardware.deny(owner, uint256(key));
    }

    // ---- views

    function get(uint256 id) external view returns (Case memory) {
        return cases[id];
    }

    /// @notice 0: none.
    function caseOf(bytes32 receipt, uint32 window) external view returns (uint256) {
        return caseOfWindow[receipt][window];
    }

    function panelOf(uint256 id) external view returns (address[] memory) {
        return panels[id];
    }

    function currentEpoch() external view returns (uint64) {
        return (uint64(block.timestamp) - genesis) / stakes.EPOCH();
    }

    function receiptHash(Receipt calldata r) public view returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    RECEIPT_TYPEHASH, r.jobId, r.channelId, r.modelRoot, r.commitmentRoot, r.stage, r.windows, r.epoch
                )
            )
        );
    }

    function verdictHash(uint256 id, bool guilty, bytes32 evidence) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(VERDICT_TYPEHASH, id, guilty, evidence)));
    }

    function voteHash(uint256 id, address member, bool guilty, bytes32 salt) public pure returns (bytes32) {
        return keccak256(abi.encode(id, member, guilty, salt));
    }

    /// @dev Hashed twice, with the window's number in it.
    function leafOf(bytes32 commitment, uint32 window) public pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(commitment, window))));
    }

    function _in(uint256 id, State state) private view returns (Case storage c) {
        c = cases[id];
        if (c.state != state) revert WrongState(c.state);
    }

    function _ownerOf(address key) private view returns (address) {
        address owner = stakes.ownerOfOperator(key);
        return owner == address(0) ? key : owner;
    }

    function _contains(address[] memory list, address member) private pure returns (bool) {
        for (uint256 i = 0; i < list.length; i++) {
            if (list[i] == member) return true;
        }
        return false;
    }
}
