// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {DisputeCourt} from "../src/DisputeCourt.sol";
import {HardwareRegistry} from "../src/HardwareRegistry.sol";
import {IWrapped, NativeGateway} from "../src/NativeGateway.sol";
import {Params} from "../src/Params.sol";
import {PaymentChannels} from "../src/PaymentChannels.sol";
import {RewardPool} from "../src/RewardPool.sol";
import {StakeRegistry} from "../src/StakeRegistry.sol";
import {TestBTT} from "../src/TestBTT.sol";
import {Vm} from "./Vm.sol";

/// All contracts, deployed in the order in which the program deploys them, and people with keys.
abstract contract World {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    address internal constant TIMELOCK = address(0x71be10c4);
    address internal constant GUARDIAN = address(0x60a4d1a4);
    address internal constant RESERVE = address(0x4e5e47e);
    uint256 internal constant START = 1_800_000_000;

    TestBTT internal token;
    Params internal params;
    NativeGateway internal gateway;
    StakeRegistry internal stakes;
    DisputeCourt internal court;
    HardwareRegistry internal hardware;
    RewardPool internal rewards;
    PaymentChannels internal channels;

    function deployWorld() internal {
        vm.warp(START);
        vm.roll(1000);
        token = new TestBTT();
        params = new Params(TIMELOCK, GUARDIAN);
        gateway = new NativeGateway(IWrapped(address(token)));
        stakes = new StakeRegistry(
            IERC20(address(token)),
            params,
            RESERVE,
            address(gateway),
            1_000_000 ether,
            StakeRegistry.Timing(1 days, 2 days, 1 days, 1 days, 3 days, 14 days)
        );
        court = new DisputeCourt(IERC20(address(token)), stakes, params);
        hardware = new HardwareRegistry(stakes, params, address(court), TIMELOCK);
        stakes.wire(address(court), hardware);
        rewards = new RewardPool(IERC20(address(token)), stakes, params);
        channels = new PaymentChannels(IERC20(address(token)), params, address(rewards), address(gateway));
        gateway.wire(stakes, channels);
        court.wire(hardware, channels);
    }

    function fund(address account, uint256 amount) internal {
        vm.deal(account, address(account).balance + amount);
        vm.startPrank(account);
        token.deposit{value: amount}();
        token.approve(address(stakes), type(uint256).max);
        token.approve(address(channels), type(uint256).max);
        token.approve(address(court), type(uint256).max);
        token.approve(address(rewards), type(uint256).max);
        token.approve(address(gateway), type(uint256).max);
        vm.stopPrank();
    }

    /// Stakes' owner takes the key for its operator, with the key's consent.
    function appoint(address owner, uint256 key) internal {
        bytes memory consent = signed(key, stakes.operatorHash(owner, vm.addr(key)));
        vm.prank(owner);
        stakes.setOperator(vm.addr(key), consent);
    }

    function signed(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function check(bool condition, string memory what) internal pure {
        require(condition, what);
    }

    function same(uint256 found, uint256 expected, string memory what) internal pure {
        require(found == expected, what);
    }
}
