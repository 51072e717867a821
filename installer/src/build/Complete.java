import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * Part of the build, run from source by the JDK that compiles: completes the image that {@code jpackage} made, by the launcher for
 * terminals and an archive of loaded classes, which the image's own Java writes; on Linux also packs it as a tarball.
 *
 * <p>Arguments: the repository, the image, the folder for packages, the version.
 */
public final class Complete {

    private Complete() {}

    public static void main(String[] args) throws Exception {
        Path repository = Path.of(args[0]).toAbsolutePath().normalize();
        Path image = Path.of(args[1]);
        Path dist = Files.createDirectories(Path.of(args[2]));
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        boolean mac = os.startsWith("mac");
        boolean windows = os.startsWith("windows");
        Path app = mac ? image.resolve("Contents/app") : windows ? image.resolve("app") : image.resolve("lib/app");
        Path runtime = mac
                ? image.resolve("Contents/runtime/Contents/Home")
                : windows ? image.resolve("runtime") : image.resolve("lib/runtime");
        if (!mac) {
            String name = windows ? "infergrid.bat" : "infergrid";
            Path launcher = (windows ? image : image.resolve("bin")).resolve(name);
            Files.copy(
                    repository.resolve("app/src/launcher").resolve(name), launcher, StandardCopyOption.REPLACE_EXISTING);
            if (!windows) {
                Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwxr-xr-x"));
            }
        }
        archive(app, runtime, windows);
        if (os.startsWith("linux")) {
            pack(image, dist.resolve("infergrid-" + args[3] + "-linux-" + System.getProperty("os.arch") + ".tar.xz"));
        }
    }

    /** With the class path of the image's own configuration, since an archive fits no other. */
    private static void archive(Path app, Path runtime, boolean windows) throws IOException, InterruptedException {
        Path archive = app.resolve("infergrid.aot");
        Files.deleteIfExists(archive);
        String classPath = Files.readAllLines(app.resolve("InferGrid.cfg")).stream()
                .filter(line -> line.startsWith("app.classpath="))
                .map(line -> line.substring("app.classpath=".length())
                        .replace("$APPDIR", app.toString())
                        .replace('/', java.io.File.separatorChar))
                .reduce((a, b) -> a + java.io.File.pathSeparator + b)
                .orElseThrow(() -> new IOException("expected a class path in InferGrid.cfg, found none"));
        var command = new ArrayList<>(List.of(
                runtime.resolve(windows ? "bin/java.exe" : "bin/java").toString(),
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:+UseSerialGC",
                "-XX:AOTCacheOutput=" + archive,
                "-Dinfergrid.root=" + app,
                "-Dorg.sqlite.lib.path=" + app.resolve("natives"),
                "-Dorg.lwjgl.librarypath=" + app.resolve("natives"),
                "-Djna.boot.library.path=" + app.resolve("natives"),
                "-cp",
                classPath,
                "io.infergrid.app.Main",
                "generate",
                "--max-tokens=8",
                "Once upon a time"));
        Path log = app.resolveSibling("archive.log");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        boolean made = process.waitFor(3, TimeUnit.MINUTES) && process.exitValue() == 0 && Files.exists(archive);
        process.destroyForcibly();
        String said = Files.readString(log, StandardCharsets.UTF_8);
        Files.delete(log);
        if (!made) {
            throw new IOException("expected the image to generate text and to write " + archive + ", found: " + said);
        }
    }

    private static void pack(Path image, Path tarball) throws IOException, InterruptedException {
        Process tar = new ProcessBuilder(
                        "tar",
                        "--owner=0",
                        "--group=0",
                        "-cJf",
                        tarball.toString(),
                        "-C",
                        image.getParent().toString(),
                        image.getFileName().toString())
                .inheritIO()
                .start();
        if (tar.waitFor() != 0) {
            throw new IOException("expected tar to pack " + image + ", found exit status " + tar.exitValue());
        }
    }
}
