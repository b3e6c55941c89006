/**
 * Re-issuing: expressing edits that the node never acknowledged once more,
 * under another client id, in a document freshly loaded from the node.
 *
 * A session's edits are bound to its client id. When the session cannot go on
 * (the node was restarted, or its store was restored), the node gives the page
 * a new id and the page's old document becomes a dead branch: its last edits
 * carry an id that nobody will ever accept. They are still in the reader's
 * view, so they must not vanish.
 *
 * The old document is a full CRDT, so what its last edits mean is known
 * exactly: each inserted run names its left and right neighbour and its parent,
 * each deletion names what it deleted. Re-issuing rewrites these names:
 *
 *   old id (c0, clock ≥ first lost)  →  (c1, new clock)
 *   an id that the node's document has →  itself
 *   an id that neither has           →  the nearest neighbour that exists; a
 *                                       parent is made anew, with its attributes
 *
 * With only the first two rules, the result is what would have happened had
 * the edits been made under the new id: nothing is guessed, formatting and
 * structure included. The third is for a node that came back with less than it
 * had acknowledged (a damaged store that is being refilled from a peer): what
 * the reader added is kept at the best place left, and only that. Text that was
 * acknowledged before is not re-issued, because its own entries will come back
 * from other devices, and then it would stand there twice.
 */
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'

/** Updates of at most about this many bytes are made, so that no frame grows without limit. */
const CHUNK_BYTES = 256 * 1024

/** Client ids that are others now, clocks kept: see the lease message. */
export type Renamed = ReadonlyMap<number, number>

const NONE: Renamed = new Map()

export interface Reissue {
  /** Updates of the new client id, in order; empty when the node already has everything. */
  updates: Uint8Array[]
  /** Where an id of the old document is now; undefined when the new one has nothing there. */
  map(id: Y.ID): Y.ID | undefined
}

/**
 * Computes the updates that bring the unacknowledged edits of `oldDoc` into
 * `newDoc`. Neither document is changed. `unacked` are the updates that client
 * `oldClient` made and the node did not acknowledge; some may have arrived all
 * the same. What was written under a client id of `renamed` is in the new
 * document under another one.
 */
export function reissue(
  oldDoc: Y.Doc,
  oldClient: number,
  unacked: Uint8Array[],
  newDoc: Y.Doc,
  newClient: number,
  renamed: Renamed = NONE,
): Reissue {
  if (unacked.length === 0) return { updates: [], map: (id) => present(newDoc, id, renamed) }
  const edits = Y.decodeUpdate(Y.mergeUpdates(unacked))
  const writer = new Rewriter(
    oldDoc,
    oldClient,
    firstClock(edits.structs, oldClient),
    newDoc,
    newClient,
    renamed,
  )
  writer.writeStructs()
  writer.writeDeletes(edits.ds)
  return { updates: writer.updates(), map: (id) => writer.resolve(id) }
}

/**
 * Reports whether `newDoc` contains all that `oldDoc` contains, insertions and
 * deletions: then `oldDoc` can go on as it is, with its editor and undo stack.
 */
export function covers(newDoc: Y.Doc, oldDoc: Y.Doc): boolean {
  for (const client of oldDoc.store.clients.keys()) {
    if (Y.getState(newDoc.store, client) < Y.getState(oldDoc.store, client)) return false
  }
  for (const [client, ranges] of Y.createDeleteSetFromStructStore(oldDoc.store).clients) {
    for (const range of ranges) {
      if (liveRanges(newDoc, client, range.clock, range.len).length > 0) return false
    }
  }
  return true
}

type Range = { clock: number; len: number }
type Moved = Range & { to: number }

class Rewriter {
  /** First clock of the old client that must be re-issued. */
  private readonly first: number
  /** Old clocks of the old client written so far, ascending, with their new clocks. */
  private readonly moved: Moved[] = []
  /** Structs of other origin made anew, by need. */
  private readonly remade: (Moved & { client: number })[] = []
  private readonly base: number
  private next: number
  private readonly deletes = new Map<number, Range[]>()
  private readonly chunks: { clock: number; structs: number; encoder: Y.UpdateEncoderV1 }[] = []

  constructor(
    private readonly oldDoc: Y.Doc,
    private readonly oldClient: number,
    firstUnacked: number,
    private readonly newDoc: Y.Doc,
    private readonly newClient: number,
    private readonly renamed: Renamed,
  ) {
    this.first = Math.max(firstUnacked, Y.getState(newDoc.store, renamed.get(oldClient) ?? oldClient))
    this.base = Y.getState(newDoc.store, newClient)
    this.next = this.base
  }

  /** The id under which an old id is known in the new document. */
  resolve(id: Y.ID): Y.ID | undefined {
    let m: Moved | undefined
    if (id.client === this.oldClient && id.clock >= this.first) m = search(this.moved, id.clock)
    else
      m = this.remade.find((r) => r.client === id.client && r.clock <= id.clock && id.clock < r.clock + r.len)
    if (m !== undefined) return Y.createID(this.newClient, m.to + id.clock - m.clock)
    return present(this.newDoc, id, this.renamed)
  }

  writeStructs(): void {
    for (const struct of this.oldDoc.store.clients.get(this.oldClient) ?? []) {
      const end = struct.id.clock + struct.length
      if (end <= this.first) continue
      const offset = Math.max(0, this.first - struct.id.clock)
      if (struct instanceof Y.Item) this.writeItem(struct, offset)
      else this.writeGC(struct.id, struct.length, offset)
    }
  }

  /** Deletions of text that was there before: those that the new document does not know yet. */
  writeDeletes(ds: { clients: Map<number, Range[]> }): void {
    for (const [written, ranges] of ds.clients) {
      const client = this.renamed.get(written) ?? written
      for (const { clock, len } of ranges) {
        // What the session itself inserted and deleted is not there, and went with its structs.
        for (const live of liveRanges(this.newDoc, client, clock, len)) {
          this.addDelete(client, live.clock, live.len)
        }
      }
    }
  }

  updates(): Uint8Array[] {
    if (this.chunks.length === 0 && this.deletes.size === 0) return []
    if (this.chunks.length === 0) return [finish(undefined, this.newClient, this.deletes)]
    const last = this.chunks.length - 1
    const none = new Map<number, Range[]>()
    return this.chunks.map((chunk, i) => finish(chunk, this.newClient, i === last ? this.deletes : none))
  }

  private writeItem(item: Y.Item, offset: number): void {
    const from = Y.createID(item.id.client, item.id.clock + offset)
    let origin: Y.ID | undefined
    if (offset > 0) origin = this.resolve(Y.createID(from.client, from.clock - 1))
    else if (item.origin !== null) origin = this.resolve(item.origin) ?? this.leftOf(item)
    let right: Y.ID | undefined
    if (item.rightOrigin !== null) right = this.resolve(item.rightOrigin) ?? this.rightOf(item)
    let parent: string | Y.ID | undefined
    if (origin === undefined && right === undefined) {
      parent = this.parentOf(item)
      if (parent === undefined) {
        this.writeGC(item.id, item.length, offset)
        return
      }
    }
    const to = this.begin(from, item.length - offset)
    writeItem(this.encoder(), item, offset, origin, right, parent)
    if (item.deleted) this.addDelete(this.newClient, to, item.length - offset)
  }

  private writeGC(id: Y.ID, length: number, offset: number): void {
    this.begin(Y.createID(id.client, id.clock + offset), length - offset)
    const encoder = this.encoder()
    encoder.writeInfo(0)
    encoder.writeLen(length - offset)
  }

  /** Nearest sibling to the left that exists in the new document. */
  private leftOf(item: Y.Item): Y.ID | undefined {
    for (let left = item.left; left !== null; left = left.left) {
      for (let clock = left.id.clock + left.length - 1; clock >= left.id.clock; clock--) {
        const id = this.resolve(Y.createID(left.id.client, clock))
        if (id !== undefined) return id
      }
    }
    return undefined
  }

  /** Nearest sibling to the right that exists in the new document. */
  private rightOf(item: Y.Item): Y.ID | undefined {
    for (let right = item.right; right !== null; right = right.right) {
      for (let clock = right.id.clock; clock < right.id.clock + right.length; clock++) {
        const id = this.resolve(Y.createID(right.id.client, clock))
        if (id !== undefined) return id
      }
    }
    return undefined
  }

  /** The parent's name or new id; made anew when it is missing; undefined when it was deleted. */
  private parentOf(item: Y.Item): string | Y.ID | undefined {
    const parent = item.parent as Y.AbstractType<unknown>
    const parentItem = parent._item
    if (parentItem === null) return Y.findRootTypeKey(parent)
    const known = this.resolve(parentItem.id)
    if (known !== undefined) return known
    if (parentItem.deleted) return undefined
    this.writeItem(parentItem, 0)
    for (const attribute of parent._map.values()) {
      if (!attribute.deleted && this.resolve(attribute.id) === undefined && !this.willWrite(attribute)) {
        this.writeItem(attribute, 0)
      }
    }
    return this.resolve(parentItem.id)
  }

  private willWrite(item: Y.Item): boolean {
    return item.id.client === this.oldClient && item.id.clock + item.length > this.first
  }

  /** Gives `len` new clocks to the struct at `from`, starting a new chunk when the last one is full. */
  private begin(from: Y.ID, len: number): number {
    const to = this.next
    this.next += len
    if (from.client === this.oldClient && from.clock >= this.first) {
      this.moved.push({ clock: from.clock, len, to })
    } else {
      this.remade.push({ client: from.client, clock: from.clock, len, to })
    }
    let chunk = this.chunks.at(-1)
    if (chunk === undefined || encoding.length(chunk.encoder.restEncoder) >= CHUNK_BYTES) {
      chunk = { clock: to, structs: 0, encoder: new Y.UpdateEncoderV1() }
      this.chunks.push(chunk)
    }
    chunk.structs++
    return to
  }

  private encoder(): Y.UpdateEncoderV1 {
    return this.chunks.at(-1)!.encoder
  }

  private addDelete(client: number, clock: number, len: number): void {
    const ranges = this.deletes.get(client) ?? []
    const last = ranges.at(-1)
    if (last !== undefined && last.clock + last.len === clock) last.len += len
    else ranges.push({ clock, len })
    this.deletes.set(client, ranges)
  }
}

/** The entry that contains a clock, in a list sorted by clock. */
function search(moved: Moved[], clock: number): Moved | undefined {
  let low = 0
  let high = moved.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const m = moved[middle]!
    if (clock < m.clock) high = middle - 1
    else if (clock >= m.clock + m.len) low = middle + 1
    else return m
  }
  return undefined
}

/** The part of a range that the document has and has not deleted. */
function liveRanges(doc: Y.Doc, client: number, clock: number, len: number): Range[] {
  const structs = doc.store.clients.get(client)
  const end = Math.min(clock + len, Y.getState(doc.store, client))
  if (structs === undefined || clock >= end) return []
  const live: Range[] = []
  for (let i = Y.findIndexSS(structs, clock); i < structs.length; i++) {
    const struct = structs[i]!
    if (struct.id.clock >= end) break
    if (struct.deleted) continue
    const from = Math.max(clock, struct.id.clock)
    live.push({ clock: from, len: Math.min(end, struct.id.clock + struct.length) - from })
  }
  return live
}

/** The id under which a document has what an id names; undefined when it has not. */
function present(doc: Y.Doc, id: Y.ID, renamed: Renamed): Y.ID | undefined {
  const client = renamed.get(id.client)
  const now = client === undefined ? id : Y.createID(client, id.clock)
  return now.clock < Y.getState(doc.store, now.client) ? now : undefined
}

function firstClock(structs: { id: Y.ID }[], client: number): number {
  let first = Infinity
  for (const struct of structs) {
    if (struct.id.client === client) first = Math.min(first, struct.id.clock)
  }
  return first
}

const HAS_ORIGIN = 0x80
const HAS_RIGHT_ORIGIN = 0x40
const HAS_PARENT_SUB = 0x20

/** Writes one item of update format v1 with other neighbours than its own. */
function writeItem(
  encoder: Y.UpdateEncoderV1,
  item: Y.Item,
  offset: number,
  origin: Y.ID | undefined,
  right: Y.ID | undefined,
  parent: string | Y.ID | undefined,
): void {
  encoder.writeInfo(
    item.content.getRef() |
      (origin === undefined ? 0 : HAS_ORIGIN) |
      (right === undefined ? 0 : HAS_RIGHT_ORIGIN) |
      (item.parentSub === null ? 0 : HAS_PARENT_SUB),
  )
  if (origin !== undefined) encoder.writeLeftID(origin)
  if (right !== undefined) encoder.writeRightID(right)
  if (parent !== undefined) {
    encoder.writeParentInfo(typeof parent === 'string')
    if (typeof parent === 'string') encoder.writeString(parent)
    else encoder.writeLeftID(parent)
    if (item.parentSub !== null) encoder.writeString(item.parentSub)
  }
  item.content.write(encoder, offset)
}

/** Puts one chunk of structs and a delete set together as an update. */
function finish(
  chunk: { clock: number; structs: number; encoder: Y.UpdateEncoderV1 } | undefined,
  client: number,
  deletes: Map<number, Range[]>,
): Uint8Array {
  const e = encoding.createEncoder()
  encoding.writeVarUint(e, chunk === undefined ? 0 : 1)
  if (chunk !== undefined) {
    encoding.writeVarUint(e, chunk.structs)
    encoding.writeVarUint(e, client)
    encoding.writeVarUint(e, chunk.clock)
    encoding.writeUint8Array(e, encoding.toUint8Array(chunk.encoder.restEncoder))
  }
  encoding.writeVarUint(e, deletes.size)
  for (const [id, ranges] of [...deletes].sort((a, b) => b[0] - a[0])) {
    encoding.writeVarUint(e, id)
    encoding.writeVarUint(e, ranges.length)
    for (const { clock, len } of ranges.sort((a, b) => a.clock - b.clock)) {
      encoding.writeVarUint(e, clock)
      encoding.writeVarUint(e, len)
    }
  }
  return encoding.toUint8Array(e)
}
