package io.infergrid.compute.jinja;

import java.util.LinkedHashMap;
import java.util.Map;

/** {@code namespace(...)}: the one thing that a loop's body can change for those after it. */
record Namespace(Map<String, Object> values) {
    Namespace() {
        this(new LinkedHashMap<>());
    }
}
