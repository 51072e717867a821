import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.JarFile;

/**
 * Part of the build, run from source by the JDK that compiles: completes {@code app/target/infergrid} after the libraries were
 * copied there: the program's own jar, the launchers, the demo model, the place of this JDK, and an archive of loaded classes
 * that makes starts faster.
 *
 * <p>Arguments: the app module's folder, the program's jar, and {@code archive} or {@code plain}.
 */
public final class LayOut {

    public static void main(String[] args) throws Exception {
        Path app = Path.of(args[0]).toAbsolutePath().normalize();
        Path tree = app.resolve("target/infergrid");
        Path lib = tree.resolve("lib");
        copy(Path.of(args[1]), lib.resolve("infergrid.jar"));
        prune(lib);
        launchers(app.resolve("src/launcher"), Files.createDirectories(tree.resolve("bin")));
        Path home = Path.of(System.getProperty("java.home"));
        Files.writeString(lib.resolve("java-home"), home + "\n");
        assets(app.resolveSibling("assets"), tree.resolve("assets"));
        Path archive = lib.resolve("infergrid.aot");
        Files.deleteIfExists(archive);
        if (args[2].equals("archive")) {
            archive(home, tree, archive);
        }
    }

    /** Removes the libraries of earlier builds: those that the program's jar does not name. */
    private static void prune(Path lib) throws IOException {
        String named;
        try (var jar = new JarFile(lib.resolve("infergrid.jar").toFile())) {
            named = jar.getManifest().getMainAttributes().getValue(Attributes.Name.CLASS_PATH);
        }
        var wanted = new HashSet<>(List.of(named.split(" ")));
        wanted.add("infergrid.jar");
        try (var files = Files.newDirectoryStream(lib, "*.jar")) {
            for (Path file : files) {
                if (!wanted.contains(file.getFileName().toString())) {
                    Files.delete(file);
                }
            }
        }
    }

    private static void launchers(Path from, Path to) throws IOException {
        for (String name : List.of("infergrid", "infergrid.bat")) {
            copy(from.resolve(name), to.resolve(name));
            if (Files.getFileStore(to).supportsFileAttributeView("posix")) {
                Files.setPosixFilePermissions(to.resolve(name), PosixFilePermissions.fromString("rwxr-xr-x"));
            }
        }
    }

    /** The models and nothing else: screenshots stay out of the product. */
    private static void assets(Path from, Path to) throws IOException {
        if (!Files.isDirectory(from)) {
            return;
        }
        try (var files = Files.walk(from)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".gguf")).toList()) {
                Path target = to.resolve(from.relativize(file).toString());
                Files.createDirectories(target.getParent());
                copy(file, target);
            }
        }
    }

    /**
     * Runs a command that uses the engine once and keeps what the JVM loaded for it: that helps every other command as well. A
     * JVM that cannot is no reason to fail a build.
     */
    private static void archive(Path home, Path tree, Path archive) throws IOException, InterruptedException {
        var command = new ArrayList<String>(List.of(
                home.resolve("bin/java").toString(),
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:+UseSerialGC",
                "-XX:AOTCacheOutput=" + archive,
                "-Dinfergrid.root=" + tree,
                "-cp",
                tree.resolve("lib/infergrid.jar").toString(),
                "io.infergrid.app.Main"));
        command.addAll(
                Files.isDirectory(tree.resolve("assets/demo-model"))
                        ? List.of("generate", "--max-tokens=8", "Once upon a time")
                        : List.of("--help"));
        Path log = tree.resolveSibling("infergrid-archive.log");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        if (!process.waitFor(2, TimeUnit.MINUTES) || process.exitValue() != 0 || !Files.exists(archive)) {
            process.destroyForcibly();
            Files.deleteIfExists(archive);
            System.err.println("No class archive was made (starts are slower without): "
                    + Files.readString(log, StandardCharsets.UTF_8).lines().reduce((a, b) -> b).orElse("no output"));
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES);
    }
}
