package io.infergrid.wallet.chain;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** Starts the real chain of the tests. */
public final class Anvil {

    private Anvil() {}

    /** Skips the test, naming the part, if there is no anvil. */
    public static LocalChain start(LocalChain.Options options) throws IOException {
        Optional<Path> program = AnvilProgram.find();
        assumeTrue(program.isPresent(), "anvil (npm @foundry-rs/anvil in wallet/contracts) is not installed");
        return LocalChain.start(program.orElseThrow(), options);
    }
}
