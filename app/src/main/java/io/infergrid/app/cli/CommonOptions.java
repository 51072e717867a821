package io.infergrid.app.cli;

import io.infergrid.app.paths.Home;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What every command takes. */
final class CommonOptions {

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this and exit.")
    boolean help;

    @Option(names = "--json", description = "Print JSON on standard output.")
    boolean json;

    @Option(
            names = "--home",
            paramLabel = "DIR",
            description = "Keep everything under this folder instead of the user's usual ones.")
    @Nullable
    Path home;

    @Option(names = "--verbose", description = "Show stack traces and log more.")
    boolean verbose;

    Home home() {
        return home == null ? Home.ofUser() : Home.under(home);
    }
}
