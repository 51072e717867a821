// llama.cpp's tokens per second on a GGUF, a line of JSON for each run, in the form of CpuSpeed; see docs/performance.md.
// Run where the npm package node-llama-cpp is installed: node llama-cpp.mjs MODEL.gguf [threads] [runs] [prompt] [generated]
import { readFileSync } from "node:fs";
import { getLlama } from "node-llama-cpp";

const [, , file, threads = "2", runs = "5", prompt = "128", generated = "32"] = process.argv;
const llama = await getLlama({ gpu: false, build: "never", maxThreads: 0, logLevel: "error" });
const model = await llama.loadModel({ modelPath: file });
const count = Number(prompt) + Number(generated);
const context = await model.createContext({
  contextSize: count + 32, batchSize: Number(prompt) + 32, threads: { ideal: Number(threads), min: Number(threads) },
});
const sequence = context.getSequence();
const variant = readFileSync("/proc/self/maps", "utf8").match(/libggml-cpu-[a-z0-9]+/)?.[0] ?? "unknown";
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
