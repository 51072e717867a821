// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DisputeCourt} from "../src/DisputeCourt.sol";
import {HardwareRegistry} from "../src/HardwareRegistry.sol";
import {Quorum} from "../src/Quorum.sol";
import {StakeRegistry} from "../src/StakeRegistry.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {World} from "./World.sol";

/// A worker and five validators with operators of their own; what the court's and the registry's tests share.
abstract contract Judges is World {
    uint256 internal constant WORKER_OPERATOR = 0x3001;
    bytes32 internal constant HW = keccak256("card");
    bytes32 internal constant EVIDENCE = keccak256("evidence");
    address internal constant PAYER = address(0x9a1e4);
    uint256 internal constant SESSION = 0x5e55;

    address internal worker = address(0xeee1);
    bytes32 internal channel = bytes32(uint256(7)); // of the receipts; not there, unless a test opens one
    uint256[] internal operatorKeys; // of the validators, ascending by owner
    address[] internal validators;
    bytes32[] internal commitments;

    function setUpJudges(uint256 count) internal {
        deployWorld();
        fund(worker, 100_000 ether);
        vm.startPrank(worker);
        stakes.stake(StakeRegistry.Role.WORKER, 10_000 ether);
        hardware.bind(HW);
        vm.stopPrank();
        appoint(worker, WORKER_OPERATOR);
        for (uint256 i = 0; i < count; i++) {
            address validator = address(uint160(0xaaa000 + i));
            uint256 key = 0x7000 + i;
            validators.push(validator);
            operatorKeys.push(key);
            fund(validator, 100_000 ether);
            vm.startPrank(validator);
            stakes.stake(StakeRegistry.Role.VALIDATOR, 20_000 ether);
            vm.stopPrank();
            appoint(validator, key);
        }
        for (uint256 i = 0; i < 4; i++) {
            commitments.push(keccak256(abi.encode("window", i)));
        }
        vm.warp(START + 1 days + 1);
        vm.roll(50_000);
    }

    function pair(bytes32 a, bytes32 b) internal pure returns (bytes32) {
        return a < b ? keccak256(abi.encode(a, b)) : keccak256(abi.encode(b, a));
    }

    function leaves(uint256 i) internal view returns (bytes32) {
        return court.leafOf(commitments[i], uint32(i));
    }

    function rootOfFour() internal view returns (bytes32) {
        return pair(pair(leaves(0), leaves(1)), pair(leaves(2), leaves(3)));
    }

    function proofOfTwo() internal view returns (bytes32[] memory proof) {
        proof = new bytes32[](2);
        proof[0] = leaves(3);
        proof[1] = pair(leaves(0), leaves(1));
    }

    function receipt(string memory job, bytes32 root) internal view returns (DisputeCourt.Receipt memory) {
        return DisputeCourt.Receipt(keccak256(bytes(job)), channel, keccak256("model"), root, 1, 4, 1);
    }

    function openCase(uint256 by, string memory job) internal returns (uint256) {
        DisputeCourt.Receipt memory r = receipt(job, rootOfFour());
        bytes memory signature = signed(WORKER_OPERATOR, court.receiptHash(r));
        vm.prank(validators[by]);
        return court.open(r, signature, 2);
    }

    function revealAndDraw(uint256 id) internal {
        court.reveal(id, commitments[2], proofOfTwo());
        vm.roll(block.number + 5);
        court.drawPanel(id);
    }

    function verdicts(uint256 id, bool guilty, uint256 count) internal view returns (bytes[] memory list) {
        address[] memory panel = court.panelOf(id);
        list = new bytes[](count);
        uint256 found = 0;
        for (uint256 i = 0; i < panel.length && found < count; i++) {
            list[found++] = signed(keyOf(panel[i]), court.verdictHash(id, guilty, EVIDENCE));
        }
    }

    function keyOf(address owner) internal view returns (uint256) {
        for (uint256 i = 0; i < validators.length; i++) {
            if (validators[i] == owner) return operatorKeys[i];
        }
        revert("no such validator");
    }
}

contract CourtTest is Judges {
    function setUp() public {
        setUpJudges(5);
        fund(PAYER, 5_000 ether);
        vm.prank(PAYER);
        channel = channels.open(worker, vm.addr(SESSION), 5_000 ether, 1 days);
        channels.redeem(channel, 1_000 ether, EVIDENCE, signed(SESSION, channels.voucherHash(channel, 1_000 ether, EVIDENCE)));
    }

    function test_I15_a_confirmed_fault_slashes_refunds_pays_the_challenger_and_denies_the_card() public {
        uint256 id = openCase(0, "job");
        revealAndDraw(id);
        same(court.panelOf(id).length, 4, "all but the challenger");
        court.judge(id, true, EVIDENCE, verdicts(id, true, 4));
        vm.warp(court.get(id).appealBy + 1);
        uint256 before = token.balanceOf(validators[0]);
        court.finalize(id);
        same(stakes.slashable(worker), 5_000 ether, "half");
        same(token.balanceOf(PAYER), 1_000 ether, "the wronged payer");
        same(token.balanceOf(validators[0]) - before, 750 ether + 500 ether, "15 percent and the bond");
        same(token.balanceOf(RESERVE), 3_250 ether, "the rest");
        check(hardware.deniedHardware(HW) == id, "I15 guilty means denied");
        vm.prank(worker);
        vm.expectRevert(StakeRegistry.Denied.selector);
        stakes.stake(StakeRegistry.Role.WORKER, 10_000 ether);
        vm.prank(address(0xeee2));
        vm.expectRevert(HardwareRegistry.IsDenied.selector);
        hardware.bind(HW);
        vm.startPrank(worker);
        stakes.requestUnbond(5_000 ether);
        vm.warp(block.timestamp + 15 days);
        stakes.withdraw(0);
        same(token.balanceOf(worker), 95_990 ether, "what is left can always leave");
    }

    function test_an_honest_worker_gets_the_bond() public {
        uint256 id = openCase(1, "job");
        revealAndDraw(id);
        court.judge(id, false, EVIDENCE, verdicts(id, false, 4));
        vm.warp(court.get(id).appealBy + 1);
        uint256 before = token.balanceOf(worker);
        court.finalize(id);
        same(token.balanceOf(worker) - before, 500 ether, "the bond");
        same(stakes.slashable(worker), 10_000 ether, "untouched");
        same(stakes.get(worker).locks, 0, "I16 no lock is left");
    }

    function test_silence_loses_mildly_and_a_watchtower_may_break_it() public {
        uint256 id = openCase(0, "silent");
        vm.expectRevert(abi.encodeWithSelector(DisputeCourt.TooEarly.selector, court.get(id).revealBy));
        court.defaultLoss(id);
        vm.warp(court.get(id).revealBy + 1);
        court.defaultLoss(id);
        same(stakes.slashable(worker), 9_000 ether, "a tenth");
        check(hardware.deniedHardware(HW) == 0, "not denied");
        uint256 other = openCase(0, "spoken for");
        vm.prank(address(0xf00d));
        court.reveal(other, commitments[2], proofOfTwo());
    }

    function test_a_case_without_a_verdict_lapses_with_the_bond_back() public {
        uint256 id = openCase(2, "job");
        revealAndDraw(id);
        vm.warp(court.get(id).verdictBy + 1);
        uint256 before = token.balanceOf(validators[2]);
        court.finalize(id);
        same(token.balanceOf(validators[2]) - before, 500 ether, "bond back");
        same(stakes.get(worker).locks, 0, "unlocked");
    }

    function test_an_appeal_overturns_by_votes_and_slashes_who_signed_wrongly() public {
        uint256 id = openCase(0, "job");
        revealAndDraw(id);
        court.judge(id, true, EVIDENCE, verdicts(id, true, 3));
        address[] memory before = court.panelOf(id);
        fund(worker, 10_000 ether);
        vm.prank(worker);
        court.appeal(id);
        vm.roll(block.number + 5);
        court.drawPanel(id);
        address[] memory panel = court.panelOf(id);
        for (uint256 i = 0; i < panel.length; i++) {
            bytes32 sealedVote = court.voteHash(id, panel[i], i == 0, bytes32(i));
            vm.prank(vm.addr(keyOf(panel[i])));
            court.vote(id, sealedVote);
        }
        vm.warp(court.get(id).votesBy + 1);
        for (uint256 i = 0; i < panel.length; i++) {
            vm.prank(panel[i]);
            court.revealVote(id, i == 0, bytes32(i));
        }
        vm.warp(court.get(id).votesRevealedBy + 1);
        uint256 workerBefore = token.balanceOf(worker);
        court.finalize(id);
        same(stakes.slashable(worker), 10_000 ether, "not guilty after all");
        same(token.balanceOf(worker) - workerBefore, 1_500 ether, "appeal's bond back and the challenger's");
        for (uint256 i = 0; i < 3; i++) {
            same(stakes.slashable(before[i]), 17_000 ether, "15 percent of who signed");
        }
    }

    function test_attack_votes_cannot_be_copied_or_changed() public {
        uint256 id = openCase(0, "job");
        revealAndDraw(id);
        court.judge(id, true, EVIDENCE, verdicts(id, true, 3));
        fund(worker, 10_000 ether);
        vm.prank(worker);
        court.appeal(id);
        vm.roll(block.number + 5);
        court.drawPanel(id);
        address[] memory panel = court.panelOf(id);
        bytes32 sealedVote = court.voteHash(id, panel[0], true, bytes32(uint256(1)));
        vm.prank(panel[0]);
        court.vote(id, sealedVote);
        vm.prank(panel[1]);
        court.vote(id, sealedVote);
        vm.prank(panel[0]);
        vm.expectRevert(DisputeCourt.AlreadyVoted.selector);
        court.vote(id, bytes32(uint256(2)));
        vm.warp(court.get(id).votesBy + 1);
        vm.prank(panel[0]);
        court.revealVote(id, true, bytes32(uint256(1)));
        vm.prank(panel[1]);
        vm.expectRevert(DisputeCourt.BadVote.selector);
        court.revealVote(id, true, bytes32(uint256(1)));
        vm.prank(panel[0]);
        vm.expectRevert(DisputeCourt.BadVote.selector);
        court.revealVote(id, true, bytes32(uint256(1)));
    }

    function test_I14_no_verdict_without_distinct_members_and_two_thirds() public {
        uint256 id = openCase(0, "job");
        revealAndDraw(id);
        bytes[] memory two = verdicts(id, true, 2);
        vm.expectRevert();
        court.judge(id, true, EVIDENCE, two);
        bytes[] memory twice = verdicts(id, true, 4);
        twice[1] = twice[0];
        vm.expectRevert(Quorum.NotAscending.selector);
        court.judge(id, true, EVIDENCE, twice);
        bytes[] memory stranger = verdicts(id, true, 4);
        stranger[3] = signed(0xdead, court.verdictHash(id, true, EVIDENCE));
        vm.expectRevert();
        court.judge(id, true, EVIDENCE, stranger);
        bytes[] memory other = verdicts(id, false, 4);
        vm.expectRevert();
        court.judge(id, true, EVIDENCE, other);
    }

    function test_attack_the_challenger_never_sits_on_the_panel() public {
        for (uint256 i = 0; i < 5; i++) {
            uint256 id = openCase(i, string(abi.encodePacked("job", i)));
            revealAndDraw(id);
            address[] memory panel = court.panelOf(id);
            for (uint256 k = 0; k < panel.length; k++) {
                check(panel[k] != validators[i] && panel[k] != worker, "drawn against himself");
            }
        }
    }

    function test_attack_a_block_that_is_too_old_to_be_known_is_replaced_by_a_later_one() public {
        uint256 id = openCase(0, "job");
        court.reveal(id, commitments[2], proofOfTwo());
        vm.roll(block.number + 400);
        court.drawPanel(id);
        same(court.panelOf(id).length, 0, "no panel from an unknown block");
        vm.roll(block.number + 3);
        court.drawPanel(id);
        same(court.panelOf(id).length, 4, "drawn");
        vm.expectRevert(abi.encodeWithSelector(DisputeCourt.WrongState.selector, DisputeCourt.State.REVEALED));
        court.drawPanel(id);
    }

    function test_attack_disputes_cannot_be_spammed() public {
        DisputeCourt.Receipt memory r = receipt("job", rootOfFour());
        bytes memory signature = signed(WORKER_OPERATOR, court.receiptHash(r));
        openCase(0, "job");
        vm.prank(validators[1]);
        vm.expectRevert(abi.encodeWithSelector(DisputeCourt.AlreadyDisputed.selector, 1));
        court.open(r, signature, 2);
        for (uint256 i = 1; i < 8; i++) {
            openCase(0, string(abi.encodePacked("more", i)));
        }
        DisputeCourt.Receipt memory ninth = receipt("ninth", rootOfFour());
        bytes memory signature9 = signed(WORKER_OPERATOR, court.receiptHash(ninth));
        vm.prank(validators[0]);
        vm.expectRevert(DisputeCourt.TooManyOpen.selector);
        court.open(ninth, signature9, 2);
        vm.prank(address(0xabc));
        vm.expectRevert(DisputeCourt.NotAValidator.selector);
        court.open(ninth, signature9, 2);
    }

    function test_attack_old_receipts_and_windows_that_are_not_there_are_refused() public {
        DisputeCourt.Receipt memory r = receipt("job", rootOfFour());
        bytes memory signature = signed(WORKER_OPERATOR, court.receiptHash(r));
        vm.prank(validators[0]);
        vm.expectRevert(DisputeCourt.BadWindow.selector);
        court.open(r, signature, 4);
        vm.warp(START + 10 days);
        vm.prank(validators[0]);
        vm.expectRevert(abi.encodeWithSelector(DisputeCourt.TooLate.selector, uint64(START + 4 days)));
        court.open(r, signature, 2);
    }

    function test_attack_a_leaf_of_another_window_or_an_inner_node_is_no_reveal() public {
        uint256 id = openCase(0, "job");
        bytes32[] memory proof = proofOfTwo();
        vm.expectRevert(DisputeCourt.BadLeaf.selector);
        court.reveal(id, commitments[1], proof);
        bytes32[] memory shorter = new bytes32[](1);
        shorter[0] = pair(leaves(0), leaves(1));
        bytes32 inner = pair(leaves(2), leaves(3));
        vm.expectRevert(DisputeCourt.BadLeaf.selector);
        court.reveal(id, inner, shorter);
    }

    function test_two_receipts_for_the_same_windows_prove_themselves_once() public {
        DisputeCourt.Receipt memory a = receipt("job", keccak256("a"));
        DisputeCourt.Receipt memory b = receipt("job", keccak256("b"));
        bytes memory signatureA = signed(WORKER_OPERATOR, court.receiptHash(a));
        bytes memory signatureB = signed(WORKER_OPERATOR, court.receiptHash(b));
        vm.expectRevert(DisputeCourt.NoContradiction.selector);
        court.proveTwoReceipts(a, signatureA, a, signatureA);
        court.proveTwoReceipts(a, signatureA, b, signatureB);
        same(stakes.slashable(worker), 0, "all of it");
        check(hardware.isDenied(worker), "denied");
        vm.expectRevert(DisputeCourt.NoContradiction.selector);
        court.proveTwoReceipts(a, signatureA, b, signatureB);
    }

    function test_two_verdicts_of_one_validator_prove_themselves() public {
        uint256 id = openCase(0, "job");
        revealAndDraw(id);
        bytes memory yes = signed(operatorKeys[3], court.verdictHash(id, true, EVIDENCE));
        bytes memory no = signed(operatorKeys[3], court.verdictHash(id, false, EVIDENCE));
        bytes memory others = signed(operatorKeys[2], court.verdictHash(id, false, EVIDENCE));
        vm.expectRevert(DisputeCourt.NoContradiction.selector);
        court.proveTwoVerdicts(id, true, EVIDENCE, yes, false, EVIDENCE, others);
        court.proveTwoVerdicts(id, true, EVIDENCE, yes, false, EVIDENCE, no);
        same(stakes.slashable(validators[3]), 0, "all of it");
        check(!stakes.isValidator(validators[3]), "no validator any more");
    }

    function test_one_dishonest_validator_of_five_changes_nothing() public {
        uint256 id = openCase(0, "job");
        revealAndDraw(id);
        address[] memory panel = court.panelOf(id);
        bytes[] memory three = new bytes[](3);
        uint256 found = 0;
        for (uint256 i = 0; i < panel.length; i++) {
            if (panel[i] != validators[4]) three[found++] = signed(keyOf(panel[i]), court.verdictHash(id, true, EVIDENCE));
        }
        court.judge(id, true, EVIDENCE, three);
        vm.warp(court.get(id).appealBy + 1);
        court.finalize(id);
        same(uint256(court.get(id).state), uint256(DisputeCourt.State.GUILTY), "three of four with two thirds");
    }

    function test_I11_nothing_lowers_what_can_be_slashed_between_offence_and_verdict() public {
        vm.prank(worker);
        stakes.requestUnbond(10_000 ether);
        vm.warp(START + 3 days);
        uint256 id = openCase(0, "job");
        revealAndDraw(id);
        vm.startPrank(worker);
        bytes memory consent = signed(0x9999, stakes.operatorHash(worker, vm.addr(0x9999)));
        stakes.setOperator(vm.addr(0x9999), consent);
        stakes.setPayout(address(0x8888));
        vm.expectRevert();
        stakes.withdraw(0);
        vm.stopPrank();
        same(stakes.slashable(worker), 10_000 ether, "the ticket can be slashed");
        court.judge(id, true, EVIDENCE, verdicts(id, true, 4));
        vm.warp(court.get(id).appealBy + 1);
        court.finalize(id);
        same(stakes.slashable(worker), 5_000 ether, "and was");
    }

    function test_I16_no_lock_outlives_its_deadline() public {
        vm.prank(worker);
        stakes.requestUnbond(10_000 ether);
        openCase(0, "forgotten");
        vm.warp(START + 40 days);
        check(!stakes.isLocked(worker), "a case that nobody ends holds nobody");
        vm.prank(worker);
        stakes.withdraw(0);
    }
}

contract StakesTest is Judges {
    function setUp() public {
        setUpJudges(3);
    }

    function test_I20_the_timing_law_is_checked_when_it_is_deployed() public {
        vm.expectRevert(StakeRegistry.BadTiming.selector);
        new StakeRegistry(
            IERC20(address(token)), params, RESERVE, address(gateway), 0, StakeRegistry.Timing(1 days, 2 days, 1 days, 1 days, 3 days, 9 days - 1)
        );
        vm.expectRevert(StakeRegistry.BadTiming.selector);
        new StakeRegistry(
            IERC20(address(token)), params, RESERVE, address(gateway), 0, StakeRegistry.Timing(1 days, 2 days, 1 days, 1 days, 3 days, type(uint64).max)
        );
    }

    function test_attack_unbonding_dodges_no_slash() public {
        vm.prank(worker);
        stakes.requestUnbond(9_000 ether);
        vm.prank(address(court));
        uint128 taken = stakes.slash(worker, 5_000, 1, address(0), 0, address(0), 0);
        same(taken, 5_000 ether, "of active stake and ticket together");
        same(stakes.get(worker).active, 500 ether, "pro rata");
        same(stakes.get(worker).tickets[0].amount, 4_500 ether, "pro rata");
    }

    function test_attack_a_verifier_that_colludes_gets_a_fifth_at_most() public {
        vm.prank(address(court));
        stakes.slash(worker, 10_000, 1, address(0x77), 10_000, address(0), 0);
        same(token.balanceOf(address(0x77)), 2_000 ether, "the constant, whatever was asked for");
    }

    function test_attack_slashes_beyond_the_daily_limit_are_scaled_and_refill() public {
        address whale = address(0x3a1e);
        fund(whale, 20_000_000 ether);
        vm.prank(whale);
        stakes.stake(StakeRegistry.Role.WORKER, 10_000_000 ether);
        vm.startPrank(address(court));
        uint256 capacity = stakes.totalHeld() * 3_000 / 10_000;
        same(stakes.slash(whale, 10_000, 1, address(0), 0, address(0), 0), capacity, "scaled, not refused");
        same(stakes.slash(worker, 10_000, 2, address(0), 0, address(0), 0), 0, "the day is used up");
        vm.warp(block.timestamp + 1 days);
        check(stakes.slash(worker, 10_000, 3, address(0), 0, address(0), 0) == 10_000 ether, "it fills up again");
    }

    function test_tickets_are_bounded_and_released_by_their_own_timers() public {
        vm.startPrank(worker);
        for (uint256 i = 0; i < 4; i++) {
            stakes.requestUnbond(100 ether);
        }
        vm.expectRevert(StakeRegistry.TicketsFull.selector);
        stakes.requestUnbond(100 ether);
        stakes.cancelUnbond(2);
        same(stakes.get(worker).active, 9_700 ether, "back");
        uint64 release = stakes.get(worker).tickets[0].releaseAt;
        vm.warp(release - 1);
        vm.expectRevert(abi.encodeWithSelector(StakeRegistry.TooEarly.selector, release));
        stakes.withdraw(0);
        vm.warp(release);
        stakes.withdraw(0);
        vm.expectRevert(abi.encodeWithSelector(StakeRegistry.NoSuchTicket.selector, 0));
        stakes.withdraw(0);
    }

    function test_attack_an_operator_is_nobody_elses_even_after_it_was_replaced() public {
        appoint(worker, 0x1111);
        bytes memory consent = signed(WORKER_OPERATOR, stakes.operatorHash(validators[0], vm.addr(WORKER_OPERATOR)));
        vm.prank(validators[0]);
        vm.expectRevert(abi.encodeWithSelector(StakeRegistry.OperatorTaken.selector, vm.addr(WORKER_OPERATOR)));
        stakes.setOperator(vm.addr(WORKER_OPERATOR), consent);
        check(stakes.ownerOfOperator(vm.addr(WORKER_OPERATOR)) == worker, "old signatures keep their author");
    }

    function test_attack_only_the_court_slashes_locks_and_denies() public {
        vm.expectRevert(StakeRegistry.NotCourt.selector);
        stakes.slash(worker, 1, 1, address(0), 0, address(0), 0);
        vm.expectRevert(StakeRegistry.NotCourt.selector);
        stakes.lock(worker, 1);
        vm.expectRevert(StakeRegistry.NotCourt.selector);
        stakes.unlock(worker);
        vm.expectRevert(HardwareRegistry.NotCourt.selector);
        hardware.deny(worker, 1);
        vm.expectRevert(StakeRegistry.AlreadyWired.selector);
        stakes.wire(address(this), hardware);
    }

    function test_attack_a_new_payout_waits_out_the_unbonding_time() public {
        vm.startPrank(worker);
        stakes.requestUnbond(1_000 ether);
        vm.warp(block.timestamp + 1 days);
        stakes.setPayout(address(0xbad));
        vm.warp(block.timestamp + 13 days);
        stakes.withdraw(0);
        same(token.balanceOf(address(0xbad)), 0, "what was unbonding goes where it was to go");
        check(stakes.payoutOf(worker) == worker, "not yet");
        vm.warp(block.timestamp + 1 days);
        check(stakes.payoutOf(worker) == address(0xbad), "now");
    }

    function test_one_address_is_worker_or_validator_and_weight_counts_after_an_epoch() public {
        vm.prank(worker);
        vm.expectRevert(abi.encodeWithSelector(StakeRegistry.RoleTaken.selector, StakeRegistry.Role.WORKER));
        stakes.stake(StakeRegistry.Role.VALIDATOR, 20_000 ether);
        address late = address(0x1a7e);
        fund(late, 50_000 ether);
        vm.prank(late);
        stakes.stake(StakeRegistry.Role.VALIDATOR, 50_000 ether);
        same(stakes.weightAt(late, uint64(block.timestamp)), 0, "no weight bought for today's verdict");
        vm.warp(block.timestamp + 1 days);
        same(stakes.weightAt(late, uint64(block.timestamp)), 50_000 ether, "after an epoch");
    }

    function test_I12_I13_a_slash_takes_at_most_what_there_is_and_divides_all_of_it() public {
        vm.startPrank(address(court));
        for (uint256 i = 0; i < 8; i++) {
            uint256 before = token.balanceOf(address(0x77)) + token.balanceOf(PAYER) + token.balanceOf(RESERVE);
            uint256 held = stakes.slashable(worker);
            uint128 taken = stakes.slash(worker, 3_333, i, address(0x77), 1_500, PAYER, 100 ether);
            check(taken <= held, "never more than there is");
            same(token.balanceOf(address(0x77)) + token.balanceOf(PAYER) + token.balanceOf(RESERVE) - before, taken, "all of it goes somewhere");
        }
        stakes.slash(address(0xdead), 10_000, 9, address(0x77), 1_500, PAYER, 100 ether);
    }

    function test_the_gateway_stakes_plain_coins_and_keeps_none() public {
        address owner = address(0x5e1f);
        vm.deal(owner, 3_000 ether);
        vm.startPrank(owner);
        gateway.stakeNative{value: 2_000 ether}(StakeRegistry.Role.WORKER);
        gateway.openNative{value: 100 ether}(worker, address(0x51), 1 days);
        vm.stopPrank();
        same(stakes.get(owner).active, 2_000 ether, "staked for the sender");
        same(token.balanceOf(address(gateway)) + address(gateway).balance, 0, "holds nothing");
        vm.expectRevert(StakeRegistry.NotGateway.selector);
        stakes.stakeFor(owner, StakeRegistry.Role.WORKER, 1);
        fund(owner, 50 ether);
        vm.startPrank(owner);
        gateway.unwrapTo(payable(address(0xcafe)), 50 ether);
        same(address(0xcafe).balance, 50 ether, "plain coins out");
    }

    function test_attack_an_attested_card_needs_two_thirds_and_wins_over_a_declaration() public {
        address squatter = address(0x5a7);
        vm.prank(squatter);
        hardware.bind(keccak256("rare card"));
        bytes32 digest = hardware.bindingHash(worker, keccak256("rare card"), uint64(block.timestamp + 1));
        bytes[] memory one = new bytes[](1);
        one[0] = signed(operatorKeys[0], digest);
        vm.expectRevert();
        hardware.bindAttested(worker, keccak256("rare card"), uint64(block.timestamp + 1), one);
        bytes[] memory two = new bytes[](2);
        two[0] = one[0];
        two[1] = signed(operatorKeys[1], digest);
        hardware.bindAttested(worker, keccak256("rare card"), uint64(block.timestamp + 1), two);
        check(hardware.hardwareOf(worker) == keccak256("rare card"), "bound");
        check(hardware.hardwareOf(squatter) == 0, "the squatter lost it");
    }
}
