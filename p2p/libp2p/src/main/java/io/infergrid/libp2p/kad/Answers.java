package io.infergrid.libp2p.kad;

import io.infergrid.libp2p.Event;
import io.infergrid.libp2p.Host;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.PeerInfo;
import io.infergrid.libp2p.ProtocolViolation;
import io.infergrid.libp2p.codec.DecodeException;
import java.io.IOException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;

/** What a node in server mode answers. Thread-safe. */
final class Answers {

    /** A key that providers are filed under is a multihash; no digest in use is longer. */
    private static final int MAX_PROVIDED_KEY = 80;

    /** A request that is not met, and is nobody's fault; the message says why. */
    static final class RefusedException extends IOException {
        private static final long serialVersionUID = 1;

        RefusedException(String message) {
            super(message);
        }
    }

    private final Host host;
    private final int k;
    private final RoutingTable table;
    private final ProviderStore providers;
    private final ValueStore values;
    private final Namespaces namespaces;
    private final Predicate<byte[]> providedHere;
    private final InstantSource clock;

    Answers(
            Host host,
            int k,
            RoutingTable table,
            ProviderStore providers,
            ValueStore values,
            Namespaces namespaces,
            Predicate<byte[]> providedHere,
            InstantSource clock) {
        this.host = host;
        this.k = k;
        this.table = table;
        this.providers = providers;
        this.values = values;
        this.namespaces = namespaces;
        this.providedHere = providedHere;
        this.clock = clock;
    }

    /**
     * The answer to a request; none to ADD_PROVIDER.
     *
     * @param from the address that the peer is connected from
     * @throws ProtocolViolation if nobody honest would ask it
     * @throws RefusedException if there is no room for a record, or no rule
     */
    Optional<KadMessage> answer(PeerId sender, Multiaddr from, KadMessage request) throws IOException {
        return switch (request.type()) {
            case FIND_NODE -> Optional.of(findNode(sender, from, request.key()));
            case GET_PROVIDERS -> Optional.of(getProviders(sender, from, request.key()));
            case ADD_PROVIDER -> {
                addProvider(sender, from, request);
                yield Optional.empty();
            }
            case GET_VALUE -> Optional.of(getValue(sender, from, request.key()));
            case PUT_VALUE -> Optional.of(putValue(sender, request));
            case PING -> Optional.of(KadMessage.of(KadMessage.Type.PING, request.key()));
        };
    }

    private KadMessage findNode(PeerId sender, Multiaddr from, byte[] key) throws IOException {
        var peers = new ArrayList<Contact>();
        wanted(key).filter(c -> !c.peer().equals(sender)).ifPresent(peers::add);
        for (var contact : nearest(sender, key)) {
            if (peers.isEmpty() || !contact.peer().equals(peers.getFirst().peer())) {
                peers.add(contact);
            }
        }
        return KadMessage.of(KadMessage.Type.FIND_NODE, key).withCloser(tellable(peers, from));
    }

    /** The very peer that is looked for, if it is this node or one connected to it, which may be a client and in no table. */
    private Optional<Contact> wanted(byte[] key) {
        try {
            var peer = PeerId.decode(key);
            return peer.equals(host.peerId())
                    ? Optional.of(self())
                    : host.info(peer).map(PeerInfo::addresses).map(addresses -> new Contact(peer, addresses));
        } catch (DecodeException e) {
            return Optional.empty(); // the key of something else
        }
    }

    Contact self() {
        return new Contact(
                host.peerId(),
                host.addresses().stream().map(Multiaddr::withoutPeer).toList());
    }

    private List<Contact> nearest(PeerId sender, byte[] key) throws ProtocolViolation {
        if (key.length == 0) {
            throw new ProtocolViolation(Event.MALFORMED, "kad: expected a key, found none");
        }
        return table.closest(KadKey.of(key), k + 1).stream()
                .filter(c -> !c.peer().equals(sender))
                .limit(k)
                .toList();
    }

    /** Peers with those of their addresses that somebody at {@code asker} can have a use for; those without any are left out. */
    private static List<Contact> tellable(List<Contact> peers, Multiaddr asker) {
        var narrowest = AddressScope.of(asker);
        var result = new ArrayList<Contact>();
        for (var peer : peers) {
            var addresses = peer.addresses().stream()
                    .filter(a -> AddressScope.of(a).compareTo(narrowest) >= 0)
                    .toList();
            if (!addresses.isEmpty()) {
                result.add(new Contact(peer.peer(), peer.key(), addresses));
            }
        }
        return result;
    }

    private KadMessage getProviders(PeerId sender, Multiaddr from, byte[] key) throws IOException {
        var known = new ArrayList<Contact>();
        if (providedHere.test(key)) {
            known.add(self());
        }
        providers.of(key).stream()
                .limit(KadMessage.MAX_PEERS / 2 - known.size())
                .forEach(known::add);
        return KadMessage.of(KadMessage.Type.GET_PROVIDERS, key)
                .withProviders(tellable(known, from))
                .withCloser(tellable(nearest(sender, key), from));
    }

    private void addProvider(PeerId sender, Multiaddr from, KadMessage request) throws IOException {
        if (request.key().length < 2 || request.key().length > MAX_PROVIDED_KEY) {
            throw new ProtocolViolation(
                    Event.MALFORMED,
                    "kad: expected a multihash of 2 to " + MAX_PROVIDED_KEY + " bytes, found " + request.key().length);
        }
        for (var provider : request.providers()) {
            if (!provider.peer().equals(sender)) {
                throw new ProtocolViolation(
                        Event.KAD_POISONED,
                        "kad: expected " + sender + " to speak for itself as a provider, found " + provider.peer());
            }
            var addresses = AddressScope.believed(provider.addresses(), from);
            if (addresses.isEmpty()) {
                throw new RefusedException("no address that somebody at " + from + " may have");
            }
            if (!providers.add(request.key(), new Contact(sender, provider.key(), addresses))) {
                throw new RefusedException("no room for another provider");
            }
        }
    }

    private KadMessage getValue(PeerId sender, Multiaddr from, byte[] key) throws IOException {
        var answer = KadMessage.of(KadMessage.Type.GET_VALUE, key).withCloser(tellable(nearest(sender, key), from));
        return values.get(key)
                .filter(value -> namespaces.check(key, value, clock.instant()) == RecordNamespace.Verdict.ACCEPT)
                .map(answer::withRecord)
                .orElse(answer);
    }

    private KadMessage putValue(PeerId sender, KadMessage request) throws IOException {
        var key = request.key();
        var record = request.record()
                .orElseThrow(() -> new ProtocolViolation(Event.MALFORMED, "kad: expected a record to put, found none"));
        if (!Arrays.equals(key, record.key())) {
            throw new ProtocolViolation(Event.KAD_POISONED, "kad: expected a record of the key it is put under");
        }
        var value = record.value();
        switch (namespaces.check(key, value, clock.instant())) {
            case REJECT ->
                throw new ProtocolViolation(
                        Event.KAD_POISONED, "kad: expected a valid record to put, found a false one");
            case IGNORE -> throw new RefusedException("a record that expired, is too long or of no known namespace");
            case ACCEPT -> keep(sender, key, value);
        }
        return request;
    }

    private void keep(PeerId sender, byte[] key, byte[] value) throws RefusedException {
        var namespace = Objects.requireNonNull(namespaces.of(key));
        var current = values.get(key)
                .filter(old -> namespace.check(key, old, clock.instant()) == RecordNamespace.Verdict.ACCEPT);
        if (current.isPresent()
                && !Arrays.equals(current.get(), value)
                && !namespace.prefers(key, value, current.get())) {
            throw new RefusedException("a better record is here");
        }
        if (!values.put(key, value, sender)) {
            throw new RefusedException("no room for another record");
        }
    }
}
