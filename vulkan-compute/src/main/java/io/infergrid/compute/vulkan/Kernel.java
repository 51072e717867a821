package io.infergrid.compute.vulkan;

import static io.infergrid.compute.vulkan.VulkanException.check;
import static org.lwjgl.vulkan.EXTSubgroupSizeControl.VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT_EXT;
import static org.lwjgl.vulkan.VK12.*;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.system.MemoryUtil;
import org.lwjgl.vulkan.VkComputePipelineCreateInfo;
import org.lwjgl.vulkan.VkDescriptorSetLayoutBinding;
import org.lwjgl.vulkan.VkDescriptorSetLayoutCreateInfo;
import org.lwjgl.vulkan.VkDevice;
import org.lwjgl.vulkan.VkPipelineLayoutCreateInfo;
import org.lwjgl.vulkan.VkPipelineShaderStageRequiredSubgroupSizeCreateInfoEXT;
import org.lwjgl.vulkan.VkPushConstantRange;
import org.lwjgl.vulkan.VkShaderModuleCreateInfo;
import org.lwjgl.vulkan.VkSpecializationInfo;
import org.lwjgl.vulkan.VkSpecializationMapEntry;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A compute pipeline made from a kernel's SPIR-V. */
final class Kernel implements AutoCloseable {

    /**
     * What a pipeline is made of.
     *
     * @param name of the SPIR-V resource
     * @param bindings one character a binding: {@code S} a storage buffer, {@code T} a uniform texel buffer
     * @param pushWords 32-bit words of push constants
     * @param constant specialisation constant 0
     */
    record Source(String name, String bindings, int pushWords, int constant) {

        /** Whether it needs subgroups of {@link CooperativeMatrices#SUBGROUP} invocations, all there. */
        boolean wholeSubgroups() {
            return name.endsWith(MatrixTiles.COOPERATIVE_16.suffix());
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(Kernel.class);

    private final VkDevice device;
    private final LiveObjects live;
    private final Source source;
    private final long setLayout;
    private final long layout;
    private final long pipeline;

    Kernel(VkDevice device, LiveObjects live, Source source) {
        this.device = device;
        this.live = live;
        this.source = source;
        try (var stack = MemoryStack.stackPush()) {
            setLayout = setLayout(stack);
            layout = layout(stack);
            pipeline = pipeline(stack);
        }
    }

    private long setLayout(MemoryStack stack) {
        var bindings = VkDescriptorSetLayoutBinding.calloc(source.bindings.length(), stack);
        for (int i = 0; i < bindings.capacity(); i++) {
            bindings.get(i)
                    .binding(i)
                    .descriptorCount(1)
                    .descriptorType(descriptorType(i))
                    .stageFlags(VK_SHADER_STAGE_COMPUTE_BIT);
        }
        var info = VkDescriptorSetLayoutCreateInfo.calloc(stack).sType$Default().pBindings(bindings);
        var pointer = stack.mallocLong(1);
        check(vkCreateDescriptorSetLayout(device, info, null, pointer), "vkCreateDescriptorSetLayout");
        live.made("descriptor set layout");
        return pointer.get(0);
    }

    private long layout(MemoryStack stack) {
        var info = VkPipelineLayoutCreateInfo.calloc(stack).sType$Default().pSetLayouts(stack.longs(setLayout));
        if (source.pushWords > 0) {
            info.pPushConstantRanges(VkPushConstantRange.calloc(1, stack)
                    .stageFlags(VK_SHADER_STAGE_COMPUTE_BIT)
                    .size(4 * source.pushWords));
        }
        var pointer = stack.mallocLong(1);
        check(vkCreatePipelineLayout(device, info, null, pointer), "vkCreatePipelineLayout");
        live.made("pipeline layout");
        return pointer.get(0);
    }

    private long pipeline(MemoryStack stack) {
        ByteBuffer spirv = read(source.name);
        var pointer = stack.mallocLong(1);
        try {
            var moduleInfo =
                    VkShaderModuleCreateInfo.calloc(stack).sType$Default().pCode(spirv);
            check(vkCreateShaderModule(device, moduleInfo, null, pointer), "loading kernel " + source.name);
        } finally {
            MemoryUtil.memFree(spirv);
        }
        long module = pointer.get(0);
        try {
            var entry = VkSpecializationMapEntry.calloc(1, stack).size(4);
            var constants = VkSpecializationInfo.calloc(stack)
                    .pMapEntries(entry)
                    .pData(MemoryUtil.memByteBuffer(stack.ints(source.constant)));
            var info = VkComputePipelineCreateInfo.calloc(1, stack)
                    .sType$Default()
                    .flags(VK_PIPELINE_CREATE_DISPATCH_BASE)
                    .layout(layout);
            info.stage()
                    .sType$Default()
                    .stage(VK_SHADER_STAGE_COMPUTE_BIT)
                    .module(module)
                    .pName(stack.UTF8("main"))
                    .pSpecializationInfo(constants);
            if (source.wholeSubgroups()) {
                info.stage()
                        .flags(VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT_EXT)
                        .pNext(VkPipelineShaderStageRequiredSubgroupSizeCreateInfoEXT.calloc(stack)
                                .sType$Default()
                                .requiredSubgroupSize(CooperativeMatrices.SUBGROUP));
            }
            long start = System.nanoTime();
            check(vkCreateComputePipelines(device, 0, info, null, pointer), "compiling kernel " + source.name);
            live.made("pipeline");
            LOG.debug("Compiled kernel {} in {} ms", source, (System.nanoTime() - start) / 1_000_000);
            return pointer.get(0);
        } finally {
            vkDestroyShaderModule(device, module, null);
        }
    }

    private static ByteBuffer read(String name) {
        try (var in = Kernel.class.getResourceAsStream(name + ".spv")) {
            if (in == null) {
                throw new VulkanException("expected the kernel " + name + ".spv in the engine's jar, found none");
            }
            byte[] bytes = in.readAllBytes();
            return MemoryUtil.memAlloc(bytes.length).put(bytes).flip();
        } catch (IOException e) {
            throw new VulkanException("cannot read the kernel " + name + ".spv", e);
        }
    }

    Source source() {
        return source;
    }

    int descriptorType(int binding) {
        return source.bindings.charAt(binding) == 'T'
                ? VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER
                : VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
    }

    long setLayout() {
        return setLayout;
    }

    long layout() {
        return layout;
    }

    long pipeline() {
        return pipeline;
    }

    @Override
    public void close() {
        vkDestroyPipeline(device, pipeline, null);
        live.freed("pipeline");
        vkDestroyPipelineLayout(device, layout, null);
        live.freed("pipeline layout");
        vkDestroyDescriptorSetLayout(device, setLayout, null);
        live.freed("descriptor set layout");
    }
}
