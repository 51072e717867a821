package io.infergrid.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import io.infergrid.app.device.DemoModel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code infergrid models} as a user meets it, with the demo model. */
class ModelsCommandTest {

    @TempDir
    Path home;

    private Ran run(String... words) {
        var all = new java.util.ArrayList<String>();
        all.add("models");
        all.addAll(java.util.List.of(words));
        all.add("--home=" + home);
        return Ran.here(all.toArray(new String[0]));
    }

    @Test
    void a_model_is_added_listed_exported_byte_for_byte_and_removed() throws Exception {
        Path demo = DemoModel.file();
        assertThat(run("list").out()).contains("No models yet");
        Ran added = run("add", demo.toString(), "--json");
        assertThat(added.status()).as(added.err()).isZero();
        var entry = new ObjectMapper().readTree(added.out());
        String root = entry.path("modelRoot").asText();
        assertThat(root).hasSize(64);
        assertThat(entry.path("bytes").asLong()).isEqualTo(Files.size(demo));
        assertThat(run("list").out()).contains(root.substring(0, 12));
        Path copy = home.resolve("copy.gguf");
        assertThat(run("export", root.substring(0, 8), copy.toString()).status())
                .isZero();
        assertThat(Files.mismatch(demo, copy)).isEqualTo(-1);
        assertThat(run("remove", root).status()).isZero();
        assertThat(run("list").out()).contains("No models yet");
        assertThat(run("remove", root).err()).contains("expected one model with the name or root");
    }

    @Test
    void a_package_is_written_carried_away_and_added_elsewhere() throws Exception {
        Path demo = DemoModel.file();
        Path folder = home.resolve("package");
        var asked = new String[] {
            "package-model", "--model=" + demo, "--folder=" + folder, "--json", "--home=" + home.resolve("other")
        };
        var written = new ObjectMapper().readTree(Ran.here(asked).out());
        String root = written.path("modelRoot").asText();
        assertThat(written.path("folder").asText()).isEqualTo(folder.toString());
        assertThat(Ran.here(asked).status()).as("again").isZero();

        Ran added = run("add", folder.toString(), "--json");
        assertThat(added.status()).as(added.err()).isZero();
        assertThat(new ObjectMapper().readTree(added.out()).path("modelRoot").asText())
                .isEqualTo(root);
        Path copy = home.resolve("copy.gguf");
        assertThat(run("export", root, copy.toString()).status()).isZero();
        assertThat(Files.mismatch(demo, copy)).isEqualTo(-1);
        assertThat(run("remove", root).status()).isZero();

        // one that is not whole is refused, and so is a folder that is none, or is used already
        try (var shards = Files.list(folder)) {
            Files.delete(shards.filter(file -> file.toString().endsWith(".shard"))
                    .sorted()
                    .toList()
                    .getLast());
        }
        assertThat(run("add", folder.toString()).err()).contains("found no whole head");
        assertThat(run("add", home.toString()).err()).contains("expected a model package");
        assertThat(Ran.here("package-model", "--model=" + demo, "--folder=" + home, "--home=" + home.resolve("other"))
                        .err())
                .contains("expected an empty folder at " + home);
    }

    @Test
    void a_model_is_added_from_the_web() throws Exception {
        byte[] demo = Files.readAllBytes(DemoModel.file());
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/demo.gguf", exchange -> {
            exchange.sendResponseHeaders(200, demo.length);
            exchange.getResponseBody().write(demo);
            exchange.close();
        });
        server.start();
        try {
            String url = "http://127.0.0.1:" + server.getAddress().getPort() + "/demo.gguf";
            Ran wrong = run("add", url, "--sha256", "0".repeat(64));
            assertThat(wrong.status()).isEqualTo(1);
            assertThat(wrong.err()).contains("expected a file with the SHA-256 " + "0".repeat(64));
            Ran added = run("add", url);
            assertThat(added.status()).as(added.err()).isZero();
            assertThat(added.out()).contains("all here");
            assertThat(added.err()).contains("no --sha256 was given");
        } finally {
            server.stop(0);
        }
    }

    @Test
    void what_is_no_model_is_refused_in_one_line() throws Exception {
        Path text = Files.writeString(home.resolve("text.gguf"), "no model at all, just text");
        for (String from :
                java.util.List.of(text.toString(), home.resolve("none").toString(), "http://example.org/x")) {
            Ran refused = run("add", from);
            assertThat(refused.status()).isEqualTo(1);
            assertThat(refused.err().strip().lines())
                    .hasSize(1)
                    .first()
                    .asString()
                    .startsWith("infergrid: ")
                    .contains("expected");
        }
    }
}
