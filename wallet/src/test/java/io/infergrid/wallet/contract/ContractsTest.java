package io.infergrid.wallet.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The Solidity side: artifacts that follow from their sources, and forge's own tests. */
class ContractsTest {

    private static final Path CONTRACTS = Path.of("contracts").toAbsolutePath();

    @BeforeAll
    static void partsAreHere() throws Exception {
        assumeTrue(
                Files.isDirectory(CONTRACTS.resolve("node_modules/solc")),
                "the compiler is missing: npm ci --ignore-scripts in wallet/contracts");
        assumeTrue(new ProcessBuilder("node", "--version").start().waitFor() == 0, "Node is missing (20 or newer)");
    }

    private record Ended(int status, String said) {}

    private static Ended node(String... arguments) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of("node"));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .directory(CONTRACTS.toFile())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Ended(process.waitFor(), said);
    }

    @Test
    void the_committed_artifacts_are_those_of_the_sources_and_stay_below_berlin() throws Exception {
        Ended check = node("scripts/build.mjs", "--check");
        assertThat(check.status()).as(check.said()).isZero();
    }

    @Test
    void every_invariant_and_every_attack_holds_under_forge() throws Exception {
        Ended forge = node("scripts/forge.mjs", "test");
        assertThat(forge.status()).as(forge.said()).isZero();
        for (int invariant = 1; invariant <= 22; invariant++) {
            assertThat(Pattern.compile("\\[PASS] \\w*_I" + invariant + "_")
                            .matcher(forge.said())
                            .find())
                    .as("a test of invariant I" + invariant + " in " + forge.said())
                    .isTrue();
        }
    }
}
