import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'

/**
 * Frames between page and node. Text frames are JSON and carry the session;
 * binary frames are y-protocols as y-websocket sends them.
 */

/** Text frames from the node. */
export type NodeMessage =
  | {
      type: 'leased'
      session: string
      client: string
      resumed: boolean
      role: string
      acked: number
      received: number
      /** Client ids of before a member let this device in, and what they are now. */
      renamed: Map<number, number>
    }
  | { type: 'ack'; through: number }
  | { type: 'durable'; here: number; others: DurableElsewhere[]; peers: number }
  | { type: 'reset'; reason: string }
  | { type: 'error'; code: string; message: string }
  | { type: 'title'; title: string }

/** How far this session's updates are durable on another device. */
export interface DurableElsewhere {
  device: string
  name: string
  through: number
}

/** The first frame of the page on every connection. */
export interface LeaseMessage {
  type: 'lease'
  session: string
  sv?: string
}

/** Reads a text frame; undefined for one of a kind that this page does not know. */
export function parseNodeMessage(text: string): NodeMessage | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const m = value as Record<string, unknown>
  switch (m.type) {
    case 'leased':
      if (typeof m.session !== 'string' || typeof m.client !== 'string') return undefined
      return {
        type: 'leased',
        session: m.session,
        client: m.client,
        resumed: m.resumed === true,
        role: typeof m.role === 'string' ? m.role : 'viewer',
        acked: count(m.acked),
        received: count(m.received),
        renamed: renamed(m.renamed),
      }
    case 'ack':
      return { type: 'ack', through: count(m.through) }
    case 'durable':
      return {
        type: 'durable',
        here: count(m.here),
        others: Array.isArray(m.others) ? m.others.flatMap(elsewhere) : [],
        peers: count(m.peers),
      }
    case 'reset':
      return { type: 'reset', reason: words(m.reason) }
    case 'error':
      return { type: 'error', code: words(m.code), message: words(m.message) }
    case 'title':
      return { type: 'title', title: words(m.title) }
    default:
      return undefined
  }
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0
}

function renamed(value: unknown): Map<number, number> {
  const map = new Map<number, number>()
  for (const pair of Array.isArray(value) ? value : []) {
    if (!Array.isArray(pair)) continue
    const [from, to] = [Number(pair[0]), Number(pair[1])]
    if (Number.isSafeInteger(from) && Number.isSafeInteger(to)) map.set(from, to)
  }
  return map
}

function words(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function elsewhere(value: unknown): DurableElsewhere[] {
  if (typeof value !== 'object' || value === null) return []
  const o = value as Record<string, unknown>
  if (typeof o.device !== 'string') return []
  return [{ device: o.device, name: words(o.name), through: count(o.through) }]
}

/** Binary frames, decoded. */
export type Frame =
  | { kind: 'step1'; stateVector: Uint8Array }
  | { kind: 'step2'; update: Uint8Array }
  | { kind: 'update'; update: Uint8Array }
  | { kind: 'awareness'; update: Uint8Array }
  | { kind: 'queryAwareness' }

const SYNC = 0
const AWARENESS = 1
const QUERY_AWARENESS = 3
const STEP1 = 0
const STEP2 = 1
const UPDATE = 2

/** Encodes one frame. */
export function encodeFrame(frame: Frame): Uint8Array {
  const e = encoding.createEncoder()
  switch (frame.kind) {
    case 'step1':
      encoding.writeVarUint(e, SYNC)
      encoding.writeVarUint(e, STEP1)
      encoding.writeVarUint8Array(e, frame.stateVector)
      break
    case 'step2':
    case 'update':
      encoding.writeVarUint(e, SYNC)
      encoding.writeVarUint(e, frame.kind === 'step2' ? STEP2 : UPDATE)
      encoding.writeVarUint8Array(e, frame.update)
      break
    case 'awareness':
      encoding.writeVarUint(e, AWARENESS)
      encoding.writeVarUint8Array(e, frame.update)
      break
    case 'queryAwareness':
      encoding.writeVarUint(e, QUERY_AWARENESS)
      break
  }
  return encoding.toUint8Array(e)
}

/** Decodes one frame; undefined for a kind that this page does not know. Throws when it is cut short. */
export function decodeFrame(bytes: Uint8Array): Frame | undefined {
  const d = decoding.createDecoder(bytes)
  switch (decoding.readVarUint(d)) {
    case SYNC:
      switch (decoding.readVarUint(d)) {
        case STEP1:
          return { kind: 'step1', stateVector: decoding.readVarUint8Array(d) }
        case STEP2:
          return { kind: 'step2', update: decoding.readVarUint8Array(d) }
        case UPDATE:
          return { kind: 'update', update: decoding.readVarUint8Array(d) }
        default:
          return undefined
      }
    case AWARENESS:
      return { kind: 'awareness', update: decoding.readVarUint8Array(d) }
    case QUERY_AWARENESS:
      return { kind: 'queryAwareness' }
    default:
      return undefined
  }
}
