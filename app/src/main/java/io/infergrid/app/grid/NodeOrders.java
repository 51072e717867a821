package io.infergrid.app.grid;

import java.util.OptionalInt;
import java.util.regex.Pattern;

/** What a rig says to a worker process on its standard input, a line each. A line that is none of these is passed over. */
public final class NodeOrders {

    private static final Pattern DUTY = Pattern.compile("duty (\\d{1,3})");

    private NodeOrders() {}

    static String duty(int percent) {
        return "duty " + percent;
    }

    /** The percentage of an order about the duty. */
    public static OptionalInt dutyOf(String line) {
        var order = DUTY.matcher(line);
        if (!order.matches()) {
            return OptionalInt.empty();
        }
        int percent = Integer.parseInt(order.group(1));
        return percent >= 1 && percent <= 100 ? OptionalInt.of(percent) : OptionalInt.empty();
    }
}
