package io.infergrid.app.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.infergrid.app.device.DemoModel;
import io.infergrid.grid.model.GgufShards;
import io.infergrid.grid.model.Manifest;
import io.infergrid.grid.model.ShardStore;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands that need no grid, in this process. */
class CommandLineTest {

    @TempDir
    Path folder;

    private Path home;
    private InputStream realInput;

    @BeforeEach
    void makeFiles() throws Exception {
        home = folder.resolve("home");
        realInput = System.in;
        Files.writeString(folder.resolve("ids"), "1, 2\n3\n");
        Files.writeString(folder.resolve("unknown-ids"), "1 4000000000");
        Files.writeString(folder.resolve("words"), "hello world");
        Files.createFile(folder.resolve("empty"));
        byte[] demo = Files.readAllBytes(DemoModel.file());
        Files.write(folder.resolve("cut.gguf"), java.util.Arrays.copyOf(demo, 1000));
    }

    @AfterEach
    void restoreInput() {
        System.setIn(realInput);
    }

    /** Runs a command on this test's home; {@code @} in an argument stands for the test's folder. */
    private Ran run(String... arguments) {
        var all = new ArrayList<String>();
        for (String argument : arguments) {
            all.add(argument.replace("@", folder.toString()));
        }
        all.add("--home=" + home);
        return Ran.here(all.toArray(String[]::new));
    }

    private Ran runWell(String... arguments) {
        Ran ran = run(arguments);
        assertThat(ran.status()).as(ran.err()).isZero();
        assertThat(ran.err()).doesNotContain("infergrid:");
        return ran;
    }

    private static void type(String text) {
        System.setIn(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
    }

    // ---- every command

    @ParameterizedTest
    @ValueSource(
            strings = {
                "run",
                "serve",
                "chat",
                "status",
                "jobs",
                "plan",
                "wallet",
                "doctor",
                "bench",
                "conformance",
                "generate",
                "logits",
                "tokenize",
                "quantize",
                "package-model",
                "node"
            })
    void a_command_shows_its_help_and_does_nothing_else(String command) {
        Ran ran = run(command, "--help");
        assertThat(ran.status()).isZero();
        assertThat(ran.err()).isEmpty();
        assertThat(ran.out()).startsWith("Usage: infergrid " + command + " ").contains("--json", "--home=DIR");
        assertThat(home).doesNotExist();
        assertThat(Ran.here("--help").out()).contains("\n  " + command + " ");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    jobs no-such-job | expected the id of a stored job, found 'no-such-job'
                    jobs --limit=0 | expected a limit of 1 or more, found 0
                    tokenize --decode 1,x | expected token ids, found 'x' in the ids
                    tokenize --decode 5000 | expected token ids below 2048, found 5000
                    tokenize --file=@/none | expected a file of text, found no file @/none
                    tokenize --file=@ | expected a file of text, found no file @
                    tokenize --model=@/none x | expected a GGUF file in --model, found no file @/none
                    tokenize --model=@/empty x | empty: magic: expected 4 bytes at byte 0, found the end after 0
                    logits @/none | expected a file of token ids, found no file @/none
                    logits @/empty | expected at least one token id, found none in @/empty
                    logits @/words | expected token ids, found 'hello' in @/words
                    logits --backend=cpu @/unknown-ids | expected token ids below 2048, found 4000000000
                    logits --backend=cpu --out=@/no/where @/ids | @/no/where: no such file or folder
                    generate --max-tokens=0 x | expected --max-tokens of 1 or more, --temperature from 0 to 100 and --top-p above 0 up to 1, found 0, 0.0, 1.0
                    generate --threads=-3 x | expected --threads of 0 or more, found -3
                    generate --backend=cpu --top-k=-1 x | expected a top-k of 0 or more, found -1
                    generate --backend=cpu --tokens=@/unknown-ids | expected token ids below 2048, found 4000000000
                    generate --backend=cpu --model=@/cut.gguf x | cut.gguf: metadata key 'tokenizer.ggml.tokens' length: expected 8 bytes at byte 995, found the end after 5
                    quantize --random-llama=huge --type=q8_0 @/new.gguf | expected a shape among 1b, small, tiny, llama-3-8b
                    quantize --random-llama=tiny --type=q9_k @/new.gguf | expected a file type among F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, IQ4_NL, IQ4_XS, Q2_K,
                    quantize --random-llama=tiny --type=q8_0 @/cut.gguf | expected no file @/cut.gguf, found one: --force overwrites it
                    quantize --random-llama=tiny --type=q8_0 @/no/new.gguf | expected a folder to write @/no/new.gguf into, found none
                    quantize --type=q8_0 @/new.gguf | expected a source and a target, found one file
                    package-model --model=@/empty | empty: magic: expected 4 bytes at byte 0, found the end after 0
                    package-model --manifest=@/no/where | @/no/where: no such file or folder
                    bench --seconds=0 | expected --prompt and --generate of 1 or more and up to 600 --seconds, found 64, 32 and 0.0
                    bench --backend=cpu --prompt=100000 | expected --prompt and --generate of at most 512 tokens together, the model's context, found 100000 and 32
                    plan @/empty | empty: magic: expected 4 bytes at byte 0, found the end after 0
                    plan --memory=1GB --reserve=2GB 1b | expected more --memory than --reserve, found 1000000000 and 2000000000 bytes
                    plan --memory=8GB --positions=9000 llama-3-70b | expected 1 to 8192 --positions (the model's context) and 1 to 10000 --sessions, found 9000 and 1
                    plan --memory=8GB nothing | expected a GGUF file, a folder of shards or a shape, found neither at nothing; expected a shape among 1b, small, tiny
                    serve --port=70000 | expected a --port from 0 to 65535, found 70000
                    serve --model=@/empty | empty: magic: expected 4 bytes at byte 0, found the end after 0
                    chat --model=@/empty hello | empty: magic: expected 4 bytes at byte 0, found the end after 0
                    chat --temperature=-1 hello | expected --max-tokens of 1 or more, --temperature from 0 to 100 and --top-p above 0 up to 1, found 128, -1.0, 1.0
                    node --listen=nonsense | multiaddr: expected
                    node --model=abc | expected 64 lower-case hexadecimal digits, found 'abc'
                    node --blocks=3-1 | expected --blocks FIRST-LAST with FIRST up to LAST, found '3-1'
                    node --seed-file=@/none | expected a GGUF file or a package in --seed-file, found none at @/none
                    """)
    void an_error_is_one_line_that_says_expected_and_found(String arguments, String message) {
        type("");
        Ran ran = run(arguments.split(" "));
        assertThat(ran.status()).isEqualTo(1);
        assertThat(ran.out()).isEmpty();
        List<String> lines = ran.err().lines().toList();
        assertThat(lines.getLast()).startsWith("infergrid: " + message.replace("@", folder.toString()));
        assertThat(ran.err()).doesNotContain("\tat ", "Exception");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    nonsense | Unmatched argument at index 0: 'nonsense' | infergrid
                    jobs --limit=many | Invalid value for option '--limit': 'many' is not an int | infergrid jobs
                    logits | Missing required parameter: 'TOKENS' | infergrid logits
                    generate --backend=gpu x | Invalid value for option '--backend': expected one of [AUTO, VULKAN, CPU] (case-insensitive) but was 'gpu' | infergrid generate
                    """)
    void what_is_not_understood_is_said_with_where_to_look(String arguments, String message, String command) {
        Ran ran = Ran.here(arguments.split(" "));
        assertThat(ran.status()).isEqualTo(2);
        assertThat(ran.out()).isEmpty();
        assertThat(ran.err().lines())
                .containsExactly("infergrid: " + message, "Try '" + command + " --help' for what can be said here.");
    }

    @Test
    void a_stack_trace_is_shown_only_where_it_is_asked_for() {
        Ran ran = run("tokenize", "--verbose", "--model=@/empty", "x");
        assertThat(ran.status()).isEqualTo(1);
        assertThat(ran.err()).contains("infergrid: empty: magic", "GgufException", "\tat io.infergrid.");
    }

    // ---- text and tokens

    @Test
    void tokens_of_a_text_give_the_text_back() throws Exception {
        String text = "Once upon a time, a fox said “hello”.";
        Ran ids = runWell("tokenize", "--no-special", text);
        assertThat(ids.out()).matches("\\d+( \\d+)*\\R");
        assertThat(runWell("tokenize", "--decode", ids.out().strip()).out()).isEqualTo(text + System.lineSeparator());

        JsonNode json = runWell("tokenize", "--json", text).json();
        assertThat(json.path("ids").size())
                .isEqualTo(json.path("tokens").size())
                .isEqualTo(ids.out().split(" ").length + 1);
        assertThat(json.path("tokens").path(0).asText()).isEqualTo("<|bos|>");

        Files.writeString(folder.resolve("text"), text);
        assertThat(runWell("tokenize", "--no-special", "--file=@/text").out()).isEqualTo(ids.out());
        type(text);
        assertThat(runWell("tokenize", "--no-special").out()).isEqualTo(ids.out());
        type(ids.out());
        assertThat(runWell("tokenize", "--decode", "--json").json().path("text").asText())
                .isEqualTo(text);
    }

    @Test
    void generate_gives_the_same_text_in_each_of_its_forms() throws Exception {
        String[] common = {"generate", "--backend=cpu", "--max-tokens=12", "--temperature=0.8", "--seed=3"};
        Ran plain = runWell(with(common, "Once upon a time"));
        JsonNode json = runWell(with(common, "--json", "Once upon a time")).json();
        assertThat(plain.out()).isEqualTo(json.path("text").asText() + System.lineSeparator());
        assertThat(plain.err()).contains("5 + 12 tokens", "tokens/s on ", "(cpu)");
        assertThat(json.path("tokens").size()).isEqualTo(12);
        assertThat(json.path("promptTokens").asInt()).isEqualTo(5);
        assertThat(json.path("ending").asText()).isEqualTo("length");
        assertThat(json.path("backend").asText()).isEqualTo("cpu");
        assertThat(json.path("note").asText()).isEmpty();

        Files.writeString(
                folder.resolve("prompt"),
                runWell("tokenize", "Once upon a time").out());
        assertThat(runWell(with(common, "--tokens=@/prompt")).out()).isEqualTo(plain.out());
        type("Once upon a time");
        assertThat(runWell(common).out()).isEqualTo(plain.out());

        String[] words = json.path("text").asText().strip().split(" ");
        String stopped =
                runWell(with(common, "--stop=" + words[2], "Once upon a time")).out();
        assertThat(stopped.strip()).isEqualTo(words[0] + " " + words[1]);
    }

    private static String[] with(String[] common, String... more) {
        var all = new ArrayList<>(List.of(common));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    // ---- models

    @Test
    void a_quantized_random_model_speaks_and_is_cut_into_shards() throws Exception {
        JsonNode written = runWell("quantize", "--random-llama=tiny", "--type=f16", "--json", "@/half.gguf")
                .json();
        assertThat(written.path("bytes").asLong()).isEqualTo(Files.size(folder.resolve("half.gguf")));
        assertThat(written.path("type").asText()).isEqualTo("F16");
        runWell("quantize", "--type=q8_0", "@/half.gguf", "@/small.gguf");
        assertThat(Files.size(folder.resolve("small.gguf"))).isLessThan(Files.size(folder.resolve("half.gguf")));
        JsonNode said = runWell(
                        "generate", "--backend=cpu", "--model=@/small.gguf", "-n=4", "--ignore-end", "--json", "a")
                .json();
        assertThat(said.path("tokens").size()).isEqualTo(4);

        JsonNode cut = runWell(
                        "package-model", "--json", "--model=@/small.gguf", "--manifest=@/manifest", "--licence=MIT")
                .json();
        Manifest manifest = Manifest.decode(Files.readAllBytes(folder.resolve("manifest")));
        assertThat(manifest.root().hex()).isEqualTo(cut.path("modelRoot").asText());
        assertThat(manifest.licence()).isEqualTo("MIT");
        assertThat(cut.path("shards").size()).isEqualTo(manifest.shards().size());
        long bytes = 0;
        for (JsonNode shard : cut.path("shards")) {
            bytes += shard.path("bytes").asLong();
        }
        assertThat(bytes).isEqualTo(Files.size(folder.resolve("small.gguf")));
        assertThat(runWell("package-model", "--model=@/small.gguf", "--licence=MIT")
                        .out())
                .contains("model root  " + manifest.root().hex());
        try (var left = Files.list(folder)) {
            assertThat(left.map(file -> file.getFileName().toString())).noneMatch(name -> name.contains("unfinished"));
        }
    }

    // ---- the device

    @Test
    void conformance_lists_every_operation_with_its_digest() {
        JsonNode report =
                runWell("conformance", "--backend=cpu", "--json").json().path(0);
        assertThat(report.path("passed").asBoolean()).isTrue();
        assertThat(report.path("backend").asText()).isEqualTo("cpu");
        assertThat(report.path("digest").asText()).hasSize(64);
        Ran words = runWell("conformance", "--backend=cpu");
        assertThat(words.out())
                .contains("digest " + report.path("digest").asText())
                .doesNotContain("DIFFERS");
        for (JsonNode result : report.path("results")) {
            assertThat(words.out())
                    .contains(
                            result.path("operation").asText(),
                            result.path("found").asText());
        }
    }

    @Test
    void a_benchmark_is_stored_and_shown_by_status_unless_it_should_not_be() {
        String[] bench = {"bench", "--backend=cpu", "--seconds=0.02", "--prompt=8", "--generate=4"};
        Ran table = runWell(with(bench, "--no-store"));
        assertThat(table.out()).contains("memory.read.GBps", "demo.decode.tokensPerSecond", "the same bytes");
        assertThat(runWell("status").out()).contains("InferGrid is not running.", "benchmark   none yet");

        JsonNode run = runWell(with(bench, "--json")).json();
        assertThat(run.path("stored").asBoolean()).isTrue();
        assertThat(run.path("conformant").asBoolean()).isTrue();
        assertThat(run.path("figures").path("demo.decode.tokensPerSecond").asDouble())
                .isPositive();
        JsonNode status = runWell("status", "--json").json();
        assertThat(status.path("running").asBoolean()).isFalse();
        assertThat(status.path("lastBenchmark").path("figures")).isEqualTo(run.path("figures"));
        assertThat(status.path("lastBenchmark").path("device"))
                .isEqualTo(run.path("device").path("name"));
    }

    // ---- the plan

    @Test
    void a_rig_with_8_gb_is_told_which_stages_of_a_70b_q4_k_m_it_can_hold_and_what_it_would_serve() {
        String[] plan = {"plan", "--memory=8GB", "--bandwidth=448", "llama-3-70b"};
        JsonNode json = runWell(with(plan, "--json")).json();
        assertThat(json.path("weightBytes").asLong()).isEqualTo(42_512_531_456L);
        assertThat(json.path("cacheBytesPerPosition").asLong()).isEqualTo(327_680);
        assertThat(json.path("longestStages")).hasSize(80);
        JsonNode first = json.path("longestStages").path(0);
        assertThat(first.path("lastBlock").asInt()).isEqualTo(11);
        assertThat(first.path("embedding").asBoolean()).isTrue();
        assertThat(first.path("weightBytes").asLong()).isEqualTo(6_996_623_360L);
        assertThat(first.path("cacheBytesPerSession").asLong()).isEqualTo(4096L * 12 * 4096);
        assertThat(first.path("millisPerToken").asDouble())
                .isCloseTo((6_996_623_360L - 591_003_648L + 4096L * 12 * 4096) / 448e6, within(1e-9));
        assertThat(json.path("cut")).hasSize(7);
        assertThat(json.path("cut").path(6).path("head").asBoolean()).isTrue();
        double milliseconds = 0;
        for (JsonNode stage : json.path("cut")) {
            milliseconds += stage.path("millisPerToken").asDouble();
        }
        assertThat(json.path("tokensPerSecondOneSession").asDouble()).isCloseTo(1000 / milliseconds, within(1e-9));

        Ran words = runWell(plan);
        assertThat(words.out())
                .contains(
                        "as the first stage, with the embedding: blocks 0-11",
                        "as the last stage, with the output head: blocks 69-79",
                        "7 rigs like this one hold the model",
                        "seconds a token >= (bytes of the weights + bytes of the keys and values that are read)");
        assertThat(home).doesNotExist();
    }

    @Test
    void a_plan_takes_the_header_of_a_file_and_the_speed_of_the_last_benchmark() throws Exception {
        Files.write(
                folder.resolve("header.gguf"),
                java.util.Arrays.copyOf(Files.readAllBytes(DemoModel.file()), 100_000)); // the weights are cut off
        JsonNode unknown =
                runWell("plan", "--memory=1GB", "--json", "@/header.gguf").json();
        assertThat(unknown.path("model").asText()).isEqualTo("InferGrid demo");
        assertThat(unknown.path("cut")).hasSize(1);
        assertThat(unknown.path("bandwidthBytesPerSecond").isNull()).isTrue();
        assertThat(unknown.path("bandwidthFrom").asText()).contains("run 'infergrid bench'");

        JsonNode run = runWell("bench", "--backend=cpu", "--seconds=0.02", "--prompt=8", "--generate=4", "--json")
                .json();
        JsonNode known =
                runWell("plan", "--memory=1GB", "--json", "@/header.gguf").json();
        assertThat(known.path("bandwidthBytesPerSecond").asDouble())
                .isCloseTo(run.path("figures").path("memory.read.GBps").asDouble() * 1e9, within(1.0));
        assertThat(known.path("bandwidthFrom").asText()).startsWith("memory.read.GBps of the benchmark of ");

        try (var whole = new GgufShards(DemoModel.file(), "")) {
            ShardStore.write(folder.resolve("shards"), whole).close();
        }
        JsonNode ofShards =
                runWell("plan", "--memory=1GB", "--json", "@/shards").json();
        assertThat(ofShards.path("cut")).isEqualTo(known.path("cut"));

        Ran tooSmall = run("plan", "--memory=300kB", "--reserve=0", "@/header.gguf");
        assertThat(tooSmall.status()).isEqualTo(1);
        assertThat(tooSmall.out()).contains("fits     not every block of this model");
    }

    // ---- the rig at rest

    @Test
    void status_jobs_and_wallet_of_a_new_home_say_so_and_make_nothing() {
        assertThat(runWell("status").out()).contains("InferGrid is not running.", "jobs        none stored yet");
        assertThat(runWell("status", "--json").json().path("jobs").isEmpty()).isTrue();
        assertThat(runWell("jobs").out().strip()).isEqualTo("No jobs stored yet.");
        assertThat(runWell("jobs", "--json").json().isEmpty()).isTrue();
        assertThat(runWell("wallet").out()).startsWith("No wallet yet");
        assertThat(runWell("wallet", "--json").json().path("wallet").asBoolean())
                .isFalse();
        assertThat(home).doesNotExist();
    }

    @Test
    void doctor_names_a_settings_file_that_cannot_be_read() throws Exception {
        JsonNode well = runWell("doctor", "--json").json();
        assertThat(well.path("ok").asBoolean()).isTrue();
        Files.writeString(home.resolve("config/settings.json"), "{\"workers\": 99}");
        Ran ran = run("doctor");
        assertThat(ran.status()).isEqualTo(1);
        assertThat(ran.err()).isEmpty();
        assertThat(ran.out().lines().filter(line -> line.startsWith("[FAIL]")))
                .containsExactly("[FAIL] Settings     expected 3 to 8 workers, found 99 in "
                        + home.resolve("config/settings.json"));
        assertThat(ran.out().lines().toList().getLast()).isEqualTo("Not ready: see the lines marked FAIL.");
    }
}
