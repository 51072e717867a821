package io.infergrid.grid;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A node's view of the grid at one moment; immutable.
 *
 * @param addresses where this node listens
 * @param peers all that announced themselves and did not expire, this node first
 * @param transfers shards under way, and those that finished lately
 * @param models by root, those that this node knows the manifest of
 * @param pipeline the stages that a session would take now, of the first model that is covered; empty if none is
 * @param sessions sessions that run on this node's stages
 * @param metrics counters by name
 */
public record GridSnapshot(
        String peerId,
        List<String> addresses,
        List<Peer> peers,
        List<Transfer> transfers,
        List<Model> models,
        List<PipelineStage> pipeline,
        int sessions,
        Map<String, Long> metrics) {

    public GridSnapshot {
        addresses = List.copyOf(addresses);
        peers = List.copyOf(peers);
        transfers = List.copyOf(transfers);
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
