package io.infergrid.app;

import io.infergrid.app.cli.CommandLineProgram;

/** Where the program starts, with a window or without. */
public final class Main {

    private Main() {}

    public static void main(String[] args) {
        StandardError.takeBack();
        int status = CommandLineProgram.run(args);
        System.exit(status);
    }
}
