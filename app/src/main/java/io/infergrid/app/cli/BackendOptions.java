package io.infergrid.app.cli;

import io.infergrid.app.core.Settings.BackendChoice;
import picocli.CommandLine.Option;

/** On which device. */
final class BackendOptions {

    @Option(
            names = {"-b", "--backend"},
            paramLabel = "cpu|vulkan|auto",
            description =
                    "The device that computes (default: auto, which takes a graphics card that is conformant, else the CPU).")
    BackendChoice backend = BackendChoice.AUTO;

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            description = "Threads of the CPU backend (default: one a processor).")
    int threads = 0;

    void check() {
        if (threads < 0) {
            throw new Failure("expected --threads of 0 or more, found " + threads);
        }
    }
}
