package io.infergrid.app.ui.benchmark;

import io.infergrid.app.ui.Formats;
import io.infergrid.app.ui.Texts;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** The figures of a benchmark in words: {@code memory.read.GBps} is "Memory, read" in GB/s. */
public final class FigureWords {

    /** Kinds in the order in which they are shown; a kind that is not here comes last. */
    private static final List<String> ORDER = List.of("demo", "memory", "transfer", "matrix");

    private final Texts texts;
    private final Formats formats;

    public FigureWords(Texts texts, Formats formats) {
        this.texts = texts;
        this.formats = formats;
    }

    /** Name without the unit; a figure that the texts do not know yet keeps its key as its name. */
    public String name(String key) {
        var bare = bare(key);
        return texts.getOr("figure." + bare, bare.replace('.', ' '));
    }

    public String unit(String key) {
        if (!key.contains(".")) {
            return "";
        }
        var unit = key.substring(key.lastIndexOf('.') + 1);
        return texts.getOr("figure.unit." + unit, unit);
    }

    public String value(double value) {
        return formats.number(value);
    }

    public List<String> keys(Map<String, Double> figures) {
        return figures.keySet().stream()
                .sorted(Comparator.comparingInt(FigureWords::rank).thenComparing(Comparator.naturalOrder()))
                .toList();
    }

    private static int rank(String key) {
        var index = ORDER.indexOf(key.contains(".") ? key.substring(0, key.indexOf('.')) : key);
        return index < 0 ? ORDER.size() : index;
    }

    private static String bare(String key) {
        return key.contains(".") ? key.substring(0, key.lastIndexOf('.')) : key;
    }
}
