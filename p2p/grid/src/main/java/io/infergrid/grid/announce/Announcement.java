package io.infergrid.grid.announce;

import io.infergrid.grid.BlockRange;
import io.infergrid.grid.Hash;
import io.infergrid.grid.Role;
import io.infergrid.grid.wire.WireException;
import io.infergrid.grid.wire.WireReader;
import io.infergrid.grid.wire.WireWriter;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.codec.DecodeException;
import java.time.Duration;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a node says of itself.
 *
 * @param node who
 * @param addresses where it can be dialled
 * @param device what computes, e.g. {@code cpu: 8 lanes of float}
 * @param profile arithmetic that the device reproduces, e.g. {@code IG1}
 * @param conformance hex digest of the run that shows it, empty if none
 * @param period time until it announces again
 * @param freeSlots sessions that it would still take
 * @param holdings the models that it has something of
 * @param at when it said so, in milliseconds since 1970 by its own clock; 0 before it did
 */
public record Announcement(
        PeerId node,
        List<Multiaddr> addresses,
        Set<Role> roles,
        String device,
        String profile,
        String conformance,
        Duration period,
        int freeSlots,
        List<Holding> holdings,
        long at) {

    private static final int VERSION = 2;
    static final int MAX_ADDRESSES = 16;
    private static final int MAX_HOLDINGS = 16;
    private static final int MAX_SERVING = 16;
    private static final int MAX_SHARDS = 1027;
    private static final long MAX_PERIOD_MILLIS = 600_000;

    public Announcement {
        addresses = List.copyOf(addresses.subList(0, Math.min(addresses.size(), MAX_ADDRESSES)));
        roles = Set.copyOf(roles);
        holdings = List.copyOf(holdings.subList(0, Math.min(holdings.size(), MAX_HOLDINGS)));
    }

    /** One that is still to be {@link #said}. */
    public Announcement(
            PeerId node,
            List<Multiaddr> addresses,
            Set<Role> roles,
            String device,
            String profile,
            String conformance,
            Duration period,
            int freeSlots,
            List<Holding> holdings) {
        this(node, addresses, roles, device, profile, conformance, period, freeSlots, holdings, 0);
    }

    /** The same with the time at which it is said. */
    Announcement said(long millis) {
        return new Announcement(
                node, addresses, roles, device, profile, conformance, period, freeSlots, holdings, millis);
    }

    /** Whether both say the same, whenever they say it. */
    boolean saysAs(Announcement other) {
        return said(0).equals(other.said(0));
    }

    /**
     * Whether the other differs in what peers act upon at once: where the node is, what it is, which models it has and what it serves. Which
     * shards it has and how fast it is can wait for the next period.
     */
    boolean isNewsAfter(Announcement other) {
        return !outline().equals(other.outline());
    }

    private Announcement outline() {
        var outlines = holdings.stream()
                .map(holding -> new Holding(
                        holding.model(),
                        new BitSet(),
                        holding.serving().stream()
                                .map(serving -> new Serving(serving.blocks(), Duration.ZERO))
                                .toList()))
                .toList();
        return new Announcement(
                node, addresses, roles, device, profile, conformance, period, Math.min(1, freeSlots), outlines);
    }

    /**
     * What a node has of one model.
     *
     * @param shards indices of the shards that it has whole; it may have pieces of others
     * @param serving the stages that it runs
     */
    public record Holding(Hash model, BitSet shards, List<Serving> serving) {
        public Holding {
            shards = (BitSet) shards.clone();
            serving = List.copyOf(serving.subList(0, Math.min(serving.size(), MAX_SERVING)));
        }
    }

    /** @param stepTime measured for one token on these blocks, zero before the first */
    public record Serving(BlockRange blocks, Duration stepTime) {}

    public Optional<Holding> holding(Hash model) {
        return holdings.stream()
                .filter(holding -> holding.model().equals(model))
                .findFirst();
    }

    void write(WireWriter out) {
        out.u8(VERSION);
        writePeer(out, node, addresses);
        int roleBits = 0;
        for (Role role : roles) {
            roleBits |= 1 << role.ordinal();
        }
        out.u8(roleBits).text(device).text(profile).text(conformance);
        out.i64(at).i32((int) period.toMillis()).u16(freeSlots);
        out.u16(holdings.size());
        for (Holding holding : holdings) {
            out.hash(holding.model()).blob(holding.shards().toByteArray());
            out.u16(holding.serving().size());
            for (Serving serving : holding.serving()) {
                out.u16(serving.blocks().first()).u16(serving.blocks().end());
                out.i32((int) Math.min(Integer.MAX_VALUE, serving.stepTime().toNanos() / 1000));
            }
        }
    }

    static Announcement read(WireReader in) throws WireException {
        in.u8("announcement version", VERSION, VERSION);
        Hint who = readPeer(in);
        int roleBits = in.u8("announced roles", 0, (1 << Role.values().length) - 1);
        var roles = EnumSet.noneOf(Role.class);
        for (Role role : Role.values()) {
            if ((roleBits & (1 << role.ordinal())) != 0) {
                roles.add(role);
            }
        }
        String device = in.text("announced device", 256);
        String profile = in.text("announced profile", 32);
        String conformance = in.text("announced conformance digest", 128);
        long at = in.i64("announced time", 0, Long.MAX_VALUE);
        return new Announcement(
                who.peer(),
                who.addresses(),
                roles,
                device,
                profile,
                conformance,
                Duration.ofMillis(in.i32("announced period", 1, (int) MAX_PERIOD_MILLIS)),
                in.u16("announced slots"),
                in.list("announced models", MAX_HOLDINGS, Announcement::holding),
                at);
    }

    private static Holding holding(WireReader in) throws WireException {
        Hash model = in.hash("announced model");
        var shards = BitSet.valueOf(in.blob("announced shards", (MAX_SHARDS + 7) / 8));
        return new Holding(model, shards, in.list("announced stages", MAX_SERVING, Announcement::serving));
    }

    private static Serving serving(WireReader in) throws WireException {
        int first = in.u16("announced first block", 0, 1023);
        int end = in.u16("announced end block", first + 1, 1024);
        return new Serving(
                new BlockRange(first, end),
                Duration.ofNanos(in.i32("announced step time", 0, Integer.MAX_VALUE) * 1000L));
    }

    /** Where a peer may be found. */
    public record Hint(PeerId peer, List<Multiaddr> addresses) {
        public Hint {
            addresses = List.copyOf(addresses);
        }
    }

    static void writePeer(WireWriter out, PeerId peer, List<Multiaddr> addresses) {
        byte[] id = peer.bytes();
        out.u8(id.length).raw(id);
        out.u16(addresses.size());
        for (Multiaddr address : addresses) {
            byte[] bytes = address.bytes();
            out.u16(bytes.length).raw(bytes);
        }
    }

    static Hint readPeer(WireReader in) throws WireException {
        try {
            PeerId peer = PeerId.decode(in.raw("peer id", in.u8("peer id length", 1, 128)));
            return new Hint(peer, in.list("addresses", MAX_ADDRESSES, Announcement::address));
        } catch (WireException bad) {
            throw bad;
        } catch (DecodeException bad) {
            throw new WireException("peer id: " + bad.getMessage());
        }
    }

    private static Multiaddr address(WireReader in) throws WireException {
        byte[] bytes = in.raw("address", in.u16("address length", 1, Multiaddr.MAX_BYTES));
        try {
            return Multiaddr.decode(bytes);
        } catch (DecodeException bad) {
            throw new WireException("address: " + bad.getMessage());
        }
    }
}
