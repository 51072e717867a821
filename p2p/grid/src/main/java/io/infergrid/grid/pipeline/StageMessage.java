package io.infergrid.grid.pipeline;

import io.infergrid.grid.BlockRange;
import io.infergrid.grid.GenerationRequest.Sampling;
import io.infergrid.grid.GridNodeConfig;
import io.infergrid.grid.Hash;
import io.infergrid.grid.batching.Priority;
import io.infergrid.grid.payment.Offer;
import io.infergrid.grid.payment.Payments;
import io.infergrid.grid.verification.WindowClaim;
import io.infergrid.grid.wire.WireException;
import io.infergrid.grid.wire.WireReader;
import io.infergrid.grid.wire.WireWriter;
import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.PeerId;
import io.infergrid.libp2p.codec.DecodeException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * Messages of {@code /infergrid/stage/2}. A stream begins either with {@link Open}, from a gateway, and is then the session's
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
     * @param previous who sends boundary activations, and who may take over from it; none for the first stage
     * @param next where they go from here; empty for the last stage
     * @param tee the standby of the next stage, which is sent the same; empty if it has none
     * @param standby whether this peer only keeps up, until it is told to take over
     * @param sampling how the last stage draws tokens
     * @param priority of its steps at each stage
     */
    record Open(
            String session,
            Hash model,
            BlockRange blocks,
            int stage,
            int maxPositions,
            List<PeerId> previous,
            Optional<Hop> next,
            Optional<Hop> tee,
            boolean standby,
            Sampling sampling,
            Priority priority)
            implements StageMessage {

        /** Most peers that may send to a stage one after the other. */
        static final int MAX_PREVIOUS = 2;

        public Open {
            previous = List.copyOf(previous);
        }
    }

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

    /** To a standby: the whole pipeline is past the positions before this one; it computes what it was sent of them. */
    record Settled(int position) implements StageMessage {}

    /**
     * To a standby: it is the stage now.
     *
     * @param position what is sent on begins here
     * @param next where that goes; empty for the last stage
     * @param tee the standby of the next stage
     */
    record TakeOver(int position, Optional<Hop> next, Optional<Hop> tee) implements StageMessage {}

    /** Asks for what is behind a {@link Committed}. */
    record Reveal(int window) implements StageMessage {}

    /**
     * Pays a stage.
     *
     * @param windows that are paid, all of the session so far
     * @param committed commitments of the stage that the voucher is bound to, from the first on
     */
    record Paid(int windows, int committed, byte[] voucher) implements StageMessage {}

    /** To a stage: the next stage is gone, its standby takes its place. */
    record Promote() implements StageMessage {}

    // ---- stage to gateway

    /** @param offer what the stage wants for its work; empty if nothing */
    record Opened(Optional<Offer> offer) implements StageMessage {}

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

    /**
     * The stage goes on, but one of its neighbours is lost to it.
     *
     * @param peer who is lost
     */
    record LinkLost(Link link, PeerId peer, String text) implements StageMessage {

        /** Which neighbour. */
        public enum Link {
            /** The stage before. */
            PREVIOUS,
            /** The stage behind. */
            NEXT,
            /** The standby of the stage behind. */
            TEE
        }
    }

    /**
     * A window is computed.
     *
     * @param commitment of the {@link WindowClaim}
     * @param signature of the peer under it
     */
    record Committed(int window, Hash commitment, byte[] signature) implements StageMessage {

        /** More than any kind of key needs. */
        static final int MAX_SIGNATURE_BYTES = 1024;
    }

    /** What is behind a {@link Committed}. */
    record Revealed(int window, WindowClaim.Secret secret) implements StageMessage {}

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
            ENGINE,
            /** The stage was not paid. */
            UNPAID
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
                out.u8(open.previous().size());
                open.previous().forEach(peer -> peer(out, peer));
                hop(out, open.next());
                hop(out, open.tee());
                out.bool(open.standby());
                Sampling sampling = open.sampling();
                out.f32(sampling.temperature())
                        .i32(sampling.topK())
                        .f32(sampling.topP())
                        .i64(sampling.seed());
                out.u8(open.priority().ordinal());
            }
            case Tokens(var position, var draw, var ids) -> {
                out.u8(2).i32(position).bool(draw).u16(ids.length);
                for (int id : ids) {
                    out.i32(id);
                }
            }
            case Probe() -> out.u8(3);
            case Opened(var offer) -> {
                out.u8(4).bool(offer.isPresent());
                offer.ifPresent(terms -> terms.encode(out));
            }
            case Reached(var position) -> out.u8(5).i32(position);
            case Drawn(var position, var token, var micros) -> {
                out.u8(6).i32(position).i32(token);
                micros(out, micros);
            }
            case Failed(var reason, var text) -> out.u8(7).u8(reason.ordinal()).text(brief(text));
            case Attach(var session) -> out.u8(8).raw(id(session));
            case Hidden hidden -> {
                out.u8(9).i32(hidden.position()).u16(hidden.positions()).bool(hidden.draw());
                micros(out, hidden.micros());
                out.blob(hidden.wire());
            }
            case Settled(var position) -> out.u8(10).i32(position);
            case TakeOver(var position, var next, var tee) -> {
                out.u8(11).i32(position);
                hop(out, next);
                hop(out, tee);
            }
            case Promote() -> out.u8(12);
            case LinkLost(var link, var peer, var text) -> {
                out.u8(13).u8(link.ordinal());
                peer(out, peer);
                out.text(brief(text));
            }
            case Committed(var window, var commitment, var signature) ->
                out.u8(14).i32(window).hash(commitment).blob(signature);
            case Reveal(var window) -> out.u8(15).i32(window);
            case Paid(var windows, var committed, var voucher) ->
                out.u8(17).i32(windows).i32(committed).blob(voucher);
            case Revealed(var window, var secret) -> {
                out.u8(16).i32(window);
                secret.encode(out);
            }
        }
        return out.toBytes();
    }

    private static String brief(String text) {
        return text.length() > 200 ? text.substring(0, 200) : text;
    }

    private static void hop(WireWriter out, Optional<Hop> hop) {
        out.bool(hop.isPresent());
        hop.ifPresent(to -> {
            peer(out, to.peer());
            out.u16(to.addresses().size());
            to.addresses().forEach(address -> out.u16(address.bytes().length).raw(address.bytes()));
        });
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
            case 4 -> new Opened(in.bool("offer") ? Optional.of(Offer.decode(in)) : Optional.empty());
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
            case 10 -> new Settled(position(in));
            case 11 -> new TakeOver(position(in), hop(in, "next stage"), hop(in, "standby"));
            case 12 -> new Promote();
            case 13 ->
                new LinkLost(
                        LinkLost.Link.values()[in.u8("link", 0, LinkLost.Link.values().length - 1)],
                        peer(in),
                        in.text("loss", 1024));
            case 14 ->
                new Committed(position(in), in.hash("commitment"), in.blob("signature", Committed.MAX_SIGNATURE_BYTES));
            case 15 -> new Reveal(position(in));
            case 16 -> new Revealed(position(in), WindowClaim.Secret.decode(in));
            case 17 -> new Paid(position(in), position(in), in.blob("voucher", Payments.MOST_VOUCHER_BYTES));
            default -> throw new WireException("expected a stage message of type 1 to 17, found " + type);
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
        var previous = new ArrayList<PeerId>();
        for (int left = in.u8("previous stages", 0, Open.MAX_PREVIOUS); left > 0; left--) {
            previous.add(peer(in));
        }
        Optional<Hop> next = hop(in, "next stage");
        Optional<Hop> tee = hop(in, "standby");
        boolean standby = in.bool("role");
        float temperature = in.f32("temperature", 0, 100);
        int topK = in.i32("top-k", 0, Integer.MAX_VALUE);
        float topP = in.f32("top-p", Float.MIN_VALUE, 1);
        var sampling = new Sampling(temperature, topK, topP, in.i64("seed"));
        Priority[] priorities = Priority.values();
        return new Open(
                session,
                model,
                blocks,
                stage,
                maxPositions,
                previous,
                next,
                tee,
                standby,
                sampling,
                priorities[in.u8("priority", 0, priorities.length - 1)]);
    }

    private static Optional<Hop> hop(WireReader in, String what) throws WireException {
        return in.bool(what)
                ? Optional.of(new Hop(peer(in), in.list("addresses", 8, StageMessage::address)))
                : Optional.empty();
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
