package io.infergrid.libp2p.pubsub;

/** A topic that is listened to, until it is closed. */
public interface Subscription extends AutoCloseable {

    String topic();

    /** Leaves the topic: our peers hear of it, and no message is delivered any more. */
    @Override
    void close();
}
