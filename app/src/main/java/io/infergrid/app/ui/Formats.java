package io.infergrid.app.ui;

import java.text.NumberFormat;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;

/** Numbers, sizes, times and ids as the window shows them: one way for all screens. */
public final class Formats {

    private static final String[] SIZE_KEYS = {"unit.bytes", "unit.kib", "unit.mib", "unit.gib", "unit.tib"};

    private final Texts texts;
    private final ZoneId zone;

    public Formats(Texts texts, ZoneId zone) {
        this.texts = texts;
        this.zone = zone;
    }

    /** About three significant digits: 0.042, 3.14, 31.4, 314, 31 416. */
    public String number(double value) {
        var size = Math.abs(value);
        int decimals;
        if (size == 0 || size >= 100) {
            decimals = 0;
        } else if (size >= 10) {
            decimals = 1;
        } else if (size >= 0.1) {
            decimals = 2;
        } else {
            decimals = 4;
        }
        return decimal(value, decimals);
    }

    /** With as many digits as it has, at most four after the point: for the round steps of an axis. */
    public String plain(double value) {
        var format = NumberFormat.getNumberInstance(texts.locale());
        format.setMaximumFractionDigits(4);
        return format.format(value);
    }

    public String decimal(double value, int decimals) {
        var format = NumberFormat.getNumberInstance(texts.locale());
        format.setMinimumFractionDigits(decimals);
        format.setMaximumFractionDigits(decimals);
        return format.format(value);
    }

    public String integer(long value) {
        return NumberFormat.getIntegerInstance(texts.locale()).format(value);
    }

    public String percent(double fraction) {
        return NumberFormat.getPercentInstance(texts.locale()).format(fraction);
    }

    /** Always one decimal, so that a changing rate keeps its width. */
    public String rate(double tokensPerSecond) {
        return decimal(tokensPerSecond, 1);
    }

    public String tokensPerSecond(double tokensPerSecond) {
        return texts.get("unit.tokens-per-second", rate(tokensPerSecond));
    }

    public String bytes(long bytes) {
        if (bytes < 0) {
            return texts.get("value.unknown");
        }
        double value = bytes;
        var step = 0;
        while (value >= 1024 && step < SIZE_KEYS.length - 1) {
            value /= 1024;
            step++;
        }
        return texts.get(SIZE_KEYS[step], step == 0 ? integer(bytes) : decimal(value, value < 10 ? 2 : 1));
    }

    /** A short time with a fitting unit, e.g. 420 µs, 3.2 ms, 1.4 s, 2 min 5 s. */
    public String time(Duration time) {
        double micros = time.toNanos() / 1e3;
        if (micros < 1000) {
            return texts.get("unit.microseconds", decimal(micros, 0));
        }
        if (micros < 1e6) {
            return texts.get("unit.milliseconds", decimal(micros / 1e3, micros < 1e5 ? 1 : 0));
        }
        if (micros < 60e6) {
            return texts.get("unit.seconds", decimal(micros / 1e6, 1));
        }
        return texts.get("unit.minutes", integer(time.toMinutes()), integer(time.toSecondsPart()));
    }

    public String date(Instant instant) {
        return DateTimeFormatter.ofPattern("d MMM yyyy, HH:mm:ss", texts.locale())
                .withZone(zone)
                .format(instant);
    }

    /** Day and minute without the year, for lists and axes. */
    public String shortDate(Instant instant) {
        return DateTimeFormatter.ofPattern("d MMM, HH:mm", texts.locale())
                .withZone(zone)
                .format(instant);
    }

    /** A peer id, digest or job id short enough for a line: its first and last characters. */
    public String shortId(String id) {
        return id.length() <= 14 ? id : id.substring(0, 6) + "…" + id.substring(id.length() - 6);
    }

    /** Blocks as people count them: the first and the last, both included. */
    public String blocks(int first, int end) {
        if (end <= first) {
            return texts.get("blocks.none");
        }
        return end - first == 1
                ? texts.get("blocks.one", integer(first))
                : texts.get("blocks.range", integer(first), integer(end - 1L));
    }
}
