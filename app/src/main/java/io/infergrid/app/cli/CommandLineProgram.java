package io.infergrid.app.cli;

import io.infergrid.app.paths.FileTrouble;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code infergrid}: without a command it opens the window, or says what can be done if there is no display. */
@Command(
        name = "infergrid",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "Turns idle gaming rigs into one inference grid.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            RunCommand.class,
            ServeCommand.class,
            ChatCommand.class,
            StatusCommand.class,
            JobsCommand.class,
            PlanCommand.class,
            WalletCommand.class,
            DoctorCommand.class,
            BenchCommand.class,
            BenchExchangeCommand.class,
            ConformanceCommand.class,
            GenerateCommand.class,
            LogitsCommand.class,
            TokenizeCommand.class,
            QuantizeCommand.class,
            PackageModelCommand.class,
            ModelsCommand.class,
            NodeCommand.class,
            CommandLine.HelpCommand.class,
        })
@SuppressWarnings("NullAway.Init") // picocli sets the spec
public final class CommandLineProgram implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    private CommandLineProgram() {}

    /** @return the exit status: 0 done, 1 failed, 2 not understood, 130 interrupted */
    public static int run(String... args) {
        // console output is UTF-8 whatever the locale says, as are the files that it is piped to
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
        return run(out, err, args);
    }

    static int run(PrintWriter out, PrintWriter err, String... args) {
        return new CommandLine(new CommandLineProgram())
                .setOut(out)
                .setErr(err)
                .setUsageHelpAutoWidth(true)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler(CommandLineProgram::notUnderstood)
                .setExecutionExceptionHandler(CommandLineProgram::failed)
                .execute(args);
    }

    @Override
    public Integer call() {
        if (Display.present()) {
            return spec.commandLine().execute("run");
        }
        spec.commandLine().usage(spec.commandLine().getErr());
        throw new Failure("expected a display for the window, or a command, found neither");
    }

    private static int notUnderstood(CommandLine.ParameterException e, String[] args) {
        CommandLine command = e.getCommandLine();
        command.getErr().println("infergrid: " + message(e));
        command.getErr()
                .println("Try '" + command.getCommandSpec().qualifiedName() + " --help' for what can be said here.");
        return CommandLine.ExitCode.USAGE;
    }

    private static int failed(Exception e, CommandLine command, CommandLine.ParseResult parsed) {
        if (e instanceof InterruptedException
                || e instanceof Interruption.Interrupted
                || e instanceof CancellationException) {
            command.getErr().println("infergrid: interrupted");
            return 130;
        }
        command.getErr().println("infergrid: " + message(e));
        if (command.getCommandSpec().userObject() instanceof RigCommand rig && rig.common.verbose) {
            e.printStackTrace(command.getErr());
        }
        return CommandLine.ExitCode.SOFTWARE;
    }

    static String message(Throwable e) {
        String message = switch (e) {
            case IOException trouble -> FileTrouble.words(trouble);
            // one without words of its own
            case UncheckedIOException wrapped
            when wrapped.getCause() instanceof IOException cause
                    && cause.toString().equals(wrapped.getMessage()) -> FileTrouble.words(cause);
            default -> e.getMessage();
        };
        return oneLine(message == null || message.isBlank() ? e.getClass().getSimpleName() : message);
    }

    private static String oneLine(String text) {
        return text.replaceAll("\\s*\\R\\s*", " ").strip();
    }
}
