package io.infergrid.libp2p.mdns;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.kad.AddressScope;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is said and believed, without a network: answers queries for the service's name and takes peers out of answers. Bounded;
 * thread-safe.
 */
final class Discovery {

    /** How long others may remember an answer. */
    static final int SECONDS = 120;

    static final String PREFIX = "dnsaddr=";
    private static final int MAX_TEXT = 255;
    private static final int MAX_ADDRESSES = 16;
    private static final int MAX_PEERS = 1024;
    /** A peer that says the same again is news again only after so long. */
    private static final Duration STALE = Duration.ofMinutes(1);
    /** RFC 6762, section 6: no record goes out more often. */
    private static final Duration ANSWERS = Duration.ofSeconds(1);

    /** A peer that was heard of, and where it says it is. */
    record Found(PeerId peer, List<Multiaddr> addresses) {}

    /** What became of a packet: something to send back, somebody who was found, or neither. */
    record Outcome(Optional<DnsMessage> answer, Optional<Found> found) {
        static final Outcome NOTHING = new Outcome(Optional.empty(), Optional.empty());
    }

    private record Heard(List<Multiaddr> addresses, Instant at) {}

    private final String tag;
    private final String name;
    private final PeerId self;
    private final int packetsPerSecond;
    private final InstantSource clock;
    private final Map<PeerId, Heard> heard = new LinkedHashMap<>(16, 0.75f, true);
    private final Map<Object, Instant> answered = new LinkedHashMap<>();
    private Instant second = Instant.MIN;
    private int packets;

    /**
     * Begins with nobody heard of.
     *
     * @param tag of the service, e.g. {@code _p2p._udp.local}
     * @param name that this node goes by, without meaning
     */
    Discovery(String tag, String name, PeerId self, int packetsPerSecond, InstantSource clock) {
        this.tag = tag;
        this.name = name + "." + tag;
        this.self = self;
        this.packetsPerSecond = packetsPerSecond;
        this.clock = clock;
    }

    DnsMessage query() {
        return new DnsMessage(false, List.of(new DnsMessage.Question(tag, DnsMessage.PTR)), List.of());
    }

    /** Whether one more packet may be looked at in this second. */
    synchronized boolean admits() {
        var now = clock.instant();
        if (second.equals(Instant.MIN) || !now.isBefore(second.plusSeconds(1))) {
            second = now;
            packets = 0;
        }
        return packets++ < packetsPerSecond;
    }

    /**
     * Looks at a packet.
     *
     * @param from its sender; what does not come from this network or this machine is not believed
     * @param own whether the sender is this machine
     * @param network on which it came, for the pace of answers
     * @param addresses of this node
     * @throws DecodeException if it is no DNS message, or its peer is none
     */
    synchronized Outcome take(byte[] packet, InetAddress from, boolean own, Object network, List<Multiaddr> addresses)
            throws DecodeException {
        var message = DnsMessage.decode(packet);
        if (!own && AddressScope.of(from) == AddressScope.PUBLIC) {
            throw new DecodeException("mdns: expected a sender of this network, found " + from.getHostAddress());
        }
        if (!message.response()) {
            boolean asked = message.questions().stream()
                    .anyMatch(q -> q.name().equals(tag) && (q.type() == DnsMessage.PTR || q.type() == DnsMessage.ANY));
            return asked ? new Outcome(answer(network, addresses), Optional.empty()) : Outcome.NOTHING;
        }
        return new Outcome(Optional.empty(), found(message, own).filter(this::isNews));
    }

    private Optional<DnsMessage> answer(Object network, List<Multiaddr> addresses) {
        var now = clock.instant();
        var last = answered.get(network);
        if (last != null && last.plus(ANSWERS).isAfter(now)) {
            return Optional.empty(); // all heard it then
        }
        var texts = told(addresses);
        if (texts.isEmpty()) {
            return Optional.empty();
        }
        answered.put(network, now);
        var records = new ArrayList<DnsMessage.Record>();
        records.add(new DnsMessage.Ptr(tag, name));
        texts.forEach(text -> records.add(new DnsMessage.Txt(name, List.of(text))));
        return Optional.of(new DnsMessage(true, List.of(), records));
    }

    /** Addresses of this network; those of this machine only if it has no others. */
    private List<String> told(List<Multiaddr> addresses) {
        for (var scope : List.of(AddressScope.PRIVATE, AddressScope.LOOPBACK)) {
            var texts = addresses.stream()
                    .filter(a -> a.ip().isPresent() && !a.isRelayed() && AddressScope.of(a) == scope)
                    .map(a -> PREFIX + a.withPeer(self))
                    .filter(text -> text.length() <= MAX_TEXT)
                    .limit(MAX_ADDRESSES)
                    .toList();
            if (!texts.isEmpty()) {
                return texts;
            }
        }
        return List.of();
    }

    private Optional<Found> found(DnsMessage message, boolean own) throws DecodeException {
        Set<String> instances = new LinkedHashSet<>();
        for (var record : message.records()) {
            if (record instanceof DnsMessage.Ptr(String service, String instance)
                    && service.equals(tag)
                    && !instance.equals(name)) {
                instances.add(instance);
            }
        }
        PeerId peer = null;
        var addresses = new LinkedHashSet<Multiaddr>();
        for (var record : message.records()) {
            if (record instanceof DnsMessage.Txt(String instance, List<String> texts) && instances.contains(instance)) {
                for (var text : texts) {
                    var address = address(text);
                    if (address == null || addresses.size() >= MAX_ADDRESSES) {
                        continue;
                    }
                    var named = address.peer().orElseThrow();
                    if (peer != null && !peer.equals(named)) {
                        throw new DecodeException(
                                "mdns: expected one peer in an answer, found " + peer + " and " + named);
                    }
                    peer = named;
                    if (isBelieved(address, own)) {
                        addresses.add(address.withoutPeer());
                    }
                }
            }
        }
        return peer == null || peer.equals(self) || addresses.isEmpty()
                ? Optional.empty()
                : Optional.of(new Found(peer, List.copyOf(addresses)));
    }

    /** The address in a text, null if it is another text, or of a kind that is unknown here. */
    private static @Nullable Multiaddr address(String text) {
        if (!text.startsWith(PREFIX)) {
            return null;
        }
        try {
            var address = Multiaddr.parse(text.substring(PREFIX.length()));
            return address.peer().isPresent() ? address : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static boolean isBelieved(Multiaddr address, boolean own) {
        return address.ip().isPresent()
                && !address.isRelayed()
                && switch (AddressScope.of(address)) {
                    case PRIVATE -> true;
                    case LOOPBACK -> own;
                    case PUBLIC -> false;
                };
    }

    private boolean isNews(Found found) {
        var now = clock.instant();
        var before = heard.get(found.peer());
        boolean news = before == null
                || !before.addresses().equals(found.addresses())
                || !before.at().plus(STALE).isAfter(now);
        if (news) {
            heard.put(found.peer(), new Heard(found.addresses(), now));
            if (heard.size() > MAX_PEERS) {
                heard.remove(heard.keySet().iterator().next());
            }
        }
        return news;
    }

    synchronized int peers() {
        return heard.size();
    }
}
