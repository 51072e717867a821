// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DisputeCourt} from "../src/DisputeCourt.sol";
import {PaymentChannels} from "../src/PaymentChannels.sol";
import {StakeRegistry} from "../src/StakeRegistry.sol";
import {Judges} from "./Court.t.sol";

/// Does anything that anybody could do, in any order; most calls succeed by construction. Keeps beside it what must be true.
contract Anything is Judges {
    uint256 public constant PEOPLE = 4;
    uint256 public constant MOST_CHANNELS = 12;

    bytes32[] public ids;
    mapping(bytes32 => uint256) public best; // highest sum honoured
    mapping(bytes32 => bool) public finalized;
    mapping(address => uint256) public received; // by payees, of channels
    mapping(address => uint256) public due; // what they must have received
    uint256 public supply;
    bool public unsafeSlash;
    bool public lostVoucher;
    bool public reusedId;
    bool public paidTwice;
    bool public lateRedeem;
    uint256 public cases;
    uint256 public nonce;

    function begin() external {
        setUpJudges(5);
        for (uint256 i = 0; i < PEOPLE; i++) {
            fund(person(i), 100_000 ether);
        }
        supply = token.totalSupply();
    }

    function person(uint256 i) public pure returns (address) {
        return vm.addr(0xc0ffee + i % PEOPLE);
    }

    function parts() external view returns (address, address, address, address, address) {
        return (address(token), address(stakes), address(court), address(rewards), address(channels));
    }

    function count() external view returns (uint256) {
        return ids.length;
    }

    // ---- channels

    function open(uint256 a, uint256 b, uint96 amount) external {
        if (ids.length >= MOST_CHANNELS) return;
        address payer = person(a);
        address payee = person(a + 1 + b % (PEOPLE - 1));
        uint128 deposit = uint128(1 ether + uint256(amount) % 1_000 ether);
        if (token.balanceOf(payer) < deposit) return;
        vm.prank(payer);
        bytes32 id = channels.open(payee, payer, deposit, 1 days);
        for (uint256 i = 0; i < ids.length; i++) {
            if (ids[i] == id) reusedId = true;
        }
        ids.push(id);
    }

    function redeem(uint256 which, uint96 sum) external {
        if (ids.length == 0) return;
        bytes32 id = ids[which % ids.length];
        PaymentChannels.Channel memory c = channels.get(id);
        uint128 cumulative = uint128(uint256(sum) % 2_000 ether);
        bytes memory signature = signed(keyOfPerson(c.payer), channels.voucherHash(id, cumulative, 0));
        uint256 before = token.balanceOf(c.payee);
        try channels.redeem(id, cumulative, 0, signature) {
            if (c.closed) lateRedeem = true;
            uint256 got = token.balanceOf(c.payee) - before;
            uint256 honoured = cumulative > c.deposit ? c.deposit : cumulative;
            uint256 delta = honoured > best[id] ? honoured - best[id] : 0;
            if (got != delta - delta * c.feeBps / 10_000) paidTwice = true;
            if (honoured > best[id]) best[id] = honoured;
            received[c.payee] += got;
            // the same once more
            uint256 now_ = token.balanceOf(c.payee);
            channels.redeem(id, cumulative, 0, signature);
            if (token.balanceOf(c.payee) != now_) paidTwice = true;
        } catch {
            if (!c.closed) lostVoucher = true;
        }
    }

    function keyOfPerson(address who) private pure returns (uint256) {
        for (uint256 i = 0; i < PEOPLE; i++) {
            if (vm.addr(0xc0ffee + i) == who) return 0xc0ffee + i;
        }
        revert("a stranger");
    }

    function close(uint256 which, bool byPayee) external {
        if (ids.length == 0) return;
        bytes32 id = ids[which % ids.length];
        PaymentChannels.Channel memory c = channels.get(id);
        if (c.closed) return;
        if (byPayee) {
            vm.prank(c.payee);
            channels.payeeClose(id);
        } else if (c.closeAt == 0) {
            vm.prank(c.payer);
            channels.startClose(id);
        } else if (block.timestamp >= c.closeAt) {
            channels.finalizeClose(id);
        }
    }

    function topUp(uint256 which, uint96 amount) external {
        if (ids.length == 0) return;
        bytes32 id = ids[which % ids.length];
        PaymentChannels.Channel memory c = channels.get(id);
        uint128 more = uint128(1 ether + uint256(amount) % 100 ether);
        if (c.closed || c.closeAt != 0 || token.balanceOf(c.payer) < more) return;
        vm.prank(c.payer);
        channels.topUp(id, more);
    }

    // ---- stake

    function stake(uint256 who, uint96 amount) external {
        address owner = person(who);
        uint128 more = uint128(1_000 ether + uint256(amount) % 5_000 ether);
        if (token.balanceOf(owner) < more || hardware.isDenied(owner)) return;
        vm.prank(owner);
        stakes.stake(StakeRegistry.Role.WORKER, more);
    }

    function unbond(uint256 who, uint96 amount) external {
        address owner = person(who);
        uint128 active = stakes.get(owner).active;
        if (active == 0) return;
        vm.prank(owner);
        try stakes.requestUnbond(uint128(uint256(amount) % active) + 1) {} catch {}
    }

    function leave(uint256 who, uint256 ticket, bool back) external {
        address owner = person(who);
        StakeRegistry.Stake memory s = stakes.get(owner);
        StakeRegistry.Ticket memory t = s.tickets[ticket % 4];
        if (t.amount == 0) return;
        vm.prank(owner);
        if (back) {
            stakes.cancelUnbond(ticket % 4);
        } else if (block.timestamp >= t.releaseAt && !stakes.isLocked(owner)) {
            stakes.withdraw(ticket % 4);
        }
    }

    function slash(uint256 who, uint16 bps) external {
        address owner = who % 5 == 4 ? worker : person(who);
        uint256 before = stakes.slashable(owner);
        vm.prank(address(court));
        try stakes.slash(owner, bps, 1, person(who + 1), 2_000, person(who + 2), 10 ether) returns (uint128 taken) {
            if (taken > before || stakes.slashable(owner) != before - taken) unsafeSlash = true;
        } catch {
            unsafeSlash = true;
        }
    }

    // ---- cases

    function dispute(uint256 by, uint8 path) external {
        if (cases >= 6 || stakes.slashable(worker) == 0) return;
        uint256 index = by % 5;
        if (!stakes.eligible(validators[index], StakeRegistry.Role.VALIDATOR)) return;
        if (token.balanceOf(validators[index]) < 500 ether) return;
        DisputeCourt.Receipt memory r = receipt(string(abi.encodePacked("job", nonce++)), rootOfFour());
        r.epoch = court.currentEpoch();
        bytes memory signature = signed(WORKER_OPERATOR, court.receiptHash(r));
        vm.prank(validators[index]);
        uint256 id = court.open(r, signature, 2);
        cases++;
        if (path % 4 == 0) return; // left open
        if (path % 4 == 1) {
            vm.warp(court.get(id).revealBy + 1);
            court.defaultLoss(id);
            return;
        }
        court.reveal(id, commitments[2], proofOfTwo());
        vm.roll(block.number + 5);
        court.drawPanel(id);
        bool guilty = path % 8 > 3;
        court.judge(id, guilty, EVIDENCE, verdicts(id, guilty, court.panelOf(id).length));
        vm.warp(court.get(id).appealBy + 1);
        court.finalize(id);
        if (guilty) {
            vm.prank(TIMELOCK);
            hardware.pardon(worker); // so that there is somebody for the next case
        }
    }

    function pass(uint32 time) external {
        vm.warp(block.timestamp + uint256(time) % 3 days);
        vm.roll(block.number + 10);
    }

    function gift(uint256 to, uint96 amount) external {
        address giver = person(to);
        uint256 sum = uint256(amount) % 1 ether;
        if (token.balanceOf(giver) < sum) return;
        vm.prank(giver);
        token.transfer(to % 2 == 0 ? address(channels) : address(stakes), sum);
    }

    // ---- what must be true

    function openBonds() external view returns (uint256 sum) {
        for (uint256 id = 1; id <= court.count(); id++) {
            DisputeCourt.Case memory c = court.get(id);
            bool running = c.state == DisputeCourt.State.OPEN || c.state == DisputeCourt.State.REVEALED
                || c.state == DisputeCourt.State.JUDGED || c.state == DisputeCourt.State.APPEALED;
            if (running) sum += c.bond;
            if (c.state == DisputeCourt.State.APPEALED) sum += c.appealBond;
        }
    }

    function openCasesOfWorker() external view returns (uint256 number) {
        for (uint256 id = 1; id <= court.count(); id++) {
            DisputeCourt.State s = court.get(id).state;
            if (s >= DisputeCourt.State.OPEN && s <= DisputeCourt.State.APPEALED) number++;
        }
    }

    function staked() external view returns (uint256 sum) {
        for (uint256 i = 0; i < PEOPLE; i++) {
            sum += stakes.slashable(person(i));
        }
        for (uint256 i = 0; i < validators.length; i++) {
            sum += stakes.slashable(validators[i]);
        }
        sum += stakes.slashable(worker);
    }

    function deposited() external view returns (uint256 sum) {
        for (uint256 i = 0; i < ids.length; i++) {
            PaymentChannels.Channel memory c = channels.get(ids[i]);
            if (!c.closed) sum += c.deposit - c.redeemed;
        }
    }

    function everyChannelIsSane() external view returns (bool) {
        for (uint256 i = 0; i < ids.length; i++) {
            PaymentChannels.Channel memory c = channels.get(ids[i]);
            if (c.redeemed > c.deposit || c.redeemed != best[ids[i]]) return false;
        }
        return true;
    }

    function allParts()
        external
        view
        returns (uint256 tokens, uint256 inStakes, uint256 inCourt, uint256 inChannels, uint256 heldStakes, uint256 heldCourt, uint256 heldChannels)
    {
        return (
            token.totalSupply(),
            token.balanceOf(address(stakes)),
            token.balanceOf(address(court)),
            token.balanceOf(address(channels)),
            stakes.totalHeld(),
            court.totalHeld(),
            channels.totalHeld()
        );
    }

    function locksOfWorker() external view returns (uint256) {
        return stakes.get(worker).locks;
    }

    function pool() external view returns (uint256 balance, uint256 claimedTotal, uint256 funded) {
        return (token.balanceOf(address(rewards)), rewards.claimedTotal(), rewards.fundedTotal());
    }

    /// I21: none of these may fail for an id that exists.
    function looksAtEverything() external view returns (bool) {
        for (uint256 i = 0; i < ids.length; i++) {
            channels.get(ids[i]);
            channels.voucherHash(ids[i], type(uint128).max, 0);
        }
        for (uint256 i = 0; i < PEOPLE; i++) {
            stakes.get(person(i));
            stakes.isLocked(person(i));
            stakes.payoutOf(person(i));
            stakes.weightAt(person(i), uint64(block.timestamp));
            stakes.eligible(person(i), StakeRegistry.Role.WORKER);
        }
        for (uint256 id = 1; id <= court.count(); id++) {
            court.get(id);
            court.panelOf(id);
        }
        stakes.weightsAt(uint64(block.timestamp));
        return true;
    }
}

contract InvariantsTest {
    Anything private all;

    function setUp() public {
        all = new Anything();
        all.begin();
    }

    function targetContracts() public view returns (address[] memory list) {
        list = new address[](1);
        list[0] = address(all);
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function targetSelectors() public view returns (FuzzSelector[] memory list) {
        bytes4[] memory calls = new bytes4[](11);
        calls[0] = Anything.open.selector;
        calls[1] = Anything.redeem.selector;
        calls[2] = Anything.close.selector;
        calls[3] = Anything.topUp.selector;
        calls[4] = Anything.stake.selector;
        calls[5] = Anything.unbond.selector;
        calls[6] = Anything.leave.selector;
        calls[7] = Anything.slash.selector;
        calls[8] = Anything.dispute.selector;
        calls[9] = Anything.pass.selector;
        calls[10] = Anything.gift.selector;
        list = new FuzzSelector[](1);
        list[0] = FuzzSelector(address(all), calls);
    }

    function invariant_I1_each_contract_has_what_it_owes() public view {
        (, uint256 s, uint256 c, uint256 ch, uint256 hs, uint256 hc, uint256 hch) = all.allParts();
        require(s >= hs && c >= hc && ch >= hch, "owes more than it has");
    }

    function invariant_I2_stakes_add_up() public view {
        (,,,, uint256 held,,) = all.allParts();
        require(all.staked() == held, "stakes");
    }

    function invariant_I3_open_deposits_add_up() public view {
        (,,,,,, uint256 held) = all.allParts();
        require(all.deposited() == held, "deposits");
    }

    function invariant_I4_the_pool_has_what_was_funded_and_not_claimed() public view {
        (uint256 balance, uint256 claimedTotal, uint256 funded) = all.pool();
        require(funded - claimedTotal == balance && claimedTotal <= funded, "pool");
    }

    function invariant_I5_bonds_add_up() public view {
        (,,,,, uint256 held,) = all.allParts();
        require(all.openBonds() == held, "bonds");
    }

    function invariant_I6_no_call_makes_or_burns_a_token() public view {
        (uint256 tokens,,,,,,) = all.allParts();
        require(tokens == all.supply(), "supply");
    }

    function invariant_I7_I8_redeemed_is_the_highest_sum_honoured_and_never_above_the_deposit() public view {
        require(all.everyChannelIsSane(), "a channel");
        require(!all.paidTwice(), "the same voucher paid twice, or the wrong sum");
    }

    function invariant_I9_a_voucher_counts_until_the_end_and_not_after_it() public view {
        require(!all.lostVoucher(), "a valid voucher was refused");
        require(!all.lateRedeem(), "a closed channel paid");
    }

    function invariant_I10_no_id_is_used_twice() public view {
        require(!all.reusedId(), "an id");
    }

    function invariant_I12_slashes_never_fail_and_take_what_there_is_at_most() public view {
        require(!all.unsafeSlash(), "a slash");
    }

    function invariant_I16_locks_are_open_cases() public view {
        require(all.locksOfWorker() == all.openCasesOfWorker(), "locks");
    }

    function invariant_I21_views_never_fail() public view {
        require(all.looksAtEverything(), "a view");
    }
}
