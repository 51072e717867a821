package io.infergrid.app.rig;

import io.infergrid.app.core.Rig.ChatListener;
import io.infergrid.app.device.ModelText;
import io.infergrid.compute.generate.StopTexts;
import io.infergrid.compute.tokenizer.StreamingDecoder;
import io.infergrid.grid.TokenListener;
import java.util.List;

/** Turns the tokens of one answer into text as they come, up to the first text that stops it. */
final class Answer implements TokenListener {

    private final StreamingDecoder decoder;
    private final ChatListener listener;
    private final TokenRate rate;
    private final StopTexts stops;
    private final StringBuilder shown = new StringBuilder();
    private volatile boolean stopped;

    Answer(ModelText text, List<String> stopTexts, ChatListener listener, TokenRate rate) {
        this.decoder = text.decoder();
        this.listener = listener;
        this.rate = rate;
        this.stops = new StopTexts(stopTexts);
    }

    @Override
    public void token(int id, List<Hop> hops) {
        rate.token();
        if (stopped) {
            return;
        }
        show(stops.accept(decoder.accept(id)), hops);
        stopped = stops.met();
    }

    /** After the last token: shows what was held back. */
    void finish() {
        if (!stopped) {
            String last = stops.accept(decoder.finish());
            show(last + stops.rest(), List.of());
            stopped = stops.met();
        }
    }

    boolean stopped() {
        return stopped;
    }

    String text() {
        return shown.toString();
    }

    private void show(String piece, List<Hop> hops) {
        shown.append(piece);
        if (!piece.isEmpty() || !hops.isEmpty()) {
            listener.token(
                    piece,
                    hops.stream()
                            .map(hop -> new io.infergrid.app.core.Rig.Hop(hop.stage(), hop.peerId(), hop.compute()))
                            .toList());
        }
    }
}
