/** Conversations with js-libp2p, the real one: what these tests pass is what the README's table of interoperation says. */
@NullMarked
package io.infergrid.libp2p.interop;

import org.jspecify.annotations.NullMarked;
