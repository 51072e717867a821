package io.infergrid.compute.generate;

import java.util.List;

/** Lets text pass until a stop text comes, and holds back an end of it that may become one. */
final class StopTexts {

    private final List<String> stops;
    private final StringBuilder held = new StringBuilder();
    private boolean stopped;

    StopTexts(List<String> stops) {
        this.stops = stops;
    }

    /** Text that can be shown after {@code more} came. */
    String accept(String more) {
        held.append(more);
        int stop = stops.stream()
                .mapToInt(held::indexOf)
                .filter(at -> at >= 0)
                .min()
                .orElse(-1);
        if (stop >= 0) {
            stopped = true;
            held.setLength(stop);
            return release(stop);
        }
        return release(held.length() - longestBeginning());
    }

    boolean stopped() {
        return stopped;
    }

    /** What was held back and did not become a stop text. */
    String finish() {
        return release(held.length());
    }

    private int longestBeginning() {
        int longest = 0;
        for (String stop : stops) {
            for (int length = Math.min(stop.length() - 1, held.length()); length > longest; length--) {
                if (stop.regionMatches(0, held.substring(held.length() - length), 0, length)) {
                    longest = length;
                }
            }
        }
        return longest;
    }

    private String release(int length) {
        String text = held.substring(0, length);
        held.delete(0, length);
        return text;
    }
}
