// Engines on the JVM for compare-cpu.mjs: compiling the programs beside this one, and fetching what they need.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/** What the JVM is told for them: llama3.java's own advice, and room. */
export const jvm = (threads) => ["--enable-preview", "--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED",
  "-Xmx4g", "-Djdk.incubator.vector.VECTOR_ACCESS_OOB_CHECK=0",
  `-Djava.util.concurrent.ForkJoinPool.common.parallelism=${threads}`];

/** A directory, until this process ends, with the classes of some sources; names without a directory are beside this file. */
export const compiledPeer = (java, path, ...sources) => {
  const classes = mkdtempSync(join(tmpdir(), "infergrid-peer-"));
  process.on("exit", () => rmSync(classes, { recursive: true }));
  const javac = java.includes("/") ? join(dirname(java), "javac") : "javac";
  const release = /\d+/.exec(execFileSync(java, ["--version"], { encoding: "utf8" }))[0];
  execFileSync(javac, ["-nowarn", "--enable-preview", "--release", release, "--add-modules", "jdk.incubator.vector", "-d", classes,
    ...(path ? ["-cp", path] : []), ...sources.map((name) => (name.includes("/") ? name : here(name)))],
    { stdio: ["ignore", "ignore", "pipe"] });
  return classes;
};

/** Jlama and what it needs, to a directory. */
export const maven = (to) =>
  execFileSync(process.env.MAVEN ?? "mvn", ["-q", "-f", here("pom.xml"), "dependency:copy-dependencies", `-DoutputDirectory=${to}`],
    { stdio: ["ignore", "ignore", "inherit"] });
