// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Params} from "../src/Params.sol";
import {PaymentChannels} from "../src/PaymentChannels.sol";
import {World} from "./World.sol";

contract ChannelsTest is World {
    uint256 private constant PAYER_KEY = 0xa11ce;
    uint256 private constant SIGNER_KEY = 0x51647e4;
    uint256 private constant PAYEE_KEY = 0xb0b;
    bytes32 private constant ROOT = keccak256("root");

    address private payer;
    address private signer;
    address private payee;
    bytes32 private id;

    function setUp() public {
        deployWorld();
        payer = vm.addr(PAYER_KEY);
        signer = vm.addr(SIGNER_KEY);
        payee = vm.addr(PAYEE_KEY);
        fund(payer, 10_000 ether);
        vm.prank(payer);
        id = channels.open(payee, signer, 1000 ether, 1 days);
    }

    function voucher(uint128 sum) private view returns (bytes memory) {
        return signed(SIGNER_KEY, channels.voucherHash(id, sum, ROOT));
    }

    function test_a_voucher_pays_its_payee_whoever_redeems_it_and_the_same_again_pays_nothing() public {
        bytes memory v = voucher(100 ether);
        vm.prank(address(0x1234));
        channels.redeem(id, 100 ether, ROOT, v);
        same(token.balanceOf(payee), 99 ether, "one percent is the fee");
        same(token.balanceOf(address(rewards)), 1 ether, "the fee is the reward pool's");
        channels.redeem(id, 100 ether, ROOT, v);
        same(token.balanceOf(payee), 99 ether, "replayed in the same channel");
        channels.redeem(id, 150 ether, ROOT, voucher(150 ether));
        same(token.balanceOf(payee), 148.5 ether, "cumulative");
    }

    function test_attack_an_older_voucher_after_a_newer_one_takes_nothing_back() public {
        channels.redeem(id, 150 ether, ROOT, voucher(150 ether));
        channels.redeem(id, 100 ether, ROOT, voucher(100 ether));
        same(channels.get(id).redeemed, 150 ether, "monotone");
    }

    function test_attack_a_voucher_of_a_closed_channel_is_worthless_in_the_next_one() public {
        bytes memory old = voucher(500 ether);
        vm.prank(payee);
        channels.payeeClose(id);
        vm.prank(payer);
        bytes32 next = channels.open(payee, signer, 1000 ether, 1 days);
        check(next != id, "an id is never used again");
        vm.expectRevert(PaymentChannels.BadSignature.selector);
        channels.redeem(next, 500 ether, ROOT, old);
        vm.expectRevert(abi.encodeWithSelector(PaymentChannels.ChannelClosed.selector, id));
        channels.redeem(id, 500 ether, ROOT, old);
    }

    function test_attack_a_voucher_of_another_chain_or_deployment_is_refused() public {
        bytes memory here = voucher(10 ether);
        vm.chainId(4711);
        vm.expectRevert(PaymentChannels.BadSignature.selector);
        channels.redeem(id, 10 ether, ROOT, here);
        vm.chainId(31337);
        PaymentChannels other = new PaymentChannels(channels.asset(), params, address(rewards), address(gateway));
        check(other.voucherHash(id, 10 ether, ROOT) != channels.voucherHash(id, 10 ether, ROOT), "bound to the contract");
        channels.redeem(id, 10 ether, ROOT, here);
    }

    function test_attack_malleable_short_and_empty_signatures_are_refused() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(SIGNER_KEY, channels.voucherHash(id, 10 ether, ROOT));
        uint256 n = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
        bytes32 high = bytes32(n - uint256(s));
        vm.expectRevert(abi.encodeWithSelector(ECDSA.ECDSAInvalidSignatureS.selector, high));
        channels.redeem(id, 10 ether, ROOT, abi.encodePacked(r, high, v == 27 ? uint8(28) : uint8(27)));
        bytes32 compact = bytes32(uint256(s) | (uint256(v - 27) << 255));
        vm.expectRevert(abi.encodeWithSelector(ECDSA.ECDSAInvalidSignatureLength.selector, 64));
        channels.redeem(id, 10 ether, ROOT, abi.encodePacked(r, compact));
        vm.expectRevert(abi.encodeWithSelector(ECDSA.ECDSAInvalidSignatureLength.selector, 0));
        channels.redeem(id, 10 ether, ROOT, "");
        vm.expectRevert(ECDSA.ECDSAInvalidSignature.selector);
        channels.redeem(id, 10 ether, ROOT, abi.encodePacked(r, s, uint8(5)));
    }

    function test_attack_a_voucher_above_the_deposit_pays_the_deposit() public {
        channels.redeem(id, 5000 ether, ROOT, voucher(5000 ether));
        same(token.balanceOf(payee), 990 ether, "all there is, less the fee");
        same(channels.totalHeld(), 0, "nothing is left");
    }

    function test_attack_nobody_but_the_payer_starts_a_close_and_the_payee_has_the_challenge_time() public {
        vm.expectRevert(PaymentChannels.NotPayer.selector);
        channels.startClose(id);
        vm.prank(payer);
        channels.startClose(id);
        vm.warp(START + 1 days - 1);
        vm.expectRevert(abi.encodeWithSelector(PaymentChannels.TooEarly.selector, uint64(START + 1 days)));
        channels.finalizeClose(id);
        channels.redeem(id, 400 ether, ROOT, voucher(400 ether));
        vm.warp(START + 1 days);
        uint256 before = token.balanceOf(payer);
        channels.finalizeClose(id);
        same(token.balanceOf(payer) - before, 600 ether, "the rest goes back");
        vm.expectRevert(abi.encodeWithSelector(PaymentChannels.ChannelClosed.selector, id));
        channels.finalizeClose(id);
    }

    function test_attack_a_payer_cannot_top_up_or_rotate_signers_to_void_vouchers() public {
        bytes memory old = voucher(200 ether);
        vm.prank(payer);
        channels.rotateSigner(id, address(0xfeed));
        channels.redeem(id, 200 ether, ROOT, old);
        same(channels.get(id).redeemed, 200 ether, "the old signer counts for a challenge time");
        vm.prank(payer);
        vm.expectRevert(abi.encodeWithSelector(PaymentChannels.TooEarly.selector, uint64(START + 1 days)));
        channels.rotateSigner(id, address(0xbeef));
        bytes memory later = voucher(300 ether);
        vm.warp(START + 1 days);
        vm.expectRevert(PaymentChannels.BadSignature.selector);
        channels.redeem(id, 300 ether, ROOT, later);
    }

    function test_attack_the_payer_cannot_drain_the_deposit_through_a_third_party() public {
        // nothing in a redemption names a recipient: the payee of record is paid, whoever signs and calls
        vm.prank(payer);
        channels.redeem(id, 700 ether, ROOT, voucher(700 ether));
        same(token.balanceOf(payee), 693 ether, "the payee alone");
    }

    function test_a_cooperative_close_needs_both_and_its_deadline() public {
        bytes32 digest = channels.closeHash(id, 250 ether, uint64(START + 60));
        bytes memory by = signed(PAYER_KEY, digest);
        bytes memory with = signed(PAYEE_KEY, digest);
        vm.expectRevert(PaymentChannels.BadSignature.selector);
        channels.cooperativeClose(id, 250 ether, uint64(START + 60), by, by);
        vm.warp(START + 61);
        vm.expectRevert(abi.encodeWithSelector(PaymentChannels.Expired.selector, uint64(START + 60)));
        channels.cooperativeClose(id, 250 ether, uint64(START + 60), by, with);
        vm.warp(START + 60);
        channels.cooperativeClose(id, 250 ether, uint64(START + 60), by, with);
        same(token.balanceOf(payee), 247.5 ether, "paid");
        same(token.balanceOf(payer), 9750 ether, "the rest at once");
    }

    function test_I17_exits_work_while_entries_are_paused() public {
        vm.prank(GUARDIAN);
        params.pause();
        vm.prank(payer);
        vm.expectRevert(abi.encodeWithSelector(Params.EntriesPaused.selector, uint64(START + 72 hours)));
        channels.open(payee, signer, 10 ether, 1 days);
        channels.redeem(id, 100 ether, ROOT, voucher(100 ether));
        vm.prank(payer);
        channels.startClose(id);
        vm.warp(START + 2 days);
        channels.finalizeClose(id);
    }

    function test_I18_a_changed_fee_never_touches_open_channels() public {
        bytes32 fee = params.FEE_BPS();
        vm.prank(TIMELOCK);
        params.set(fee, 500);
        channels.redeem(id, 100 ether, ROOT, voucher(100 ether));
        same(token.balanceOf(payee), 99 ether, "one percent as agreed");
    }

    function test_caps_and_challenge_times_hold() public {
        vm.startPrank(payer);
        vm.expectRevert(abi.encodeWithSelector(PaymentChannels.BadChallenge.selector, uint64(59 minutes)));
        channels.open(payee, signer, 10 ether, 59 minutes);
        vm.expectRevert(abi.encodeWithSelector(PaymentChannels.BelowMinimum.selector, uint128(1), uint128(1 ether)));
        channels.open(payee, signer, 1, 1 days);
        vm.expectRevert(PaymentChannels.BadParty.selector);
        channels.open(payer, signer, 10 ether, 1 days);
        vm.expectRevert(PaymentChannels.NotGateway.selector);
        channels.openFor(payee, payer, signer, 10 ether, 1 days);
        vm.stopPrank();
        bytes32 cap = params.CHANNEL_CAP();
        vm.prank(TIMELOCK);
        params.set(cap, 1500 ether);
        vm.prank(payer);
        vm.expectRevert(abi.encodeWithSelector(PaymentChannels.AboveCap.selector, 1600 ether, 1500 ether));
        channels.topUp(id, 600 ether);
    }

    function testFuzz_money_is_conserved_over_any_two_vouchers_and_a_close(uint96 first, uint96 second) public {
        channels.redeem(id, first, ROOT, voucher(first));
        channels.redeem(id, second, ROOT, voucher(second));
        vm.prank(payee);
        channels.payeeClose(id);
        same(
            token.balanceOf(payee) + token.balanceOf(payer) + token.balanceOf(address(rewards)),
            10_000 ether,
            "nothing made, nothing lost"
        );
        same(token.balanceOf(address(channels)), 0, "nothing stuck");
    }
}
