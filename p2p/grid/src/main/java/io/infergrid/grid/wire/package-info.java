/**
 * The grid's binary messages: big-endian numbers, length-prefixed bytes and text, every length checked against a stated bound
 * before memory is taken. {@link io.infergrid.grid.wire.Frames} puts messages on a stream.
 */
@NullMarked
package io.infergrid.grid.wire;

import org.jspecify.annotations.NullMarked;
