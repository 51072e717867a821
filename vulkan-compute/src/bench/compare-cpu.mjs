// The table of docs/performance.md: the CPU backend and llama.cpp by turns on the same files, medians over all rounds.
//   node compare-cpu.mjs CLASS_PATH LLAMA[,LLAMA ...] MODEL.gguf ...
// CLASS_PATH has the engine's classes and SLF4J; each LLAMA is a directory where the npm package node-llama-cpp is installed (one
// whose binaries have only libggml-cpu-haswell.so and libggml-cpu-x64.so measures the AVX2 build).
// Engines on the JVM, beside them: LLAMA3_JAVA, the path of Llama3.java from github.com/mukel/llama3.java (in no registry: bring
// it); JLAMA, a directory for Jlama, which Maven (MAVEN, mvn) fetches on the first run, and for a model of this shape in its own Q4.
// Environment: JAVA (the program), THREADS (2), ROUNDS (2), RUNS in a round (3, after one that warms up), PROCESSOR=1 for
// tokens per second of processor time, which is what a machine that is busy otherwise can say.
import { existsSync, mkdirSync, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { compiledPeer, jvm, maven } from "./peers/peers.mjs";
import { compare, llamaCpp, output } from "./pairs.mjs";

const [, , classPath, llamas, ...models] = process.argv;
if (!models.length) {
  console.error("expected CLASS_PATH LLAMA[,LLAMA ...] MODEL.gguf ...");
  process.exit(2);
}
const { JAVA = "java", THREADS = "2", ROUNDS = "2", RUNS = "3", PROCESSOR, LLAMA3_JAVA, JLAMA } = process.env;
const per = PROCESSOR ? "ProcessorSecond" : "Second";
const runs = String(Number(RUNS) + 1);

const ours = (model) =>
  output(JAVA, ["--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-Xmx96m", "-XX:+UseSerialGC",
    "-cp", classPath, "io.infergrid.compute.cpu.CpuSpeed", model, THREADS, runs]);

const llamaCpps = llamas.split(",").map((directory) => (model) => llamaCpp(directory, [model, THREADS, runs]));
const others = [];
if (LLAMA3_JAVA) {
  const classes = compiledPeer(JAVA, "", resolve(LLAMA3_JAVA), "Llama3Speed.java");
  others.push({ model: "", run: (model) => output(JAVA, [...jvm(THREADS), "-cp", classes, "Llama3Speed", model, runs]) });
}
if (JLAMA) {
  const libraries = join(JLAMA, "lib");
  if (!existsSync(libraries)) {
    mkdirSync(JLAMA, { recursive: true });
    maven(libraries);
  }
  const classes = compiledPeer(JAVA, join(libraries, "*"), "JlamaSpeed.java");
  const path = [classes, join(libraries, "*")].join(delimiter);
  others.push({ model: "Q4_0", run: () => output(JAVA, [...jvm(THREADS), "-cp", path, "JlamaSpeed", JLAMA, runs]) });
}

console.log(`tokens per ${PROCESSOR ? "second of processor time" : "second"}, ${THREADS} threads: median (least to most)\n`);
console.log("| file | | ours | theirs | engine | ratio | peak memory / file |\n|---|---|---|---|---|---|---|");
for (const model of models) {
  compare({
    models: [model],
    ours,
    theirs: [...llamaCpps, ...others.filter((one) => model.includes(one.model)).map((one) => one.run)],
    rounds: Number(ROUNDS),
    per,
    peak: (file, own) =>
      ` ${(Math.max(...own.flat().map((line) => line.peakResidentBytes ?? 0)) / statSync(file).size).toFixed(2)} |`,
  });
}
