/**
 * The sensors of each operating system behind {@link io.infergrid.app.care.Sensors}. {@link
 * io.infergrid.app.care.sense.ThisComputer} puts those together that work here; every other file is one way to find one thing out.
 */
@NullMarked
package io.infergrid.app.care.sense;

import org.jspecify.annotations.NullMarked;
