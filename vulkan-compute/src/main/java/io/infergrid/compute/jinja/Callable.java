package io.infergrid.compute.jinja;

import java.util.List;
import java.util.Map;

/** A function, a macro or a method with its object. */
interface Callable {
    Object call(List<Object> positional, Map<String, Object> named);
}
