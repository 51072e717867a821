package io.infergrid.grid;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A node's view of the grid at one moment; immutable.
 *
 * @param addresses where this node listens
 * @param reach how others reach this node
 * @param peers all that announced themselves and did not expire, this node first
 * @param transfers shards under way, and those that finished lately, by peer
 * @param downloads models of which shards are fetched, or were in this run
 * @param uploads peers that fetch from here
 * @param models by root, those that this node knows the manifest of
 * @param pipeline the stages that a session would take now, of the first model that is covered; empty if none is
 * @param sessions sessions that run on this node's stages
 * @param metrics counters by name
 */
public record GridSnapshot(
        String peerId,
        List<String> addresses,
        Reach reach,
        List<Peer> peers,
        List<Transfer> transfers,
        List<Download> downloads,
        List<Upload> uploads,
        List<Model> models,
        List<PipelineStage> pipeline,
        int sessions,
        Map<String, Long> metrics) {

    public GridSnapshot {
        addresses = List.copyOf(addresses);
        peers = List.copyOf(peers);
        transfers = List.copyOf(transfers);
        downloads = List.copyOf(downloads);
        uploads = List.copyOf(uploads);
        models = List.copyOf(models);
        pipeline = List.copyOf(pipeline);
        metrics = Map.copyOf(metrics);
    }

    /**
     * @param address the first that it announced, else the one that it is connected through
     * @param device e.g. {@code cpu: AMD Ryzen 7}
     * @param serves what it runs, of all models
     * @param roundTrip of the last ping, zero if not measured
     * @param connected whether there is a connection now
     * @param way how it is connected
     */
    public record Peer(
            String peerId,
            String address,
            Set<Role> roles,
            String device,
            List<Serving> serves,
            int freeSlots,
            Duration roundTrip,
            boolean connected,
            Way way,
            boolean self) {
        public Peer {
            roles = Set.copyOf(roles);
            serves = List.copyOf(serves);
        }

        /** Blocks for people, e.g. {@code 0-1, 4-5}; empty if it serves none. */
        public String held() {
            return String.join(
                    ", ", serves.stream().map(s -> s.blocks().toString()).toList());
        }
    }

    /** How a peer is connected. */
    public enum Way {
        DIRECT,
        /** Over a relay, which carries no work of the grid; a direct way is looked for. */
        RELAYED,
        NONE
    }

    /**
     * How others reach this node.
     *
     * @param state unknown, public, private or relayed; empty where nobody finds out
     * @param advice what it means and the next step, in plain words
     * @param relays how many relays hold a slot for this node
     */
    public record Reach(String state, String advice, int relays) {

        /** For a node that only talks on its own machine. */
        public static final Reach OFF = new Reach("", "", 0);
    }

    /** @param stepTime what the peer measured for one token on these blocks, zero before the first */
    public record Serving(Hash model, BlockRange blocks, Duration stepTime) {}

    /** @param upload true if it goes from here to the peer */
    public record Transfer(
            Hash model,
            String shard,
            String peerId,
            boolean upload,
            long bytesDone,
            long bytesTotal,
            boolean verified) {}

    /** What a download does. */
    public enum DownloadState {
        RUNNING,
        /** By the user. */
        PAUSED,
        DONE,
        /** The disk failed; the download's {@code trouble} says how. */
        FAILED,
        /** By the user, or nobody waits for it any more; what came is kept. */
        CANCELLED
    }

    /**
     * Shards of one model on their way to this node.
     *
     * @param name of the model
     * @param bytesDone of the shards that are wanted, with what was here before
     * @param bytesPerSecond over the last seconds, 0 unless running
     * @param left time to the end at this rate, zero if it is not known
     * @param piecesMissing pieces that are still to come
     * @param badPieces that came with a wrong hash; their senders are banned
     * @param trouble what went wrong last, empty when done
     */
    public record Download(
            Hash model,
            String name,
            DownloadState state,
            long bytesDone,
            long bytesTotal,
            long bytesPerSecond,
            Duration left,
            int piecesMissing,
            long badPieces,
            String trouble,
            List<Source> sources) {
        public Download {
            sources = List.copyOf(sources);
        }
    }

    /**
     * A peer that a download comes from.
     *
     * @param asked pieces that it was asked for and did not send yet
     * @param slot whether it lets this node fetch now
     */
    public record Source(String peerId, long bytesPerSecond, long bytes, int asked, boolean slot) {}

    /**
     * A peer that fetches from this node.
     *
     * @param slot whether it may now
     */
    public record Upload(Hash model, String name, String peerId, boolean slot, long bytes, long bytesPerSecond) {}

    /** @param shardsHere shards that this node has whole, of {@code shards} */
    public record Model(
            Hash root,
            String name,
            String architecture,
            String licence,
            int blocks,
            long bytes,
            int shardsHere,
            int shards) {}

    /**
     * @param stepTime moving average of the time one token takes here, zero before the first
     * @param alive whether there is a connection to the peer now (always for this node)
     */
    public record PipelineStage(
            int index, BlockRange blocks, String peerId, String device, Duration stepTime, boolean alive) {}
}
