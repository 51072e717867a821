package io.infergrid.app.device;

import io.infergrid.compute.gguf.GgufException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The model that comes with the program. */
public final class DemoModel {

    private static final String PLACE = "assets/demo-model";

    private DemoModel() {}

    /**
     * The GGUF file beside the program, or in the source tree when it runs from there.
     *
     * @throws GgufException if there is none
     */
    public static Path file() {
        for (Path root : roots()) {
            Optional<Path> model = in(root.resolve(PLACE));
            if (model.isPresent()) {
                return model.get();
            }
        }
        throw new GgufException(
                "expected the demo model in " + PLACE + " beside the program, found none: name one with --model");
    }

    private static List<Path> roots() {
        String installed = System.getProperty("infergrid.root");
        if (installed != null) {
            return List.of(Path.of(installed));
        }
        try {
            Path code = Path.of(DemoModel.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            return Stream.iterate(code, path -> path != null, Path::getParent)
                    .limit(6)
                    .toList();
        } catch (URISyntaxException e) {
            return List.of();
        }
    }

    private static Optional<Path> in(Path directory) {
        if (!Files.isDirectory(directory)) {
            return Optional.empty();
        }
        try (var files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(".gguf"))
                    .sorted()
                    .findFirst();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
