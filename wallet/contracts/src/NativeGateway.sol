// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {PaymentChannels} from "./PaymentChannels.sol";
import {StakeRegistry} from "./StakeRegistry.sol";

interface IWrapped is IERC20 {
    function deposit() external payable;
    function withdraw(uint256 amount) external;
}

/// @title Plain coins in, plain coins out
/// @notice Wraps what it is sent and stakes or deposits it for the sender; unwraps for who wants coins. Holds nothing between two calls.
contract NativeGateway is ReentrancyGuard {
    using SafeERC20 for IWrapped;

    IWrapped public immutable asset;
    address private immutable deployer;
    StakeRegistry public stakes;
    PaymentChannels public channels;

    error NotDeployer();
    error AlreadyWired();
    error TransferFailed();
    error OnlyUnwrapping();
    error TooLarge(uint256 amount);

    constructor(IWrapped asset_) {
        asset = asset_;
        deployer = msg.sender;
    }

    /// @notice Once, by who deployed it: the contracts know this one's address from their constructors.
    function wire(StakeRegistry stakes_, PaymentChannels channels_) external {
        if (msg.sender != deployer) revert NotDeployer();
        if (address(stakes) != address(0)) revert AlreadyWired();
        stakes = stakes_;
        channels = channels_;
    }

    receive() external payable {
        if (msg.sender != address(asset)) revert OnlyUnwrapping();
    }

    function stakeNative(StakeRegistry.Role role) external payable nonReentrant {
        uint128 amount = _wrap(address(stakes));
        stakes.stakeFor(msg.sender, role, amount);
    }

    function openNative(address payee, address signer, uint64 challenge)
        external
        payable
        nonReentrant
        returns (bytes32)
    {
        uint128 amount = _wrap(address(channels));
        return channels.openFor(msg.sender, payee, signer, amount, challenge);
    }

    function topUpNative(bytes32 id) external payable nonReentrant {
        uint128 amount = _wrap(address(channels));
        channels.topUp(id, amount);
    }

    /// @notice Takes wrapped coins that the sender allowed and pays them out as plain ones.
    function unwrapTo(address payable to, uint256 amount) external nonReentrant {
        asset.safeTransferFrom(msg.sender, address(this), amount);
        asset.withdraw(amount);
        (bool sent,) = to.call{value: amount}("");
        if (!sent) revert TransferFailed();
    }

    function _wrap(address spender) private returns (uint128) {
        if (msg.value > type(uint128).max) revert TooLarge(msg.value);
        asset.deposit{value: msg.value}();
        asset.forceApprove(spender, msg.value);
        return uint128(msg.value);
    }
}
