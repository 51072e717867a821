package io.infergrid.app.ui;

import io.infergrid.app.core.Rig;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import javafx.application.Platform;
import javafx.scene.Scene;
import javafx.scene.image.WritableImage;
import javax.imageio.ImageIO;

/** The window without a window: what tests and the screenshot tour share. */
final class Stages {

    private Stages() {}

    static void startToolkit() {
        var up = new CompletableFuture<Void>();
        try {
            Platform.setImplicitExit(false);
            Platform.startup(() -> up.complete(null));
        } catch (IllegalStateException running) {
            up.complete(null);
        }
        up.join();
    }

    static <T> T onFx(Callable<T> work) {
        var result = new CompletableFuture<T>();
        Platform.runLater(() -> {
            try {
                result.complete(work.call());
            } catch (Exception | Error e) {
                result.completeExceptionally(e);
            }
        });
        return result.orTimeout(60, TimeUnit.SECONDS).join();
    }

    static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    static void save(Scene scene, Path file) throws IOException {
        var image = onFx(() -> scene.snapshot(new WritableImage((int) scene.getWidth(), (int) scene.getHeight())));
        var width = (int) image.getWidth();
        var height = (int) image.getHeight();
        var copy = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (var y = 0; y < height; y++) {
            for (var x = 0; x < width; x++) {
                copy.setRGB(x, y, image.getPixelReader().getArgb(x, y));
            }
        }
        Files.createDirectories(file.toAbsolutePath().getParent());
        ImageIO.write(copy, "png", file.toFile());
    }

    static Shell shell(Rig rig, Texts texts, Throughput throughput) {
        var clock = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().name("test-clock").daemon().factory());
        return new Shell(
                rig,
                texts,
                new Formats(texts, ZoneOffset.UTC),
                FxBindings.onJavaFx(clock),
                Background.onVirtualThreads(),
                throughput,
                new Theme(rig.settings().get().theme()),
                (title, name) -> Optional.empty(),
                text -> {});
    }
}
