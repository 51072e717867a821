/**
 * The engine on a GPU through Vulkan compute. Start at {@link io.infergrid.compute.vulkan.VulkanBackend}: it runs stages on
 * a {@link io.infergrid.compute.vulkan.VulkanDevice} that {@link io.infergrid.compute.vulkan.VulkanInstance} opened. Kernels
 * are GLSL under {@code src/main/glsl}, compiled in the build; they follow IG1 bit by bit, and a device that does not is found by the conformance table.
 *
 * <p>Every class that makes a Vulkan object frees it in {@code close}; {@link io.infergrid.compute.vulkan.LiveObjects}
 * counts them. One platform thread owns the queue. Nothing here knows of networks or of money.
 */
@NullMarked
package io.infergrid.compute.vulkan;

import org.jspecify.annotations.NullMarked;
