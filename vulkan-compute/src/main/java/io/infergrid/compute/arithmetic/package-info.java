/**
 * IG1, the arithmetic that every device can reproduce, as naive Java: one float or one row at a time, in the order that
 * {@code docs/ig1.md} writes down. Nothing here is fast; the CPU and Vulkan kernels are tested against it bit for bit.
 * Read {@link io.infergrid.compute.arithmetic.Ig1} first. This package depends on nothing but the JDK.
 */
@NullMarked
package io.infergrid.compute.arithmetic;

import org.jspecify.annotations.NullMarked;
