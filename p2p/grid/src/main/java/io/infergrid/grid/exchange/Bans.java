package io.infergrid.grid.exchange;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.infergrid.grid.GridMetrics;
import io.infergrid.grid.Hash;
import io.infergrid.libp2p.PeerId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Peers that sent what nobody sends by accident: a piece or a manifest with another hash than the one it was asked for by, or messages
 * against the protocol. A connection is encrypted and authenticated, so what came over it is what the peer sent. They are neither asked
 * nor served until the ban ends, also after a restart; the bytes of the first 16 bad pieces are kept beside it, for the owner to look at.
 * Bounded; thread-safe.
 */
public final class Bans {

    /** For bytes with a wrong hash. */
    static final Duration FOR_BAD_BYTES = Duration.ofDays(1);

    /** For messages against the protocol, which a bug can cause as well. */
    static final Duration FOR_BAD_MESSAGES = Duration.ofMinutes(10);

    private static final Logger LOG = LoggerFactory.getLogger(Bans.class);
    private static final int MOST = 4096;
    private static final int MOST_PROOFS = 16;
    private static final long MOST_FILE_BYTES = 4L << 20;

    /** @param until when the peer is asked and served again */
    public record Ban(PeerId peer, Instant since, Instant until, String why) {}

    private final Path folder;
    private final Clock clock;
    private final GridMetrics metrics;
    private final Map<PeerId, Ban> byPeer = new LinkedHashMap<>();

    /** Takes up the bans of an earlier run from {@code folder}; lines that cannot be read are dropped. */
    Bans(Path folder, Clock clock, GridMetrics metrics) {
        this.folder = folder;
        this.clock = clock;
        this.metrics = metrics;
        Path file = folder.resolve("bans");
        try {
            if (Files.exists(file) && Files.size(file) <= MOST_FILE_BYTES) {
                Files.readAllLines(file, UTF_8).stream().limit(MOST).forEach(this::take);
            }
        } catch (IOException e) {
            LOG.warn("cannot read the bans in {}: {}", file, e.getMessage());
        }
    }

    private void take(String line) {
        String[] parts = line.split(" ", 4);
        try {
            if (parts.length == 4) {
                var ban = new Ban(PeerId.parse(parts[2]), Instant.parse(parts[0]), Instant.parse(parts[1]), parts[3]);
                byPeer.put(ban.peer(), ban);
            }
        } catch (java.time.DateTimeException | IllegalArgumentException spoilt) {
            metrics.count("shards.bans.unreadable");
        }
    }

    public synchronized boolean contains(PeerId peer) {
        Ban ban = byPeer.get(peer);
        if (ban != null && !ban.until().isAfter(clock.instant())) {
            byPeer.remove(peer);
            return false;
        }
        return ban != null;
    }

    /** Those that hold now. */
    public synchronized List<Ban> list() {
        Instant now = clock.instant();
        return byPeer.values().stream().filter(ban -> ban.until().isAfter(now)).toList();
    }

    synchronized Set<PeerId> peers() {
        var peers = new TreeSet<PeerId>();
        list().forEach(ban -> peers.add(ban.peer()));
        return peers;
    }

    /** Messages that break the protocol. */
    synchronized void badMessages(PeerId peer, String why) {
        ban(peer, FOR_BAD_MESSAGES, why);
        metrics.count("shards.messages.bad");
    }

    /** A manifest that is not the one of its root. */
    synchronized void badManifest(PeerId peer, Hash model, String why) {
        ban(peer, FOR_BAD_BYTES, "manifest of " + model.brief() + ": " + why);
        metrics.count("shards.manifests.bad");
    }

    /** A piece with another hash. The bytes are kept as proof. What was under way when the first was found out does not count. */
    synchronized void badPiece(PeerId peer, Hash model, String shard, int piece, byte[] bytes, int length, String why) {
        if (contains(peer)) {
            return;
        }
        keep(peer + "-" + model.brief() + "-" + shard.replace(' ', '-') + "-" + piece + ".piece", bytes, length);
        ban(peer, FOR_BAD_BYTES, why);
        metrics.count("shards.pieces.bad");
    }

    private void ban(PeerId peer, Duration length, String why) {
        Instant now = clock.instant();
        Ban before = byPeer.get(peer);
        if (before != null && before.until().isAfter(now.plus(length))) {
            return;
        }
        byPeer.remove(peer);
        if (byPeer.size() >= MOST) {
            byPeer.remove(byPeer.keySet().iterator().next());
        }
        byPeer.put(peer, new Ban(peer, now, now.plus(length), why));
        LOG.warn("peer={} banned as a source of shards until {}: {}", peer, now.plus(length), why);
        write();
        metrics.count("shards.peers.dropped");
    }

    private void write() {
        var lines = new ArrayList<String>();
        for (Ban ban : list()) {
            lines.add(ban.since() + " " + ban.until() + " " + ban.peer() + " "
                    + ban.why().replaceAll("\\R", " "));
        }
        Path file = folder.resolve("bans");
        Path temporary = folder.resolve("bans.tmp");
        try {
            Files.write(temporary, lines, UTF_8);
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            LOG.warn("cannot keep the bans in {}: {}", file, e.getMessage()); // they hold in this run all the same
        }
    }

    private void keep(String name, byte[] bytes, int length) {
        Path proofs = folder.resolve("bad-pieces");
        try {
            Files.createDirectories(proofs);
            try (var files = Files.list(proofs)) {
                if (files.count() >= MOST_PROOFS) {
                    return;
                }
            }
            Files.write(proofs.resolve(name), java.util.Arrays.copyOf(bytes, length));
        } catch (IOException e) {
            LOG.warn("cannot keep the bad piece {}: {}", name, e.getMessage());
        }
    }
}
