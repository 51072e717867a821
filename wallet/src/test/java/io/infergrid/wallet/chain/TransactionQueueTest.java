package io.infergrid.wallet.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import io.infergrid.wallet.keys.SigningKey;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.web3j.crypto.SignedRawTransaction;
import org.web3j.crypto.TransactionDecoder;
import org.web3j.crypto.transaction.type.Transaction1559;

/** The queue against a real node, before and after London. */
class TransactionQueueTest {

    private static final Address FRIEND = new Address("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed");

    private static LocalChain chain(String hardfork) throws IOException {
        return Anvil.start(new LocalChain.Options(hardfork, Duration.ZERO, Optional.empty()));
    }

    private static Preview send(ChainClient client, SigningKey from, long wei) {
        Amount amount = Amount.ofWei(wei);
        return client.preview(new Action.Send(FRIEND, amount), from.address(), Call.transfer(FRIEND, amount));
    }

    @ParameterizedTest
    @ValueSource(strings = {"berlin", "prague"})
    void stuck_is_replaced_reorganised_is_sent_again_and_nothing_happens_twice(String hardfork) throws IOException {
        try (LocalChain chain = chain(hardfork);
                ChainClient client =
                        ChainClient.of(chain.network(Map.of()), new RevertReason.Known(), Clock.systemUTC());
                SigningKey rich = LocalChain.richAccount(2)) {
            var journal = new MemoryJournal();
            var queue = new TransactionQueue(client.network(), client, journal, rich, Clock.systemUTC());
            queue.submit("first", send(client, rich, 1));
            chain.awaitMined();
            queue.reconcile();
            assertThat(journal.find("first").orElseThrow().state()).isEqualTo(NonceJournal.State.SETTLED);
            assertThat(queue.submit("first", send(client, rich, 1)).nonce()).isZero();

            chain.automine(false);
            NonceJournal.Entry waiting = queue.submit("second", send(client, rich, 10));
            queue.submit("third", send(client, rich, 100));
            NonceJournal.Entry replaced = queue.replaceStuck(Duration.ZERO).orElseThrow();
            assertThat(replaced.nonce()).isEqualTo(waiting.nonce()).isEqualTo(1);
            assertThat(replaced.newest().fees().most().doubleValue())
                    .isGreaterThanOrEqualTo(1.1 * waiting.newest().fees().most().doubleValue());
            assertThat(replaced.state()).isEqualTo(NonceJournal.State.SENT);
            NonceJournal.Entry gone = queue.cancel("third");
            chain.mine(1);
            queue.reconcile();
            assertThat(client.balance(FRIEND)).isEqualTo(Amount.ofWei(11));
            assertThat(TransactionQueue.succeeded(journal.find("second").orElseThrow()))
                    .isTrue();
            assertThat(TransactionQueue.succeeded(journal.find(gone.id()).orElseThrow()))
                    .isFalse();
            assertThat(queue.busy()).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"berlin", "prague"})
    void a_signature_is_good_on_its_own_chain_only(String hardfork) throws Exception {
        try (LocalChain chain = chain(hardfork);
                ChainClient client =
                        ChainClient.of(chain.network(Map.of()), new RevertReason.Known(), Clock.systemUTC());
                SigningKey rich = LocalChain.richAccount(2)) {
            var journal = new MemoryJournal();
            var queue = new TransactionQueue(client.network(), client, journal, rich, Clock.systemUTC());
            String raw = queue.submit("once", send(client, rich, 1)).newest().raw();
            chain.awaitMined();
            var decoded = (SignedRawTransaction) TransactionDecoder.decode(raw);
            assertThat(decoded.getFrom()).isEqualToIgnoringCase(rich.address().text());
            long signedFor = decoded.getTransaction() instanceof Transaction1559 dynamic
                    ? dynamic.getChainId()
                    : decoded.getChainId();
            assertThat(signedFor).isEqualTo(LocalChain.CHAIN_ID);
            var again = client.broadcast(HexFormat.of().parseHex(raw, 2, raw.length()));
            assertThat(again).isInstanceOf(TransactionNode.Broadcast.Refused.class);
        }
    }

    @org.junit.jupiter.api.Test
    void what_the_chain_would_refuse_is_never_signed() throws IOException {
        try (LocalChain chain = chain("berlin");
                ChainClient client =
                        ChainClient.of(chain.network(Map.of()), new RevertReason.Known(), Clock.systemUTC());
                SigningKey poor = SigningKey.of(HexFormat.of().parseHex("11".repeat(32)))) {
            var journal = new MemoryJournal();
            var queue = new TransactionQueue(client.network(), client, journal, poor, Clock.systemUTC());
            Preview preview = send(client, poor, 1);
            assertThatThrownBy(() -> queue.submit("impossible", preview)).isInstanceOf(ChainException.class);
            assertThat(journal.entries).isEmpty();
        }
    }
}
