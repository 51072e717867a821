// The table of docs/performance.md: the CPU backend and llama.cpp by turns on the same files, medians over all rounds.
//   node compare-cpu.mjs CLASS_PATH LLAMA[,LLAMA ...] MODEL.gguf ...
// CLASS_PATH has the engine's classes and SLF4J; each LLAMA is a directory where the npm package node-llama-cpp is installed (one
// whose binaries have only libggml-cpu-haswell.so and libggml-cpu-x64.so measures the AVX2 build).
// Environment: JAVA (the program), THREADS (2), ROUNDS (2), RUNS in a round (3, after one that warms up), PROCESSOR=1 for
// tokens per second of processor time, which is what a machine that is busy otherwise can say.
import { execFileSync } from "node:child_process";
import { copyFileSync, statSync, unlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const [, , classPath, llamas, ...models] = process.argv;
if (!models.length) {
  console.error("expected CLASS_PATH LLAMA[,LLAMA ...] MODEL.gguf ...");
  process.exit(2);
}
const { JAVA = "java", THREADS = "2", ROUNDS = "2", RUNS = "3", PROCESSOR } = process.env;
const per = PROCESSOR ? "ProcessorSecond" : "Second";
const runs = String(Number(RUNS) + 1);
const lines = (text) => text.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
const output = (program, args, cwd) =>
  lines(execFileSync(program, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));

const ours = (model) =>
  output(JAVA, ["--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-Xmx96m", "-XX:+UseSerialGC",
    "-cp", classPath, "io.infergrid.compute.cpu.CpuSpeed", model, THREADS, runs]);

// a module is found from the directory of the script that asks for it
const theirs = (directory, model) => {
  const script = join(directory, "infergrid-llama-cpp.mjs");
  copyFileSync(fileURLToPath(new URL("llama-cpp.mjs", import.meta.url)), script);
  try {
    return output(process.execPath, [script, model, THREADS, runs], directory);
  } finally {
    unlinkSync(script);
  }
};

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};
const spread = (values) =>
  `${median(values).toFixed(1)} (${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)})`;

console.log(`tokens per ${PROCESSOR ? "second of processor time" : "second"}, ${THREADS} threads: median (least to most)\n`);
console.log("| file | | ours | llama.cpp | its build | ratio | peak memory / file |\n|---|---|---|---|---|---|---|");
for (const model of models) {
  const own = [];
  const other = new Map(llamas.split(",").map((directory) => [directory, []]));
  for (let round = 0; round < Number(ROUNDS); round++) {
    own.push(ours(model));
    for (const [directory, rounds] of other) {
      rounds.push(theirs(directory, model));
    }
  }
  const values = (rounds, key) => rounds.flatMap((all) => all.filter((run) => run.run > 0).map((run) => run[key]));
  const peak = Math.max(...own.flat().map((line) => line.peakResidentBytes ?? 0)) / statSync(model).size;
  for (const what of ["prompt", "generated"]) {
    const key = `${what}TokensPer${per}`;
    const mine = values(own, key);
    for (const rounds of other.values()) {
      const build = rounds[0].find((line) => line.device).device.replace("libggml-cpu-", "");
      const its = values(rounds, key);
      console.log(`| ${basename(model)} | ${what === "prompt" ? "prefill" : "decode"} | ${spread(mine)} | ${spread(its)} | ${build} | `
        + `${(median(mine) / median(its)).toFixed(2)} | ${peak.toFixed(2)} |`);
    }
  }
}
