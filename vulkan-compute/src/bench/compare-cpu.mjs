// The table of docs/performance.md: the CPU backend and llama.cpp by turns on the same files, medians over all rounds.
//   node compare-cpu.mjs CLASS_PATH LLAMA[,LLAMA ...] MODEL.gguf ...
// CLASS_PATH has the engine's classes and SLF4J; each LLAMA is a directory where the npm package node-llama-cpp is installed (one
// whose binaries have only libggml-cpu-haswell.so and libggml-cpu-x64.so measures the AVX2 build).
// Environment: JAVA (the program), THREADS (2), ROUNDS (2), RUNS in a round (3, after one that warms up), PROCESSOR=1 for
// tokens per second of processor time, which is what a machine that is busy otherwise can say.
import { statSync } from "node:fs";
import { compare, llamaCpp, output } from "./pairs.mjs";

const [, , classPath, llamas, ...models] = process.argv;
if (!models.length) {
  console.error("expected CLASS_PATH LLAMA[,LLAMA ...] MODEL.gguf ...");
  process.exit(2);
}
const { JAVA = "java", THREADS = "2", ROUNDS = "2", RUNS = "3", PROCESSOR } = process.env;
const per = PROCESSOR ? "ProcessorSecond" : "Second";
const runs = String(Number(RUNS) + 1);

const ours = (model) =>
  output(JAVA, ["--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-Xmx96m", "-XX:+UseSerialGC",
    "-cp", classPath, "io.infergrid.compute.cpu.CpuSpeed", model, THREADS, runs]);

console.log(`tokens per ${PROCESSOR ? "second of processor time" : "second"}, ${THREADS} threads: median (least to most)\n`);
console.log("| file | | ours | llama.cpp | its build | ratio | peak memory / file |\n|---|---|---|---|---|---|---|");
compare({
  models,
  ours,
  theirs: llamas.split(",").map((directory) => (model) => llamaCpp(directory, [model, THREADS, runs])),
  rounds: Number(ROUNDS),
  per,
  peak: (model, own) =>
    ` ${(Math.max(...own.flat().map((line) => line.peakResidentBytes ?? 0)) / statSync(model).size).toFixed(2)} |`,
});
