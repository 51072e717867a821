package io.infergrid.app.core;

import java.time.Duration;
import java.util.List;

/**
 * The swarm as this rig sees it.
 *
 * @param reach how others reach this rig
 * @param modelBlocks number of blocks of the model that is served, 0 before one is known
 * @param pipeline the stages in order, empty before they cover the model
 */
public record SwarmView(
        String ownPeerId,
        List<String> addresses,
        Reach reach,
        List<Peer> peers,
        List<Transfer> transfers,
        String model,
        int modelBlocks,
        List<StageView> pipeline) {

    public SwarmView {
        addresses = List.copyOf(addresses);
        peers = List.copyOf(peers);
        transfers = List.copyOf(transfers);
        pipeline = List.copyOf(pipeline);
    }

    /** Of a rig that only talks on its own computer. */
    public SwarmView(
            String ownPeerId,
            List<String> addresses,
            List<Peer> peers,
            List<Transfer> transfers,
            String model,
            int modelBlocks,
            List<StageView> pipeline) {
        this(ownPeerId, addresses, Reach.LOCAL, peers, transfers, model, modelBlocks, pipeline);
    }

    public static SwarmView empty() {
        return new SwarmView("", List.of(), List.of(), List.of(), "", 0, List.of());
    }

    /**
     * How others reach this rig.
     *
     * @param state unknown, public, private or relayed; empty for a rig that only talks on its own computer
     * @param advice what it means and the next step, in words
     */
    public record Reach(String state, String advice) {

        public static final Reach LOCAL = new Reach("", "");
    }

    /** How a peer is connected. */
    public enum Way {
        DIRECT,
        RELAYED,
        UNREACHABLE
    }

    /** @param held the blocks that the peer announces, e.g. {@code 0-1}, empty if none */
    public record Peer(
            String peerId,
            String address,
            String role,
            String device,
            String held,
            Duration roundTrip,
            Way way,
            boolean self) {

        /** One that is connected directly. */
        public Peer(
                String peerId,
                String address,
                String role,
                String device,
                String held,
                Duration roundTrip,
                boolean self) {
            this(peerId, address, role, device, held, roundTrip, Way.DIRECT, self);
        }
    }

    /**
     * A model on its way to this rig from several sources, or one shard on its way to or from it.
     *
     * @param shard in words; the model's name for a whole model
     * @param fromPeerId the other side of a shard's way; empty for a model
     * @param state of a model: {@code running}, {@code paused}, {@code done}, {@code failed} or {@code cancelled}; empty for a shard
     * @param bytesPerSecond over the last seconds, of a model
     * @param left time to its end at that rate, zero if it is not known
     * @param sources peers that a model comes from now
     * @param modelRoot of a model, by which it is paused and resumed; empty for a shard
     */
    public record Transfer(
            String shard,
            String fromPeerId,
            long bytesDone,
            long bytesTotal,
            boolean verified,
            String state,
            long bytesPerSecond,
            Duration left,
            int sources,
            String modelRoot) {

        /** A shard. */
        public Transfer(String shard, String fromPeerId, long bytesDone, long bytesTotal, boolean verified) {
            this(shard, fromPeerId, bytesDone, bytesTotal, verified, "", 0, Duration.ZERO, 0, "");
        }
    }

    /**
     * One stage of the pipeline.
     *
     * @param stepTime moving average of the time one token takes here, zero before the first
     */
    public record StageView(
            int index, int firstBlock, int endBlock, String peerId, String device, Duration stepTime, boolean alive) {}
}
