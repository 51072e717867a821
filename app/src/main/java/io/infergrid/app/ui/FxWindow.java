package io.infergrid.app.ui;

import io.infergrid.app.core.Rig;
import io.infergrid.app.core.Window;
import java.io.File;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.stream.Stream;
import javafx.application.Platform;
import javafx.scene.Scene;
import javafx.scene.image.Image;
import javafx.scene.input.Clipboard;
import javafx.scene.input.ClipboardContent;
import javafx.stage.FileChooser;
import javafx.stage.Stage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The window on JavaFX. Closing it ends {@link #show}; nothing of it stays behind. */
public final class FxWindow implements Window {

    public static final int MINIMUM_WIDTH = 1000;
    public static final int MINIMUM_HEIGHT = 700;

    /** JavaFX warns on every start that it lies on the class path, which is meant; held here so that the level stays. */
    private static final java.util.logging.Logger JAVAFX_LOG = java.util.logging.Logger.getLogger("javafx");

    private static final Logger log = LoggerFactory.getLogger(FxWindow.class);

    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile @Nullable Stage stage;

    @Override
    public void show(Rig rig) {
        var clock = clock();
        JAVAFX_LOG.setLevel(Level.SEVERE);
        Platform.setImplicitExit(false);
        Platform.startup(() -> {
            try {
                open(rig, clock);
            } catch (RuntimeException | Error e) {
                log.error("the window could not be opened", e);
                closed.countDown();
            }
        });
        try {
            closed.await();
            Platform.exit();
        } catch (InterruptedException e) {
            // The program is ended from outside: JavaFX ends itself in its own shutdown hook, and waiting for its
            // thread
            // from here would wait for a thread that is gone.
            Thread.currentThread().interrupt();
        } finally {
            clock.shutdownNow();
        }
    }

    @Override
    public void reveal() {
        var present = stage;
        if (present != null) {
            Platform.runLater(() -> {
                present.setIconified(false);
                present.show();
                present.toFront();
                present.requestFocus();
            });
        }
    }

    private void open(Rig rig, ScheduledExecutorService clock) {
        var next = new Stage();
        var shell = shell(rig, next, clock);
        var scene = new Scene(shell.view(), 1280, 800);
        shell.takeKeysOf(scene);
        next.setTitle(shell.title());
        Stream.of(16, 32, 64, 128, 256)
                .map(size -> new Image(Theme.resource("icons/infergrid-" + size + ".png")))
                .forEach(next.getIcons()::add);
        next.setMinWidth(MINIMUM_WIDTH);
        next.setMinHeight(MINIMUM_HEIGHT);
        next.setScene(scene);
        next.setOnShown(event ->
                log.info("first window after {} ms", sinceStartOfProcess().toMillis()));
        next.setOnHidden(event -> {
            shell.close();
            closed.countDown();
        });
        next.iconifiedProperty().subscribe(hidden -> {
            if (hidden) {
                shell.sleep();
            } else {
                shell.wake();
            }
        });
        Thread.currentThread().setUncaughtExceptionHandler((thread, failure) -> {
            log.error("unexpected failure in the window", failure);
            shell.tell(failure);
        });
        stage = next;
        next.show();
    }

    private static Shell shell(Rig rig, Stage stage, ScheduledExecutorService clock) {
        var texts = Texts.ofSystem();
        var bindings = FxBindings.onJavaFx(clock);
        var throughput = new Throughput(rig.tokensPerSecond());
        var _ = clock.scheduleAtFixedRate(throughput::sample, 1, 1, TimeUnit.SECONDS);
        return new Shell(
                rig,
                texts,
                new Formats(texts, ZoneId.systemDefault()),
                bindings,
                Background.onVirtualThreads(),
                throughput,
                new Theme(rig.settings().get().theme()),
                (title, name) -> {
                    var chooser = new FileChooser();
                    chooser.setTitle(title);
                    chooser.setInitialFileName(name);
                    return Optional.ofNullable(chooser.showSaveDialog(stage)).map(File::toPath);
                },
                text -> {
                    var content = new ClipboardContent();
                    content.putString(text);
                    Clipboard.getSystemClipboard().setContent(content);
                });
    }

    private static ScheduledExecutorService clock() {
        return Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().name("ui-clock").daemon().factory());
    }

    private static Duration sinceStartOfProcess() {
        return Duration.between(ProcessHandle.current().info().startInstant().orElseGet(Instant::now), Instant.now());
    }
}
