package io.infergrid.wallet;

import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.wallet.chain.Anvil;
import io.infergrid.wallet.chain.Artifact;
import io.infergrid.wallet.chain.ChainClient;
import io.infergrid.wallet.chain.Intent;
import io.infergrid.wallet.chain.LocalChain;
import io.infergrid.wallet.chain.LocalDeployment;
import io.infergrid.wallet.chain.MemoryJournal;
import io.infergrid.wallet.chain.NonceJournal;
import io.infergrid.wallet.chain.TransactionQueue;
import io.infergrid.wallet.chain.WrappedCoin;
import io.infergrid.wallet.keys.SigningKey;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.util.HashMap;
import java.util.Map;

/** A real local chain with all contracts, and people who act on it through previews and queues. */
public final class GridOnChain implements AutoCloseable {

    public final LocalChain chain;
    public final ChainClient client;
    public final WrappedCoin coin;
    private final Map<Address, TransactionQueue> queues = new HashMap<>();
    private int intentions;

    public GridOnChain(LocalChain.Options options) throws IOException {
        chain = Anvil.start(options);
        try {
            client = ChainClient.of(LocalDeployment.deploy(chain), Artifact.allErrors(), Clock.systemUTC());
            client.verify();
            coin = new WrappedCoin(client, "TestBTT");
        } catch (IOException | RuntimeException failed) {
            chain.close();
            throw failed;
        }
    }

    /** Previews, signs, sends; the transaction must do what it was meant to. */
    public NonceJournal.Entry act(SigningKey who, Intent intent) {
        TransactionQueue queue = queue(who);
        NonceJournal.Entry entry = queue.submit("intention " + intentions++, intent.preview(client, who.address()));
        settle(queue);
        NonceJournal.Entry after = queue.find(entry.id()).orElseThrow();
        assertThat(TransactionQueue.succeeded(after))
                .as(intent.action() + ": " + after)
                .isTrue();
        return after;
    }

    /** Waits for the chain and reads what became of everything that was sent. */
    public void settle(TransactionQueue queue) {
        try {
            chain.awaitMined();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
        queue.reconcile();
    }

    public TransactionQueue queue(SigningKey who) {
        return queues.computeIfAbsent(
                who.address(),
                address -> new TransactionQueue(client.network(), client, new MemoryJournal(), who, Clock.systemUTC()));
    }

    /** The decoded refusal of something that must not be possible. */
    public String refusal(SigningKey who, Intent intent) {
        return intent.preview(client, who.address())
                .refusal()
                .map(Object::toString)
                .orElse("it would go through");
    }

    /** Wrapped coins with an exact allowance. */
    public void bond(SigningKey who, String contract, Amount amount) {
        act(who, coin.wrap(amount));
        act(who, coin.allow(contract, amount));
    }

    @Override
    public void close() {
        client.close();
        chain.close();
    }
}
