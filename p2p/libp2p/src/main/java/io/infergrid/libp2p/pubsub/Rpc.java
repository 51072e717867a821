package io.infergrid.libp2p.pubsub;

import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.ProtoReader;
import io.infergrid.libp2p.codec.ProtoWriter;
import java.util.ArrayList;
import java.util.List;

/**
 * What peers send each other: subscriptions = 1, publish = 2, control = 3 with ihave = 1, iwant = 2, graft = 3, prune = 4, idontwant = 5
 * (libp2p specs, pubsub/gossipsub 1.0 to 1.2). Fields that are not known are skipped.
 */
record Rpc(
        List<Subscription> subscriptions,
        List<Message> messages,
        List<IHave> ihave,
        List<List<MessageId>> iwant,
        List<String> graft,
        List<Prune> prune,
        List<List<MessageId>> idontwant) {

    private static final int MAX_ID_BYTES = 256;
    private static final int MAX_PEER_ID_BYTES = 64;
    private static final int MAX_RECORD_BYTES = 4096;

    record Subscription(boolean subscribe, String topic) {}

    record IHave(String topic, List<MessageId> ids) {}

    /** @param backoffSeconds 0 where none was given */
    record Prune(String topic, List<ExchangedPeer> peers, long backoffSeconds) {}

    /** @param signedRecord a sealed envelope, empty if there is none */
    record ExchangedPeer(PeerId peer, byte[] signedRecord) {}

    static Rpc of(Message message) {
        return new Rpc(List.of(), List.of(message), List.of(), List.of(), List.of(), List.of(), List.of());
    }

    boolean isEmpty() {
        return subscriptions.isEmpty() && messages.isEmpty() && !hasControl();
    }

    private boolean hasControl() {
        return !(ihave.isEmpty() && iwant.isEmpty() && graft.isEmpty() && prune.isEmpty() && idontwant.isEmpty());
    }

    byte[] encode() {
        var out = new ProtoWriter();
        for (var s : subscriptions) {
            out.bytes(
                    1,
                    new ProtoWriter()
                            .varint(1, s.subscribe ? 1 : 0)
                            .text(2, s.topic)
                            .toByteArray());
        }
        messages.forEach(message -> out.bytes(2, message.encoded()));
        if (hasControl()) {
            out.bytes(3, control());
        }
        return out.toByteArray();
    }

    private byte[] control() {
        var out = new ProtoWriter();
        for (var list : ihave) {
            var part = new ProtoWriter().text(1, list.topic);
            list.ids.forEach(id -> part.bytes(2, id.raw()));
            out.bytes(1, part.toByteArray());
        }
        iwant.forEach(ids -> out.bytes(2, ids(ids)));
        graft.forEach(topic -> out.bytes(3, new ProtoWriter().text(1, topic).toByteArray()));
        for (var p : prune) {
            var part = new ProtoWriter().text(1, p.topic);
            for (var peer : p.peers) {
                var info = new ProtoWriter().bytes(1, peer.peer.bytes());
                if (peer.signedRecord.length > 0) {
                    info.bytes(2, peer.signedRecord);
                }
                part.bytes(2, info.toByteArray());
            }
            if (p.backoffSeconds > 0) {
                part.varint(3, p.backoffSeconds);
            }
            out.bytes(4, part.toByteArray());
        }
        idontwant.forEach(ids -> out.bytes(5, ids(ids)));
        return out.toByteArray();
    }

    private static byte[] ids(List<MessageId> ids) {
        var out = new ProtoWriter();
        ids.forEach(id -> out.bytes(1, id.raw()));
        return out.toByteArray();
    }

    static Rpc decode(byte[] bytes, GossipLimits limits) throws DecodeException {
        return new Decoder(limits).rpc(bytes);
    }

    /** Counts while it reads, so that memory is taken only for what may be there. */
    private static final class Decoder {

        private final GossipLimits limits;
        private final GossipLimits.Elements most;
        private int ids;

        private final List<Subscription> subscriptions = new ArrayList<>(0);
        private final List<Message> messages = new ArrayList<>(1);
        private final List<IHave> ihave = new ArrayList<>(0);
        private final List<List<MessageId>> iwant = new ArrayList<>(0);
        private final List<String> graft = new ArrayList<>(0);
        private final List<Prune> prune = new ArrayList<>(0);
        private final List<List<MessageId>> idontwant = new ArrayList<>(0);

        Decoder(GossipLimits limits) {
            this.limits = limits;
            most = limits.elements();
        }

        Rpc rpc(byte[] bytes) throws DecodeException {
            var reader = new ProtoReader(bytes);
            while (reader.next()) {
                switch (reader.field()) {
                    case 1 -> add(subscriptions, subscription(part(reader)), most.subscriptions(), "subscriptions");
                    case 2 -> {
                        room(messages, most.messages(), "messages");
                        messages.add(Message.decode(part(reader), limits));
                    }
                    case 3 -> control(part(reader));
                    default -> reader.skip();
                }
            }
            return new Rpc(subscriptions, messages, ihave, iwant, graft, prune, idontwant);
        }

        private byte[] part(ProtoReader reader) throws DecodeException {
            return reader.bytes(limits.rpcBytes());
        }

        private static <T> void add(List<T> list, T element, int max, String what) throws DecodeException {
            room(list, max, what);
            list.add(element);
        }

        private static void room(List<?> list, int max, String what) throws DecodeException {
            if (list.size() >= max) {
                throw new DecodeException("gossip: expected at most " + max + " " + what + ", found more");
            }
        }

        private Subscription subscription(byte[] bytes) throws DecodeException {
            boolean subscribe = false;
            String topic = null;
            var reader = new ProtoReader(bytes);
            while (reader.next()) {
                switch (reader.field()) {
                    case 1 -> subscribe = reader.varint() != 0;
                    case 2 -> topic = topic(reader);
                    default -> reader.skip();
                }
            }
            return new Subscription(subscribe, given(topic));
        }

        private void control(byte[] bytes) throws DecodeException {
            var reader = new ProtoReader(bytes);
            while (reader.next()) {
                switch (reader.field()) {
                    case 1 -> add(ihave, ihave(part(reader)), most.control(), "lists of IHAVE");
                    case 2 -> add(iwant, ids(part(reader)), most.control(), "lists of IWANT");
                    case 3 -> add(graft, graft(part(reader)), most.control(), "GRAFTs");
                    case 4 -> add(prune, prune(part(reader)), most.control(), "PRUNEs");
                    case 5 -> add(idontwant, ids(part(reader)), most.control(), "lists of IDONTWANT");
                    default -> reader.skip();
                }
            }
        }

        private IHave ihave(byte[] bytes) throws DecodeException {
            String topic = null;
            var found = new ArrayList<MessageId>();
            var reader = new ProtoReader(bytes);
            while (reader.next()) {
                switch (reader.field()) {
                    case 1 -> topic = topic(reader);
                    case 2 -> id(reader, found);
                    default -> reader.skip();
                }
            }
            return new IHave(given(topic), found);
        }

        private List<MessageId> ids(byte[] bytes) throws DecodeException {
            var found = new ArrayList<MessageId>();
            var reader = new ProtoReader(bytes);
            while (reader.next()) {
                if (reader.field() == 1) {
                    id(reader, found);
                } else {
                    reader.skip();
                }
            }
            return found;
        }

        private void id(ProtoReader reader, List<MessageId> to) throws DecodeException {
            room(to, most.ids(), "message ids in a list");
            if (++ids > most.allIds()) {
                throw new DecodeException("gossip: expected at most " + most.allIds() + " message ids, found more");
            }
            to.add(new MessageId(reader.bytes(MAX_ID_BYTES)));
        }

        private String graft(byte[] bytes) throws DecodeException {
            String topic = null;
            var reader = new ProtoReader(bytes);
            while (reader.next()) {
                if (reader.field() == 1) {
                    topic = topic(reader);
                } else {
                    reader.skip();
                }
            }
            return given(topic);
        }

        private Prune prune(byte[] bytes) throws DecodeException {
            String topic = null;
            var peers = new ArrayList<ExchangedPeer>(0);
            long backoff = 0;
            var reader = new ProtoReader(bytes);
            while (reader.next()) {
                switch (reader.field()) {
                    case 1 -> topic = topic(reader);
                    case 2 -> add(peers, exchanged(part(reader)), most.exchangedPeers(), "peers in a PRUNE");
                    case 3 -> backoff = reader.varint();
                    default -> reader.skip();
                }
            }
            return new Prune(given(topic), peers, backoff);
        }

        private static ExchangedPeer exchanged(byte[] bytes) throws DecodeException {
            PeerId peer = null;
            var record = new byte[0];
            var reader = new ProtoReader(bytes);
            while (reader.next()) {
                switch (reader.field()) {
                    case 1 -> peer = PeerId.decode(reader.bytes(MAX_PEER_ID_BYTES));
                    case 2 -> record = reader.bytes(MAX_RECORD_BYTES);
                    default -> reader.skip();
                }
            }
            if (peer == null) {
                throw new DecodeException("gossip: expected a peer id in a PRUNE, found none");
            }
            return new ExchangedPeer(peer, record);
        }

        private String topic(ProtoReader reader) throws DecodeException {
            return reader.text(limits.topicBytes());
        }

        private static String given(@org.jspecify.annotations.Nullable String topic) throws DecodeException {
            if (topic == null) {
                throw new DecodeException("gossip: expected a topic, found none");
            }
            return topic;
        }
    }
}
