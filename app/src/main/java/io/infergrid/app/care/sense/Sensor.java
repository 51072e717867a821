package io.infergrid.app.care.sense;

import java.util.Optional;

/** One way to find one thing out. Used from one thread. */
interface Sensor<T> extends AutoCloseable {

    /** Empty if it cannot be told now. */
    Optional<T> read();

    /** By what means, in words. */
    String how();

    @Override
    default void close() {}

    /** Stands where nothing can be found out; {@code why} says what is missing. */
    record Absent<T>(String why) implements Sensor<T> {
        @Override
        public Optional<T> read() {
            return Optional.empty();
        }

        @Override
        public String how() {
            return why;
        }
    }
}
