/**
 * A small node in memory, made of real Yjs documents, that speaks the page's
 * contract: leases, numbered updates, acknowledgements after a (configurable)
 * fsync, receipts from other devices, crashes that lose what was not durable.
 * The page's tests run against it; nothing of it is shipped.
 */
import { randomBytes } from 'node:crypto'
import {
  removeAwarenessStates,
  applyAwarenessUpdate,
  Awareness,
  encodeAwarenessUpdate,
} from 'y-protocols/awareness'
import * as Y from 'yjs'
import type { DocumentInfo, NodeEvent, NodeStatus } from '../src/api/types'
import { decodeFrame, encodeFrame } from '../src/provider/messages'
import { membershipOf } from './devsharing'

/** The node's end of a connection to one page. */
export interface Port {
  send(frame: string | Uint8Array): void
  close(): void
}

interface Entry {
  origin: string
  seq: number
  update: Uint8Array
}

interface Session {
  id: string
  client: number
  clock: number
  received: number
  acked: number
  /** Sequence number of the entry that carried update n, at index n − 1. */
  entries: number[]
  port: Port | undefined
}

interface DevDoc {
  id: string
  createdAt: number
  updatedAt: number
  trashed: boolean
  state: 'ready' | 'joining' | 'removed'
  left?: boolean
  role: string
  waiting: boolean
  forked?: boolean
  /** What pages see. */
  doc: Y.Doc
  /** What is durable: entries by the device that made them. */
  log: Map<string, Entry[]>
  sessions: Map<string, Session>
  awareness: Awareness
  /** Own entries durable on other devices. */
  receipts: Map<string, number>
}

export interface DevNodeConfig {
  name?: string
  /** How long an own update takes to become durable. */
  fsyncMs?: number
  /** Runs each store when it likes, in order, instead of after fsyncMs. */
  disk?: (store: () => void) => void
}

/** Nodes that can reach each other. */
export class DevMesh {
  readonly nodes = new Set<DevNode>()
}

export class DevNode {
  readonly device = randomBytes(8).toString('hex')
  name: string
  fsyncMs: number
  offline = false
  store: NodeStatus['store'] = { state: 'ok', message: '' }
  /** When set, every update is refused with this. */
  refuse: { code: string; message: string } | undefined
  /** Sessions are not resumed, as after a restart, until this is false again. */
  forgetSessions = false
  readonly docs = new Map<string, DevDoc>()
  private readonly listeners = new Set<(event: NodeEvent) => void>()
  private life = 0
  private readonly disk: ((store: () => void) => void) | undefined

  constructor(
    readonly mesh = new DevMesh(),
    config: DevNodeConfig = {},
  ) {
    this.name = config.name ?? ''
    this.fsyncMs = config.fsyncMs ?? 0
    this.disk = config.disk
    mesh.nodes.add(this)
  }

  // ---- documents

  create(title: string): DocumentInfo {
    const d = this.add(randomBytes(32).toString('base64url'), 'ready', 'owner')
    const update = oneUpdate(d.doc, (doc) => doc.getMap('meta').set('title', title))
    this.commit(d, update)
    this.emit({ type: 'documents' })
    return this.info(d)
  }

  join(id: string): DocumentInfo {
    const d = this.docs.get(id) ?? this.add(id, 'joining', 'editor')
    this.sync()
    this.emit({ type: 'documents' })
    return this.info(d)
  }

  rename(id: string, title: string): DocumentInfo {
    const d = this.must(id)
    const writer = new Y.Doc()
    Y.applyUpdate(writer, Y.encodeStateAsUpdate(d.doc))
    const update = oneUpdate(writer, (doc) => doc.getMap('meta').set('title', title))
    this.apply(d, update, undefined)
    this.commit(d, update)
    return this.info(d)
  }

  trash(id: string, trashed: boolean): DocumentInfo {
    const d = this.must(id)
    d.trashed = trashed
    this.emit({ type: 'documents' })
    return this.info(d)
  }

  setOffline(offline: boolean): NodeStatus {
    this.offline = offline
    for (const node of this.mesh.nodes) {
      for (const d of node.docs.values()) node.tellDurable(d)
    }
    this.sync()
    this.emit({ type: 'status', status: this.status() })
    for (const d of this.docs.values()) this.emit({ type: 'document', document: this.info(d) })
    return this.status()
  }

  setName(name: string): NodeStatus {
    this.name = name
    this.emit({ type: 'status', status: this.status() })
    return this.status()
  }

  setStore(store: NodeStatus['store']): void {
    this.store = store
    this.emit({ type: 'status', status: this.status() })
  }

  status(): NodeStatus {
    return {
      device: this.device,
      name: this.name,
      offline: this.offline,
      peers: this.offline ? 0 : [...this.mesh.nodes].filter((n) => n !== this && !n.offline).length,
      store: this.store,
      version: 'dev',
    }
  }

  list(): DocumentInfo[] {
    return [...this.docs.values()].map((d) => this.info(d))
  }

  info(d: DevDoc): DocumentInfo {
    const own = d.log.get(this.device)?.length ?? 0
    return {
      id: d.id,
      title: String(d.doc.getMap('meta').get('title') ?? ''),
      createdAt: d.createdAt,
      updatedAt: d.updatedAt,
      trashed: d.trashed,
      state: d.state,
      left: d.left === true,
      role: d.role as DocumentInfo['role'],
      here: true,
      others: this.peersWith(d.id, true).map((n) => ({
        device: n.device,
        name: n.name,
        complete: (d.receipts.get(n.device) ?? 0) >= own,
      })),
      peers: this.peersWith(d.id, false).length,
      waiting: d.waiting,
      forked: d.forked,
      aside: membershipOf(this, d.id).aside.reduce((n, g) => n + g.count, 0),
      withheld: membershipOf(this, d.id).withheld.count,
    }
  }

  text(id: string): string {
    return this.must(id).doc.getXmlFragment('default').toString()
  }

  must(id: string): DevDoc {
    const d = this.docs.get(id)
    if (d === undefined) throw new Error(`no document ${id}`)
    return d
  }

  onEvent(listener: (event: NodeEvent) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Loses everything that was not durable, and every connection, as SIGKILL does. */
  crash(): void {
    this.life++
    for (const d of this.docs.values()) {
      for (const s of d.sessions.values()) {
        const { port } = s
        s.port = undefined
        port?.close()
      }
      d.sessions.clear()
      d.awareness.destroy()
      d.doc = new Y.Doc({ gc: true })
      for (const entries of d.log.values()) for (const e of entries) Y.applyUpdate(d.doc, e.update)
      d.awareness = silentAwareness()
    }
  }

  /** Forgets durable entries that `keep` refuses: a damaged store that was set aside. */
  damage(id: string, keep: (entry: Entry) => boolean): void {
    const d = this.must(id)
    for (const [origin, entries] of d.log) d.log.set(origin, entries.filter(keep))
    this.crash()
  }

  /** Closes every page's connection; sessions may be resumed. */
  hangUp(): void {
    for (const d of this.docs.values()) for (const s of d.sessions.values()) s.port?.close()
  }

  // ---- pages

  /** Attaches a page; returns what to call with its frames and when it has gone. */
  attach(id: string, port: Port): { receive(frame: string | Uint8Array): void; gone(): void } {
    let session: Session | undefined
    let d: DevDoc | undefined
    let gone = false
    return {
      receive: (frame) => {
        if (typeof frame === 'string') {
          const lease = JSON.parse(frame) as { type: string; session: string }
          if (lease.type !== 'lease') return
          const wanted = this.must(id)
          d = wanted
          const answer = () => {
            if (!gone) session = this.lease(wanted, lease.session, port)
          }
          // What a new session loads must be durable: its page takes it for saved.
          if (!this.forgetSessions && wanted.sessions.has(lease.session)) answer()
          else this.whenDurable(answer)
          return
        }
        if (d !== undefined && session?.port === port) this.receive(d, session, frame)
      },
      gone: () => {
        gone = true
        if (session?.port !== port || d === undefined) return
        session.port = undefined
        if (!d.awareness.meta.has(session.client)) return
        removeAwarenessStates(d.awareness, [session.client], 'gone')
        this.spreadAwareness(d, [session.client], undefined)
      },
    }
  }

  private lease(d: DevDoc, wanted: string, port: Port): Session {
    let s = this.forgetSessions ? undefined : d.sessions.get(wanted)
    const resumed = s !== undefined
    if (s === undefined) {
      const client = Number(BigInt(`0x${randomBytes(7).toString('hex')}`) & ((1n << 53n) - 1n))
      s = { id: randomBytes(8).toString('hex'), client, clock: 0, received: 0, acked: 0, entries: [], port }
      d.sessions.set(s.id, s)
    }
    s.port = port
    port.send(
      JSON.stringify({
        type: 'leased',
        session: s.id,
        client: String(s.client),
        resumed,
        role: d.role,
        acked: s.acked,
        received: s.received,
      }),
    )
    port.send(encodeFrame({ kind: 'step1', stateVector: Y.encodeStateVector(d.doc) }))
    this.tellDurable(d)
    return s
  }

  private receive(d: DevDoc, s: Session, bytes: Uint8Array): void {
    const frame = decodeFrame(bytes)
    switch (frame?.kind) {
      case 'step1':
        s.port?.send(encodeFrame({ kind: 'step2', update: Y.encodeStateAsUpdate(d.doc, frame.stateVector) }))
        break
      case 'step2':
        throw new Error('the page answered step 1, which would count as an update')
      case 'update':
        this.accept(d, s, frame.update)
        break
      case 'awareness':
        applyAwarenessUpdate(d.awareness, frame.update, s)
        this.spreadAwareness(d, [s.client], s)
        break
      case 'queryAwareness': {
        const others = [...d.awareness.getStates().keys()].filter((c) => c !== s.client)
        if (others.length > 0) {
          s.port?.send(encodeFrame({ kind: 'awareness', update: encodeAwarenessUpdate(d.awareness, others) }))
        }
        break
      }
    }
  }

  private accept(d: DevDoc, s: Session, update: Uint8Array): void {
    const problem = this.refuse ?? this.check(d, s, update)
    if (problem !== undefined) {
      const { port } = s
      port?.send(JSON.stringify({ type: 'error', ...problem }))
      if (problem.code === 'bad_request') {
        d.sessions.delete(s.id)
        port?.send(JSON.stringify({ type: 'reset', reason: problem.message }))
      } else if (problem.code !== 'read_only') port?.close()
      return
    }
    s.received++
    const n = s.received
    this.apply(d, update, s)
    if (d.doc.store.pendingStructs !== null)
      throw new Error('an update of the page names what this node lacks')
    this.whenDurable(() => {
      s.entries[n - 1] = this.commit(d, update)
      s.acked = n
      s.port?.send(JSON.stringify({ type: 'ack', through: n }))
      this.tellDurable(d)
    })
  }

  /** Does some work after all that was given to the disk before; never after a crash. */
  private whenDurable(work: () => void): void {
    const life = this.life
    const alive = () => {
      if (this.life === life) work()
    }
    if (this.disk !== undefined) this.disk(alive)
    else if (this.fsyncMs > 0) setTimeout(alive, this.fsyncMs)
    else queueMicrotask(alive)
  }

  /** An update may contain structs of its session's client only, going on where it stopped. */
  private check(d: DevDoc, s: Session, update: Uint8Array): { code: string; message: string } | undefined {
    const state = Y.getState(d.doc.store, s.client)
    let clock = state
    for (const struct of Y.decodeUpdate(update).structs) {
      if (struct.id.client !== s.client) {
        return { code: 'bad_request', message: `client ${struct.id.client} is not this session's` }
      }
      if (struct.id.clock !== clock) {
        return { code: 'bad_request', message: `clock ${struct.id.clock} instead of ${clock}` }
      }
      clock += struct.length
    }
    return undefined
  }

  // ---- entries

  private add(id: string, state: 'ready' | 'joining', role: string): DevDoc {
    const now = Date.now()
    const d: DevDoc = {
      id,
      createdAt: now,
      updatedAt: now,
      trashed: false,
      state,
      role,
      waiting: false,
      doc: new Y.Doc(),
      log: new Map(),
      sessions: new Map(),
      awareness: silentAwareness(),
      receipts: new Map(),
    }
    this.docs.set(id, d)
    return d
  }

  private apply(d: DevDoc, update: Uint8Array, from: Session | undefined): void {
    const before = d.doc.getMap('meta').get('title')
    Y.applyUpdate(d.doc, update)
    d.updatedAt = Date.now()
    for (const s of d.sessions.values()) {
      if (s !== from) s.port?.send(encodeFrame({ kind: 'update', update }))
    }
    if (before !== d.doc.getMap('meta').get('title')) this.emit({ type: 'documents' })
  }

  private commit(d: DevDoc, update: Uint8Array): number {
    const entries = d.log.get(this.device) ?? []
    d.log.set(this.device, entries)
    entries.push({ origin: this.device, seq: entries.length + 1, update })
    this.sync()
    return entries.length
  }

  /** Exchanges what connected nodes lack of each other's documents, with receipts. */
  sync(): void {
    for (const a of this.mesh.nodes) {
      for (const b of this.mesh.nodes) {
        if (a !== b && !a.offline && !b.offline) a.offer(b)
      }
    }
  }

  private offer(to: DevNode): void {
    for (const d of this.docs.values()) {
      const there = to.docs.get(d.id)
      if (there === undefined || d.state === 'joining') continue
      if (there.state === 'joining') {
        there.state = 'ready'
        to.emit({ type: 'document', document: to.info(there) })
      }
      for (const [origin, entries] of d.log) {
        const have = there.log.get(origin) ?? []
        const missing = entries.filter((e) => e.seq > (have.at(-1)?.seq ?? 0))
        there.log.set(origin, [...have, ...missing])
        for (const e of missing) to.apply(there, e.update, undefined)
        if (origin === this.device && entries.length > (d.receipts.get(to.device) ?? 0)) {
          d.receipts.set(to.device, entries.length)
          this.tellDurable(d)
          this.emit({ type: 'document', document: this.info(d) })
        }
      }
    }
  }

  private peersWith(id: string, offlineToo: boolean): DevNode[] {
    return [...this.mesh.nodes].filter(
      (n) => n !== this && n.docs.get(id)?.state === 'ready' && (offlineToo || (!n.offline && !this.offline)),
    )
  }

  private tellDurable(d: DevDoc): void {
    for (const s of d.sessions.values()) {
      s.port?.send(
        JSON.stringify({
          type: 'durable',
          here: s.acked,
          others: this.peersWith(d.id, true).map((n) => ({
            device: n.device,
            name: n.name,
            through: s.entries.filter((seq) => seq <= (d.receipts.get(n.device) ?? 0)).length,
          })),
          peers: this.peersWith(d.id, false).length,
        }),
      )
    }
  }

  private spreadAwareness(d: DevDoc, clients: number[], from: Session | undefined): void {
    const update = encodeAwarenessUpdate(d.awareness, clients)
    const frame = encodeFrame({ kind: 'awareness', update })
    for (const s of d.sessions.values()) if (s !== from) s.port?.send(frame)
    for (const n of this.peersWith(d.id, false)) {
      const there = n.must(d.id)
      applyAwarenessUpdate(there.awareness, update, 'peer')
      for (const s of there.sessions.values()) s.port?.send(frame)
    }
  }

  emit(event: NodeEvent): void {
    for (const listener of [...this.listeners]) listener(event)
  }
}

function silentAwareness(): Awareness {
  const awareness = new Awareness(new Y.Doc())
  awareness.setLocalState(null)
  // The page's own interval keeps states fresh; this one would keep the process alive.
  clearInterval(awareness._checkInterval as unknown as NodeJS.Timeout)
  return awareness
}

function oneUpdate(doc: Y.Doc, change: (doc: Y.Doc) => void): Uint8Array {
  const updates: Uint8Array[] = []
  const keep = (u: Uint8Array) => updates.push(u)
  doc.on('update', keep)
  doc.transact(() => change(doc))
  doc.off('update', keep)
  return Y.mergeUpdates(updates)
}
