import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * Part of the build, run from source by the JDK that compiles: makes of the program's jars what goes into a package, and the Java that
 * runs it. Native libraries are lifted out of the jars, so that nothing is unpacked to a temporary folder at a start (which virus scanners
 * and folders mounted without execution object to), and those of other systems are dropped.
 *
 * <p>Arguments: the repository, the folder with the jars, the folder for the Java run-time, the name of the program's own jar.
 */
public final class Prepare {

    /** What the program uses, by {@code jdeps} and by what is only found at run time: ciphers, HTTP, accessibility, the Vector API. */
    private static final String MODULES = String.join(
            ",",
            "java.base",
            "java.datatransfer",
            "java.desktop",
            "java.logging",
            "java.management",
            "java.naming",
            "java.net.http",
            "java.prefs",
            "java.scripting",
            "java.sql",
            "java.xml",
            "jdk.accessibility",
            "jdk.charsets",
            "jdk.crypto.ec",
            "jdk.httpserver",
            "jdk.incubator.vector",
            "jdk.jfr",
            "jdk.localedata",
            "jdk.management",
            "jdk.net",
            "jdk.unsupported",
            "jdk.zipfs");

    private static final String OS = os();
    private static final String ARCH = System.getProperty("os.arch").equals("aarch64") ? "aarch64" : "x86_64";

    private Prepare() {}

    public static void main(String[] args) throws Exception {
        Path repository = Path.of(args[0]).toAbsolutePath().normalize();
        Path input = Path.of(args[1]);
        Path runtime = Path.of(args[2]);
        Files.move(input.resolve(args[3]), input.resolve("infergrid.jar"), StandardCopyOption.REPLACE_EXISTING);
        Path natives = Files.createDirectories(input.resolve("natives"));
        dropOtherSystems(input);
        link(runtime);
        Path javaFx = OS.equals("windows") ? Files.createDirectories(runtime.resolve("bin/javafx")) : runtime.resolve("lib");
        for (Path jar : jars(input)) {
            String name = jar.getFileName().toString();
            if (name.startsWith("javafx-")) {
                lift(jar, entry -> library(entry) && entry.indexOf('/') < 0, _ -> false, javaFx);
            } else if (name.startsWith("lwjgl")) {
                lift(jar, Prepare::library, _ -> false, natives);
            } else if (name.startsWith("sqlite-jdbc")) {
                String ours = "org/sqlite/native/" + sqliteOs() + "/" + ARCH + "/";
                lift(jar, entry -> entry.startsWith(ours) && library(entry), entry -> entry.startsWith("org/sqlite/native/"), natives);
            } else if (name.startsWith("jna-jpms") || name.startsWith("jna-5")) {
                String ours = "com/sun/jna/" + jnaPlatform() + "/";
                lift(jar, entry -> entry.startsWith(ours) && library(entry), Prepare::foreignJna, natives);
            } else if (name.startsWith("netty-codec-native-quic")) {
                lift(jar, entry -> entry.startsWith("META-INF/native/") && library(entry), _ -> false, natives);
            }
        }
        assets(repository.resolve("assets"), input.resolve("assets"));
        Files.copy(repository.resolve("LICENSE"), input.resolve("LICENSE"), StandardCopyOption.REPLACE_EXISTING);
    }

    private static String os() {
        String name = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        return name.startsWith("windows") ? "windows" : name.startsWith("mac") ? "osx" : "linux";
    }

    private static String sqliteOs() {
        return switch (OS) {
            case "windows" -> "Windows";
            case "osx" -> "Mac";
            default -> "Linux";
        };
    }

    private static String jnaPlatform() {
        String arch = ARCH.equals("x86_64") ? "x86-64" : ARCH;
        return switch (OS) {
            case "windows" -> "win32-" + arch;
            case "osx" -> "darwin-" + arch;
            default -> "linux-" + arch;
        };
    }

    private static boolean foreignJna(String entry) {
        return entry.startsWith("com/sun/jna/") && library(entry);
    }

    private static boolean library(String entry) {
        return entry.endsWith(".so") || entry.endsWith(".dll") || entry.endsWith(".dylib") || entry.endsWith(".jnilib");
    }

    private static List<Path> jars(Path input) throws IOException {
        try (var files = Files.list(input)) {
            return files.filter(file -> file.toString().endsWith(".jar")).toList();
        }
    }

    /** Netty's QUIC comes for all systems at once; JavaFX has jars that hold nothing beside those of the system. */
    private static void dropOtherSystems(Path input) throws IOException {
        for (Path jar : jars(input)) {
            String name = jar.getFileName().toString();
            String ours = OS + "-" + (ARCH.equals("aarch64") ? "aarch_64" : ARCH) + ".jar";
            if (name.startsWith("netty-codec-native-quic") && !name.endsWith(ours)) {
                Files.delete(jar);
            }
        }
    }

    /** Moves libraries of a jar into a folder; drops from the jar what was moved and what {@code drop} says. */
    private static void lift(Path jar, Predicate<String> take, Predicate<String> drop, Path to) throws IOException {
        Path slim = jar.resolveSibling(jar.getFileName() + ".slim");
        boolean changed = false;
        try (var in = new ZipFile(jar.toFile());
                var out = new ZipOutputStream(Files.newOutputStream(slim))) {
            for (ZipEntry entry : in.stream().toList()) {
                try (InputStream bytes = in.getInputStream(entry)) {
                    if (take.test(entry.getName())) {
                        String file = entry.getName().substring(entry.getName().lastIndexOf('/') + 1);
                        Files.copy(bytes, to.resolve(file), StandardCopyOption.REPLACE_EXISTING);
                        changed = true;
                    } else if (drop.test(entry.getName())) {
                        changed = true;
                    } else {
                        var kept = new ZipEntry(entry.getName());
                        kept.setTime(entry.getTime());
                        out.putNextEntry(kept);
                        bytes.transferTo(out);
                        out.closeEntry();
                    }
                }
            }
        }
        if (changed) {
            Files.move(slim, jar, StandardCopyOption.REPLACE_EXISTING);
        } else {
            Files.delete(slim);
        }
    }

    private static void link(Path runtime) throws IOException, InterruptedException {
        if (Files.isDirectory(runtime)) {
            try (var files = Files.walk(runtime)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
        Path jlink = Path.of(System.getProperty("java.home"), "bin", OS.equals("windows") ? "jlink.exe" : "jlink");
        var command = new ArrayList<>(List.of(
                jlink.toString(),
                "--add-modules=" + MODULES,
                "--output=" + runtime,
                "--strip-debug", // of the JDK alone: our own jars keep their line numbers
                "--no-header-files",
                "--no-man-pages",
                "--compress=zip-0", // the packages compress better themselves
                "--include-locales=en"));
        int status = new ProcessBuilder(command).inheritIO().start().waitFor();
        if (status != 0) {
            throw new IOException("expected jlink to make a run-time, found exit status " + status);
        }
    }

    /** The models and nothing else: screenshots stay out of the product. */
    private static void assets(Path from, Path to) throws IOException {
        try (var files = Files.walk(from)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".gguf")).toList()) {
                Path target = to.resolve(from.relativize(file).toString());
                Files.createDirectories(target.getParent());
                Files.copy(file, target, StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }
}
