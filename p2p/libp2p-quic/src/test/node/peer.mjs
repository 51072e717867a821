// A js-libp2p node over QUIC driven by JSON lines, so that a test in another language can hold a conversation with it.
//
//   stdout  one JSON object a line: first {"event":"ready",...}, then one reply for each command
//   stdin   one JSON object a line: {"cmd":"ping","addr":"/ip4/127.0.0.1/udp/1/quic-v1/p2p/12D3...","id":7}
//           a reply repeats "id" and "cmd" and has "ok": true, or "ok": false with "error"
//
// The process ends when it is told to stop, when its stdin closes, or after fifteen minutes.
import './polyfill.mjs'
import { randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline'
import { quic } from '@chainsafe/libp2p-quic'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

const ECHO = '/echo/1.0.0'
const PERF = '/perf/1.0.0'
const SLOW = '/slow/1.0.0'
const RESET = '/reset/1.0.0'
const MANY = { maxInboundStreams: 1024, maxOutboundStreams: 1024, force: true }
const BLOCK = new Uint8Array(64 * 1024)
const kind = process.argv[2] ?? 'Ed25519'

const say = (object) => process.stdout.write(JSON.stringify(object) + '\n')
const why = (err) => String(err?.message ?? err?.error?.message ?? err)
const signalOf = (c) => AbortSignal.timeout(c.timeoutMs ?? 60_000)
process.on('unhandledRejection', (err) => say({ event: 'warning', error: why(err) }))

const node = await createLibp2p({
  privateKey: await (kind === 'RSA' ? generateKeyPair('RSA', 2048) : generateKeyPair(kind)),
  nodeInfo: { userAgent: 'libp2p-interop-rig/1.0.0' },
  addresses: { listen: ['/ip4/127.0.0.1/udp/0/quic-v1'] },
  transports: [quic()],
  connectionGater: { denyDialMultiaddr: () => false },
  // libp2p's own default is 5 a second from one host, which tests on one machine run into at once
  connectionManager: { inboundConnectionThreshold: 100_000, maxIncomingPendingConnections: 1000 },
  services: { identify: identify(), ping: ping() }
})

async function put (stream, chunk) {
  if (!stream.send(chunk)) await stream.onDrain()
}

function served (handler) {
  return async (stream) => {
    try {
      await handler(stream)
    } catch (err) {
      stream.abort(err)
    }
  }
}

await node.handle(ECHO, served(async (stream) => {
  for await (const chunk of stream) await put(stream, chunk)
  await stream.close()
}), MANY)

/**
 * reads nothing for two seconds, then says in 8 bytes how much came once it is 4 000 000; it does not wait for the end, which js
 * misses at times on a stream that it does not read just then
 */
await node.handle(SLOW, served(async (stream) => {
  stream.pause()
  await new Promise(resolve => setTimeout(resolve, 2000))
  stream.resume()
  let count = 0
  for await (const chunk of stream) {
    count += chunk.byteLength
    if (count >= 4_000_000) break
  }
  const answer = new Uint8Array(8)
  new DataView(answer.buffer).setBigUint64(0, BigInt(count))
  await put(stream, answer)
  await stream.close()
}), MANY)

/** libp2p/specs perf: 8 bytes saying how much to send, an upload until its end, then the download */
await node.handle(PERF, served(async (stream) => {
  let head = new Uint8Array(0)
  for await (const chunk of stream) {
    if (head.length < 8) head = Buffer.concat([head, chunk.subarray()]).subarray(0, 8)
  }
  let left = Number(new DataView(head.buffer, head.byteOffset, 8).getBigUint64(0))
  for (; left > 0; left -= BLOCK.length) await put(stream, left >= BLOCK.length ? BLOCK : BLOCK.subarray(0, left))
  await stream.close()
}), MANY)

await node.handle(RESET, served(async (stream) => {
  for await (const _ of stream) throw new Error('as it was asked to')
}), MANY)

async function exchange (stream, sent, c) {
  const got = []
  const reading = (async () => { for await (const chunk of stream) got.push(...(chunk instanceof Uint8Array ? [chunk] : [...chunk])) })()
  for (let i = 0; i < sent.length; i += BLOCK.length) await put(stream, sent.subarray(i, i + BLOCK.length))
  await stream.close({ signal: signalOf(c) })
  await reading
  return Buffer.concat(got)
}

const open = (c) => ({ peer: c.remotePeer.toString(), addr: c.remoteAddr.toString(), multiplexer: c.multiplexer })

const COMMANDS = {
  async connections () { return { connections: node.getConnections().map(open) } },

  async dial (c) { return open(await node.dial(multiaddr(c.addr), { signal: signalOf(c) })) },

  async ping (c) { return { rttMs: await node.services.ping.ping(multiaddr(c.addr), { signal: signalOf(c) }) } },

  async identify (c) {
    const connection = await node.dial(multiaddr(c.addr), { signal: signalOf(c) })
    const r = await node.services.identify.identify(connection, { signal: signalOf(c) })
    return {
      peer: r.peerId.toString(),
      agentVersion: r.agentVersion,
      listenAddrs: r.listenAddrs.map(a => a.toString()),
      observedAddr: r.observedAddr?.toString(),
      protocols: r.protocols
    }
  },

  async echo (c) {
    const sent = randomBytes(c.bytes)
    const stream = await node.dialProtocol(multiaddr(c.addr), ECHO, { signal: signalOf(c) })
    const got = await exchange(stream, sent, c)
    return { bytes: got.length, same: Buffer.compare(got, sent) === 0 }
  },

  /** many echoes at once */
  async echoes (c) {
    const one = async (i) => {
      const sent = randomBytes(c.bytes + i)
      const stream = await node.dialProtocol(multiaddr(c.addr), ECHO, { signal: signalOf(c) })
      return Buffer.compare(await exchange(stream, sent, c), sent) === 0
    }
    const all = await Promise.all(Array.from({ length: c.count }, (_, i) => one(i)))
    return { same: all.filter(x => x).length }
  },

  /** opens any protocol, writes bytes, closes the writing half and gives back what comes */
  async raw (c) {
    const stream = await node.dialProtocol(multiaddr(c.addr), c.protocol, { signal: signalOf(c) })
    const got = await exchange(stream, Buffer.from(c.data ?? '', 'utf8'), c)
    return { hex: got.toString('hex') }
  },

  /** opens any protocol, writes a byte and resets the stream */
  async reset (c) {
    const stream = await node.dialProtocol(multiaddr(c.addr), c.protocol, { signal: signalOf(c) })
    await put(stream, new Uint8Array(1))
    await new Promise(resolve => setTimeout(resolve, 50))
    stream.abort(new Error('as it was asked to'))
    return {}
  },

  async perf (c) {
    const stream = await node.dialProtocol(multiaddr(c.addr), PERF, { signal: signalOf(c) })
    const head = new Uint8Array(8)
    new DataView(head.buffer).setBigUint64(0, BigInt(c.down ?? 0))
    const started = performance.now()
    let received = 0
    const reading = (async () => { for await (const chunk of stream) received += chunk.byteLength })()
    await put(stream, head)
    for (let left = c.up ?? 0; left > 0; left -= BLOCK.length) await put(stream, left >= BLOCK.length ? BLOCK : BLOCK.subarray(0, left))
    await stream.close({ signal: signalOf(c) })
    await reading
    if (received !== (c.down ?? 0)) throw new Error(`asked for ${c.down} bytes, got ${received}`)
    return { mibPerSecond: (received + (c.up ?? 0)) / 1048.576 / (performance.now() - started) }
  },

  async stop () { return {} }
}

async function end () {
  setTimeout(() => process.exit(0), 2000).unref()
  try {
    await node.stop()
  } catch {}
  process.exit(0)
}

createInterface({ input: process.stdin }).on('line', async (line) => {
  const c = JSON.parse(line)
  const head = { reply: true, cmd: c.cmd, id: c.id }
  try {
    say({ ...head, ok: true, ...await COMMANDS[c.cmd](c) })
  } catch (err) {
    say({ ...head, ok: false, error: why(err), name: err?.name })
  }
  if (c.cmd === 'stop') await end()
}).on('close', end)
process.on('SIGTERM', end)
setTimeout(end, 900_000).unref()

say({ event: 'ready', peerId: node.peerId.toString(), listening: node.getMultiaddrs().map(a => a.toString()) })
