package io.infergrid.compute.jinja;

import java.util.List;

/** What {@code loop} says in the body of a loop. */
record Loop(List<Object> items, int index0) {

    Object attribute(String name) {
        int last = items.size() - 1;
        return switch (name) {
            case "index" -> index0 + 1L;
            case "index0" -> (long) index0;
            case "revindex" -> last - index0 + 1L;
            case "revindex0" -> (long) last - index0;
            case "first" -> index0 == 0;
            case "last" -> index0 == last;
            case "length" -> (long) items.size();
            case "previtem" -> index0 > 0 ? items.get(index0 - 1) : new Undefined("loop.previtem");
            case "nextitem" -> index0 < last ? items.get(index0 + 1) : new Undefined("loop.nextitem");
            case "cycle" ->
                (Callable) (values, _) -> values.isEmpty() ? Nothing.NONE : values.get(index0 % values.size());
            default -> new Undefined("loop." + name);
        };
    }
}
