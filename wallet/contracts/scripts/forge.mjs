// Runs the forge of node_modules in this folder with the arguments given, e.g. node scripts/forge.mjs test --json
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { chmodSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(dirname(fileURLToPath(import.meta.url)))
const arch = process.arch === 'x64' ? 'amd64' : process.arch
const platform = process.platform === 'win32' ? 'win32' : process.platform
const require = createRequire(import.meta.url)
const program = process.platform === 'win32' ? 'forge.exe' : 'forge'
const forge = join(dirname(require.resolve(`@foundry-rs/forge-${platform}-${arch}/package.json`)), 'bin', program)
chmodSync(join(here, 'scripts', 'solc.mjs'), 0o755)
const run = spawnSync(forge, process.argv.slice(2), { cwd: here, stdio: 'inherit' })
process.exit(run.status ?? 1)
