// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {Params} from "./Params.sol";
import {Quorum} from "./Quorum.sol";
import {StakeRegistry} from "./StakeRegistry.sol";

/// @title Rewards of an epoch, by performance weight
/// @notice Validators publish their scores; from these, by integers alone, anyone computes what each worker has earned in all epochs
/// together. Two thirds of the validators' weight sign the Merkle root over those sums; more than a third can veto it within a day.
/// A claim pays the sum less what was claimed before, so an epoch can be skipped and a root can be corrected upwards.
contract RewardPool is EIP712, ReentrancyGuard {
    using SafeERC20 for IERC20;

    bytes32 public constant ROOT_TYPEHASH =
        keccak256("EpochRoot(uint64 epoch,bytes32 root,uint128 totalCumulative,bytes32 weightsHash)");
    bytes32 public constant VETO_TYPEHASH = keccak256("Veto(uint64 epoch,bytes32 root)");
    uint64 public constant VETO_TIME = 24 hours;

    struct Root {
        uint64 epoch;
        uint64 effectiveAt;
        uint128 totalCumulative;
        bytes32 root;
        bytes32 weightsHash; // of the published records that the root follows from
    }

    IERC20 public immutable asset;
    StakeRegistry public immutable stakes;
    Params public immutable params;

    /// Claims count against this one.
    Root public current;
    /// In its day of veto; epoch 0: none.
    Root public proposed;
    uint256 public claimedTotal;
    mapping(address => uint128) public claimed;

    event Funded(address indexed by, uint256 amount);
    event RootProposed(
        uint64 indexed epoch, bytes32 root, uint128 totalCumulative, bytes32 weightsHash, uint64 effectiveAt
    );
    event RootVetoed(uint64 indexed epoch, bytes32 root);
    event RootEffective(uint64 indexed epoch, bytes32 root);
    event Claimed(address indexed account, uint128 cumulative, uint128 paid);

    error StaleEpoch(uint64 epoch, uint64 current);
    error RootPending(uint64 effectiveAt);
    error NoRootPending();
    error TotalTooSmall(uint128 total, uint128 least);
    error TotalAboveFunds(uint256 total, uint256 funded);
    error BadProof();
    error NotEligible();

    constructor(IERC20 asset_, StakeRegistry stakes_, Params params_) EIP712("InferGrid Rewards", "1") {
        asset = asset_;
        stakes = stakes_;
        params = params_;
    }

    /// @notice Fees of channels come in as plain transfers; this is for who gives more.
    function fund(uint256 amount) external nonReentrant {
        emit Funded(msg.sender, amount);
        asset.safeTransferFrom(msg.sender, address(this), amount);
    }

    function proposeRoot(
        uint64 epoch,
        bytes32 root,
        uint128 totalCumulative,
        bytes32 weightsHash,
        bytes[] calldata signatures
    ) external {
        params.requireOpen();
        _settle();
        if (proposed.epoch != 0) revert RootPending(proposed.effectiveAt);
        if (epoch <= current.epoch) revert StaleEpoch(epoch, current.epoch);
        if (totalCumulative < current.totalCumulative) revert TotalTooSmall(totalCumulative, current.totalCumulative);
        if (totalCumulative > fundedTotal()) revert TotalAboveFunds(totalCumulative, fundedTotal());
        Quorum.require23(
            stakes, rootHash(epoch, root, totalCumulative, weightsHash), uint64(block.timestamp), signatures
        );
        proposed = Root(epoch, uint64(block.timestamp) + VETO_TIME, totalCumulative, root, weightsHash);
        emit RootProposed(epoch, root, totalCumulative, weightsHash, proposed.effectiveAt);
    }

    /// @notice More than a third of the weight says that the root does not follow from the records.
    function veto(bytes[] calldata signatures) external {
        if (proposed.epoch == 0 || block.timestamp >= proposed.effectiveAt) revert NoRootPending();
        bytes32 digest = vetoHash(proposed.epoch, proposed.root);
        uint64 now_ = uint64(block.timestamp);
        uint256 weight = Quorum.weigh(stakes, digest, now_, signatures);
        (,, uint256 total) = stakes.weightsAt(now_);
        if (weight * 3 <= total) revert Quorum.TooLittleWeight(weight, total);
        emit RootVetoed(proposed.epoch, proposed.root);
        delete proposed;
    }

    /// @notice Pays an account what it has earned and not claimed yet; by anyone, to the account alone.
    function claim(address account, uint128 cumulative, bytes32[] calldata proof) external nonReentrant {
        _settle();
        if (!MerkleProof.verifyCalldata(proof, current.root, leaf(account, cumulative))) revert BadProof();
        if (stakes.isLocked(account)) revert NotEligible();
        if (address(stakes.hardware()) != address(0) && stakes.hardware().isDenied(account)) revert NotEligible();
        uint128 before = claimed[account];
        if (cumulative <= before) return;
        uint128 due = cumulative - before;
        claimed[account] = cumulative;
        claimedTotal += due;
        // a root whose leaves add up to more than its total cannot take more than the total
        if (claimedTotal > current.totalCumulative) revert TotalAboveFunds(claimedTotal, current.totalCumulative);
        emit Claimed(account, cumulative, due);
        asset.safeTransfer(account, due);
    }

    function _settle() private {
        if (proposed.epoch != 0 && block.timestamp >= proposed.effectiveAt) {
            current = proposed;
            delete proposed;
            emit RootEffective(current.epoch, current.root);
        }
    }

    /// @notice All that ever came in, fees included.
    function fundedTotal() public view returns (uint256) {
        return asset.balanceOf(address(this)) + claimedTotal;
    }

    /// @dev Hashed twice, so that no inner node can be taken for a leaf; bound to chain and contract.
    function leaf(address account, uint128 cumulative) public view returns (bytes32) {
        return keccak256(
            bytes.concat(keccak256(abi.encode(block.chainid, address(this), account, cumulative)))
        );
    }

    function rootHash(uint64 epoch, bytes32 root, uint128 totalCumulative, bytes32 weightsHash)
        public
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(keccak256(abi.encode(ROOT_TYPEHASH, epoch, root, totalCumulative, weightsHash)));
    }

    function vetoHash(uint64 epoch, bytes32 root) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(VETO_TYPEHASH, epoch, root)));
    }
}
