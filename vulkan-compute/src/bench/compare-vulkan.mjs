// The table of docs/performance-vulkan.md: the Vulkan backend and llama.cpp's on the same driver, by turns on the same files, medians
// over all rounds.
//   node compare-vulkan.mjs CLASS_PATH LLAMA MODEL.gguf ...
// CLASS_PATH has the engine's classes, LWJGL with its natives, and SLF4J; LLAMA is a directory where the npm package node-llama-cpp
// is installed. Environment: JAVA (the program), ROUNDS (2), RUNS in a round (1, after one that warms up), PROMPT (128), GENERATED
// (8) tokens, THREADS of llama.cpp's host side (2), PROCESSOR=1 for tokens per second of processor time, which is what a machine that
// is busy otherwise can say.
import { compare, llamaCpp, output } from "./pairs.mjs";

const [, , classPath, llama, ...models] = process.argv;
if (!models.length) {
  console.error("expected CLASS_PATH LLAMA MODEL.gguf ...");
  process.exit(2);
}
const { JAVA = "java", ROUNDS = "2", RUNS = "1", PROMPT = "128", GENERATED = "8", THREADS = "2", PROCESSOR } = process.env;
const runs = String(Number(RUNS) + 1);

console.log(`tokens per ${PROCESSOR ? "second of processor time" : "second"}, prompt of ${PROMPT}, ${GENERATED} generated: `
  + "median (least to most)\n");
console.log("| file | | ours | llama.cpp | its device | ratio |\n|---|---|---|---|---|---|");
compare({
  models,
  ours: (model) =>
    output(JAVA, ["--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-cp", classPath,
      "io.infergrid.compute.benchmark.VulkanSpeed", model, runs, PROMPT, GENERATED]),
  theirs: [(model) => llamaCpp(llama, [model, THREADS, runs, PROMPT, GENERATED], { GPU: "vulkan", GGML_VK_VISIBLE_DEVICES: "0" })],
  rounds: Number(ROUNDS),
  per: PROCESSOR ? "ProcessorSecond" : "Second",
});
