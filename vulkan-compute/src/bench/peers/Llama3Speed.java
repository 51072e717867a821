import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;

/**
 * llama3.java's tokens per second on a GGUF, a line of JSON for each run, in the form of CpuSpeed. It is compiled beside
 * Llama3.java of github.com/mukel/llama3.java, which is in no registry, so its user brings it; see compare-cpu.mjs.
 *
 * <pre>Llama3Speed MODEL.gguf [runs] [prompt tokens] [generated tokens] [batch]</pre>
 */
public class Llama3Speed {

    private static final com.sun.management.OperatingSystemMXBean PROCESS =
            (com.sun.management.OperatingSystemMXBean) java.lang.management.ManagementFactory.getOperatingSystemMXBean();

    public static void main(String[] arguments) throws Exception {
        int runs = number(arguments, 1, 3);
        int prompt = number(arguments, 2, 128);
        int generated = number(arguments, 3, 32);
        int batch = number(arguments, 4, 16);
        Llama model = ModelLoader.loadModel(Path.of(arguments[0]), prompt + generated + 8, true);
        System.out.println("{\"device\":\"llama3.java\"}");
        for (int run = 0; run < runs; run++) {
            int[] ids = new Random(run).ints(prompt + generated, 0, 102400).toArray();
            var state = model.createNewState(batch);
            long start = System.nanoTime();
            long processor = PROCESS.getProcessCpuTime();
            for (int i = 0; i < prompt; i += batch) {
                int[] some = Arrays.copyOfRange(ids, i, Math.min(prompt, i + batch));
                Llama.forward(model, state, some, i, i + batch >= prompt);
            }
            long middle = System.nanoTime();
            long processorMiddle = PROCESS.getProcessCpuTime();
            for (int i = 0; i < generated; i++) {
                Llama.forward(model, state, new int[] {ids[prompt + i]}, prompt + i, true);
            }
            System.out.printf(
                    Locale.ROOT,
                    "{\"run\":%d,\"promptTokensPerSecond\":%.2f,\"generatedTokensPerSecond\":%.2f,"
                            + "\"promptTokensPerProcessorSecond\":%.2f,\"generatedTokensPerProcessorSecond\":%.2f}%n",
                    run,
                    1e9 * prompt / (middle - start),
                    1e9 * generated / (System.nanoTime() - middle),
                    1e9 * prompt / (processorMiddle - processor),
                    1e9 * generated / (PROCESS.getProcessCpuTime() - processorMiddle));
        }
        System.exit(0);
    }

    private static int number(String[] arguments, int index, int absent) {
        return arguments.length > index ? Integer.parseInt(arguments[index]) : absent;
    }
}
