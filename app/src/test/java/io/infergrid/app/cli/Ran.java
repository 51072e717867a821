package io.infergrid.app.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.infergrid.app.Main;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * What became of one call of the program.
 *
 * @param out what it wrote on standard output
 * @param err what it wrote on standard error
 */
record Ran(int status, String out, String err) {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int LIMIT_SECONDS = 120;

    /** In this process. */
    static Ran here(String... arguments) {
        var out = new StringWriter();
        var err = new StringWriter();
        int status = CommandLineProgram.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
        return new Ran(status, out.toString(), err.toString());
    }

    /** In a process of its own, from this class path. */
    static Ran apart(Map<String, String> environment, List<String> jvm, String... arguments) throws Exception {
        var command = new ArrayList<String>();
        command.add(ProcessHandle.current().info().command().orElseThrow());
        command.addAll(List.of(
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow"));
        command.addAll(jvm);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
        command.addAll(List.of(arguments));
        return process(environment, command);
    }

    static Ran process(Map<String, String> environment, List<String> command) throws Exception {
        var builder = new ProcessBuilder(command);
        builder.environment().putAll(environment);
        Process process = builder.start();
        process.outputWriter().close();
        var out = CompletableFuture.supplyAsync(() -> text(process, true));
        var err = CompletableFuture.supplyAsync(() -> text(process, false));
        if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("expected an end within " + LIMIT_SECONDS + " s, found none: " + command + "\n"
                    + out.get() + err.get());
        }
        return new Ran(process.exitValue(), out.get(), err.get());
    }

    private static String text(Process process, boolean out) {
        try (var reader = out ? process.inputReader() : process.errorReader()) {
            return reader.readAllAsString();
        } catch (IOException e) {
            return "cannot be read: " + e;
        }
    }

    JsonNode json() {
        return json(out);
    }

    static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new AssertionError("expected JSON, found: " + text, e);
        }
    }
}
