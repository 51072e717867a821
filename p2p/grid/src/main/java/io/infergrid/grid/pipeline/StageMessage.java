package io.infergrid.grid.pipeline;

import io.infergrid.grid.BlockRange;
import io.infergrid.grid.GenerationRequest.Sampling;
import io.infergrid.grid.GridNodeConfig;
import io.infergrid.grid.Hash;
import io.infergrid.grid.wire.WireException;
import io.infergrid.grid.wire.WireReader;
import io.infergrid.grid.wire.WireWriter;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.codec.DecodeException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * Messages of {@code /infergrid/stage/1}. A stream begins either with {@link Open}, from a gateway, and is then the session's
 * control stream, or with {@link Attach}, from the stage before, and then carries boundary activations.
 */
public sealed interface StageMessage {

    /** Longest message that is not boundary activations. */
    int MAX_CONTROL_BYTES = 16 * 1024;

    int MAX_STAGES = 256;
    int ID_BYTES = 16;

    /** Longest {@link Hidden} message of a model with that dimension. */
    static int maxHiddenBytes(int dimension) {
        return GridNodeConfig.MAX_CHUNK * dimension * 2 + MAX_CONTROL_BYTES;
    }

    // ---- gateway to stage

    /**
     * Opens a session.
     *
     * @param session hex of 16 bytes, the job's id
     * @param stage index of the stage in the pipeline
     * @param maxPositions most positions that the session will have
     * @param previous who sends boundary activations; empty for the first stage
     * @param next where they go from here; empty for the last stage
     * @param sampling how the last stage draws tokens
     */
    record Open(
            String session,
            Hash model,
            BlockRange blocks,
            int stage,
            int maxPositions,
            Optional<PeerId> previous,
            Optional<Hop> next,
            Sampling sampling)
            implements StageMessage {}

    /** A stage's place in the swarm. */
    record Hop(PeerId peer, List<Multiaddr> addresses) {
        public Hop {
            addresses = List.copyOf(addresses.subList(0, Math.min(8, addresses.size())));
        }
    }

    /**
     * The next tokens, for the first stage.
     *
     * @param position of the first of them in the session
     * @param draw whether the last stage draws the token that follows
     */
    record Tokens(int position, boolean draw, int[] ids) implements StageMessage {}

    /** Asks how far the stage is. */
    record Probe() implements StageMessage {}

    // ---- stage to gateway

    record Opened() implements StageMessage {}

    /** The stage computed so far; the answer to {@link Probe}. */
    record Reached(int position) implements StageMessage {}

    /**
     * The last stage is done with a frame.
     *
     * @param position behind the frame's last position: the drawn token's place
     * @param token the token drawn, -1 if none was asked for
     * @param micros the time that each stage computed, in order
     */
    record Drawn(int position, int token, int[] micros) implements StageMessage {}

    /** The session has ended at this stage, or never began. */
    record Failed(Reason reason, String text) implements StageMessage {

        /** Who or what is at fault. */
        public enum Reason {
            /** No slot or no memory left. */
            BUSY,
            /** The stage does not have what is asked for. */
            UNKNOWN,
            /** Somebody broke the protocol. */
            PROTOCOL,
            /** The next stage cannot be reached. */
            NEXT_LOST,
            /** The stage before has gone. */
            PREVIOUS_LOST,
            /** Nothing came for too long. */
            IDLE,
            /** The engine failed, or the node stops. */
            ENGINE
        }
    }

    // ---- stage to stage

    /** Begins the stream of boundary activations of a session. */
    record Attach(String session) implements StageMessage {}

    /**
     * Boundary activations of consecutive positions.
     *
     * @param micros the time that each stage so far computed, in order
     * @param wire positions * dimension halves, little-endian
     */
    record Hidden(int position, int positions, boolean draw, int[] micros, byte[] wire) implements StageMessage {}

    default byte[] encode() {
        var out = new WireWriter(this instanceof Hidden hidden ? hidden.wire().length + 2048 : 256);
        switch (this) {
            case Open open -> {
                out.u8(1).raw(id(open.session())).hash(open.model());
                out.u16(open.blocks().first())
                        .u16(open.blocks().end())
                        .u8(open.stage())
                        .i32(open.maxPositions());
                out.bool(open.previous().isPresent());
                open.previous().ifPresent(peer -> peer(out, peer));
                out.bool(open.next().isPresent());
                open.next().ifPresent(hop -> {
                    peer(out, hop.peer());
                    out.u16(hop.addresses().size());
                    hop.addresses()
                            .forEach(address -> out.u16(address.bytes().length).raw(address.bytes()));
                });
                Sampling sampling = open.sampling();
                out.f32(sampling.temperature())
                        .i32(sampling.topK())
                        .f32(sampling.topP())
                        .i64(sampling.seed());
            }
            case Tokens(var position, var draw, var ids) -> {
                out.u8(2).i32(position).bool(draw).u16(ids.length);
                for (int id : ids) {
                    out.i32(id);
                }
            }
            case Probe() -> out.u8(3);
            case Opened() -> out.u8(4);
            case Reached(var position) -> out.u8(5).i32(position);
            case Drawn(var position, var token, var micros) -> {
                out.u8(6).i32(position).i32(token);
                micros(out, micros);
            }
            case Failed(var reason, var text) ->
                out.u8(7).u8(reason.ordinal()).text(text.length() > 200 ? text.substring(0, 200) : text);
            case Attach(var session) -> out.u8(8).raw(id(session));
            case Hidden hidden -> {
                out.u8(9).i32(hidden.position()).u16(hidden.positions()).bool(hidden.draw());
                micros(out, hidden.micros());
                out.blob(hidden.wire());
            }
        }
        return out.toBytes();
    }

    private static byte[] id(String session) {
        return HexFormat.of().parseHex(session);
    }

    private static void peer(WireWriter out, PeerId peer) {
        byte[] bytes = peer.bytes();
        out.u8(bytes.length).raw(bytes);
    }

    private static void micros(WireWriter out, int[] micros) {
        out.u16(micros.length);
        for (int time : micros) {
            out.i32(time);
        }
    }

    static StageMessage decode(byte[] bytes) throws WireException {
        var in = new WireReader(bytes);
        int type = in.u8("stage message");
        StageMessage message = switch (type) {
            case 1 -> open(in);
            case 2 -> new Tokens(position(in), in.bool("draw"), ints(in, "tokens", GridNodeConfig.MAX_CHUNK, 1));
            case 3 -> new Probe();
            case 4 -> new Opened();
            case 5 -> new Reached(position(in));
            case 6 -> new Drawn(position(in), in.i32("token", -1, Integer.MAX_VALUE), ints(in, "times", MAX_STAGES, 0));
            case 7 ->
                new Failed(
                        Failed.Reason.values()[in.u8("reason", 0, Failed.Reason.values().length - 1)],
                        in.text("failure", 1024));
            case 8 -> new Attach(session(in));
            case 9 ->
                new Hidden(
                        position(in),
                        in.u16("positions", 1, GridNodeConfig.MAX_CHUNK),
                        in.bool("draw"),
                        ints(in, "times", MAX_STAGES, 0),
                        in.blob("boundary", Integer.MAX_VALUE));
            default -> throw new WireException("expected a stage message of type 1 to 9, found " + type);
        };
        in.end("stage message");
        return message;
    }

    private static Open open(WireReader in) throws WireException {
        String session = session(in);
        Hash model = in.hash("model");
        int first = in.u16("first block", 0, 1023);
        var blocks = new BlockRange(first, in.u16("end block", first + 1, 1024));
        int stage = in.u8("stage index");
        int maxPositions = in.i32("most positions", 1, 1 << 24);
        Optional<PeerId> previous = in.bool("previous stage") ? Optional.of(peer(in)) : Optional.empty();
        Optional<Hop> next = in.bool("next stage")
                ? Optional.of(new Hop(peer(in), in.list("addresses", 8, StageMessage::address)))
                : Optional.empty();
        float temperature = in.f32("temperature", 0, 100);
        int topK = in.i32("top-k", 0, Integer.MAX_VALUE);
        float topP = in.f32("top-p", Float.MIN_VALUE, 1);
        return new Open(
                session,
                model,
                blocks,
                stage,
                maxPositions,
                previous,
                next,
                new Sampling(temperature, topK, topP, in.i64("seed")));
    }

    private static String session(WireReader in) throws WireException {
        return HexFormat.of().formatHex(in.raw("session", ID_BYTES));
    }

    private static int position(WireReader in) throws WireException {
        return in.i32("position", 0, 1 << 24);
    }

    private static int[] ints(WireReader in, String what, int most, int least) throws WireException {
        int[] values = new int[in.u16(what + " count", least, most)];
        for (int i = 0; i < values.length; i++) {
            values[i] = in.i32(what, 0, Integer.MAX_VALUE);
        }
        return values;
    }

    private static PeerId peer(WireReader in) throws WireException {
        byte[] bytes = in.raw("peer id", in.u8("peer id length", 1, 128));
        try {
            return PeerId.decode(bytes);
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
