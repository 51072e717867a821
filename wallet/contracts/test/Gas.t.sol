// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RewardPool} from "../src/RewardPool.sol";
import {StakeRegistry} from "../src/StakeRegistry.sol";
import {Judges} from "./Court.t.sol";

/// What each call costs, beside what throw-away prototypes of the same mechanisms cost (measured before; a transaction's 21 000 and its
/// data are taken off there as here): within 40 percent, as far as the mechanism is the same.
contract GasTest is Judges {
    event log_named_uint(string name, uint256 value);

    uint256 private constant PAYER_KEY = 0xa11ce;
    address private payer;
    address private payee = address(0xb0b);
    uint256 private before;

    function setUp() public {
        setUpJudges(10);
        payer = vm.addr(PAYER_KEY);
        fund(payer, 100_000 ether);
        fund(address(0x90), 100_000 ether);
    }

    function start() private {
        before = gasleft();
    }

    /// @param prototype 0: the prototypes had no such call, or not this mechanism
    function stop(string memory what, uint256 prototype) private {
        uint256 used = before - gasleft();
        emit log_named_uint(what, used);
        if (prototype != 0) check(used * 100 <= prototype * 140, string.concat(what, ": more than 40 percent above the prototype"));
        check(used <= 3_000_000, "I22");
    }

    function test_gas_of_channels_is_near_the_prototypes() public {
        vm.startPrank(payer);
        start();
        bytes32 id = channels.open(payee, payer, 1_000 ether, 1 days);
        stop("open channel, first", 197_000);
        start();
        channels.open(payee, payer, 1_000 ether, 1 days);
        stop("open channel, next", 145_000);
        start();
        channels.topUp(id, 10 ether);
        stop("top up", 57_000);
        bytes memory first = signed(PAYER_KEY, channels.voucherHash(id, 10 ether, 0));
        bytes memory next = signed(PAYER_KEY, channels.voucherHash(id, 20 ether, 0));
        start();
        channels.redeem(id, 10 ether, 0, first);
        // the prototype paid no fee to a pool that had nothing yet
        stop("redeem, first", 90_000);
        start();
        channels.redeem(id, 20 ether, 0, next);
        stop("redeem, next", 73_000);
        start();
        channels.startClose(id);
        stop("start close", 29_000);
        vm.warp(block.timestamp + 1 days);
        start();
        channels.finalizeClose(id);
        stop("finalize close", 53_000);
    }

    function test_gas_of_stakes_and_disputes_is_bounded() public {
        vm.startPrank(address(0x90));
        start();
        stakes.stake(StakeRegistry.Role.WORKER, 2_000 ether);
        stop("stake, first", 155_000);
        start();
        stakes.stake(StakeRegistry.Role.WORKER, 2_000 ether);
        stop("stake, more", 62_000);
        start();
        stakes.requestUnbond(1_000 ether);
        // a ticket of its own for each request; the prototype had one
        stop("request unbond", 0);
        vm.stopPrank();
        uint256 id = openCase(0, "job");
        start();
        court.reveal(id, commitments[2], proofOfTwo());
        stop("reveal leaf", 64_000);
        vm.roll(block.number + 5);
        start();
        court.drawPanel(id);
        stop("draw a panel of 9 from 10", 0);
        bytes[] memory list = verdicts(id, true, 7);
        start();
        court.judge(id, true, EVIDENCE, list);
        stop("judge, 7 signatures", 0);
        vm.warp(court.get(id).appealBy + 1);
        start();
        court.finalize(id);
        stop("slash and deny", 0);
    }

    function test_gas_of_rewards_is_near_the_prototypes() public {
        fund(address(this), 1_000 ether);
        rewards.fund(1_000 ether);
        bytes32[] memory proof = new bytes32[](10);
        bytes32 root = rewards.leaf(payee, 5 ether);
        for (uint256 i = 0; i < 10; i++) {
            proof[i] = keccak256(abi.encode(i));
            root = pair(root, proof[i]);
        }
        bytes[] memory list = new bytes[](7);
        for (uint256 i = 0; i < 7; i++) {
            list[i] = signed(operatorKeys[i], rewards.rootHash(1, root, 5 ether, EVIDENCE));
        }
        start();
        rewards.proposeRoot(1, root, 5 ether, EVIDENCE, list);
        stop("propose root, 7 signatures of 10", 0);
        vm.warp(block.timestamp + 1 days);
        rewards.claim(payee, 5 ether, proof);
        start();
        rewards.claim(payee, 5 ether, proof);
        stop("claim of 1024 leaves, nothing left", 87_000);
    }
}

/// I22 at the largest size that the contracts allow: 128 validators.
contract LargestTest is Judges {
    function setUp() public {
        setUpJudges(128);
    }

    function test_I22_the_largest_lists_stay_below_three_million_gas() public {
        uint256 id = openCase(0, "job");
        court.reveal(id, commitments[2], proofOfTwo());
        vm.roll(block.number + 5);
        uint256 before = gasleft();
        court.drawPanel(id);
        uint256 drawn = before - gasleft();
        check(drawn <= 3_000_000, "drawing a panel from 128");
        same(court.panelOf(id).length, 9, "nine");
        bytes[] memory list = verdicts(id, false, 9);
        before = gasleft();
        court.judge(id, false, EVIDENCE, list);
        check(before - gasleft() <= 3_000_000, "nine signatures");
        vm.warp(court.get(id).appealBy);
        fund(worker, 10_000 ether);
        vm.prank(worker);
        court.appeal(id);
        vm.roll(block.number + 5);
        before = gasleft();
        court.drawPanel(id);
        check(before - gasleft() <= 3_000_000, "drawing 21 from 128");
        same(court.panelOf(id).length, 21, "twenty-one");
        fund(address(this), 10 ether);
        rewards.fund(10 ether);
        bytes[] memory all = new bytes[](86);
        for (uint256 i = 0; i < 86; i++) {
            all[i] = signed(operatorKeys[i], rewards.rootHash(1, EVIDENCE, 1 ether, EVIDENCE));
        }
        before = gasleft();
        rewards.proposeRoot(1, EVIDENCE, 1 ether, EVIDENCE, all);
        check(before - gasleft() <= 3_000_000, "a root signed by 86 of 128");
    }
}
