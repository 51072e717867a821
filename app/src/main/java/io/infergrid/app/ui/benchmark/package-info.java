/** Measures the device, and what it measured before. Read {@link io.infergrid.app.ui.benchmark.BenchmarkController} first. */
@NullMarked
package io.infergrid.app.ui.benchmark;

import org.jspecify.annotations.NullMarked;
