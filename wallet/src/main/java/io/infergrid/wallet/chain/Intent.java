package io.infergrid.wallet.chain;

/** What is meant and the call that does it; {@link ChainClient#preview} makes it something a person can sign. */
public record Intent(Action action, Call call) {

    /** All to be shown before the signature. */
    public Preview preview(ChainClient client, io.infergrid.wallet.Address from) {
        return client.preview(action, from, call);
    }
}
