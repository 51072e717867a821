package io.infergrid.app.core;

import java.util.List;
import java.util.function.Consumer;

/**
 * How this rig takes part in a swarm beyond this computer, and what the exchange of shards may take of it. A rate or size of 0 is no limit
 * but for {@code seedGiB}, where it is nothing. All of it counts from the next start.
 *
 * @param open whether other computers may connect, and this rig to them; else the swarm is this computer alone, and only rates and sizes count
 * @param port of TCP, and of UDP for QUIC, that is listened on; 0 for any free one
 * @param join addresses of peers to join through, each ending in {@code /p2p/<id>}
 * @param mdns whether to find rigs on the local network
 * @param dht whether to find rigs and shards by the DHT
 * @param relays whether to be reached over relays while nobody can dial this rig, and to relay for others while everybody can
 * @param portMapping whether to ask the router to forward the port
 * @param quic whether to listen on QUIC beside TCP
 * @param upMiBps most MiB of shards a second to others
 * @param downMiBps most MiB of shards a second from others
 * @param diskGiB most GiB of shards on the disk
 * @param seedGiB of that, what may be filled with shards that the swarm lacks
 */
public record Sharing(
        boolean open,
        int port,
        List<String> join,
        boolean mdns,
        boolean dht,
        boolean relays,
        boolean portMapping,
        boolean quic,
        int upMiBps,
        int downMiBps,
        int diskGiB,
        int seedGiB) {

    public static final int MOST_MIB_PER_SECOND = 100_000;
    public static final int MOST_GIB = 1_000_000;
    private static final int MOST_PEERS = 16;
    private static final int LONGEST_ADDRESS = 512;

    /** On this computer alone; once it is open, everything that finds others is on. */
    public static final Sharing DEFAULT = new Sharing(false, 0, List.of(), true, true, true, true, true, 0, 0, 0, 0);

    /** @throws Settings.OutOfRange if a value is none that a rig can keep */
    public Sharing {
        within("port", port, 65_535);
        within("upMiBps", upMiBps, MOST_MIB_PER_SECOND);
        within("downMiBps", downMiBps, MOST_MIB_PER_SECOND);
        within("diskGiB", diskGiB, MOST_GIB);
        within("seedGiB", seedGiB, MOST_GIB);
        if (join.size() > MOST_PEERS) {
            throw new Settings.OutOfRange(
                    "expected up to " + MOST_PEERS + " addresses to join through, found " + join.size());
        }
        join = join.stream().map(Sharing::address).toList();
    }

    /** The form is looked at where the address is used; here only that it is one line of some length. */
    private static String address(String text) {
        String stripped = text.strip();
        if (!stripped.matches("/[\\x21-\\x7e]{1," + LONGEST_ADDRESS + "}") || !stripped.contains("/p2p/")) {
            throw new Settings.OutOfRange(
                    "expected an address such as /ip4/203.0.113.7/tcp/4001/p2p/12D3Koo..., found '"
                            + (stripped.length() > 80 ? stripped.substring(0, 80) + "..." : stripped) + "'");
        }
        return stripped;
    }

    private static void within(String name, int value, int most) {
        if (value < 0 || value > most) {
            throw new Settings.OutOfRange("expected " + name + " from 0 to " + most + ", found " + value);
        }
    }

    /** This with some values changed, e.g. {@code sharing.but(draft -> draft.upMiBps = 5)}. */
    public Sharing but(Consumer<Draft> change) {
        var draft = new Draft(this);
        change.accept(draft);
        return draft.done();
    }

    /** The values one by one, to be changed. */
    public static final class Draft {
        public boolean open;
        public int port;
        public List<String> join;
        public boolean mdns;
        public boolean dht;
        public boolean relays;
        public boolean portMapping;
        public boolean quic;
        public int upMiBps;
        public int downMiBps;
        public int diskGiB;
        public int seedGiB;

        private Draft(Sharing now) {
            open = now.open;
            port = now.port;
            join = now.join;
            mdns = now.mdns;
            dht = now.dht;
            relays = now.relays;
            portMapping = now.portMapping;
            quic = now.quic;
            upMiBps = now.upMiBps;
            downMiBps = now.downMiBps;
            diskGiB = now.diskGiB;
            seedGiB = now.seedGiB;
        }

        private Sharing done() {
            return new Sharing(
                    open, port, join, mdns, dht, relays, portMapping, quic, upMiBps, downMiBps, diskGiB, seedGiB);
        }
    }
}
