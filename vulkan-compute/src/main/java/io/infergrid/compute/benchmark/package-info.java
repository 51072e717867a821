/**
 * How fast is this device, and does it compute IG1? {@link io.infergrid.compute.benchmark.Benchmark} measures memory,
 * transfers, matrix kernels and a model on any backend, with live samples for a plot. {@link
 * io.infergrid.compute.benchmark.StageSpeed} is what the programs behind docs/performance.md have in common.
 */
@NullMarked
package io.infergrid.compute.benchmark;

import org.jspecify.annotations.NullMarked;
