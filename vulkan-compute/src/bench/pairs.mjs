// Two programs by turns on the same models, and the table of their tokens per second: what compare-cpu.mjs and compare-vulkan.mjs
// share. A program prints a line of JSON for what it measures and one for each run, run 0 to warm up; see StageSpeed.java.
import { execFileSync } from "node:child_process";
import { copyFileSync, unlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The lines of JSON that a program prints. */
export const output = (program, args, cwd, env = {}) =>
  execFileSync(program, args, { cwd, env: { ...process.env, ...env }, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
    .split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));

/** llama-cpp.mjs in a directory where node-llama-cpp is: a module is found from the directory of the script that asks for it. */
export const llamaCpp = (directory, args, env) => {
  const script = join(directory, "infergrid-llama-cpp.mjs");
  copyFileSync(fileURLToPath(new URL("llama-cpp.mjs", import.meta.url)), script);
  try {
    return output(process.execPath, [script, ...args], directory, env);
  } finally {
    unlinkSync(script);
  }
};

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};
const spread = (values) => {
  const digits = median(values) < 10 ? 2 : 1;
  return `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)})`;
};

/**
 * Measures and prints the table.
 *   ours    model => lines
 *   theirs  functions like it, one a peer
 *   rounds  how often each of them takes its turn
 *   per     "Second" or "ProcessorSecond"
 *   peak    whether ours says how much memory it held at most
 */
export const compare = ({ models, ours, theirs, rounds, per, peak = () => "" }) => {
  for (const model of models) {
    const own = [];
    const others = theirs.map(() => []);
    for (let round = 0; round < rounds; round++) {
      own.push(ours(model));
      theirs.forEach((their, i) => others[i].push(their(model)));
    }
    const values = (all, key) => all.flatMap((lines) => lines.filter((line) => line.run > 0).map((line) => line[key]));
    for (const what of ["prompt", "generated"]) {
      const key = `${what}TokensPer${per}`;
      const mine = values(own, key);
      for (const lines of others) {
        const build = lines[0].find((line) => line.device).device.replace("libggml-cpu-", "");
        const its = values(lines, key);
        console.log(`| ${basename(model)} | ${what === "prompt" ? "prefill" : "decode"} | ${spread(mine)} | ${spread(its)} | ${build} | `
          + `${(median(mine) / median(its)).toFixed(2)} |${peak(model, own)}`);
      }
    }
  }
};
