package io.infergrid.app.core;

import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** An {@link Observable} that its owner sets. Observers are told in order, under the lock of the value. */
public final class ObservableValue<T> implements Observable<T> {

    private final CopyOnWriteArrayList<Consumer<? super T>> observers = new CopyOnWriteArrayList<>();
    private volatile T value;

    public ObservableValue(T initial) {
        this.value = Objects.requireNonNull(initial);
    }

    @Override
    public T get() {
        return value;
    }

    @Override
    public synchronized Pin observe(Consumer<? super T> observer) {
        observers.add(observer);
        observer.accept(value);
        return () -> observers.remove(observer);
    }

    /** Publishes {@code next} unless it equals the present value. */
    public synchronized void set(T next) {
        if (!next.equals(value)) {
            value = next;
            observers.forEach(observer -> observer.accept(next));
        }
    }

    public synchronized void update(UnaryOperator<T> change) {
        set(change.apply(value));
    }
}
