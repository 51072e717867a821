// Compiles the contracts with npm's solc into artifacts/NAME.json; with --check compiles and compares with what is committed.
// Refuses bytecode that a chain of the Berlin level does not know, and contracts over the 24 KiB limit.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import solc from 'solc'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const check = process.argv.includes('--check')
const MOST_BYTES = 24576

// beyond Berlin: BASEFEE, BLOBHASH, BLOBBASEFEE, TLOAD, TSTORE, MCOPY, PUSH0
const TOO_NEW = new Map([[0x48, 'BASEFEE'], [0x49, 'BLOBHASH'], [0x4a, 'BLOBBASEFEE'], [0x5c, 'TLOAD'], [0x5d, 'TSTORE'], [0x5e, 'MCOPY'], [0x5f, 'PUSH0']])

function tooNew(hex) {
  const code = Buffer.from(hex, 'hex')
  for (let i = 0; i < code.length; i++) {
    const opcode = code[i]
    // what stands behind INVALID is data: solc puts constants and no metadata there
    if (opcode === 0xfe) return undefined
    if (TOO_NEW.has(opcode)) return `${TOO_NEW.get(opcode)} at byte ${i}`
    if (opcode >= 0x60 && opcode <= 0x7f) i += opcode - 0x5f
  }
}

const sources = {}
for (const file of readdirSync(join(root, 'src')).filter(name => name.endsWith('.sol')).sort()) {
  sources['src/' + file] = { content: readFileSync(join(root, 'src', file), 'utf8') }
}
const input = {
  language: 'Solidity',
  sources,
  settings: {
    evmVersion: 'paris',
    optimizer: { enabled: true, runs: 200 },
    metadata: { bytecodeHash: 'none', appendCBOR: false },
    outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object', 'evm.deployedBytecode.immutableReferences'] } }
  }
}
const output = JSON.parse(solc.compile(JSON.stringify(input), {
  import: path => path.startsWith('@openzeppelin/')
    ? { contents: readFileSync(join(root, 'node_modules', path), 'utf8') }
    : { error: 'expected an import of this folder or of OpenZeppelin, found ' + path }
}))
const problems = (output.errors ?? []).filter(e => e.severity === 'error' || e.sourceLocation?.file.startsWith('src/'))
if (problems.length > 0) {
  for (const problem of problems) console.error(problem.formattedMessage)
  process.exit(1)
}
const failures = []
const report = {}
for (const [file, contracts] of Object.entries(output.contracts)) {
  if (!file.startsWith('src/')) continue
  for (const [name, contract] of Object.entries(contracts)) {
    const code = contract.evm.bytecode.object
    if (code === '' || !contract.abi.some(part => part.type === 'function')) continue // an interface, a library that is compiled in
    const runtime = contract.evm.deployedBytecode.object
    const bad = tooNew(runtime) ?? tooNew(code)
    if (bad) failures.push(`${name}: expected no opcode above Berlin, found ${bad}`)
    if (runtime.length / 2 > MOST_BYTES) failures.push(`${name}: expected at most ${MOST_BYTES} bytes, found ${runtime.length / 2}`)
    // where the constructor writes immutable values into the runtime code, so that a deployed code can be compared
    const immutables = Object.values(contract.evm.deployedBytecode.immutableReferences ?? {}).flat()
      .sort((a, b) => a.start - b.start)
    const text = JSON.stringify({ contractName: name, compiler: solc.version(), abi: contract.abi, bytecode: '0x' + code, deployedBytecode: '0x' + runtime, immutables }, null, 1) + '\n'
    const path = join(root, 'artifacts', name + '.json')
    report[name] = runtime.length / 2
    if (check) {
      if (!existsSync(path)) failures.push(`${name}: expected artifacts/${name}.json, found none`)
      else if (readFileSync(path, 'utf8') !== text) failures.push(`${name}: expected the artifact that its source gives, found another: run 'npm run build'`)
    } else {
      writeFileSync(path, text)
    }
  }
}
for (const file of readdirSync(join(root, 'artifacts'))) {
  if (!(file.replace('.json', '') in report)) failures.push(`artifacts/${file}: expected a contract of that name, found none`)
}
if (failures.length > 0) {
  failures.forEach(failure => console.error(failure))
  process.exit(1)
}
console.log(JSON.stringify({ compiler: solc.version(), contracts: report }))
