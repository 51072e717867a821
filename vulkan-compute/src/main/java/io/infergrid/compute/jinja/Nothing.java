package io.infergrid.compute.jinja;

/** Jinja's {@code none}. */
enum Nothing {
    NONE
}
