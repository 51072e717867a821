package io.infergrid.wallet.chain;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Finds anvil, the local chain's program: in a {@code node_modules}, or on the path. Node itself is not needed to run it. */
public final class AnvilProgram {

    /** What to tell who has none. */
    public static final String MISSING = "anvil was not found: run 'npm ci' in wallet/contracts (Node 20), or install"
            + " Foundry so that 'anvil' is on the PATH; until then vouchers are kept and nothing is settled";

    private AnvilProgram() {}

    /**
     * Looks into {@code wallet/contracts/node_modules} of the working directory and of every directory above it, then on the
     * PATH.
     */
    public static Optional<Path> find() {
        return find(Path.of("").toAbsolutePath(), System.getenv().getOrDefault("PATH", ""));
    }

    static Optional<Path> find(Path start, String searchPath) {
        var candidates = new ArrayList<Path>();
        for (Path at = start; at != null; at = at.getParent()) {
            for (String parent : List.of("wallet/contracts", "contracts", "")) {
                candidates.add(at.resolve(parent).resolve(inNodeModules()));
            }
        }
        for (String directory : searchPath.split(File.pathSeparator, -1)) {
            if (!directory.isBlank()) {
                candidates.add(Path.of(directory).resolve(program()));
            }
        }
        return candidates.stream()
                .filter(Files::isExecutable)
                .filter(Files::isRegularFile)
                .findFirst();
    }

    private static Path inNodeModules() {
        return Path.of("node_modules", "@foundry-rs", "anvil-" + platform(), "bin", program());
    }

    private static String platform() {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String system = os.startsWith("win") ? "win32" : os.startsWith("mac") ? "darwin" : "linux";
        return system + "-" + ("aarch64".equals(System.getProperty("os.arch")) ? "arm64" : "amd64");
    }

    private static String program() {
        return System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("win") ? "anvil.exe" : "anvil";
    }
}
