#!/usr/bin/env node
// Gives forge the compiler of npm: answers the two questions that it asks of a solc.
import solc from 'solc'

if (process.argv.includes('--version')) {
  console.log('solc, the solidity compiler commandline interface\nVersion: ' + solc.version().replace('.Emscripten.clang', '.Linux.g++'))
} else if (process.argv.includes('--standard-json')) {
  const parts = []
  for await (const part of process.stdin) parts.push(part)
  process.stdout.write(solc.compile(Buffer.concat(parts).toString()))
} else {
  console.error('expected --version or --standard-json, found ' + process.argv.slice(2).join(' '))
  process.exit(1)
}
