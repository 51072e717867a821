package io.infergrid.compute.benchmark;

import io.infergrid.compute.engine.StageSpec;
import io.infergrid.compute.gguf.GgufFile;
import io.infergrid.compute.model.ModelConfig;
import io.infergrid.compute.vulkan.VulkanBackend;
import java.nio.file.Path;
import java.util.Locale;

/**
 * The program behind docs/performance-vulkan.md: tokens per second of the best Vulkan device on a GGUF, see {@link StageSpeed}.
 *
 * <pre>VulkanSpeed MODEL.gguf [runs] [prompt tokens] [generated tokens]</pre>
 */
public final class VulkanSpeed {

    private VulkanSpeed() {}

    public static void main(String[] arguments) {
        if (arguments.length < 1) {
            System.err.println("expected MODEL.gguf [runs] [prompt tokens] [generated tokens]");
            System.exit(2);
        }
        int runs = number(arguments, 1, 3);
        int prompt = number(arguments, 2, 128);
        int generated = number(arguments, 3, 16);
        try (var file = GgufFile.open(Path.of(arguments[0]));
                var vulkan = VulkanBackend.open();
                var stage = vulkan.load(
                        file, StageSpec.whole(ModelConfig.of(file.metadata()).blocks()))) {
            System.out.printf(
                    Locale.ROOT,
                    "{\"model\":\"%s\",\"device\":\"%s\",\"weightBytes\":%d}%n",
                    Path.of(arguments[0]).getFileName(),
                    vulkan.device(),
                    stage.weightBytes());
            for (int run = 0; run < runs; run++) {
                System.out.println(StageSpeed.run(stage, prompt, generated, run));
            }
        }
    }

    private static int number(String[] arguments, int index, int absent) {
        return arguments.length > index ? Integer.parseInt(arguments[index]) : absent;
    }
}
