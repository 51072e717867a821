import com.github.tjake.jlama.math.ActivationFunction;
import com.github.tjake.jlama.model.llama.LlamaConfig;
import com.github.tjake.jlama.model.llama.LlamaModel;
import com.github.tjake.jlama.safetensors.DType;
import com.github.tjake.jlama.safetensors.SafeTensorSupport;
import com.github.tjake.jlama.tensor.AbstractTensor;
import com.github.tjake.jlama.tensor.KvBufferCache;
import com.github.tjake.jlama.tensor.TensorCache;
import com.github.tjake.jlama.tensor.TensorShape;
import java.io.BufferedOutputStream;
import java.io.File;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/**
 * Jlama's tokens per second on a model of the 1B shape with random weights in its own Q4, a line of JSON for each run, in the
 * form of CpuSpeed. The model is made in a directory on the first run (2.2 GB of bfloat16, and 0.7 GB of Q4 from it).
 *
 * <pre>JlamaSpeed DIRECTORY [runs] [prompt tokens] [generated tokens]</pre>
 */
public class JlamaSpeed {

    private static final com.sun.management.OperatingSystemMXBean PROCESS =
            (com.sun.management.OperatingSystemMXBean) java.lang.management.ManagementFactory.getOperatingSystemMXBean();

    private static final int DIMENSION = 2048;
    private static final int FEED_FORWARD = 8192;
    private static final int LAYERS = 16;
    private static final int VOCABULARY = 102400;
    private static final int KEYS = 512;

    public static void main(String[] arguments) throws Exception {
        Path directory = Path.of(arguments[0]);
        Path quantised = directory.resolve("q4");
        // what the quantiser copies last
        if (!Files.exists(quantised.resolve("README.md"))) {
            Path exact = Files.createDirectories(directory.resolve("bf16"));
            write(exact);
            SafeTensorSupport.quantizeModel(exact, DType.Q4, new String[] {}, new String[] {}, Optional.of(quantised));
        }
        int runs = number(arguments, 1, 4);
        int prompt = number(arguments, 2, 128);
        int generated = number(arguments, 3, 32);
        var config = new LlamaConfig(
                8192, DIMENSION, FEED_FORWARD, 32, 8, LAYERS, 1e-5f, VOCABULARY, 0, List.of(1),
                ActivationFunction.Type.SILU, 500000.0, null);
        config.setWorkingDirectory(null);
        var weights = SafeTensorSupport.loadWeights(quantised.toFile());
        var model = new LlamaModel(config, weights, null, DType.F32, DType.I8, Optional.empty());
        System.out.println("{\"device\":\"Jlama Q4\"}");
        for (int run = 0; run < runs; run++) {
            int[] ids = new Random(run).ints(prompt + generated, 0, VOCABULARY).toArray();
            try (var cache = new KvBufferCache(model).getEphemeralKvBuffer();
                    var logits = TensorCache.instance.get(DType.F32, TensorShape.of(1, VOCABULARY))) {
                long start = System.nanoTime();
            long processor = PROCESS.getProcessCpuTime();
                AbstractTensor last = model.batchForward(Arrays.copyOf(ids, prompt), 0, cache);
                model.sample(last.slice(last.shape().first() - 1), 0f, 0.5f, logits);
                last.close();
                long middle = System.nanoTime();
            long processorMiddle = PROCESS.getProcessCpuTime();
                for (int i = 0; i < generated; i++) {
                    AbstractTensor out = model.forward(ids[prompt + i], prompt + i, cache, Optional.empty());
                    model.sample(out, 0f, 0.5f, logits);
                    out.close();
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
        }
        System.exit(0);
    }

    private static int number(String[] arguments, int index, int absent) {
        return arguments.length > index ? Integer.parseInt(arguments[index]) : absent;
    }

    /** Names and shapes of the tensors, in the order of the file. */
    private static Map<String, int[]> shapes() {
        var shapes = new LinkedHashMap<String, int[]>();
        shapes.put("model.embed_tokens.weight", new int[] {VOCABULARY, DIMENSION});
        shapes.put("model.norm.weight", new int[] {DIMENSION});
        for (int i = 0; i < LAYERS; i++) {
            String layer = "model.layers." + i + ".";
            shapes.put(layer + "input_layernorm.weight", new int[] {DIMENSION});
            shapes.put(layer + "self_attn.q_proj.weight", new int[] {DIMENSION, DIMENSION});
            shapes.put(layer + "self_attn.k_proj.weight", new int[] {KEYS, DIMENSION});
            shapes.put(layer + "self_attn.v_proj.weight", new int[] {KEYS, DIMENSION});
            shapes.put(layer + "self_attn.o_proj.weight", new int[] {DIMENSION, DIMENSION});
            shapes.put(layer + "post_attention_layernorm.weight", new int[] {DIMENSION});
            shapes.put(layer + "mlp.gate_proj.weight", new int[] {FEED_FORWARD, DIMENSION});
            shapes.put(layer + "mlp.up_proj.weight", new int[] {FEED_FORWARD, DIMENSION});
            shapes.put(layer + "mlp.down_proj.weight", new int[] {DIMENSION, FEED_FORWARD});
        }
        return shapes;
    }

    private static void write(Path directory) throws Exception {
        Map<String, int[]> shapes = shapes();
        var header = new StringBuilder("{\"__metadata__\":{\"format\":\"pt\"}");
        long at = 0;
        for (var entry : shapes.entrySet()) {
            int[] shape = entry.getValue();
            long end = at + 2L * shape[0] * (shape.length > 1 ? shape[1] : 1);
            header.append(",\"%s\":{\"dtype\":\"BF16\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
                    .formatted(entry.getKey(), Arrays.toString(shape), at, end));
            at = end;
        }
        header.append('}');
        while (header.length() % 8 != 0) {
            header.append(' ');
        }
        var random = new Random(1);
        var pool = ByteBuffer.allocate(4 << 20).order(ByteOrder.LITTLE_ENDIAN);
        while (pool.hasRemaining()) {
            pool.putShort((short) (Float.floatToIntBits((float) (0.02 * random.nextGaussian())) >>> 16));
        }
        File file = directory.resolve("model.safetensors").toFile();
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file.toPath()), 1 << 20)) {
            out.write(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length()).array());
            out.write(header.toString().getBytes(StandardCharsets.US_ASCII));
            for (int[] shape : shapes.values()) {
                if (shape.length == 1) {
                    byte[] ones = new byte[2 * shape[0]];
                    for (int i = 0; i < ones.length; i += 2) {
                        ones[i] = (byte) 0x80;
                        ones[i + 1] = 0x3f;
                    }
                    out.write(ones);
                    continue;
                }
                for (long left = 2L * shape[0] * shape[1]; left > 0; left -= pool.capacity()) {
                    out.write(pool.array(), 0, (int) Math.min(left, pool.capacity()));
                }
            }
        }
        Files.writeString(
                directory.resolve("config.json"),
                """
                {"architectures":["LlamaForCausalLM"],"model_type":"llama","max_position_embeddings":8192,"hidden_size":2048,
                "intermediate_size":8192,"num_attention_heads":32,"num_key_value_heads":8,"num_hidden_layers":16,
                "rms_norm_eps":1e-5,"vocab_size":102400,"bos_token_id":0,"eos_token_id":1,"hidden_act":"silu",
                "rope_theta":500000.0,"tie_word_embeddings":true,"torch_dtype":"bfloat16"}
                """);
        // its quantiser copies these
        Files.writeString(directory.resolve("tokenizer_config.json"), "{}");
        Files.writeString(directory.resolve("tokenizer.json"), "{}");
        Files.writeString(directory.resolve("README.md"), "");
    }
}
