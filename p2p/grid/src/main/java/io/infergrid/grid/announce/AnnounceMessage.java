package io.infergrid.grid.announce;

import io.infergrid.grid.wire.WireException;
import io.infergrid.grid.wire.WireReader;
import io.infergrid.grid.wire.WireWriter;
import java.util.List;

/**
 * What goes each way over {@code /infergrid/announce/2}: the sender's own announcement, and where others may be found.
 *
 * @param hints at most {@value #MAX_HINTS}
 */
public record AnnounceMessage(Announcement own, List<Announcement.Hint> hints) {

    public static final int MAX_BYTES = 256 * 1024;
    static final int MAX_HINTS = 64;

    public AnnounceMessage {
        hints = List.copyOf(hints.subList(0, Math.min(hints.size(), MAX_HINTS)));
    }

    public byte[] encode() {
        var out = new WireWriter(1024);
        own.write(out);
        out.u16(hints.size());
        hints.forEach(hint -> Announcement.writePeer(out, hint.peer(), hint.addresses()));
        return out.toBytes();
    }

    public static AnnounceMessage decode(byte[] bytes) throws WireException {
        var in = new WireReader(bytes);
        var message = new AnnounceMessage(Announcement.read(in), in.list("hints", MAX_HINTS, Announcement::readPeer));
        in.end("announcement");
        return message;
    }
}
