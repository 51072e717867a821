/**
 * Does this device compute IG1? {@link io.infergrid.compute.conformance.Conformance} runs a table of operations and a small
 * whole model and compares SHA-256 digests with those that ship with the engine.
 */
@NullMarked
package io.infergrid.compute.conformance;

import org.jspecify.annotations.NullMarked;
