// A js-libp2p node driven by JSON lines, so that a test in another language can hold a conversation with a
// real libp2p implementation.
//
//   stdout  one JSON object a line: first {"event":"ready",...}, then events and one reply for each command
//   stdin   one JSON object a line: {"cmd":"ping","addr":"/ip4/127.0.0.1/tcp/1/p2p/12D3...","id":7}
//           a reply repeats "id" and "cmd" and has "ok": true, or "ok": false with "error" and "name"
//   stderr  libp2p's own log, when DEBUG is set
//
// The process ends when it is told to stop, when its stdin closes, or after --max-seconds.
// Every option is a flag (--kad-mode client) or an environment variable (RIG_KAD_MODE=client).
import './polyfill.mjs'
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { autoNAT } from '@libp2p/autonat'
import { autoNATv2 } from '@libp2p/autonat-v2'
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { generateKeyPair, generateKeyPairFromSeed, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { dcutr } from '@libp2p/dcutr'
import { gossipsub } from '@libp2p/gossipsub'
import { identify, identifyPush } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { mdns } from '@libp2p/mdns'
import { peerIdFromString } from '@libp2p/peer-id'
import { tls } from '@libp2p/tls'
import { ping } from '@libp2p/ping'
import { preSharedKey } from '@libp2p/pnet'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { create as createDigest } from 'multiformats/hashes/digest'

const OPTIONS = {
  host: { type: 'string', default: '127.0.0.1' }, // address to listen on
  port: { type: 'string', default: '0' }, // TCP port, 0 for any
  listen: { type: 'string', multiple: true, default: [] }, // further multiaddrs to listen on
  security: { type: 'string', multiple: true, default: ['noise'] }, // noise, tls or both, best first
  'no-listen': { type: 'boolean', default: false }, // a dial-only node
  'dial-from': { type: 'string' }, // local address of outgoing connections
  announce: { type: 'string', multiple: true, default: [] }, // multiaddrs to announce in place of those found
  key: { type: 'string', default: 'Ed25519' }, // identity: Ed25519, secp256k1 or RSA
  seed: { type: 'string' }, // any text: a fixed Ed25519 identity
  agent: { type: 'string', default: 'libp2p-interop-rig/1.0.0' }, // identify's agentVersion
  'no-early-muxer': { type: 'boolean', default: false }, // negotiate the muxer by multistream, not inside noise
  'window-max': { type: 'string' }, // yamux: largest receive window of a stream, in bytes
  'max-inbound-streams': { type: 'string' }, // yamux: streams a remote may hold open
  kad: { type: 'string', default: '/ipfs/kad/1.0.0' }, // DHT protocol id, or "off"
  'kad-mode': { type: 'string', default: 'server' }, // server or client
  'kad-namespace': { type: 'string', multiple: true, default: ['rig'] }, // record namespaces taken unchecked
  topic: { type: 'string', multiple: true, default: [] }, // gossipsub topics to join at the start
  'no-gossip': { type: 'boolean', default: false },
  'gossip-sign': { type: 'string', default: 'strict' }, // strict (StrictSign) or none (StrictNoSign)
  'gossip-protocol': { type: 'string', multiple: true, default: [] }, // e.g. /meshsub/1.1.0, to speak an older one
  'gossip-px': { type: 'boolean', default: false }, // peer exchange on prune
  'gossip-score': { type: 'boolean', default: false }, // invalid messages on the topics given by --topic cost score, sharing an address does not
  'gossip-accept-px': { type: 'string' }, // score from which peers that others name are dialled (libp2p: 10)
  'gossip-degree': { type: 'string' }, // links of a topic that are wanted; twice as many are too many
  'gossip-reject': { type: 'string' }, // messages starting with this text fail validation
  'relay-server': { type: 'boolean', default: false }, // serve circuit relay v2
  'relay-unlimited': { type: 'boolean', default: false }, // ... without the 2 minute and 128 KiB limits
  'relay-max-reservations': { type: 'string' },
  'no-relay-client': { type: 'boolean', default: false },
  dcutr: { type: 'boolean', default: false }, // hole punching
  autonat: { type: 'boolean', default: false }, // AutoNAT v1, serving and asking
  autonat2: { type: 'boolean', default: false }, // AutoNAT v2, serving and asking
  mdns: { type: 'boolean', default: false },
  'mdns-tag': { type: 'string' }, // service tag in place of _p2p._udp.local
  'mdns-port': { type: 'string' },
  'mdns-ip': { type: 'string' },
  'mdns-interval-ms': { type: 'string', default: '1000' },
  pnet: { type: 'string' }, // file holding a pre-shared key (/key/swarm/psk/1.0.0/)
  'max-connections': { type: 'string' },
  // libp2p's own default is 5 a second from one host, which tests on one machine run into at once
  'inbound-per-second': { type: 'string', default: '100000' },
  'max-pending': { type: 'string', default: '1000' }, // inbound connections still in their handshake (libp2p: 10)
  'max-seconds': { type: 'string', default: '900' }, // end by itself after this long
  'timeout-ms': { type: 'string', default: '15000' }, // limit on one command, unless it has its own timeoutMs
  quiet: { type: 'boolean', default: false } // no events other than ready
}

function options () {
  const env = {}
  for (const [name, spec] of Object.entries(OPTIONS)) {
    const value = process.env['RIG_' + name.toUpperCase().replaceAll('-', '_')]
    if (value == null) continue
    env[name] = spec.type === 'boolean' ? value !== '' && value !== '0' && value !== 'false' : spec.multiple ? value.split(',') : value
  }
  const flags = parseArgs({ options: Object.fromEntries(Object.entries(OPTIONS).map(([k, v]) => [k, { type: v.type, multiple: v.multiple === true }])) }).values
  return Object.assign(Object.fromEntries(Object.entries(OPTIONS).map(([k, v]) => [k, v.default])), env, flags)
}

const opt = options()
let ready = false
let ending = false
const encoder = new TextEncoder()
const decoder = new TextDecoder()

function say (object) {
  process.stdout.write(JSON.stringify(object, (_, v) => typeof v === 'bigint' ? Number(v) : v) + '\n')
}

function event (name, fields) {
  if (!opt.quiet) say({ event: name, ...fields })
}

/** libp2p at times rejects with an event in place of an error */
function why (err) {
  return String(err?.message ?? err?.error?.message ?? (err?.type != null ? `${err.type} event` : err))
}

function fatal (err) {
  say({ event: 'fatal', error: why(err), name: err?.name, stack: err?.stack })
  process.exit(1)
}

process.on('uncaughtException', fatal)
process.on('unhandledRejection', (err) => event('warning', { error: why(err), name: err?.name }))

// ---- the node ----

/** noise, negotiating the muxer afterwards over multistream as peers without the extension do */
function plainNoise () {
  const build = noise()
  return (components) => {
    const inner = build(components)
    return new Proxy(inner, {
      get (target, property) {
        if (property === 'secureInbound' || property === 'secureOutbound') {
          return (connection, opts) => target[property](connection, { ...opts, skipStreamMuxerNegotiation: true })
        }
        const value = target[property]
        return typeof value === 'function' ? value.bind(target) : value
      }
    })
  }
}

async function privateKey () {
  if (opt.seed != null) {
    return generateKeyPairFromSeed('Ed25519', createHash('sha256').update(opt.seed).digest())
  }
  return opt.key === 'RSA' ? generateKeyPair('RSA', 2048) : generateKeyPair(opt.key)
}

/** what a topic adds to a score when only invalid messages count */
const INVALID_COSTS = {
  topicWeight: 1,
  timeInMeshWeight: 0,
  timeInMeshQuantum: 1000,
  firstMessageDeliveriesWeight: 0,
  firstMessageDeliveriesDecay: 0.5,
  meshMessageDeliveriesWeight: 0,
  meshMessageDeliveriesDecay: 0.5,
  meshFailurePenaltyWeight: 0,
  meshFailurePenaltyDecay: 0.5,
  invalidMessageDeliveriesWeight: -10,
  invalidMessageDeliveriesDecay: 0.9
}

const degree = (n) => ({ D: n, Dlo: n, Dhi: 2 * n, Dscore: n, Dout: 0, Dlazy: n })

function services () {
  const all = {
    identify: identify({ runOnLimitedConnection: true }),
    identifyPush: identifyPush({ runOnLimitedConnection: true }),
    ping: ping({ runOnLimitedConnection: true })
  }
  if (opt.kad !== 'off') {
    const accept = Object.fromEntries(opt['kad-namespace'].map(n => [n, async () => {}]))
    const newest = Object.fromEntries(opt['kad-namespace'].map(n => [n, () => 0]))
    all.dht = kadDHT({
      protocol: opt.kad,
      clientMode: opt['kad-mode'] !== 'server',
      peerInfoMapper: passthroughMapper, // loopback addresses are the point here
      validators: accept,
      selectors: newest,
      allowQueryWithZeroPeers: true,
      initialQuerySelfInterval: 100,
      querySelfInterval: 60_000
    })
  }
  if (!opt['no-gossip']) {
    const build = gossipsub({
      allowPublishToZeroTopicPeers: true,
      emitSelf: false,
      runOnLimitedConnection: true,
      globalSignaturePolicy: opt['gossip-sign'] === 'none' ? 'StrictNoSign' : 'StrictSign',
      doPX: opt['gossip-px'],
      // author and number as the specification has it; js has the bare key for the author, so nobody else would know its ids
      msgIdFn: (m) => opt['gossip-sign'] === 'none'
        ? createHash('sha256').update(m.topic).update(m.data).digest()
        : Buffer.concat([m.from.toMultihash().bytes, Buffer.from(m.sequenceNumber.toString(16).padStart(16, '0'), 'hex')]),
      ...(opt['gossip-score'] ? { scoreParams: { IPColocationFactorWeight: 0, topics: Object.fromEntries(opt.topic.map(t => [t, INVALID_COSTS])) } } : {}),
      ...(opt['gossip-accept-px'] != null ? { scoreThresholds: { acceptPXThreshold: Number(opt['gossip-accept-px']) } } : {}),
      ...(opt['gossip-degree'] != null ? degree(Number(opt['gossip-degree'])) : {})
    })
    all.pubsub = (components) => {
      const pubsub = build(components)
      if (opt['gossip-protocol'].length > 0) pubsub.protocols = opt['gossip-protocol'] // which is no option of its own
      return pubsub
    }
  }
  if (opt['relay-server']) {
    all.relay = circuitRelayServer({
      reservations: {
        applyDefaultLimit: !opt['relay-unlimited'],
        ...(opt['relay-max-reservations'] != null ? { maxReservations: Number(opt['relay-max-reservations']) } : {})
      }
    })
  }
  if (opt.dcutr) all.dcutr = dcutr()
  if (opt.autonat) all.autonat = autoNAT({ startupDelay: 500, refreshInterval: 2_000 })
  if (opt.autonat2) all.autonat2 = autoNATv2({ startupDelay: 500, refreshInterval: 2_000 })
  return all
}

const key = await privateKey()
const listen = [...(opt['no-listen'] ? [] : [`/ip4/${opt.host}/tcp/${opt.port}`]), ...opt.listen]
const transports = [tcp(opt['dial-from'] != null ? { dialOpts: { localAddress: opt['dial-from'] } } : {})]
if (!opt['no-relay-client']) transports.push(circuitRelayTransport())
const encrypters = opt.security.map(name => name === 'tls' ? tls() : opt['no-early-muxer'] ? plainNoise() : noise())
const node = await createLibp2p({
  privateKey: key,
  start: false,
  nodeInfo: { userAgent: opt.agent },
  addresses: { listen, announce: opt.announce },
  transports,
  connectionEncrypters: encrypters,
  streamMuxers: [yamux({
    ...(opt['max-inbound-streams'] != null ? { maxInboundStreams: Number(opt['max-inbound-streams']) } : {}),
    ...(opt['window-max'] != null ? { streamOptions: { maxStreamWindowSize: Number(opt['window-max']) } } : {})
  })],
  connectionGater: { denyDialMultiaddr: () => false },
  connectionManager: {
    inboundConnectionThreshold: Number(opt['inbound-per-second']),
    maxIncomingPendingConnections: Number(opt['max-pending']),
    ...(opt['max-connections'] != null ? { maxConnections: Number(opt['max-connections']) } : {})
  },
  ...(opt.pnet != null ? { connectionProtector: preSharedKey({ psk: readFileSync(opt.pnet) }) } : {}),
  peerDiscovery: opt.mdns
    ? [mdns({
        interval: Number(opt['mdns-interval-ms']),
        ...(opt['mdns-tag'] != null ? { serviceTag: opt['mdns-tag'] } : {}),
        ...(opt['mdns-port'] != null ? { port: Number(opt['mdns-port']) } : {}),
        ...(opt['mdns-ip'] != null ? { ip: opt['mdns-ip'] } : {})
      })]
    : [],
  services: services()
})

// ---- protocols served beside libp2p's own ----

const ECHO = '/echo/1.0.0'
const PERF = '/perf/1.0.0'
const SLOW = '/slow/1.0.0'
const MANY = { maxInboundStreams: 1024, maxOutboundStreams: 1024, runOnLimitedConnection: true, force: true }

async function put (stream, chunk) {
  if (!stream.send(chunk)) await stream.onDrain()
}

/** sends back what it gets; what comes in faster than it goes out waits in memory */
async function serveEcho (stream) {
  for await (const chunk of stream) await put(stream, chunk)
  await stream.close()
}

/** reads nothing for two seconds, so that the sender runs into its window, then counts: 8 bytes back at the end */
async function serveSlow (stream) {
  stream.pause()
  await new Promise(resolve => setTimeout(resolve, 2000))
  let count = 0
  const reading = (async () => { for await (const chunk of stream) count += chunk.byteLength })()
  stream.resume()
  await reading
  const answer = new Uint8Array(8)
  new DataView(answer.buffer).setBigUint64(0, BigInt(count))
  await put(stream, answer)
  await stream.close()
}

const BLOCK = new Uint8Array(64 * 1024)

/** libp2p/specs perf: 8 bytes saying how much to send, an upload until its end, then the download */
async function servePerf (stream) {
  let head = new Uint8Array(0)
  for await (const chunk of stream) {
    if (head.length < 8) head = Buffer.concat([head, chunk.subarray()]).subarray(0, 8)
  }
  if (head.length < 8) throw new Error('perf stream ended before its 8-byte header')
  let left = new DataView(head.buffer, head.byteOffset, 8).getBigUint64(0)
  while (left > 0n) {
    const n = left < BigInt(BLOCK.length) ? Number(left) : BLOCK.length
    await put(stream, n === BLOCK.length ? BLOCK : BLOCK.subarray(0, n))
    left -= BigInt(n)
  }
  await stream.close()
}

function served (name, handler) {
  return async (stream, connection) => {
    try {
      await handler(stream, connection)
    } catch (err) {
      event('stream-error', { protocol: name, peer: connection.remotePeer.toString(), error: why(err) })
      stream.abort(err)
    }
  }
}

await node.handle(ECHO, served(ECHO, serveEcho), MANY)
await node.handle(PERF, served(PERF, servePerf), MANY)
await node.handle(SLOW, served(SLOW, serveSlow), MANY)

// ---- events ----

const shown = (addrs) => addrs.map(a => a.toString())
// where it listens; getMultiaddrs leaves out public addresses that nobody has confirmed yet
const listening = () => shown(node.components.transportManager.getAddrs()).map(a => a.includes('/p2p/') ? a : `${a}/p2p/${node.peerId}`)
const open = (c) => ({
  connection: c.id,
  peer: c.remotePeer.toString(),
  addr: c.remoteAddr.toString(),
  direction: c.direction,
  encryption: c.encryption,
  multiplexer: c.multiplexer,
  direct: c.direct,
  limited: c.limits != null,
  streams: c.streams.length
})

node.addEventListener('connection:open', e => event('connection-open', open(e.detail)))
node.addEventListener('connection:close', e => event('connection-close', { connection: e.detail.id, peer: e.detail.remotePeer.toString(), addr: e.detail.remoteAddr.toString() }))
node.addEventListener('peer:discovery', e => event('peer-discovery', { peer: e.detail.id.toString(), addrs: shown(e.detail.multiaddrs) }))
node.addEventListener('peer:identify', e => event('peer-identify', identified(e.detail)))

let known = ''
node.addEventListener('self:peer:update', () => {
  const addrs = shown(node.getMultiaddrs())
  if (!ready || ending || addrs.join() === known) return
  known = addrs.join()
  event('self-update', { addrs })
})

function identified (r) {
  return {
    peer: r.peerId.toString(),
    protocolVersion: r.protocolVersion,
    agentVersion: r.agentVersion,
    listenAddrs: shown(r.listenAddrs ?? []),
    observedAddr: r.observedAddr?.toString(),
    protocols: r.protocols,
    signedPeerRecord: r.signedPeerRecord != null
      ? { seq: Number(r.signedPeerRecord.seq), addrs: shown(r.signedPeerRecord.addresses) }
      : undefined
  }
}

const pubsub = node.services.pubsub
if (pubsub != null) {
  pubsub.addEventListener('message', e => {
    const m = e.detail
    event('message', {
      topic: m.topic,
      from: m.type === 'signed' ? m.from.toString() : undefined,
      signed: m.type === 'signed',
      seqno: m.type === 'signed' ? m.sequenceNumber.toString() : undefined,
      ...text(m.data)
    })
  })
  pubsub.addEventListener('subscription-change', e => event('subscription', {
    peer: e.detail.peerId.toString(),
    subscriptions: e.detail.subscriptions
  }))
  pubsub.addEventListener('gossipsub:graft', e => event('graft', { peer: e.detail.peerId, topic: e.detail.topic }))
  pubsub.addEventListener('gossipsub:prune', e => event('prune', { peer: e.detail.peerId, topic: e.detail.topic }))
}

/** a payload as text where it is short UTF-8, else as its length and SHA-256 */
function text (data) {
  const bytes = data.subarray()
  const fields = { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
  const asText = decoder.decode(bytes)
  const isText = Buffer.from(asText).equals(Buffer.from(bytes))
  if (bytes.length <= 4096 && isText) fields.data = asText
  if (bytes.length <= (isText ? 64 : 4096)) fields.hex = Buffer.from(bytes).toString('hex')
  return fields
}

// ---- commands ----

const payload = (c) => c.hex != null ? Buffer.from(c.hex, 'hex') : c.bytes != null ? randomBytes(c.bytes) : encoder.encode(c.data ?? '')
const target = (c) => c.addr != null ? multiaddr(c.addr) : peerIdFromString(c.peer)
const signalOf = (c) => AbortSignal.timeout(c.timeoutMs ?? Number(opt['timeout-ms']))

/** "cid" is a CID, or any other text, which then stands for the raw CID of its SHA-256 */
function cidOf (c) {
  try {
    return CID.parse(c.cid)
  } catch {
    return CID.createV1(raw.code, createDigest(0x12, createHash('sha256').update(c.cid).digest()))
  }
}

function need (service, flag) {
  const s = node.services[service]
  if (s == null) throw new Error(`this node has no ${service} (see ${flag})`)
  return s
}

const peerInfo = (p) => ({ peer: p.id.toString(), addrs: shown(p.multiaddrs) })

const COMMANDS = {
  async info () {
    return {
      peerId: node.peerId.toString(),
      addrs: shown(node.getMultiaddrs()),
      listening: listening(),
      protocols: node.getProtocols(),
      dhtMode: node.services.dht?.getMode(),
      topics: pubsub?.getTopics(),
      connections: node.getConnections().map(open)
    }
  },

  async connections () { return { connections: node.getConnections().map(open) } },

  async dial (c) {
    const started = performance.now()
    const connection = await node.dial(target(c), { signal: signalOf(c), force: c.force === true })
    return { ms: round(performance.now() - started), ...open(connection) }
  },

  async hangup (c) {
    await node.hangUp(target(c), { signal: signalOf(c) })
    return {}
  },

  async ping (c) {
    const n = c.count ?? 1
    const rtts = []
    for (let i = 0; i < n; i++) rtts.push(await node.services.ping.ping(target(c), { signal: signalOf(c) }))
    return { rttMs: rtts.at(-1), rtts }
  },

  async identify (c) {
    const connection = await node.dial(target(c), { signal: signalOf(c) })
    return identified(await node.services.identify.identify(connection, { signal: signalOf(c) }))
  },

  async peerStore (c) {
    const p = await node.peerStore.get(peerIdFromString(c.peer))
    return {
      peer: p.id.toString(),
      addrs: p.addresses.map(a => ({ addr: a.multiaddr.toString(), certified: a.isCertified })),
      protocols: p.protocols,
      agentVersion: p.metadata.has('AgentVersion') ? decoder.decode(p.metadata.get('AgentVersion')) : undefined,
      tags: [...p.tags.keys()]
    }
  },

  async echo (c) {
    const sent = payload(c)
    const started = performance.now()
    const stream = await node.dialProtocol(target(c), ECHO, { signal: signalOf(c), runOnLimitedConnection: true })
    return exchange(stream, sent, c, started, (got) => {
      if (Buffer.compare(got, sent) !== 0) throw new Error(`sent ${sent.length} bytes, got ${got.length} that are not the same`)
      return { same: true }
    })
  },

  // opens any protocol, writes bytes, closes the writing half and gives back what comes
  async raw (c) {
    const started = performance.now()
    const stream = await node.dialProtocol(target(c), c.protocol, { signal: signalOf(c), runOnLimitedConnection: true })
    return exchange(stream, payload(c), c, started, (got) => ({ protocol: stream.protocol, ...text(got) }))
  },

  async perf (c) {
    const up = c.up ?? 0
    const down = c.down ?? 0
    const stream = await node.dialProtocol(target(c), PERF, { signal: signalOf(c), runOnLimitedConnection: true })
    const head = new Uint8Array(8)
    new DataView(head.buffer).setBigUint64(0, BigInt(down))
    const started = performance.now()
    let received = 0
    const reading = (async () => { for await (const chunk of stream) received += chunk.byteLength })()
    await put(stream, head)
    for (let left = up; left > 0; left -= BLOCK.length) await put(stream, left >= BLOCK.length ? BLOCK : BLOCK.subarray(0, left))
    const uploaded = performance.now()
    await stream.close({ signal: signalOf(c) })
    await Promise.race([reading, failOn(signalOf(c))])
    const ms = performance.now() - started
    if (received !== down) throw new Error(`asked for ${down} bytes, got ${received}`)
    return { up, down, ms: round(ms), uploadMs: round(uploaded - started), mibPerSecond: round((up + down) / 1048576 / (ms / 1000)) }
  },

  async findPeer (c) {
    need('dht', '--kad')
    const found = await node.peerRouting.findPeer(peerIdFromString(c.peer ?? c.peerId), { signal: signalOf(c) })
    return peerInfo(found)
  },

  async closest (c) {
    need('dht', '--kad')
    const bytes = c.hex != null ? Buffer.from(c.hex, 'hex') : peerIdFromString(c.peer).toMultihash().bytes
    const peers = []
    for await (const p of node.peerRouting.getClosestPeers(bytes, { signal: signalOf(c) })) peers.push(peerInfo(p))
    return { peers }
  },

  async provide (c) {
    const dht = need('dht', '--kad')
    const cid = cidOf(c)
    const told = await queried(dht.provide(cid, { signal: signalOf(c) }))
    return { cid: cid.toString(), multihash: Buffer.from(cid.multihash.bytes).toString('hex'), ...told }
  },

  async findProviders (c) {
    need('dht', '--kad')
    const cid = cidOf(c)
    const providers = []
    for await (const p of node.contentRouting.findProviders(cid, { signal: signalOf(c) })) {
      providers.push(peerInfo(p))
      if (providers.length >= (c.limit ?? 20)) break
    }
    return { cid: cid.toString(), providers }
  },

  async put (c) {
    const dht = need('dht', '--kad')
    return queried(dht.put(encoder.encode(c.key), payload(c), { signal: signalOf(c) }))
  },

  async get (c) {
    const dht = need('dht', '--kad')
    for await (const e of dht.get(encoder.encode(c.key), { signal: signalOf(c) })) {
      if (e.name === 'VALUE') return { from: e.from.toString(), ...text(e.value) }
    }
    throw new Error('no value found')
  },

  async routingTable () { return { size: need('dht', '--kad').routingTable.size, mode: node.services.dht.getMode() } },

  async subscribe (c) { need('pubsub', '--no-gossip').subscribe(c.topic); return { topics: pubsub.getTopics() } },

  async unsubscribe (c) { need('pubsub', '--no-gossip').unsubscribe(c.topic); return { topics: pubsub.getTopics() } },

  async publish (c) {
    const { recipients } = await need('pubsub', '--no-gossip').publish(c.topic, payload(c))
    return { recipients: recipients.map(p => p.toString()) }
  },

  async mesh (c) {
    const p = need('pubsub', '--no-gossip')
    return {
      mesh: p.getMeshPeers(c.topic).map(x => x.toString()),
      subscribers: p.getSubscribers(c.topic).map(x => x.toString()),
      peers: p.getPeers().map(x => x.toString()),
      unwanted: Object.fromEntries([...p.idontwants].map(([id, ids]) => [id, ids.size])),
      versions: Object.fromEntries([...(p.streamsOutbound ?? new Map())].map(([id, s]) => [id, s.protocol])),
      scores: Object.fromEntries(p.getPeers().map(x => [x.toString(), p.score.score(x.toString())]))
    }
  },

  // takes a reservation at a relay and listens through it
  async reserve (c) {
    const relay = multiaddr(c.addr)
    const through = relay.encapsulate('/p2p-circuit')
    const transport = node.components.transportManager
    await transport.listen([through])
    const signal = signalOf(c)
    for (;;) {
      const addrs = shown(node.getMultiaddrs()).filter(a => a.includes('/p2p-circuit'))
      if (addrs.length > 0) return { addrs }
      signal.throwIfAborted()
      await new Promise(resolve => setTimeout(resolve, 25))
    }
  },

  async reservations () {
    const relay = need('relay', '--relay-server')
    return { reservations: [...relay.reservations.entries()].map(([p, r]) => ({ peer: p.toString(), addr: r.addr.toString(), expiry: r.expiry })) }
  },

  async key () { return { protobuf: Buffer.from(privateKeyToProtobuf(key)).toString('hex') } },

  async stop () { return {} }
}

const round = (n) => Math.round(n * 1000) / 1000

function failOn (signal) {
  return new Promise((_resolve, reject) => {
    const fail = () => reject(signal.reason)
    if (signal.aborted) fail()
    signal.addEventListener('abort', fail, { once: true })
  })
}

async function exchange (stream, sent, c, started, judge) {
  const got = []
  const reading = (async () => { for await (const chunk of stream) got.push(...(chunk instanceof Uint8Array ? [chunk] : [...chunk])) })()
  for (let i = 0; i < sent.length; i += BLOCK.length) await put(stream, sent.subarray(i, i + BLOCK.length))
  if (c.keepOpen !== true) await stream.close({ signal: signalOf(c) })
  await Promise.race([reading, failOn(signalOf(c))])
  const all = Buffer.concat(got)
  return { bytes: all.length, ms: round(performance.now() - started), ...judge(all) }
}

/** what a DHT query did: the peers that answered and the errors met */
async function queried (events) {
  const answered = new Set()
  const errors = []
  for await (const e of events) {
    if (e.name === 'PEER_RESPONSE') answered.add(e.from.toString())
    if (e.name === 'QUERY_ERROR') errors.push(why(e.error))
  }
  return { answered: [...answered], errors }
}

async function run (line) {
  let c
  try {
    c = JSON.parse(line)
  } catch {
    return say({ reply: true, ok: false, error: 'not a JSON line', name: 'SyntaxError' })
  }
  const head = { reply: true, cmd: c.cmd, ...(c.id !== undefined ? { id: c.id } : {}) }
  try {
    if (!Object.hasOwn(COMMANDS, c.cmd)) throw new Error(`unknown command ${c.cmd}`)
    const result = await COMMANDS[c.cmd](c)
    say({ ...head, ok: true, ...result })
  } catch (err) {
    say({ ...head, ok: false, error: why(err), name: err?.name, causes: err?.errors?.map(e => why(e)) })
  }
  if (c.cmd === 'stop') await end(0)
}

async function end (code) {
  if (ending) return
  ending = true
  const hard = setTimeout(() => process.exit(code), 3000)
  try {
    await node.stop()
  } catch {}
  clearTimeout(hard)
  // let a last reply reach the pipe
  process.stdout.write('', () => process.exit(code))
}

// ---- go ----

if (pubsub != null && opt['gossip-reject'] != null) {
  for (const topic of opt.topic) {
    pubsub.topicValidators.set(topic, (_peer, m) => decoder.decode(m.data).startsWith(opt['gossip-reject']) ? 'reject' : 'accept')
  }
}

const lines = createInterface({ input: process.stdin })
const early = []
lines.on('line', line => {
  if (line.trim() === '') return
  if (ready) run(line)
  else early.push(line)
})
lines.on('close', () => end(0))
process.on('SIGTERM', () => end(0))
process.on('SIGINT', () => end(0))
setTimeout(() => end(3), Number(opt['max-seconds']) * 1000).unref()

try {
  await node.start()
  for (const topic of opt.topic) pubsub?.subscribe(topic)
  if (node.services.dht != null && opt['kad-mode'] === 'server') await node.services.dht.setMode('server', { force: true })
} catch (err) {
  fatal(err)
}
known = shown(node.getMultiaddrs()).join()
say({
  event: 'ready',
  peerId: node.peerId.toString(),
  addrs: shown(node.getMultiaddrs()),
  listening: listening(),
  protocols: node.getProtocols(),
  agent: opt.agent,
  node: process.version,
  pid: process.pid
})
ready = true
early.splice(0).forEach(run)
