package io.infergrid.compute.generate;

import java.util.List;

/**
 * Passes a growing answer on up to the first of some texts, holding back what may turn out to be the beginning of one. Used by
 * one thread.
 */
public final class StopTexts {

    private final List<String> stops;
    private final StringBuilder held = new StringBuilder();
    private boolean met;

    public StopTexts(List<String> stops) {
        this.stops = stops;
    }

    /** Takes the next piece of the answer and returns what can be shown now. */
    public String accept(String piece) {
        if (met) {
            return "";
        }
        held.append(piece);
        int end = firstStop();
        int undecided = held.length() - longestBeginning();
        if (end >= 0 && end <= undecided) {
            met = true;
            return take(end);
        }
        return take(undecided);
    }

    /** Whether one of the texts was met; everything after it is dropped. */
    public boolean met() {
        return met;
    }

    /** What was held back, at the end of the answer. */
    public String rest() {
        if (met) {
            return "";
        }
        int end = firstStop();
        met = end >= 0;
        return take(met ? end : held.length());
    }

    private int firstStop() {
        int first = -1;
        for (String stop : stops) {
            int at = held.indexOf(stop);
            if (at >= 0 && (first < 0 || at < first)) {
                first = at;
            }
        }
        return first;
    }

    /** Length of the longest end of what is held that begins one of the texts. */
    private int longestBeginning() {
        int longest = 0;
        for (String stop : stops) {
            for (int length = Math.min(stop.length() - 1, held.length()); length > longest; length--) {
                if (stop.startsWith(held.substring(held.length() - length))) {
                    longest = length;
                }
            }
        }
        return longest;
    }

    private String take(int length) {
        String taken = held.substring(0, length);
        held.delete(0, length);
        return taken;
    }
}
