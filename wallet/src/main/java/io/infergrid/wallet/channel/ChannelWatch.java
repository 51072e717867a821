package io.infergrid.wallet.channel;

import io.infergrid.wallet.Bytes32;
import io.infergrid.wallet.chain.ChainChange;
import io.infergrid.wallet.chain.ChainClient;
import io.infergrid.wallet.chain.ChainException;
import io.infergrid.wallet.chain.NonceJournal;
import io.infergrid.wallet.chain.Preview;
import io.infergrid.wallet.chain.TransactionQueue;
import io.infergrid.wallet.keys.Signer;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees that promised money comes home: keeps the ledger at what the chain shows, and redeems what is due, a channel that closes by
 * force first. Anyone may redeem for the payee, so it signs with a key that is always there; that account needs coins for fees.
 */
public final class ChannelWatch {

    private static final Logger LOG = LoggerFactory.getLogger(ChannelWatch.class);

    private final ChainClient client;
    private final ChannelContract contract;
    private final ChannelLedger ledger;
    private final RedeemPolicy policy;
    private final TransactionQueue queue;
    private final Signer sender;

    public ChannelWatch(
            ChainClient client,
            ChannelContract contract,
            ChannelLedger ledger,
            RedeemPolicy policy,
            TransactionQueue queue,
            Signer sender) {
        this.client = client;
        this.contract = contract;
        this.ledger = ledger;
        this.policy = policy;
        this.queue = queue;
        this.sender = sender;
    }

    /** Reads again every channel that an event of {@link ChannelContract#events} names. */
    public void follow(List<ChainChange> changes) {
        Set<Bytes32> touched = new LinkedHashSet<>();
        for (ChainChange change : changes) {
            if (change.event().topics().size() > 1) {
                touched.add(change.event().topics().get(1));
            }
        }
        touched.forEach(this::refresh);
    }

    /** Reads one channel, e.g. when a session opens. */
    public void refresh(Bytes32 channel) {
        contract.read(channel).ifPresent(ledger::update);
    }

    /**
     * Redeems what is due. A voucher is sent once, whatever crashes between; to be called after every {@link #follow} and every few
     * minutes. A channel whose redemption fails does not keep the others from theirs.
     *
     * @return what was handed to the chain or is under way
     */
    public List<NonceJournal.Entry> redeemDue() {
        var sent = new ArrayList<NonceJournal.Entry>();
        queue.reconcile();
        for (RedeemPolicy.Due due : ledger.due(policy)) {
            Voucher voucher = due.voucher().voucher();
            String id =
                    "redeem:" + voucher.channel() + ":" + voucher.cumulative().wei();
            try {
                Preview preview = contract.redeem(due.voucher()).preview(client, sender.address());
                sent.add(queue.submit(id, preview));
            } catch (ChainException failed) {
                LOG.warn("Channel {} could not be redeemed now: {}", voucher.channel(), failed.getMessage());
            }
        }
        return sent;
    }
}
