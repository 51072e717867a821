// llama.cpp's tokens per second on a GGUF, a line of JSON for each run, in the form of CpuSpeed; see docs/performance.md.
// Run where the npm package node-llama-cpp is installed: node llama-cpp.mjs MODEL.gguf [threads] [runs] [prompt] [generated]
// GPU=vulkan in the environment computes all layers on a Vulkan device.
import { readFileSync } from "node:fs";
import { getLlama } from "node-llama-cpp";

const [, , file, threads = "2", runs = "5", prompt = "128", generated = "32"] = process.argv;
const gpu = process.env.GPU ?? false;
const all = gpu ? { gpuLayers: 999, ignoreMemorySafetyChecks: true } : {};
const llama = await getLlama({ gpu, build: "never", maxThreads: 0, logLevel: "error", vramPadding: 0 });
const model = await llama.loadModel({ modelPath: file, ...all });
const count = Number(prompt) + Number(generated);
const context = await model.createContext({
  contextSize: count + 32, batchSize: Number(prompt) + 32, ignoreMemorySafetyChecks: Boolean(gpu),
  threads: { ideal: Number(threads), min: Number(threads) },
});
const sequence = context.getSequence();
const variant = gpu
  ? (await llama.getGpuDeviceNames()).join(", ")
  : readFileSync("/proc/self/maps", "utf8").match(/libggml-cpu-[a-z0-9]+/)?.[0] ?? "unknown";
console.log(JSON.stringify({ model: file.split("/").pop(), device: variant, threads: context.currentThreads }));
for (let run = 0; run < Number(runs); run++) {
  await sequence.clearHistory();
  const ids = Array.from({ length: Number(prompt) }, (_, i) => 300 + ((i * 7919 + run) % 3500));
  let processor = process.cpuUsage(), start = performance.now(), tokens = 0, result = { run };
  const seconds = (usage) => (usage.user + usage.system) / 1e6;
  for await (const token of sequence.evaluate(ids, { temperature: 0, yieldEogToken: true })) {
    if (tokens++ === 0) {
      result.promptTokensPerSecond = (1e3 * prompt) / (performance.now() - start);
      result.promptTokensPerProcessorSecond = prompt / seconds(process.cpuUsage(processor));
      processor = process.cpuUsage();
      start = performance.now();
    } else if (tokens > Number(generated)) {
      break;
    }
  }
  result.generatedTokensPerSecond = (1e3 * generated) / (performance.now() - start);
  result.generatedTokensPerProcessorSecond = generated / seconds(process.cpuUsage(processor));
  console.log(JSON.stringify(result));
}
process.exit(0);
