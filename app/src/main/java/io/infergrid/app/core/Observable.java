package io.infergrid.app.core;

import java.util.function.Consumer;

/** A value that changes over time and tells its observers. Reading is cheap and safe from every thread. */
public interface Observable<T> {

    T get();

    /** Calls {@code observer} with the present value now, and with each new one on the thread that sets it, until unpinned. */
    Pin observe(Consumer<? super T> observer);

    /** Ends an observation; may be called more than once. */
    interface Pin extends AutoCloseable {
        @Override
        void close();
    }
}
