package io.infergrid.libp2p.autonat;

import io.infergrid.libp2p.Multiaddr;
import io.infergrid.libp2p.codec.DecodeException;
import io.infergrid.libp2p.codec.ProtoReader;
import io.infergrid.libp2p.codec.ProtoWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What is said on {@code /libp2p/autonat/2/dial-request}. */
sealed interface AutonatMessage {

    String PROTOCOL = "/libp2p/autonat/2/dial-request";
    int MAX_BYTES = 8192;
    int MAX_ADDRESSES = 50;

    /**
     * Asks to be dialled at the first address that the server can dial.
     *
     * @param addresses best first; an empty one stands for a kind that is unknown here, so that the indexes agree
     */
    record DialRequest(List<Optional<Multiaddr>> addresses, long nonce) implements AutonatMessage {}

    /** What came of it: {@code dial} says something only if {@code status} is {@link #OK}. */
    record DialResponse(int status, int index, int dial) implements AutonatMessage {}

    /** Asks for bytes before an address that is not the asker's own is dialled, so that the dial is no amplifier. */
    record DialDataRequest(int index, long bytes) implements AutonatMessage {}

    record DialDataResponse(int bytes) implements AutonatMessage {}

    int INTERNAL_ERROR = 0;
    int REQUEST_REJECTED = 100;
    int DIAL_REFUSED = 101;
    int OK = 200;

    int DIAL_UNUSED = 0;
    int DIAL_ERROR = 100;
    int DIAL_BACK_ERROR = 101;

    default byte[] encode() {
        return switch (this) {
            case DialRequest(var addresses, var nonce) -> {
                var inner = new ProtoWriter();
                addresses.forEach(a -> a.ifPresent(known -> inner.bytes(1, known.bytes())));
                yield new ProtoWriter()
                        .bytes(1, inner.fixed64(2, nonce).toByteArray())
                        .toByteArray();
            }
            case DialResponse(var status, var index, var dial) ->
                new ProtoWriter()
                        .bytes(
                                2,
                                new ProtoWriter()
                                        .varint(1, status)
                                        .varint(2, index)
                                        .varint(3, dial)
                                        .toByteArray())
                        .toByteArray();
            case DialDataRequest(var index, var bytes) ->
                new ProtoWriter()
                        .bytes(
                                3,
                                new ProtoWriter()
                                        .varint(1, index)
                                        .varint(2, bytes)
                                        .toByteArray())
                        .toByteArray();
            case DialDataResponse(var bytes) ->
                new ProtoWriter()
                        .bytes(4, new ProtoWriter().bytes(1, new byte[bytes]).toByteArray())
                        .toByteArray();
        };
    }

    static AutonatMessage decode(byte[] message) throws DecodeException {
        var in = new ProtoReader(message);
        AutonatMessage found = null;
        while (in.next()) {
            switch (in.field()) {
                case 1 -> found = dialRequest(in.bytes(MAX_BYTES));
                case 2 -> found = dialResponse(in.bytes(MAX_BYTES));
                case 3 -> found = dialDataRequest(in.bytes(MAX_BYTES));
                case 4 -> found = dialDataResponse(in.bytes(MAX_BYTES));
                default -> in.skip();
            }
        }
        if (found == null) {
            throw new DecodeException("autonat: expected a request or a response, found neither");
        }
        return found;
    }

    private static AutonatMessage dialRequest(byte[] message) throws DecodeException {
        var addresses = new ArrayList<Optional<Multiaddr>>();
        long nonce = 0;
        var in = new ProtoReader(message);
        while (in.next()) {
            switch (in.field()) {
                case 1 -> {
                    if (addresses.size() >= MAX_ADDRESSES) {
                        throw new DecodeException(
                                "autonat: expected at most " + MAX_ADDRESSES + " addresses, found more");
                    }
                    addresses.add(known(in.bytes(Multiaddr.MAX_BYTES)));
                }
                case 2 -> nonce = in.fixed64();
                default -> in.skip();
            }
        }
        if (addresses.isEmpty()) {
            throw new DecodeException("autonat: expected an address to dial, found none");
        }
        return new DialRequest(List.copyOf(addresses), nonce);
    }

    private static Optional<Multiaddr> known(byte[] bytes) {
        try {
            return Optional.of(Multiaddr.decode(bytes));
        } catch (DecodeException e) {
            return Optional.empty();
        }
    }

    private static AutonatMessage dialResponse(byte[] message) throws DecodeException {
        int status = 0;
        int index = 0;
        int dial = 0;
        var in = new ProtoReader(message);
        while (in.next()) {
            switch (in.field()) {
                case 1 -> status = small(in.varint());
                case 2 -> index = small(in.varint());
                case 3 -> dial = small(in.varint());
                default -> in.skip();
            }
        }
        return new DialResponse(status, index, dial);
    }

    private static AutonatMessage dialDataRequest(byte[] message) throws DecodeException {
        int index = 0;
        long bytes = 0;
        var in = new ProtoReader(message);
        while (in.next()) {
            switch (in.field()) {
                case 1 -> index = small(in.varint());
                case 2 -> bytes = in.varint();
                default -> in.skip();
            }
        }
        return new DialDataRequest(index, bytes);
    }

    private static AutonatMessage dialDataResponse(byte[] message) throws DecodeException {
        int bytes = 0;
        var in = new ProtoReader(message);
        while (in.next()) {
            if (in.field() == 1) {
                bytes = in.bytes(MAX_BYTES).length;
            } else {
                in.skip();
            }
        }
        return new DialDataResponse(bytes);
    }

    private static int small(long value) throws DecodeException {
        if (value > 0xffff) {
            throw new DecodeException("autonat: expected a number of at most 16 bits, found " + value);
        }
        return (int) value;
    }
}
