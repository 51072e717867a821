// Usage: node logits.mjs MODEL.gguf,MODEL.gguf,... ID,ID,... [--tokenize TEXT]
// Prints a line of JSON for each model: {"logits": [[position 0's logits], ...]} as llama.cpp computes them on the CPU, or {"tokens": [...]}.
import {getLlama, LlamaLogLevel} from "node-llama-cpp";

const [modelPaths, ids, flag, text] = process.argv.slice(2);
const llama = await getLlama({gpu: false, build: "never", skipDownload: true, logLevel: LlamaLogLevel.error, maxThreads: 1});
let lines = "";
for (const modelPath of modelPaths.split(",")) {
    const model = await llama.loadModel({modelPath, gpuLayers: 0, useMmap: true});
    let answer;
    if (flag === "--tokenize") {
        answer = {tokens: model.tokenize(text, false)};
    } else {
        const tokens = ids.split(",").map(Number);
        const context = await model.createContext({
            contextSize: Math.max(64, tokens.length + 1),
            batchSize: tokens.length + 1,
            flashAttention: false,
            threads: 1,
            experimentalKvCacheKeyType: "F32",
            experimentalKvCacheValueType: "F32"
        });
        const output = await context.getSequence().controlledEvaluate(
            tokens.map((token) => [token, {generateNext: {logits: true}}])
        );
        const logits = output.map(({next}) => {
            const row = new Array(next.logits.size);
            for (const [token, logit] of next.logits)
                row[token] = logit;
            return row;
        });
        answer = {logits};
        await context.dispose();
    }
    await model.dispose();
    lines += JSON.stringify(answer) + "\n";
}
await llama.dispose();
// a pipe takes long lines in pieces: leave when the last one is gone
process.stdout.write(lines, () => process.exit(0));
