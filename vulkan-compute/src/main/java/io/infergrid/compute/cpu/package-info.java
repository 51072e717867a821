/**
 * The CPU backend: IG1 on the JVM's Vector API, the same bytes as {@code engine.ReferenceBackend} at the speed of the
 * memory. Read {@link io.infergrid.compute.cpu.CpuBackend}, then {@code CpuStep} for the path of a token.
 *
 * <p>Weights are repacked when a stage is loaded: a SIMD lane is a row of the matrix, so that IG1's written order of sums
 * (32 strided lanes and a tree, for each row) needs no shuffling. A block's integer dot product is exact however it is
 * computed: for bytes with fused multiply-add in binary32, where every partial sum is an integer below 2^24, for types of
 * fewer bits with 16-bit integers. Kernels are written for any vector width and depend on no other package than
 * {@code arithmetic}.
 */
@NullMarked
package io.infergrid.compute.cpu;

import org.jspecify.annotations.NullMarked;
