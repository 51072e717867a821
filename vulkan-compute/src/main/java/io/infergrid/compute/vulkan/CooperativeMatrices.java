package io.infergrid.compute.vulkan;

import static io.infergrid.compute.vulkan.VulkanException.check;
import static org.lwjgl.vulkan.EXTSubgroupSizeControl.VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME;
import static org.lwjgl.vulkan.KHRCooperativeMatrix.*;
import static org.lwjgl.vulkan.VK12.*;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.vulkan.VkCooperativeMatrixPropertiesKHR;
import org.lwjgl.vulkan.VkDeviceCreateInfo;
import org.lwjgl.vulkan.VkPhysicalDevice;
import org.lwjgl.vulkan.VkPhysicalDeviceCooperativeMatrixFeaturesKHR;
import org.lwjgl.vulkan.VkPhysicalDeviceFeatures2;
import org.lwjgl.vulkan.VkPhysicalDeviceProperties2;
import org.lwjgl.vulkan.VkPhysicalDeviceShaderFloat16Int8Features;
import org.lwjgl.vulkan.VkPhysicalDeviceSubgroupSizeControlFeaturesEXT;
import org.lwjgl.vulkan.VkPhysicalDeviceSubgroupSizeControlPropertiesEXT;
import org.lwjgl.vulkan.VkPhysicalDeviceVulkanMemoryModelFeatures;

/**
 * A device's matrix units for int8, VK_KHR_cooperative_matrix: whether it has what matmul_tiles.comp needs, and how that is switched
 * on. Beside products of 16 x 16 these are subgroups of 32 on demand, int8 in kernels, and Vulkan's memory model.
 */
final class CooperativeMatrices {

    static final List<String> EXTENSIONS =
            List.of(VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME, VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME);

    static final int SUBGROUP = 32;

    private static final int TILE = 16;

    private CooperativeMatrices() {}

    /** A product that a device offers: rows x depth times depth x columns. */
    record Product(int rows, int columns, int depth, boolean signedBytes, boolean exactSums, boolean bySubgroup) {

        private static Product of(VkCooperativeMatrixPropertiesKHR offered) {
            return new Product(
                    offered.MSize(),
                    offered.NSize(),
                    offered.KSize(),
                    offered.AType() == VK_COMPONENT_TYPE_SINT8_KHR && offered.BType() == VK_COMPONENT_TYPE_SINT8_KHR,
                    offered.CType() == VK_COMPONENT_TYPE_SINT32_KHR
                            && offered.ResultType() == VK_COMPONENT_TYPE_SINT32_KHR
                            && !offered.saturatingAccumulation(),
                    offered.scope() == VK_SCOPE_SUBGROUP_KHR);
        }

        private boolean fits(int wantedDepth) {
            return rows == TILE && columns == TILE && depth == wantedDepth && signedBytes && exactSums && bySubgroup;
        }
    }

    /** What is used of a device's products: the deepest that fits, or nothing. */
    static MatrixTiles best(List<Product> offered) {
        if (offered.stream().anyMatch(product -> product.fits(32))) {
            return MatrixTiles.COOPERATIVE_32;
        }
        return offered.stream().anyMatch(product -> product.fits(16)) ? MatrixTiles.COOPERATIVE_16 : MatrixTiles.NONE;
    }

    static MatrixTiles of(VkPhysicalDevice device, Set<String> extensions) {
        if (!extensions.containsAll(EXTENSIONS)) {
            return MatrixTiles.NONE;
        }
        try (var stack = MemoryStack.stackPush()) {
            return features(device, stack) && subgroups(device, stack) ? best(products(device)) : MatrixTiles.NONE;
        }
    }

    private static boolean features(VkPhysicalDevice device, MemoryStack stack) {
        var matrices =
                VkPhysicalDeviceCooperativeMatrixFeaturesKHR.calloc(stack).sType$Default();
        var bytes = VkPhysicalDeviceShaderFloat16Int8Features.calloc(stack).sType$Default();
        var model = VkPhysicalDeviceVulkanMemoryModelFeatures.calloc(stack).sType$Default();
        var sizes = VkPhysicalDeviceSubgroupSizeControlFeaturesEXT.calloc(stack).sType$Default();
        var all = VkPhysicalDeviceFeatures2.calloc(stack)
                .sType$Default()
                .pNext(matrices)
                .pNext(bytes)
                .pNext(model)
                .pNext(sizes);
        vkGetPhysicalDeviceFeatures2(device, all);
        return matrices.cooperativeMatrix()
                && bytes.shaderInt8()
                && model.vulkanMemoryModel()
                && sizes.subgroupSizeControl()
                && sizes.computeFullSubgroups();
    }

    private static boolean subgroups(VkPhysicalDevice device, MemoryStack stack) {
        var sizes =
                VkPhysicalDeviceSubgroupSizeControlPropertiesEXT.calloc(stack).sType$Default();
        vkGetPhysicalDeviceProperties2(
                device,
                VkPhysicalDeviceProperties2.calloc(stack).sType$Default().pNext(sizes));
        return sizes.minSubgroupSize() <= SUBGROUP
                && sizes.maxSubgroupSize() >= SUBGROUP
                && (sizes.requiredSubgroupSizeStages() & VK_SHADER_STAGE_COMPUTE_BIT) != 0;
    }

    private static List<Product> products(VkPhysicalDevice device) {
        try (var stack = MemoryStack.stackPush()) {
            var count = stack.mallocInt(1);
            check(
                    vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR(device, count, null),
                    "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR");
            try (var offered = VkCooperativeMatrixPropertiesKHR.calloc(count.get(0))) {
                offered.forEach(VkCooperativeMatrixPropertiesKHR::sType$Default);
                check(
                        vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR(device, count, offered),
                        "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR");
                var products = new ArrayList<Product>();
                offered.forEach(product -> products.add(Product.of(product)));
                return products;
            }
        }
    }

    /** Switches on what {@link #of} has looked for. */
    static void enable(VkDeviceCreateInfo info, MemoryStack stack) {
        info.pNext(VkPhysicalDeviceCooperativeMatrixFeaturesKHR.calloc(stack)
                        .sType$Default()
                        .cooperativeMatrix(true))
                .pNext(VkPhysicalDeviceShaderFloat16Int8Features.calloc(stack)
                        .sType$Default()
                        .shaderInt8(true))
                .pNext(VkPhysicalDeviceVulkanMemoryModelFeatures.calloc(stack)
                        .sType$Default()
                        .vulkanMemoryModel(true))
                .pNext(VkPhysicalDeviceSubgroupSizeControlFeaturesEXT.calloc(stack)
                        .sType$Default()
                        .subgroupSizeControl(true)
                        .computeFullSubgroups(true));
    }
}
