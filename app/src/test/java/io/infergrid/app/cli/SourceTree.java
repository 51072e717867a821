package io.infergrid.app.cli;

import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files of the source tree that these tests run in. */
final class SourceTree {

    private SourceTree() {}

    /** @param path from the root of the repository */
    static Path file(String path) {
        try {
            Path code = Path.of(SourceTree.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            for (Path root = code; root != null; root = root.getParent()) {
                if (Files.exists(root.resolve(path))) {
                    return root.resolve(path);
                }
            }
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
        throw new AssertionError("expected " + path + " in the source tree, found none");
    }
}
