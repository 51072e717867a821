package io.infergrid.app.cli;

import picocli.CommandLine.Option;

/** How tokens are drawn; the same options and seed always give the same text. */
final class SamplingOptions {

    @Option(
            names = {"-n", "--max-tokens"},
            paramLabel = "N",
            description = "Most tokens to generate (default: ${DEFAULT-VALUE}).")
    int maxTokens = 128;

    @Option(
            names = "--temperature",
            paramLabel = "T",
            description = "0 takes the likeliest token (default: ${DEFAULT-VALUE}).")
    float temperature = 0;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            description = "Only the likeliest tokens that make up P (default: ${DEFAULT-VALUE}).")
    float topP = 1;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of the draw (default: ${DEFAULT-VALUE}).")
    long seed = 1;

    void check() {
        if (maxTokens < 1 || !(temperature >= 0 && temperature <= 100) || !(topP > 0 && topP <= 1)) {
            throw new Failure(
                    "expected --max-tokens of 1 or more, --temperature from 0 to 100 and --top-p above 0 up to 1, found "
                            + maxTokens + ", " + temperature + ", " + topP);
        }
    }
}
