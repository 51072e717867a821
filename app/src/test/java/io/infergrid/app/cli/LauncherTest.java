package io.infergrid.app.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code bin/infergrid}, laid out as the build does, in a folder whose name has a space, and called through a link. */
class LauncherTest {

    private static final String JAVA = System.getProperty("java.home");

    @TempDir
    Path folder;

    private Path launcher;

    @BeforeEach
    void layOut() throws Exception {
        assumeTrue(File.separatorChar == '/', "the launcher is a shell script");
        Path tree = folder.resolve("Infer Grid");
        Path bin = Files.createDirectories(tree.resolve("bin"));
        Path lib = Files.createDirectories(tree.resolve("lib"));
        Path script = bin.resolve("infergrid");
        Files.copy(SourceTree.file("app/src/launcher/infergrid"), script);
        assertThat(script.toFile().setExecutable(true)).isTrue();
        var manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes()
                .put(
                        Attributes.Name.CLASS_PATH,
                        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                                .map(entry -> Path.of(entry).toUri().toString())
                                .collect(Collectors.joining(" ")));
        try (OutputStream out = Files.newOutputStream(lib.resolve("infergrid.jar"))) {
            new JarOutputStream(out, manifest).close();
        }
        Path assets = Files.createDirectories(tree.resolve("assets/demo-model"));
        Path demo = io.infergrid.app.device.DemoModel.file();
        Files.copy(demo, assets.resolve(demo.getFileName()));
        launcher = Files.createSymbolicLink(folder.resolve("link"), script);
    }

    private Ran launch(Map<String, String> environment, String... arguments) throws Exception {
        var command = new java.util.ArrayList<String>(List.of(launcher.toString()));
        command.addAll(List.of(arguments));
        return Ran.process(environment, command);
    }

    @Test
    void it_computes_with_the_model_beside_it_and_says_nothing_that_was_not_asked() throws Exception {
        Ran ran = launch(
                Map.of("INFERGRID_JAVA", JAVA),
                "generate",
                "--backend=cpu",
                "--json",
                "--max-tokens=4",
                "--home=" + folder,
                "Once upon a time");
        assertThat(ran.status()).as(ran.err()).isZero();
        assertThat(ran.json().path("tokens")).hasSize(4);
        assertThat(ran.err()).isEmpty();
    }

    @Test
    void what_the_jvm_says_when_it_cannot_start_is_passed_on() throws Exception {
        Ran ran = launch(Map.of("INFERGRID_JAVA", JAVA, "INFERGRID_JVM_OPTIONS", "-XX:NoSuchOption"), "conformance");
        assertThat(ran.status()).isEqualTo(1);
        assertThat(ran.out() + ran.err()).contains("NoSuchOption");
    }

    @Test
    void errors_come_by_themselves_after_the_jvm_has_started() throws Exception {
        Ran ran = launch(Map.of("INFERGRID_JAVA", JAVA), "generate", "--model=/nonexistent", "x");
        assertThat(ran.status()).isEqualTo(1);
        assertThat(ran.err()).isEqualTo("infergrid: expected a GGUF file in --model, found no file /nonexistent\n");
    }

    @Test
    void it_passes_the_exit_status_on() throws Exception {
        Ran refused = launch(Map.of("INFERGRID_JAVA", JAVA + "/bin/java"), "jobs", "--home=" + folder, "no such job");
        assertThat(refused.status()).isEqualTo(1);
        assertThat(refused.err()).isEqualTo("infergrid: expected the id of a stored job, found 'no such job'\n");
        Ran notUnderstood = launch(Map.of("INFERGRID_JAVA", JAVA), "status", "--nonsense");
        assertThat(notUnderstood.status()).isEqualTo(2);
    }

    @Test
    void a_java_that_was_asked_for_and_is_not_there_is_one_clear_line() throws Exception {
        Ran ran = launch(Map.of("INFERGRID_JAVA", "/nonexistent"), "status");
        assertThat(ran.status()).isEqualTo(1);
        assertThat(ran.out()).isEmpty();
        assertThat(ran.err()).isEqualTo("infergrid: expected Java 25 or newer in INFERGRID_JAVA, found /nonexistent\n");
    }

    @Test
    void a_signal_reaches_the_program() throws Exception {
        var builder = new ProcessBuilder(
                launcher.toString(), "node", "--json", "--backend=cpu", "--ignore-stdin", "--home=" + folder);
        builder.environment().put("INFERGRID_JAVA", JAVA);
        builder.redirectError(ProcessBuilder.Redirect.DISCARD);
        Process process = builder.start();
        try (var lines = process.inputReader()) {
            assertThat(Ran.json(lines.readLine()).path("event").asText()).isEqualTo("ready");
            process.destroy();
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(143);
        } finally {
            process.destroyForcibly();
        }
    }
}
