/**
 * The command line: {@link io.infergrid.app.cli.CommandLineProgram} has the list of commands, each is a class of its own that
 * parses its options and calls the same {@link io.infergrid.app.core.Rig} or engine that the window uses.
 */
@NullMarked
package io.infergrid.app.cli;

import org.jspecify.annotations.NullMarked;
