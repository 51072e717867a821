package io.infergrid.app.ui;

import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import javafx.application.Platform;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Work that may block, off the JavaFX thread; its end is told on it. No exception is lost. */
public final class Background {

    private static final Logger log = LoggerFactory.getLogger(Background.class);

    private final Executor workers;
    private final Executor fxThread;

    /** Tests pass {@code Runnable::run} for both. */
    public Background(Executor workers, Executor fxThread) {
        this.workers = workers;
        this.fxThread = fxThread;
    }

    static Background onVirtualThreads() {
        return new Background(task -> Thread.ofVirtual().name("ui-background").start(task), Background::onFxThread);
    }

    /** Runs {@code work} and tells its result or its failure on the JavaFX thread. */
    public <T> void run(Callable<T> work, Consumer<? super T> onSuccess, Consumer<? super Exception> onFailure) {
        workers.execute(() -> {
            T result;
            try {
                result = work.call();
            } catch (Exception e) {
                log.warn("background work failed", e);
                fxThread.execute(() -> onFailure.accept(e));
                return;
            }
            fxThread.execute(() -> onSuccess.accept(result));
        });
    }

    /** Runs {@code task} on the JavaFX thread, soon. For progress of work that {@link #run} carries. */
    public void show(Runnable task) {
        fxThread.execute(task);
    }

    private static void onFxThread(Runnable task) {
        try {
            Platform.runLater(task);
        } catch (IllegalStateException closed) {
            log.debug("the window is gone, nobody to tell", closed);
        }
    }
}
