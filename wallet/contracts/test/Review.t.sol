// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DisputeCourt} from "../src/DisputeCourt.sol";
import {HardwareRegistry} from "../src/HardwareRegistry.sol";
import {NativeGateway} from "../src/NativeGateway.sol";
import {StakeRegistry} from "../src/StakeRegistry.sol";
import {Judges} from "./Court.t.sol";

/// Ways around the rules that a review of the first version found; each is shut, and stays shut.
contract ReviewTest is Judges {
    address private friend = address(0xf41e4d);

    function setUp() public {
        setUpJudges(5);
    }

    function test_attack_nobody_takes_another_ones_key_for_an_operator() public {
        address key = vm.addr(0xabcd);
        bytes memory own = signed(0x1111, stakes.operatorHash(worker, key));
        vm.startPrank(worker);
        vm.expectRevert(StakeRegistry.BadOperator.selector);
        stakes.setOperator(key, own);
        // a consent for one owner is none for another
        bytes memory forOther = signed(0xabcd, stakes.operatorHash(validators[0], key));
        vm.expectRevert(StakeRegistry.BadOperator.selector);
        stakes.setOperator(key, forOther);
        // nor can the address of one who stakes himself become somebody's operator
        vm.expectRevert(StakeRegistry.BadOperator.selector);
        stakes.setOperator(validators[0], own);
        vm.stopPrank();
        appoint(worker, 0xabcd);
        check(stakes.get(worker).operator == key, "with consent");
    }

    function test_attack_a_challenger_cannot_name_who_is_refunded_and_a_friend_gets_half_at_most() public {
        address payer = vm.addr(0xfa1);
        fund(payer, 50_000 ether);
        vm.prank(payer);
        channel = channels.open(worker, payer, 50_000 ether, 1 days);
        channels.redeem(channel, 50_000 ether, 0, signed(0xfa1, channels.voucherHash(channel, 50_000 ether, 0)));
        uint256 id = openCase(0, "job");
        revealAndDraw(id);
        court.judge(id, true, EVIDENCE, verdicts(id, true, 4));
        vm.warp(court.get(id).appealBy + 1);
        court.finalize(id);
        same(token.balanceOf(payer), 2_500 ether, "half of the 5 000 taken, though 50 000 were redeemed");
        same(token.balanceOf(RESERVE), 1_750 ether, "the reserve gets its part in any case");
    }

    function test_a_receipt_over_somebody_elses_channel_refunds_nobody() public {
        address payer = vm.addr(0xfa1);
        fund(payer, 1_000 ether);
        vm.prank(payer);
        channel = channels.open(friend, payer, 1_000 ether, 1 days);
        channels.redeem(channel, 1_000 ether, 0, signed(0xfa1, channels.voucherHash(channel, 1_000 ether, 0)));
        uint256 id = openCase(0, "job");
        vm.warp(court.get(id).revealBy + 1);
        court.defaultLoss(id);
        same(token.balanceOf(payer), 0, "the payee was not the worker");
    }

    function test_attack_a_friends_case_about_a_right_window_shields_no_other() public {
        DisputeCourt.Receipt memory r = receipt("job", rootOfFour());
        bytes memory signature = signed(WORKER_OPERATOR, court.receiptHash(r));
        vm.prank(validators[4]);
        court.open(r, signature, 0);
        uint256 id = openCase(0, "job");
        check(id == court.caseOf(court.receiptHash(r), 2), "another window, another case");
    }

    function test_a_receipt_is_slashed_once_however_many_of_its_windows_are_wrong() public {
        DisputeCourt.Receipt memory r = receipt("job", rootOfFour());
        bytes memory signature = signed(WORKER_OPERATOR, court.receiptHash(r));
        vm.prank(validators[1]);
        uint256 silent = court.open(r, signature, 0);
        uint256 id = openCase(0, "job");
        revealAndDraw(id);
        court.judge(id, true, EVIDENCE, verdicts(id, true, 4));
        vm.warp(court.get(id).verdictBy + 1);
        court.finalize(id);
        same(stakes.slashable(worker), 5_000 ether, "half");
        uint256 before = token.balanceOf(validators[1]);
        court.defaultLoss(silent);
        same(stakes.slashable(worker), 5_000 ether, "and no more");
        same(token.balanceOf(validators[1]) - before, 500 ether, "the second challenger has the bond back");
        bytes32 digest = court.receiptHash(r);
        vm.prank(validators[2]);
        vm.expectRevert(abi.encodeWithSelector(DisputeCourt.AlreadyConvicted.selector, digest));
        court.open(r, signature, 1);
    }

    function test_a_window_without_a_verdict_can_be_tried_again() public {
        DisputeCourt.Receipt memory r = receipt("job", rootOfFour());
        r.epoch = 4;
        bytes memory signature = signed(WORKER_OPERATOR, court.receiptHash(r));
        vm.prank(validators[4]);
        uint256 id = court.open(r, signature, 2);
        court.reveal(id, commitments[2], proofOfTwo());
        vm.warp(court.get(id).verdictBy + 1);
        court.finalize(id);
        vm.prank(validators[0]);
        check(court.open(r, signature, 2) == id + 1, "again, within its time");
    }

    function test_attack_a_receipt_of_the_last_epoch_there_is_can_be_disputed() public {
        DisputeCourt.Receipt memory r = receipt("job", rootOfFour());
        r.epoch = type(uint64).max;
        bytes memory signature = signed(WORKER_OPERATOR, court.receiptHash(r));
        vm.prank(validators[0]);
        court.open(r, signature, 2);
    }

    function test_I11_the_lock_outlasts_the_latest_moment_of_a_verdict() public {
        vm.prank(worker);
        stakes.requestUnbond(10_000 ether);
        vm.warp(START + 1 days + 1);
        uint256 id = openCase(0, "job");
        // everything as late as it can be
        vm.warp(court.get(id).revealBy);
        court.reveal(id, commitments[2], proofOfTwo());
        vm.roll(block.number + 5);
        court.drawPanel(id);
        vm.warp(court.get(id).verdictBy);
        court.judge(id, true, EVIDENCE, verdicts(id, true, 4));
        vm.warp(court.get(id).appealBy);
        fund(worker, 1_000 ether);
        vm.prank(worker);
        court.appeal(id);
        vm.warp(court.get(id).votesRevealedBy + 1);
        check(stakes.isLocked(worker), "still locked when the verdict can be executed");
        check(court.get(id).votesRevealedBy + 12 hours < stakes.get(worker).lockedUntil, "and half a day longer");
        court.finalize(id);
        same(stakes.slashable(worker), 5_000 ether, "slashed");
    }

    function test_attack_a_worker_does_not_know_its_judges_before_it_reveals() public {
        uint256 id = openCase(0, "job");
        same(court.get(id).drawBlock, 0, "no block is chosen");
        vm.roll(block.number + 100);
        court.reveal(id, commitments[2], proofOfTwo());
        same(court.get(id).drawBlock, block.number + 2, "a block that nobody has seen");
        vm.expectRevert(abi.encodeWithSelector(DisputeCourt.TooEarly.selector, block.number + 2));
        court.drawPanel(id);
    }

    function test_attack_stake_brought_for_one_vote_has_no_weight_for_an_epoch() public {
        uint256 held = stakes.weightAt(validators[0], uint64(block.timestamp));
        fund(validators[0], 1_000_000 ether);
        vm.prank(validators[0]);
        stakes.stake(StakeRegistry.Role.VALIDATOR, 1_000_000 ether);
        same(stakes.weightAt(validators[0], uint64(block.timestamp)), held, "as before");
        vm.warp(block.timestamp + 1 days);
        same(stakes.weightAt(validators[0], uint64(block.timestamp)), held + 1_000_000 ether, "after an epoch");
        vm.prank(validators[0]);
        stakes.requestUnbond(1_000_000 ether);
        same(stakes.weightAt(validators[0], uint64(block.timestamp)), held, "what unbonds counts no more, at once");
    }

    function test_attack_a_seat_of_a_validator_is_not_kept_with_dust() public {
        vm.startPrank(validators[0]);
        stakes.requestUnbond(20_000 ether - 1);
        check(!stakes.isValidator(validators[0]), "below the minimum no seat");
        stakes.cancelUnbond(0);
        check(stakes.isValidator(validators[0]), "back");
        same(stakes.weightAt(validators[0], uint64(block.timestamp)), 0, "and new again");
        vm.stopPrank();
    }

    function test_attack_one_vote_alone_overturns_nothing_and_who_stays_away_pays() public {
        uint256 id = openCase(0, "job");
        revealAndDraw(id);
        court.judge(id, true, EVIDENCE, verdicts(id, true, 3));
        fund(worker, 10_000 ether);
        vm.prank(worker);
        court.appeal(id);
        vm.roll(block.number + 5);
        court.drawPanel(id);
        address bribed = court.panelOf(id)[0];
        bytes32 sealedVote = court.voteHash(id, bribed, false, 0);
        vm.prank(bribed);
        court.vote(id, sealedVote);
        vm.warp(court.get(id).votesBy + 1);
        vm.prank(bribed);
        court.revealVote(id, false, 0);
        vm.warp(court.get(id).votesRevealedBy + 1);
        court.finalize(id);
        check(court.get(id).state == DisputeCourt.State.GUILTY, "the first verdict stands");
        address absent = court.panelOf(id)[1];
        same(stakes.slashable(absent), 19_900 ether, "half a percent");
        same(stakes.slashable(bribed), 20_000 ether, "who voted, even alone, pays nothing");
    }

    function test_I14_a_panel_of_two_judges_nobody() public {
        for (uint256 i = 2; i < 4; i++) {
            vm.prank(validators[i]);
            stakes.requestUnbond(20_000 ether);
        }
        uint256 id = openCase(0, "job");
        revealAndDraw(id);
        same(court.panelOf(id).length, 2, "two are left");
        bytes[] memory both = verdicts(id, true, 2);
        vm.expectRevert(abi.encodeWithSelector(DisputeCourt.TooFewSigners.selector, 2, 40_000 ether, 40_000 ether));
        court.judge(id, true, EVIDENCE, both);
    }

    function test_attack_a_card_cannot_slip_away_from_its_verdict() public {
        bytes32 other = keccak256("another card");
        uint256 id = openCase(0, "job");
        uint64 until = stakes.get(worker).lockedUntil;
        vm.startPrank(worker);
        vm.expectRevert(abi.encodeWithSelector(StakeRegistry.StakeLocked.selector, until));
        hardware.bind(other);
        vm.expectRevert(abi.encodeWithSelector(StakeRegistry.StakeLocked.selector, until));
        hardware.release();
        vm.stopPrank();
        vm.warp(court.get(id).revealBy + 1);
        court.defaultLoss(id);
        // no case is open: the card is changed, but a verdict still reaches it
        vm.prank(worker);
        hardware.bind(other);
        uint64 free = uint64(block.timestamp) + 14 days;
        vm.prank(worker);
        vm.expectRevert(abi.encodeWithSelector(HardwareRegistry.TooEarly.selector, free));
        hardware.bind(keccak256("a third"));
        vm.prank(address(court));
        hardware.deny(worker, 77);
        same(hardware.deniedHardware(HW), 77, "the one it had");
        same(hardware.deniedHardware(other), 77, "the one it has");
        vm.prank(friend);
        vm.expectRevert(HardwareRegistry.IsDenied.selector);
        hardware.bind(HW);
    }

    function test_who_lost_everything_may_begin_again_in_the_other_role() public {
        vm.prank(address(court));
        stakes.slash(worker, 10_000, 1, address(0), 0, address(0), 0);
        vm.prank(worker);
        stakes.stake(StakeRegistry.Role.VALIDATOR, 20_000 ether);
        check(stakes.isValidator(worker), "a validator now");
    }

    function test_I12_a_slash_of_a_validator_works_when_all_seats_are_taken_and_the_minimum_fell() public {
        bytes32 name = params.MIN_VALIDATOR_STAKE();
        vm.prank(TIMELOCK);
        params.set(name, 15_000 ether);
        vm.prank(address(court));
        stakes.slash(validators[0], 5_000, 1, address(0), 0, address(0), 0);
        check(!stakes.isValidator(validators[0]), "10 000 are too few for a seat");
        same(stakes.slashable(validators[0]), 10_000 ether, "the rest is there");
    }

    // ---- calls back into the contracts while plain coins are paid out

    function test_attack_a_receiver_of_plain_coins_that_calls_back_gets_nothing_more() public {
        Reentering thief = new Reentering(gateway, address(token));
        fund(address(thief), 100 ether);
        vm.prank(address(thief));
        vm.expectRevert(NativeGateway.TransferFailed.selector);
        gateway.unwrapTo(payable(address(thief)), 10 ether);
        same(token.balanceOf(address(thief)), 100 ether, "as it was");
        same(address(gateway).balance, 0, "the gateway holds nothing");
    }

    function test_attack_coins_sent_to_the_gateway_by_anybody_are_refused() public {
        vm.deal(friend, 1 ether);
        vm.prank(friend);
        (bool sent,) = address(gateway).call{value: 1 ether}("");
        check(!sent, "only the wrapped coin pays in");
    }
}

/// Asks for its coins again while they are being paid.
contract Reentering {
    NativeGateway private immutable gateway;
    address private immutable token;

    constructor(NativeGateway gateway_, address token_) {
        gateway = gateway_;
        token = token_;
    }

    receive() external payable {
        gateway.unwrapTo(payable(address(this)), 10 ether);
    }
}
