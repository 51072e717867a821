// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Params} from "../src/Params.sol";
import {Quorum} from "../src/Quorum.sol";
import {RewardPool} from "../src/RewardPool.sol";
import {Judges} from "./Court.t.sol";

contract RewardsTest is Judges {
    address private constant ALICE = address(0xa1);
    address private constant BOB = address(0xb2);

    function setUp() public {
        setUpJudges(4);
        fund(address(this), 1_000 ether);
        rewards.fund(1_000 ether);
    }

    function signatures(bytes32 digest, uint256 count) private view returns (bytes[] memory list) {
        list = new bytes[](count);
        for (uint256 i = 0; i < count; i++) {
            list[i] = signed(operatorKeys[i], digest);
        }
    }

    function propose(uint64 epoch, uint128 alice, uint128 bob) private {
        bytes32 root = pair(rewards.leaf(ALICE, alice), rewards.leaf(BOB, bob));
        bytes32 digest = rewards.rootHash(epoch, root, alice + bob, EVIDENCE);
        rewards.proposeRoot(epoch, root, alice + bob, EVIDENCE, signatures(digest, 3));
    }

    function claim(address account, uint128 sum, bytes32 other) private {
        bytes32[] memory proof = new bytes32[](1);
        proof[0] = other;
        rewards.claim(account, sum, proof);
    }

    function test_a_claim_pays_what_was_not_claimed_yet_after_the_day_of_veto() public {
        propose(1, 100 ether, 50 ether);
        bytes32 bob = rewards.leaf(BOB, 50 ether);
        vm.expectRevert(RewardPool.BadProof.selector);
        claim(ALICE, 100 ether, bob);
        vm.warp(block.timestamp + 24 hours);
        claim(ALICE, 100 ether, bob);
        claim(ALICE, 100 ether, bob);
        same(token.balanceOf(ALICE), 100 ether, "once");
        propose(2, 130 ether, 60 ether);
        vm.warp(block.timestamp + 24 hours);
        claim(ALICE, 130 ether, rewards.leaf(BOB, 60 ether));
        claim(BOB, 60 ether, rewards.leaf(ALICE, 130 ether));
        same(token.balanceOf(ALICE), 130 ether, "the difference");
        same(token.balanceOf(BOB), 60 ether, "an epoch later, all of it");
    }

    function test_attack_a_leaf_of_an_earlier_epoch_or_an_inner_node_is_refused() public {
        propose(1, 100 ether, 50 ether);
        vm.warp(block.timestamp + 24 hours);
        claim(ALICE, 100 ether, rewards.leaf(BOB, 50 ether));
        propose(2, 130 ether, 60 ether);
        vm.warp(block.timestamp + 24 hours);
        bytes32 old = rewards.leaf(BOB, 50 ether);
        vm.expectRevert(RewardPool.BadProof.selector);
        claim(ALICE, 100 ether, old);
        vm.expectRevert(RewardPool.BadProof.selector);
        rewards.claim(ALICE, 190 ether, new bytes32[](0));
    }

    function test_attack_a_root_above_the_funds_below_the_last_or_with_little_weight_is_refused() public {
        bytes32 digest = rewards.rootHash(1, EVIDENCE, 1_001 ether, EVIDENCE);
        bytes[] memory three = signatures(digest, 3);
        vm.expectRevert(abi.encodeWithSelector(RewardPool.TotalAboveFunds.selector, 1_001 ether, 1_000 ether));
        rewards.proposeRoot(1, EVIDENCE, 1_001 ether, EVIDENCE, three);
        bytes[] memory two = signatures(rewards.rootHash(1, EVIDENCE, 10 ether, EVIDENCE), 2);
        vm.expectRevert(abi.encodeWithSelector(Quorum.TooLittleWeight.selector, 40_000 ether, 80_000 ether));
        rewards.proposeRoot(1, EVIDENCE, 10 ether, EVIDENCE, two);
        propose(5, 100 ether, 50 ether);
        vm.warp(block.timestamp + 24 hours);
        bytes[] memory later = signatures(rewards.rootHash(6, EVIDENCE, 149 ether, EVIDENCE), 3);
        vm.expectRevert(abi.encodeWithSelector(RewardPool.TotalTooSmall.selector, uint128(149 ether), uint128(150 ether)));
        rewards.proposeRoot(6, EVIDENCE, 149 ether, EVIDENCE, later);
        bytes[] memory stale = signatures(rewards.rootHash(5, EVIDENCE, 200 ether, EVIDENCE), 3);
        vm.expectRevert(abi.encodeWithSelector(RewardPool.StaleEpoch.selector, uint64(5), uint64(5)));
        rewards.proposeRoot(5, EVIDENCE, 200 ether, EVIDENCE, stale);
    }

    function test_I19_claims_never_exceed_the_total_of_the_root_even_if_its_leaves_do() public {
        bytes32 root = pair(rewards.leaf(ALICE, 600 ether), rewards.leaf(BOB, 600 ether));
        rewards.proposeRoot(1, root, 700 ether, EVIDENCE, signatures(rewards.rootHash(1, root, 700 ether, EVIDENCE), 3));
        vm.warp(block.timestamp + 24 hours);
        claim(ALICE, 600 ether, rewards.leaf(BOB, 600 ether));
        bytes32 alice = rewards.leaf(ALICE, 600 ether);
        vm.expectRevert(abi.encodeWithSelector(RewardPool.TotalAboveFunds.selector, 1_200 ether, 700 ether));
        claim(BOB, 600 ether, alice);
    }

    function test_more_than_a_third_vetoes_a_root_within_its_day() public {
        propose(1, 100 ether, 50 ether);
        bytes32 root = pair(rewards.leaf(ALICE, 100 ether), rewards.leaf(BOB, 50 ether));
        bytes[] memory one = signatures(rewards.vetoHash(1, root), 1);
        vm.expectRevert(abi.encodeWithSelector(Quorum.TooLittleWeight.selector, 20_000 ether, 80_000 ether));
        rewards.veto(one);
        rewards.veto(signatures(rewards.vetoHash(1, root), 2));
        vm.warp(block.timestamp + 24 hours);
        bytes32 bob = rewards.leaf(BOB, 50 ether);
        vm.expectRevert(RewardPool.BadProof.selector);
        claim(ALICE, 100 ether, bob);
    }

    function test_who_is_denied_or_in_a_case_claims_nothing() public {
        bytes32 root = pair(rewards.leaf(worker, 100 ether), rewards.leaf(BOB, 50 ether));
        rewards.proposeRoot(1, root, 150 ether, EVIDENCE, signatures(rewards.rootHash(1, root, 150 ether, EVIDENCE), 3));
        vm.warp(block.timestamp + 24 hours);
        vm.prank(address(court));
        stakes.lock(worker, uint64(block.timestamp + 1 days));
        bytes32 bob = rewards.leaf(BOB, 50 ether);
        vm.expectRevert(RewardPool.NotEligible.selector);
        claim(worker, 100 ether, bob);
        vm.prank(address(court));
        stakes.unlock(worker);
        vm.prank(address(court));
        hardware.deny(worker, 1);
        vm.expectRevert(RewardPool.NotEligible.selector);
        claim(worker, 100 ether, bob);
    }

    function test_parameters_stay_within_bounds_and_pauses_end() public {
        bytes32 fee = params.FEE_BPS();
        vm.expectRevert(Params.NotTimelock.selector);
        params.set(fee, 1);
        vm.startPrank(TIMELOCK);
        vm.expectRevert(abi.encodeWithSelector(Params.OutOfBounds.selector, fee, uint128(501), uint128(0), uint128(500)));
        params.set(fee, 501);
        vm.expectRevert(abi.encodeWithSelector(Params.UnknownParameter.selector, bytes32("nothing")));
        params.set("nothing", 1);
        vm.stopPrank();
        vm.startPrank(GUARDIAN);
        params.pause();
        uint256 from = block.timestamp;
        vm.warp(from + 72 hours);
        params.requireOpen();
        vm.expectRevert(abi.encodeWithSelector(Params.PausedTooRecently.selector, uint64(from + 10 days)));
        params.pause();
        vm.warp(from + 10 days);
        params.pause();
        vm.expectRevert(abi.encodeWithSelector(Params.EntriesPaused.selector, uint64(from + 13 days)));
        params.requireOpen();
    }
}
