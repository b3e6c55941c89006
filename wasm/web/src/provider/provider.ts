/**
 * Provider keeps one document of the page in step with a node.
 *
 * The node is the durable truth; the page holds a Y.Doc as its view. A
 * connection begins with a lease: the node gives the session a client id, the
 * page loads the document, then sets the id, then makes its Awareness, and only
 * then are edits allowed (Yjs silently changes an id that it meets in loaded
 * state). Every own update is numbered by order of sending and kept until the
 * node says that it is durable.
 *
 * When the connection breaks, edits go on. On the next connection either the
 * session is resumed, and what the node had not received is sent again under
 * the same numbers; or it is not, and the unacknowledged edits are re-issued
 * under the new client id (reissue.ts). Nothing leaves the view in either case.
 *
 * What it leaves out: presence details and editors (src/editor), words for the
 * reader (src/status), and any storage; closing the tab loses exactly what
 * `unsaved` counts.
 */
import {
  Awareness,
  applyAwarenessUpdate,
  encodeAwarenessUpdate,
  removeAwarenessStates,
} from 'y-protocols/awareness'
import * as Y from 'yjs'
import { Backoff, type Timer, type Timers } from './backoff'
import type { Carrier, Dial } from './carrier'
import {
  decodeFrame,
  encodeFrame,
  parseNodeMessage,
  type DurableElsewhere,
  type NodeMessage,
} from './messages'
import { covers, reissue } from './reissue'

/** What the page knows about its connection and its edits; a new object for each change. */
export interface ProviderState {
  /** "connecting" until the first answer; "lost" once that has taken longer than a moment. */
  connection: 'connecting' | 'open' | 'lost'
  /** The document was loaded and may be edited, connected or not. */
  ready: boolean
  /** Counts documents: it grows whenever `doc` was replaced, and editors must be bound anew. */
  generation: number
  /** Counts awarenesses: it grows whenever `awareness` was replaced, and carets must be bound anew. */
  presence: number
  role: string
  /** Own updates of this session so far, and how many of them are durable on this device. */
  sent: number
  acked: number
  /** Devices that reported how far this session's updates are durable there. */
  others: DurableElsewhere[]
  peers: number
  /** The node refused an update; edits from then on are only in this tab. */
  refused: { code: string; message: string } | undefined
  /** The title, as the node last told it. */
  title: string | undefined
}

export interface ProviderConfig {
  dial: Dial
  /** Clock for delays; the window's own by default. Tests pass one of their own. */
  timers?: Timers
  random?: () => number
}

/** Roles that may write. */
const WRITERS = new Set(['editor', 'owner'])
/** Refusals that may pass; the page tries again by itself. */
const PASSING = new Set(['full', 'offline', 'internal', 'unavailable'])
/** How long a broken connection may last before it is called lost. */
const LOST_AFTER_MS = 1_000
/** First and longest pause before sending again what was refused for a reason that may pass. */
const REFUSED_PAUSE_MS = 3_000
const REFUSED_PAUSE_MOST_MS = 10_000
const REISSUE_PAUSE_MS = 100
/** A node that accepts the connection but does not answer the lease in this time is asked again. */
const LEASE_TIMEOUT_MS = 10_000

interface Numbered {
  n: number
  update: Uint8Array
}

interface Session {
  id: string
  client: number
}

export class Provider {
  /** The view. Replaced when `generation` grows; listeners must let go of the old one at once. */
  doc = new Y.Doc()
  /** Made when the document is first ready; replaced when `presence` grows. */
  awareness: Awareness | undefined

  private current: ProviderState = {
    connection: 'connecting',
    ready: false,
    generation: 0,
    presence: 0,
    role: 'viewer',
    sent: 0,
    acked: 0,
    others: [],
    peers: 0,
    refused: undefined,
    title: undefined,
  }
  private readonly listeners = new Set<() => void>()
  private readonly dial: Dial
  private readonly timers: Timers
  private readonly backoff: Backoff
  private carrier: Carrier | undefined
  /** The session that `doc` belongs to. */
  private session: Session | undefined
  /** Client ids of this page's sessions from before this device was let in, and what they are now. */
  private readonly renamed = new Map<number, number>()
  /** A session leased but whose document has not arrived. */
  private leased: Session | undefined
  /** The session may go on at the next lease. */
  private resumable = false
  /** Updates may be sent now. */
  private flowing = false
  private pending: Numbered[] = []
  private localState: Record<string, unknown> = {}
  private lostTimer: Timer | undefined
  private leaseTimer: Timer | undefined
  private retryTimer: Timer | undefined
  private mapAfterSwap: ((id: Y.ID) => Y.ID | undefined) | undefined
  private destroyed = false

  constructor(config: ProviderConfig) {
    this.dial = config.dial
    this.timers = config.timers ?? {
      set: (f, ms) => setTimeout(f, ms),
      clear: (t) => clearTimeout(t as ReturnType<typeof setTimeout>),
    }
    this.backoff = new Backoff(this.timers, config.random ?? Math.random)
    this.watch(this.doc)
    this.connect()
  }

  /** The current state; the same object until something changes. */
  get state(): ProviderState {
    return this.current
  }

  /** Calls `listener` after each change of the state; returns how to stop it. */
  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Edits may be made: the document is loaded and the role may write. */
  get editable(): boolean {
    return this.current.ready && WRITERS.has(this.current.role)
  }

  /** Own updates that are not durable on this device: what closing the tab now would lose. */
  get unsaved(): number {
    return this.pending.length
  }

  /** Sets one field of what others see of this page; kept across reconnects and resets. */
  setPresence(field: string, value: unknown): void {
    this.localState[field] = value
    this.awareness?.setLocalStateField(field, value)
  }

  /** Where an id of the document before the last replacement is in the current one. */
  mapId(id: Y.ID): Y.ID | undefined {
    return this.mapAfterSwap?.(id)
  }

  /** Tries to connect at once instead of waiting (the tab became visible, the network returned). */
  retryNow(): void {
    if (this.backoff.waiting) this.connect()
  }

  destroy(): void {
    if (this.destroyed) return
    this.destroyed = true
    this.backoff.stop()
    this.stopTimers()
    this.timers.clear(this.lostTimer)
    this.dropAwareness()
    this.disconnect()
    this.doc.destroy()
    this.listeners.clear()
  }

  // ---- connection

  private connect(): void {
    if (this.destroyed) return
    this.backoff.stop()
    this.stopTimers()
    this.disconnect()
    this.lostTimer ??= this.timers.set(() => this.set({ connection: 'lost' }), LOST_AFTER_MS)
    let carrier: Carrier
    try {
      carrier = this.dial()
    } catch {
      this.backoff.start(() => this.connect())
      return
    }
    this.carrier = carrier
    carrier.onopen = () => this.askForLease(carrier)
    carrier.onmessage = (frame) => {
      if (this.carrier !== carrier) return
      try {
        if (typeof frame === 'string') this.receiveText(frame)
        else this.receiveBinary(frame)
      } catch (error) {
        // A frame that cannot be read leaves this connection in doubt, never the document.
        console.error('sheaf: unreadable frame from the node', error)
        this.reconnect()
      }
    }
    carrier.onclose = () => {
      if (this.carrier === carrier) this.reconnect()
    }
  }

  /** Drops the carrier without a word to anyone. */
  private disconnect(): void {
    const carrier = this.carrier
    this.carrier = undefined
    this.flowing = false
    this.leased = undefined
    if (carrier === undefined) return
    carrier.onopen = carrier.onmessage = carrier.onclose = null
    carrier.close()
  }

  private reconnect(): void {
    this.disconnect()
    this.timers.clear(this.leaseTimer)
    this.leaseTimer = undefined
    this.forgetOthers()
    if (this.current.connection === 'open') this.set({ connection: 'connecting', peers: 0 })
    // After a refusal, the pause that follows it decides when to try again.
    if (this.retryTimer !== undefined) return
    this.lostTimer ??= this.timers.set(() => this.set({ connection: 'lost' }), LOST_AFTER_MS)
    this.backoff.start(() => this.connect())
  }

  private askForLease(carrier: Carrier): void {
    const resume = this.resumable ? this.session : undefined
    carrier.send(
      JSON.stringify({
        type: 'lease',
        session: resume?.id ?? '',
        ...(resume !== undefined && { sv: base64(Y.encodeStateVector(this.doc)) }),
      }),
    )
    this.leaseTimer = this.timers.set(() => this.reconnect(), LEASE_TIMEOUT_MS)
  }

  private stopTimers(): void {
    this.timers.clear(this.leaseTimer)
    this.timers.clear(this.retryTimer)
    this.leaseTimer = this.retryTimer = undefined
  }

  // ---- frames from the node

  private receiveText(text: string): void {
    const message = parseNodeMessage(text)
    switch (message?.type) {
      case 'leased':
        this.onLeased(message)
        break
      case 'ack':
        this.onAck(message.through)
        break
      case 'durable':
        this.set({ others: message.others, peers: message.peers })
        if (message.here > this.current.acked) this.onAck(message.here)
        break
      case 'reset':
        this.resumable = false
        this.reconnect()
        break
      case 'error':
        this.onRefused(message.code, message.message)
        break
      case 'title':
        this.set({ title: message.title })
        break
    }
  }

  private receiveBinary(bytes: Uint8Array): void {
    const frame = decodeFrame(bytes)
    switch (frame?.kind) {
      case 'step1':
        // Own edits travel as numbered updates only: an answer would be one more to count.
        break
      case 'step2':
        this.onLoaded(frame.update)
        break
      case 'update':
        // Updates before the document itself wait inside the Y.Doc that will be made from it.
        if (this.leased === undefined) this.applyRemote(frame.update)
        else this.early.push(frame.update)
        break
      case 'awareness':
        if (this.awareness !== undefined) applyAwarenessUpdate(this.awareness, frame.update, this)
        break
      case 'queryAwareness':
        this.sendAwareness()
        break
    }
  }
  private early: Uint8Array[] = []

  private onLeased(lease: Extract<NodeMessage, { type: 'leased' }>): void {
    this.timers.clear(this.leaseTimer)
    this.leaseTimer = undefined
    const client = Number(lease.client)
    if (!Number.isSafeInteger(client) || client < 0) throw new Error(`bad client id ${lease.client}`)
    const resumed =
      lease.resumed &&
      this.resumable &&
      this.session?.id === lease.session &&
      this.session.client === client &&
      lease.received <= this.current.sent
    this.early = []
    for (const [from, to] of lease.renamed) this.renamed.set(from, to)
    this.set({ role: lease.role })
    if (resumed) {
      this.leased = undefined
      this.flowing = true
      this.onAck(lease.acked)
      for (const { n, update } of this.pending) {
        if (n > lease.received) this.send(encodeFrame({ kind: 'update', update }))
      }
      this.send(encodeFrame({ kind: 'step1', stateVector: Y.encodeStateVector(this.doc) }))
      this.opened()
    } else {
      this.resumable = false
      this.leased = { id: lease.session, client }
      this.send(encodeFrame({ kind: 'step1', stateVector: new Uint8Array([0]) }))
    }
  }

  private onLoaded(update: Uint8Array): void {
    const next = this.leased
    if (next === undefined) {
      this.applyRemote(update)
      return
    }
    const fresh = new Y.Doc()
    for (const u of [update, ...this.early]) Y.applyUpdate(fresh, u, this)
    this.early = []
    this.leased = undefined
    this.begin(next, fresh)
    this.opened()
  }

  /**
   * Starts a session on what the node sent: the order of these steps is the
   * contract. It relies on the node answering the lease of a new session only
   * when all that this document had been sent before is durable, since edits
   * found in what it sends are taken for saved.
   */
  private begin(next: Session, fresh: Y.Doc): void {
    const old = this.session
    const unacked = this.pending.map((p) => p.update)
    this.pending = []
    this.flowing = true
    this.resumable = true
    let again: Uint8Array[] = []
    let { generation } = this.current
    if (old !== undefined && covers(fresh, this.doc)) {
      // The node has all that this page has: the view goes on, with its undo stack.
      this.session = undefined
      Y.applyUpdate(this.doc, Y.encodeStateAsUpdate(fresh, Y.encodeStateVector(this.doc)), this)
      fresh.destroy()
      this.mapAfterSwap = (id) => id
    } else {
      if (old !== undefined) {
        const work = reissue(this.doc, old.client, unacked, fresh, next.client, this.renamed)
        this.mapAfterSwap = work.map
        again = work.updates
        for (const u of again) Y.applyUpdate(fresh, u, this)
      }
      this.unwatch(this.doc)
      this.retired = this.doc
      this.doc = fresh
      this.watch(fresh)
      generation++
    }
    this.dropAwareness()
    this.session = next
    this.doc.clientID = next.client
    this.makeAwareness()
    this.current = { ...this.current, sent: 0, acked: 0, others: [], presence: this.current.presence + 1 }
    for (const u of again) this.number(u)
    this.set({
      ready: true,
      generation,
      ...(this.pending.length === 0 && { refused: undefined }),
    })
    // Whoever showed the old document has moved on to the new one by now.
    this.retired?.destroy()
    this.retired = undefined
  }
  private retired: Y.Doc | undefined

  private opened(): void {
    this.timers.clear(this.lostTimer)
    this.lostTimer = undefined
    this.backoff.reset()
    this.set({ connection: 'open' })
    this.sendAwareness()
    this.send(encodeFrame({ kind: 'queryAwareness' }))
  }

  private onAck(through: number): void {
    const n = Math.min(through, this.current.sent)
    if (n <= this.current.acked) return
    this.pending = this.pending.filter((p) => p.n > n)
    this.refusals = 0
    if (this.current.refused !== undefined && !this.flowing) {
      // The node stores again: what was held back is handed in now.
      this.timers.clear(this.retryTimer)
      this.retryTimer = this.timers.set(() => this.connect(), 0)
    }
    this.set({ acked: n, refused: undefined })
  }

  /**
   * The node refused an update. What follows would build on it, so nothing more
   * is sent; a refusal that may pass is tried again on a new connection.
   */
  private onRefused(code: string, message: string): void {
    this.flowing = false
    this.set({ refused: { code, message } })
    if (code === 'bad_request') this.resumable = false
    if (PASSING.has(code) || code === 'bad_request') {
      this.timers.clear(this.retryTimer)
      // Node and page may disagree once, on what was handed in: a new session clears that up.
      const soon = code === 'bad_request' && this.refusals === 0
      const pause = soon
        ? REISSUE_PAUSE_MS
        : Math.min(REFUSED_PAUSE_MS * 2 ** this.refusals, REFUSED_PAUSE_MOST_MS)
      this.refusals++
      this.retryTimer = this.timers.set(() => this.connect(), pause)
    }
  }
  private refusals = 0

  // ---- the document

  private readonly onUpdate = (update: Uint8Array, origin: unknown): void => {
    if (origin !== this) this.issue(update)
  }

  private watch(doc: Y.Doc): void {
    doc.on('update', this.onUpdate)
  }

  private unwatch(doc: Y.Doc): void {
    doc.off('update', this.onUpdate)
  }

  /** Numbers an own update, keeps it until it is durable, and sends it if that is possible. */
  private issue(update: Uint8Array): void {
    if (this.session === undefined) return
    this.number(update)
    this.set({})
  }

  private number(update: Uint8Array): void {
    const n = this.current.sent + 1
    this.current = { ...this.current, sent: n }
    this.pending.push({ n, update })
    if (this.flowing) this.send(encodeFrame({ kind: 'update', update }))
  }

  private applyRemote(update: Uint8Array): void {
    Y.applyUpdate(this.doc, update, this)
    const client = this.session?.client
    if (client === undefined || this.doc.clientID === client) return
    // Yjs met new structs under this session's own id and changed the id. Somebody
    // else writes as this session, so it cannot go on: no edit may be made under the
    // changed id, and the next lease brings a new one.
    this.doc.clientID = client
    this.resumable = false
    this.reconnect()
  }

  // ---- presence

  private makeAwareness(): void {
    const awareness = new Awareness(this.doc)
    awareness.setLocalState({ ...this.localState })
    awareness.on('update', this.onAwareness)
    this.awareness = awareness
  }

  private dropAwareness(): void {
    const awareness = this.awareness
    this.awareness = undefined
    if (awareness === undefined) return
    if (this.session !== undefined && this.flowing && this.leased === undefined && this.destroyed) {
      // A last word, so that this page's caret leaves the others' screens at once.
      awareness.setLocalState(null)
    }
    awareness.off('update', this.onAwareness)
    awareness.destroy()
  }

  private readonly onAwareness = (
    { added, updated, removed }: { added: number[]; updated: number[]; removed: number[] },
    origin: unknown,
  ): void => {
    const awareness = this.awareness
    if (awareness === undefined || origin === this) return
    const own = awareness.clientID
    if (![...added, ...updated, ...removed].includes(own)) return
    this.send(encodeFrame({ kind: 'awareness', update: encodeAwarenessUpdate(awareness, [own]) }))
  }

  private sendAwareness(): void {
    const awareness = this.awareness
    if (awareness === undefined || awareness.getLocalState() === null) return
    this.send(
      encodeFrame({ kind: 'awareness', update: encodeAwarenessUpdate(awareness, [awareness.clientID]) }),
    )
  }

  /** Takes everyone else's caret off the page: without the node, they are only memories. */
  private forgetOthers(): void {
    const awareness = this.awareness
    if (awareness === undefined) return
    const others = [...awareness.getStates().keys()].filter((id) => id !== awareness.clientID)
    removeAwarenessStates(awareness, others, this)
  }

  // ---- plumbing

  private send(frame: string | Uint8Array): void {
    this.carrier?.send(frame)
  }

  private set(change: Partial<ProviderState>): void {
    if (this.destroyed) return
    this.current = { ...this.current, ...change }
    for (const listener of [...this.listeners]) listener()
  }
}

function base64(bytes: Uint8Array): string {
  let s = ''
  for (const b of bytes) s += String.fromCharCode(b)
  return btoa(s)
}
