import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { covers, reissue } from './reissue'
import { seededRandom } from './testing/random'

const OLD = 1001
const NEW = 2002
const OTHERS = [11, 12]

type Random = () => number

/** One random edit of a rich text document; the same numbers make the same edit in the same document. */
function edit(doc: Y.Doc, random: Random, token: string): void {
  doc.transact(() => {
    const body = doc.getXmlFragment('default')
    const kind = random()
    const at = Math.floor(random() * (body.length + 1))
    const texts = textsOf(body)
    const text = texts[Math.floor(random() * texts.length)]
    const place = text === undefined ? 0 : Math.floor(random() * (text.length + 1))
    const length = text === undefined ? 0 : Math.min(Math.floor(random() * 4), text.length - place)
    if (kind < 0.2 || text === undefined) {
      const block = new Y.XmlElement(random() < 0.5 ? 'paragraph' : 'heading')
      if (random() < 0.5) block.setAttribute('level', '2')
      const inner = new Y.XmlText()
      inner.insert(0, token)
      block.insert(0, [inner])
      if (random() < 0.3) {
        const list = new Y.XmlElement('bulletList')
        list.insert(0, [block])
        body.insert(at, [list])
      } else body.insert(at, [block])
    } else if (kind < 0.7) text.insert(boundary(text, place), token)
    else if (kind < 0.78) text.format(place, length, { bold: {} })
    else if (kind < 0.86) text.delete(place, length)
    else if (kind < 0.9) body.delete(Math.min(at, body.length - 1), 1)
    else if (kind < 0.95) (text.parent as Y.XmlElement).setAttribute('level', String(1 + (at % 3)))
    else doc.getMap('meta').set('title', token)
  })
}

function textsOf(type: Y.XmlFragment | Y.XmlElement): Y.XmlText[] {
  return type
    .toArray()
    .flatMap((child) =>
      child instanceof Y.XmlText ? [child] : child instanceof Y.XmlElement ? textsOf(child) : [],
    )
}

/** The nearest place that is not inside another token, so that tokens stay whole unless deleted. */
function boundary(text: Y.XmlText, place: number): number {
  const shown = text
    .toDelta()
    .map((d: { insert: string }) => d.insert)
    .join('') as string
  for (let i = place; i < shown.length; i++) if (i === 0 || /[)\]]/.test(shown[i - 1]!)) return i
  return shown.length
}

function show(doc: Y.Doc): string {
  return `${String(doc.getMap('meta').get('title'))} ${doc.getXmlFragment('default').toString()}`
}

function plain(doc: Y.Doc): string {
  return textsOf(doc.getXmlFragment('default'))
    .map((t) =>
      t
        .toDelta()
        .map((d: { insert: string }) => d.insert)
        .join(''),
    )
    .join('|')
}

function copyOf(doc: Y.Doc, client: number): Y.Doc {
  const copy = new Y.Doc()
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc))
  copy.clientID = client
  return copy
}

/** Runs edits in a document; returns one update for each that changed something. */
function updatesOf(doc: Y.Doc, work: () => void): Uint8Array[] {
  const updates: Uint8Array[] = []
  const keep = (update: Uint8Array) => updates.push(update)
  doc.on('update', keep)
  work()
  doc.off('update', keep)
  return updates
}

/** Everything that several people wrote before, as one log of updates. */
function history(random: Random): Uint8Array[] {
  const log: Uint8Array[] = []
  const doc = new Y.Doc()
  for (let i = 0; i < 14; i++) {
    doc.clientID = [...OTHERS, OLD][Math.floor(random() * 3)]!
    log.push(...updatesOf(doc, () => edit(doc, random, `[h${i}]`)))
  }
  return log
}

function load(log: Uint8Array[]): Y.Doc {
  const doc = new Y.Doc()
  for (const update of log) Y.applyUpdate(doc, update)
  return doc
}

const seed = Number(process.env.SEED ?? Date.now() % 1e9)
const ROUNDS = Number(process.env.ROUNDS ?? 60)

describe(`re-issuing, seed ${seed}`, () => {
  it('is exactly what the edits would have been under the new id', () => {
    for (let round = 0; round < ROUNDS; round++) {
      const about = `seed ${seed} round ${round}`
      const random = seededRandom(seed + round)
      const log = history(random)
      const base = load(log)
      const editSeed = Math.floor(random() * 1e9)
      const run = (doc: Y.Doc) => {
        const again = seededRandom(editSeed)
        return updatesOf(doc, () => {
          for (let i = 0; i < 10; i++) edit(doc, again, `(u${i})`)
        })
      }
      const old = copyOf(base, OLD)
      const unacked = run(old)
      const ideal = copyOf(base, NEW)
      run(ideal)
      // Meanwhile others went on.
      const remote = copyOf(base, OTHERS[0]!)
      for (let i = 0; i < 6; i++) edit(remote, random, `[r${i}]`)
      const node = copyOf(remote, 0)
      Y.applyUpdate(ideal, Y.encodeStateAsUpdate(remote))

      const before = Y.encodeStateVector(old)
      const work = reissue(old, OLD, unacked, node, NEW)
      expect(Y.encodeStateVector(old), about).toEqual(before)
      for (const update of work.updates) {
        for (const struct of Y.decodeUpdate(update).structs) expect(struct.id.client, about).toBe(NEW)
        Y.applyUpdate(node, update)
      }
      expect(node.store.pendingStructs, about).toBeNull()
      expect(show(node), about).toBe(show(ideal))
      expect(Y.getState(node.store, NEW), about).toBe(Y.getState(ideal.store, NEW))
    }
  })

  it('leaves out what the node had received after all', () => {
    for (let round = 0; round < ROUNDS; round++) {
      const about = `seed ${seed} round ${round}`
      const random = seededRandom(seed + round)
      const base = load(history(random))
      const old = copyOf(base, OLD)
      const unacked = updatesOf(old, () => {
        for (let i = 0; i < 10; i++) edit(old, random, `(u${i})`)
      })
      const received = Math.floor(random() * (unacked.length + 1))
      const node = copyOf(base, 0)
      for (const update of unacked.slice(0, received)) Y.applyUpdate(node, update)
      // The same id may be leased again: its clocks then go on.
      const client = random() < 0.5 ? NEW : OLD
      const { updates } = reissue(old, OLD, unacked, node, client)
      if (received === unacked.length) expect(updates, about).toEqual([])
      for (const update of updates) Y.applyUpdate(node, update)
      expect(node.store.pendingStructs, about).toBeNull()
      expect(show(node), about).toBe(show(old))
      expect(covers(node, old) || client === NEW, about).toBe(true)
    }
  })

  it('finds what was written as a guest under the client id it has now', () => {
    const GUEST = 3003
    const MEMBER = 3004
    for (let round = 0; round < ROUNDS; round++) {
      const about = `seed ${seed} round ${round}`
      const random = seededRandom(seed + round)
      const base = load(history(random))
      const old = copyOf(base, GUEST)
      const arrived = updatesOf(old, () => {
        for (let i = 0; i < 10; i++) edit(old, random, `(a${i})`)
      })
      const unacked: Uint8Array[] = []
      for (let i = 0; i < 6; i++) {
        const made = updatesOf(old, () => edit(old, random, `(u${i})`))
        unacked.push(...made)
        if (i < round % 6) arrived.push(...made)
      }
      // What the node does with what had arrived: another client id, the same clocks.
      const then = copyOf(base, GUEST)
      for (const update of arrived) Y.applyUpdate(then, update)
      const node = copyOf(base, 0)
      for (const update of reissue(then, GUEST, arrived, base, MEMBER).updates) Y.applyUpdate(node, update)
      expect(Y.getState(node.store, MEMBER), about).toBe(Y.getState(then.store, GUEST))
      const { updates, map } = reissue(old, GUEST, unacked, node, NEW, new Map([[GUEST, MEMBER]]))
      for (const update of updates) {
        for (const struct of Y.decodeUpdate(update).structs) expect(struct.id.client, about).toBe(NEW)
        Y.applyUpdate(node, update)
      }
      expect(node.store.pendingStructs, about).toBeNull()
      expect(show(node), about).toBe(show(old))
      if (Y.getState(old.store, GUEST) > 0) expect(map(Y.createID(GUEST, 0)), about).toBeDefined()
    }
  })

  it('keeps what was added when the node comes back with less than it had', () => {
    let kept = 0
    for (let round = 0; round < ROUNDS; round++) {
      const about = `seed ${seed} round ${round}`
      const random = seededRandom(seed + round)
      const log = history(random)
      const old = copyOf(load(log), OLD)
      const unacked = updatesOf(old, () => {
        for (let i = 0; i < 10; i++) edit(old, random, `(u${i})`)
      })
      // A damaged store: the log is cut, and more of one person's entries are missing.
      const cut = Math.floor(random() * log.length)
      const gone = [...OTHERS, OLD][Math.floor(random() * 3)]!
      const node = load(
        log.slice(0, cut).filter((u) => Y.decodeUpdate(u).structs.every((s) => s.id.client !== gone)),
      )
      // What still waits for lost entries is not part of the document.
      const clean = new Y.Doc()
      const whole = Y.encodeStateAsUpdate(node)
      Y.applyUpdate(clean, whole)
      clean.store.pendingStructs = null
      clean.store.pendingDs = null

      const { updates } = reissue(old, OLD, unacked, clean, NEW)
      for (const update of updates) Y.applyUpdate(clean, update)
      expect(clean.store.pendingStructs, about).toBeNull()
      const text = plain(clean)
      for (let i = 0; i < 10; i++) {
        const token = `(u${i})`
        if (!plain(old).includes(token)) continue
        kept++
        expect(text.split(token).length - 1, `${about}: ${token} in ${text}`).toBe(1)
      }
      for (const struct of clean.store.clients.get(NEW) ?? []) {
        const content = struct instanceof Y.Item ? struct.content : undefined
        if (content instanceof Y.ContentString)
          expect(content.str, `${about}: old text again`).toMatch(/^[(u\d)]*$/)
      }
      // Another replica that gets the same updates has the same document.
      const other = new Y.Doc()
      for (const update of [whole, ...updates]) Y.applyUpdate(other, update)
      expect(plain(other), about).toBe(text)
    }
    expect(kept).toBeGreaterThan(ROUNDS)
  })

  it('makes a lost block anew around what was added to it, with its attributes, at its place', () => {
    const base = new Y.Doc()
    base.clientID = OTHERS[0]!
    const block = (name: string, text: string) => {
      const element = new Y.XmlElement(name)
      element.insert(0, [new Y.XmlText(text)])
      return element
    }
    const body = base.getXmlFragment('default')
    body.insert(0, [block('paragraph', 'first'), block('paragraph', 'last')])
    const kept = Y.encodeStateAsUpdate(base)
    const lost = block('heading', 'lost before ')
    lost.setAttribute('level', '3')
    body.insert(1, [lost])
    const old = copyOf(base, OLD)
    const unacked = updatesOf(old, () => {
      const [, heading] = old.getXmlFragment('default').toArray() as Y.XmlElement[]
      const text = heading!.get(0) as Y.XmlText
      text.insert(text.length, 'typed')
      const [first] = old.getXmlFragment('default').toArray() as Y.XmlElement[]
      ;(first!.get(0) as Y.XmlText).insert(2, '-')
    })
    const node = load([kept])
    for (const update of reissue(old, OLD, unacked, node, NEW).updates) Y.applyUpdate(node, update)
    expect(node.getXmlFragment('default').toString()).toBe(
      '<paragraph>fi-rst</paragraph><heading level="3">typed</heading><paragraph>last</paragraph>',
    )
  })

  it('puts text whose neighbours are lost between those that are left', () => {
    const base = new Y.Doc()
    base.clientID = OTHERS[0]!
    const log = updatesOf(base, () => {
      base.getText('text').insert(0, 'begin end')
      base.getText('text').insert(5, ' lost')
    })
    const old = copyOf(base, OLD)
    const unacked = updatesOf(old, () => old.getText('text').insert(8, 'mine'))
    // Whatever the order of ids, which decides where neighbours say nothing.
    for (const client of [NEW, 3]) {
      const node = load(log.slice(0, 1))
      for (const update of reissue(old, OLD, unacked, node, client).updates) Y.applyUpdate(node, update)
      expect(node.getText('text').toString()).toBe('beginmine end')
    }
  })

  it('does not bring back what was deleted and kept only to be undone', () => {
    const base = new Y.Doc()
    base.clientID = OTHERS[0]!
    base.getText('text').insert(0, 'base')
    const old = copyOf(base, OLD)
    const text = old.getText('text')
    const undo = new Y.UndoManager(text, { captureTimeout: 0 })
    const unacked = updatesOf(old, () => {
      text.insert(4, ' one two')
      text.delete(4, 4)
      undo.undo()
      text.delete(0, 2)
    })
    const node = load([Y.encodeStateAsUpdate(base)])
    for (const update of reissue(old, OLD, unacked, node, NEW).updates) Y.applyUpdate(node, update)
    expect(node.getText('text').toString()).toBe(text.toString())
    expect(text.toString()).toBe('se one two')
  })

  it('maps ids to where they are now', () => {
    const old = new Y.Doc()
    old.clientID = OLD
    const unacked = updatesOf(old, () => old.getText('text').insert(0, 'hello'))
    const node = new Y.Doc()
    const work = reissue(old, OLD, unacked, node, NEW)
    expect(work.map(Y.createID(OLD, 3))).toEqual(Y.createID(NEW, 3))
    expect(work.map(Y.createID(77, 0))).toBeUndefined()
  })

  it('cuts a large amount into several updates', () => {
    const old = new Y.Doc()
    old.clientID = OLD
    const text = old.getText('text')
    const unacked = updatesOf(old, () => {
      for (let i = 0; i < 8; i++) text.insert(0, `${i}`.repeat(100_000))
    })
    const node = new Y.Doc()
    const { updates } = reissue(old, OLD, unacked, node, NEW)
    expect(updates.length).toBeGreaterThan(2)
    for (const update of updates) Y.applyUpdate(node, update)
    expect(node.getText('text').toString()).toBe(text.toString())
  })
})

describe('covers', () => {
  it('is false while an insertion or a deletion is missing', () => {
    const a = new Y.Doc()
    a.getText('text').insert(0, 'abc')
    const b = new Y.Doc()
    expect(covers(b, a)).toBe(false)
    Y.applyUpdate(b, Y.encodeStateAsUpdate(a))
    expect(covers(b, a)).toBe(true)
    a.getText('text').delete(1, 1)
    expect(covers(b, a)).toBe(false)
    expect(covers(a, b)).toBe(true)
    Y.applyUpdate(b, Y.encodeStateAsUpdate(a))
    expect(covers(b, a)).toBe(true)
  })
})
