package io.infergrid.app.money;

import io.infergrid.app.paths.Home;
import io.infergrid.app.store.WalletDatabase;
import io.infergrid.wallet.Address;
import io.infergrid.wallet.Amount;
import io.infergrid.wallet.chain.Artifact;
import io.infergrid.wallet.chain.ChainClient;
import io.infergrid.wallet.chain.ChainException;
import io.infergrid.wallet.chain.Intent;
import io.infergrid.wallet.chain.Network;
import io.infergrid.wallet.chain.NetworkBook;
import io.infergrid.wallet.chain.NonceJournal;
import io.infergrid.wallet.chain.Preview;
import io.infergrid.wallet.chain.TransactionQueue;
import io.infergrid.wallet.keys.KeyRole;
import io.infergrid.wallet.stake.StakeContract;
import io.infergrid.wallet.vault.Vault;
import io.infergrid.wallet.vault.VaultSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One home's vault on one network: what window and command line do with money. Blocks on chain and disk: use a virtual thread.
 * Closing it locks the vault.
 */
public final class Purse implements AutoCloseable {

    /** Name of the network that needs nobody but this computer. */
    public static final String LOCAL = "local";

    private static final Duration LONGEST_WAIT = Duration.ofMinutes(2);

    private final Vault vault;
    private final WalletDatabase database;
    private final Network network;
    private final ChainClient client;
    private final @Nullable LocalMoney local;
    private final Clock clock;

    private Purse(
            Vault vault,
            WalletDatabase database,
            Network network,
            ChainClient client,
            @Nullable LocalMoney local,
            Clock clock) {
        this.vault = vault;
        this.database = database;
        this.network = network;
        this.client = client;
        this.local = local;
        this.clock = clock;
    }

    /** Where a home keeps its vault. */
    public static Path vaultFile(Home home) {
        return home.data().resolve("wallet.vault");
    }

    /** Where a home keeps what the wallet must not lose. */
    public static Path databaseFile(Home home) {
        return home.data().resolve("wallet.db");
    }

    public static boolean exists(Home home) {
        return Vault.exists(vaultFile(home));
    }

    /**
     * Opens the vault, locked, and connects to the network.
     *
     * @param network {@link #LOCAL} or the id of a network of the signed list
     * @throws IllegalArgumentException if there is no such network
     * @throws ChainException if the network cannot be read, is another than it says, or its contracts are not the expected ones
     */
    public static Purse open(Home home, String network, VaultSettings settings, Clock clock)
            throws IOException, InterruptedException {
        Vault vault = Vault.open(vaultFile(home), settings);
        LocalMoney local = null;
        WalletDatabase database = null;
        try {
            database = WalletDatabase.open(databaseFile(home));
            local = network.equals(LOCAL) ? LocalMoney.open(home) : null;
            Network chosen = local == null ? NetworkBook.bundled().network(network) : local.network();
            ChainClient client = ChainClient.of(chosen, Artifact.allErrors(), clock);
            client.verify();
            return new Purse(vault, database, chosen, client, local, clock);
        } catch (IOException | InterruptedException | RuntimeException e) {
            if (local != null) {
                local.close();
            }
            if (database != null) {
                database.close();
            }
            vault.close();
            throw e;
        }
    }

    public Vault vault() {
        return vault;
    }

    public Network network() {
        return network;
    }

    public ChainClient client() {
        return client;
    }

    public WalletDatabase database() {
        return database;
    }

    /** The local chain, if that is the network. */
    public Optional<LocalMoney> local() {
        return Optional.ofNullable(local);
    }

    public Address owner() {
        return vault.address(KeyRole.OWNER);
    }

    public Amount balance() {
        return client.balance(owner());
    }

    /** The stakes of this network; empty where no contracts are deployed. */
    public Optional<StakeContract> stakes() {
        return network.hasContracts() ? Optional.of(new StakeContract(client)) : Optional.empty();
    }

    /** What a person is to see before the signature. */
    public Preview preview(Intent intent) {
        return intent.preview(client, owner());
    }

    /**
     * Signs and sends what a preview showed, and waits until it is in a block.
     *
     * @param id the intention's name: the same is sent once, also after a crash
     * @throws ChainException if the chain refused it, or it was not in a block within two minutes (it is kept and goes on)
     */
    public NonceJournal.Entry carryOut(String id, Preview preview) throws InterruptedException {
        var queue = queue();
        NonceJournal.Entry entry = queue.submit(id, preview);
        long end = System.nanoTime() + LONGEST_WAIT.toNanos();
        while (entry.receipt() == null && entry.state().open()) {
            if (System.nanoTime() > end) {
                throw new ChainException(
                        ChainException.Kind.UNREACHABLE,
                        "expected the transaction to be in a block within " + LONGEST_WAIT.toMinutes()
                                + " minutes; it is kept, and goes on when the wallet is opened again");
            }
            Thread.sleep(Duration.ofMillis(local == null ? 2000 : 50));
            queue.reconcile();
            entry = database.find(id).orElseThrow();
        }
        var receipt = entry.receipt();
        if (receipt == null || !receipt.succeeded()) {
            throw new ChainException(
                    ChainException.Kind.REFUSED,
                    entry.note().isEmpty() ? "the chain took the transaction and it failed there" : entry.note());
        }
        return entry;
    }

    /** Goes on with what a process that died has left. */
    public void goOn() {
        if (vault.canSign(KeyRole.OWNER)) {
            queue().reconcile();
        }
    }

    private TransactionQueue queue() {
        return new TransactionQueue(network, client, database, vault.signer(KeyRole.OWNER), clock);
    }

    @Override
    public void close() throws IOException {
        vault.close();
        client.close();
        database.close();
        if (local != null) {
            local.close();
        }
    }
}
