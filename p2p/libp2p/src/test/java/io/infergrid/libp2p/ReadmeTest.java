package io.infergrid.libp2p;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.infergrid.libp2p.identity.KeyStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The example of the README, which is the text between the two marks below, does what it says. */
@Timeout(60)
class ReadmeTest {

    private static void example(Path state, PrintStream out) throws IOException {
        // example begins
        var key = new KeyStore(state.resolve("identity.key")).loadOrCreate();
        try (var server = new HostBuilder()
                        .identity(key)
                        .listen("/ip4/127.0.0.1/tcp/0")
                        .start();
                var client = new HostBuilder().start()) {
            server.handle(
                    "/upper/1.0.0",
                    stream -> { // on a virtual thread of its own for each stream
                        var text = new String(stream.in().readAllBytes(), UTF_8);
                        stream.out().write(text.toUpperCase(Locale.ROOT).getBytes(UTF_8));
                    });
            Multiaddr address = server.addresses().getFirst(); // /ip4/127.0.0.1/tcp/49152/p2p/12D3Koo...
            PeerId peer = address.peer().orElseThrow();
            client.connect(peer, List.of(address), Duration.ofSeconds(10));
            try (var stream = client.open(peer, "/upper/1.0.0", Duration.ofSeconds(10))) {
                stream.timeout(Duration.ofSeconds(30));
                stream.out().write("hello".getBytes(UTF_8));
                stream.closeWrite(); // or out().flush(), to go on writing
                out.println(new String(stream.in().readAllBytes(), UTF_8));
            }
        }
        // example ends
    }

    @Test
    void the_example_runs(@TempDir Path directory) throws IOException {
        var out = new ByteArrayOutputStream();
        example(directory, new PrintStream(out, true, UTF_8));
        assertThat(out.toString(UTF_8).strip()).isEqualTo("HELLO");
    }

    @Test
    void the_readme_shows_this_example() throws IOException {
        var source = Files.readString(Path.of("src/test/java/io/infergrid/libp2p/ReadmeTest.java"));
        int begin = source.indexOf("// example begins\n") + "// example begins\n".length();
        var example = source.substring(begin, source.indexOf("// example ends", begin));
        assertThat(words(Files.readString(Path.of("README.md")))).contains(words(example));
    }

    private static String words(String text) {
        return Pattern.compile("\\s+").matcher(text).replaceAll(" ").strip();
    }
}
