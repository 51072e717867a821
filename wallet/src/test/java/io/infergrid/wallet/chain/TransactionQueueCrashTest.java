package io.infergrid.wallet.chain;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import io.infergrid.wallet.Bytes32;
import io.infergrid.wallet.keys.SigningKey;
import java.math.BigInteger;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.web3j.crypto.RawTransaction;
import org.web3j.crypto.TransactionDecoder;

/** A crash at any step, an endpoint that answers, refuses, forgets or stays silent: every intention happens exactly once. */
class TransactionQueueCrashTest {

    private static final SigningKey KEY = LocalChain.richAccount(3);
    private static final Address FRIEND = LocalChain.richAccount(0).address();
    private static final Network NETWORK = new Network(
            "local",
            "Local chain",
            LocalChain.CHAIN_ID,
            "BTT",
            List.of(URI.create("http://127.0.0.1:1")),
            Duration.ofSeconds(1),
            Duration.ZERO,
            2,
            100,
            Amount.parse("1"),
            Amount.parse("1"),
            false,
            0,
            Map.of(),
            Optional.empty());

    private static final class Crash extends Error {}

    /** Crashes after so many steps of journal and node; a step may have had its effect or not. */
    private static final class Fuse {
        final Random random;
        int left;

        Fuse(Random random) {
            this.random = random;
            rearm();
        }

        void rearm() {
            left = random.nextInt(14);
        }

        void step(Runnable effect) {
            if (left-- <= 0) {
                if (random.nextBoolean()) {
                    effect.run();
                }
                throw new Crash();
            }
            effect.run();
        }
    }

    private static final class CrashingJournal extends MemoryJournal {
        final Fuse fuse;

        CrashingJournal(Fuse fuse) {
            this.fuse = fuse;
        }

        @Override
        public synchronized void put(Entry entry) {
            fuse.step(() -> super.put(entry));
        }
    }

    /** A chain of one account with a pool that forgets and blocks that are taken back. */
    private static final class Pool implements TransactionNode {
        final Fuse fuse;
        final Random random;
        final Map<Long, byte[]> pool = new HashMap<>();
        final List<byte[]> mined = new ArrayList<>();
        final Map<byte[], Bytes32> hashes = new java.util.IdentityHashMap<>();
        BigInteger price = BigInteger.valueOf(100);
        int highest;
        int emptyBlocks;

        Pool(Fuse fuse, Random random) {
            this.fuse = fuse;
            this.random = random;
        }

        static RawTransaction decode(byte[] raw) {
            return TransactionDecoder.decode("0x" + HexFormat.of().formatHex(raw));
        }

        @Override
        public Broadcast broadcast(byte[] raw) {
            Broadcast[] answer = new Broadcast[1];
            fuse.step(() -> answer[0] = take(raw));
            return answer[0];
        }

        private Broadcast take(byte[] raw) {
            int mood = random.nextInt(10);
            if (mood == 0) {
                return new Broadcast.Unknown("no answer");
            }
            RawTransaction transaction = decode(raw);
            long nonce = transaction.getNonce().longValueExact();
            byte[] before = pool.get(nonce);
            if (before != null && java.util.Arrays.equals(before, raw)) {
                return new Broadcast.Accepted();
            }
            if (mood == 1) {
                return new Broadcast.Refused("insufficient funds");
            }
            if (nonce < mined.size()) {
                return new Broadcast.Refused("nonce too low");
            }
            if (before != null && !tenthMore(decode(before).getGasPrice(), transaction.getGasPrice())) {
                return new Broadcast.Refused("replacement transaction underpriced");
            }
            pool.put(nonce, raw);
            return mood == 2 ? new Broadcast.Unknown("answer lost") : new Broadcast.Accepted();
        }

        private static boolean tenthMore(BigInteger before, BigInteger now) {
            return now.multiply(BigInteger.TEN).compareTo(before.multiply(BigInteger.valueOf(11))) >= 0;
        }

        void live() {
            price = BigInteger.valueOf(80 + random.nextInt(60));
            switch (random.nextInt(6)) {
                case 0 -> pool.clear();
                case 1 -> {
                    if (mined.size() > highest - NETWORK.confirmations() && !mined.isEmpty()) {
                        mined.removeLast(); // a reorganisation, a block has one transaction; never deeper than
                        // confirmations
                    }
                }
                default -> mine();
            }
        }

        void mine() {
            byte[] next = pool.remove((long) mined.size());
            if (next != null) {
                mined.add(next);
                highest = Math.max(highest, mined.size());
            }
        }

        @Override
        public long minedNonce(Address account) {
            return mined.size();
        }

        @Override
        public long settledNonce(Address account) {
            return Math.clamp(mined.size() + emptyBlocks - NETWORK.confirmations(), 0, mined.size());
        }

        @Override
        public long headNumber() {
            return mined.size() + emptyBlocks;
        }

        @Override
        public long pendingNonce(Address account) {
            long next = mined.size();
            while (pool.containsKey(next)) {
                next++;
            }
            return next;
        }

        @Override
        public Optional<Receipt> receipt(Bytes32 transaction) {
            for (int i = 0; i < mined.size(); i++) {
                if (hashes.computeIfAbsent(mined.get(i), Bytes32::keccak).equals(transaction)) {
                    return Optional.of(new Receipt(transaction, Bytes32.ZERO, i + 1, true, 21_000, Amount.ZERO));
                }
            }
            return Optional.empty();
        }

        @Override
        public Fees fees() {
            return new Fees.Legacy(price);
        }
    }

    @Property(tries = 120)
    void every_intention_is_mined_once_and_no_nonce_is_left_out(@ForAll long seed) {
        var random = new Random(seed);
        var fuse = new Fuse(random);
        var journal = new CrashingJournal(fuse);
        var pool = new Pool(fuse, random);
        long[] time = {0};
        Clock clock = Clock.fixed(Instant.ofEpochSecond(1), ZoneOffset.UTC);
        Map<String, Long> wanted = new LinkedHashMap<>();
        for (long value = 1; value <= 6; value++) {
            wanted.put("intention " + value, value);
        }
        for (int round = 0; round < 60; round++) {
            fuse.rearm();
            attempt(
                    new TransactionQueue(
                            NETWORK, pool, journal, KEY, Clock.offset(clock, Duration.ofMinutes(time[0]++))),
                    wanted,
                    pool,
                    random);
            pool.live();
        }
        settle(journal, pool, wanted, fuse, clock);

        List<Long> values = pool.mined.stream()
                .map(raw -> Pool.decode(raw).getValue().longValueExact())
                .sorted()
                .toList();
        assertThat(values).as("seed " + seed).containsExactlyElementsOf(wanted.values());
        for (int nonce = 0; nonce < pool.mined.size(); nonce++) {
            assertThat(Pool.decode(pool.mined.get(nonce)).getNonce()).isEqualTo(nonce);
        }
        assertThat(journal.entries.values()).noneMatch(entry -> entry.state() == NonceJournal.State.DISPLACED);
    }

    private static void attempt(TransactionQueue queue, Map<String, Long> wanted, Pool pool, Random random) {
        try {
            for (Map.Entry<String, Long> intention : wanted.entrySet()) {
                queue.submit(intention.getKey(), preview(intention.getValue(), pool));
                if (random.nextInt(3) == 0) {
                    queue.replaceStuck(Duration.ofMinutes(2));
                }
            }
            queue.reconcile();
        } catch (Crash | ChainException again) {
            // the process is gone, or says to try later: the next round has a new queue over the same journal
        }
    }

    /** From here on the machine is well: everything must come to its end in a few rounds. */
    private static void settle(CrashingJournal journal, Pool pool, Map<String, Long> wanted, Fuse fuse, Clock clock) {
        for (int round = 0; round < 200 && unfinished(journal, wanted); round++) {
            fuse.left = Integer.MAX_VALUE;
            var queue = new TransactionQueue(
                    NETWORK,
                    pool,
                    journal,
                    KEY,
                    Clock.offset(clock, Duration.ofDays(1).plusMinutes(round)));
            attempt(queue, wanted, pool, new Random(round));
            pool.mine();
            pool.emptyBlocks++;
        }
    }

    private static boolean unfinished(CrashingJournal journal, Map<String, Long> wanted) {
        return wanted.keySet().stream()
                .map(journal::find)
                .anyMatch(entry -> entry.isEmpty()
                        || entry.get().state().open()
                        || entry.get().state() == NonceJournal.State.REFUSED);
    }

    private static Preview preview(long value, Pool pool) {
        Address to = FRIEND;
        Call call = Call.transfer(to, Amount.ofWei(value));
        Fees fees = pool.fees();
        return new Preview(
                new Action.Send(to, call.value()),
                KEY.address(),
                call,
                BigInteger.valueOf(21_000),
                fees,
                fees.mostFor(BigInteger.valueOf(21_000)),
                Amount.parse("1000"),
                Optional.empty());
    }
}
