import { afterEach, describe, expect, it } from 'vitest'
import { encodeAwarenessUpdate } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { DevMesh, DevNode, type DevNodeConfig } from '../../e2e/devnode'
import { Provider } from './provider'
import { ManualTimers, Network } from './testing/network'
import { seededRandom } from './testing/random'

const made: Provider[] = []
afterEach(() => {
  for (const p of made.splice(0)) p.destroy()
})

function setUp(config: DevNodeConfig = {}) {
  const mesh = new DevMesh()
  const node = new DevNode(mesh, { name: 'Ada', ...config })
  const { id } = node.create('Notes')
  const network = new Network()
  const timers = new ManualTimers()
  const page = () => {
    const provider = new Provider({ dial: () => network.dial(node, id), timers, random: () => 0.5 })
    made.push(provider)
    return provider
  }
  return { mesh, node, id, network, timers, page }
}

const body = (p: Provider) => p.doc.getText('text')
const type = (p: Provider, s: string, at = body(p).length) => body(p).insert(at, s)

describe('the first connection', () => {
  it('loads the document, then sets the client id, then makes awareness, then allows edits', async () => {
    const { node, id, network, page } = setUp()
    const p = page()
    expect(p.editable).toBe(false)
    await network.settle()
    const session = [...node.must(id).sessions.values()][0]!
    expect(p.state).toMatchObject({ connection: 'open', ready: true, role: 'owner', sent: 0, acked: 0 })
    expect(p.doc.clientID).toBe(session.client)
    expect(p.awareness?.clientID).toBe(session.client)
    expect(p.doc.getMap('meta').get('title')).toBe('Notes')
    expect(p.editable).toBe(true)
  })

  it('counts an edit as saved only when the node says so', async () => {
    const { node, id, network, page } = setUp()
    const p = page()
    await network.settle()
    type(p, 'hello')
    expect(p.state).toMatchObject({ sent: 1, acked: 0 })
    expect(p.unsaved).toBe(1)
    await network.settle()
    expect(p.state).toMatchObject({ sent: 1, acked: 1 })
    expect(p.unsaved).toBe(0)
    expect(node.must(id).doc.getText('text').toString()).toBe('hello')
  })

  it('brings two pages of one node together, text and presence', async () => {
    const { network, page } = setUp()
    const a = page()
    const b = page()
    await network.settle()
    a.setPresence('user', { name: 'Ada' })
    type(a, 'from a. ')
    type(b, 'from b. ')
    await network.settle()
    expect(body(a).toString()).toBe(body(b).toString())
    expect(body(a).length).toBe(16)
    expect(b.awareness!.getStates().get(a.doc.clientID)).toEqual({ user: { name: 'Ada' } })
    a.destroy()
    await network.settle()
    expect(b.awareness!.getStates().has(a.doc.clientID)).toBe(false)
  })

  it('tells on how many other devices the edits are', async () => {
    const { mesh, node, id, network, page } = setUp()
    const other = new DevNode(mesh, { name: 'Bob' })
    other.join(id)
    const p = page()
    await network.settle()
    type(p, 'x')
    await network.settle()
    expect(p.state.others).toEqual([{ device: other.device, name: 'Bob', through: 1 }])
    node.setOffline(true)
    type(p, 'y')
    await network.settle()
    expect(p.state).toMatchObject({ sent: 2, acked: 2, peers: 0 })
    expect(p.state.others[0]!.through).toBe(1)
    node.setOffline(false)
    await network.settle()
    expect(p.state.others[0]!.through).toBe(2)
  })
})

describe('a broken connection', () => {
  it('resumes the session and sends only what was not received', async () => {
    const { node, id, network, timers, page } = setUp()
    const p = page()
    await network.settle()
    const client = p.doc.clientID
    const doc = p.doc
    type(p, 'one ')
    await network.settle()
    type(p, 'two ')
    network.cut()
    expect(p.state.connection).toBe('connecting')
    type(p, 'three')
    expect(p.unsaved).toBe(2)
    timers.fire()
    await network.settle()
    expect(p.state).toMatchObject({ connection: 'open', sent: 3, acked: 3, generation: 1 })
    expect(p.doc).toBe(doc)
    expect(p.doc.clientID).toBe(client)
    expect(node.must(id).doc.getText('text').toString()).toBe('one two three')
  })

  it('takes what others wrote meanwhile', async () => {
    const { network, timers, page } = setUp()
    const a = page()
    const b = page()
    await network.settle()
    network.cut()
    type(a, 'A')
    timers.fire()
    await network.settle()
    type(b, 'B')
    await network.settle()
    expect(body(b).toString()).toBe(body(a).toString())
    expect(a.unsaved + b.unsaved).toBe(0)
  })

  it('says lost only after a moment, and counts what is only here', async () => {
    const { network, timers, page } = setUp()
    const p = page()
    await network.settle()
    network.up = false
    network.cut()
    type(p, 'kept')
    expect(p.state.connection).toBe('connecting')
    timers.fire()
    await network.settle()
    expect(p.state.connection).toBe('lost')
    expect(p.unsaved).toBe(1)
    expect(p.editable).toBe(true)
    network.up = true
    timers.fire()
    await network.settle()
    expect(p.state).toMatchObject({ connection: 'open', acked: 1 })
  })
})

describe('a node that restarts', () => {
  it('keeps the view when it has everything', async () => {
    const { node, network, timers, page } = setUp()
    const p = page()
    await network.settle()
    type(p, 'saved')
    await network.settle()
    const doc = p.doc
    const client = p.doc.clientID
    node.crash()
    await network.settle()
    timers.fire()
    await network.settle()
    expect(p.doc).toBe(doc)
    expect(p.doc.clientID).not.toBe(client)
    expect(p.awareness!.clientID).toBe(p.doc.clientID)
    expect(p.state).toMatchObject({ connection: 'open', sent: 0, generation: 1, presence: 2 })
    type(p, ' and more')
    await network.settle()
    expect(p.state).toMatchObject({ sent: 1, acked: 1 })
  })

  it('gets the edits that it lost once more, under the new client id', async () => {
    const { node, id, network, timers, page } = setUp()
    const p = page()
    await network.settle()
    node.fsyncMs = 0
    type(p, 'durable ')
    await network.settle()
    node.fsyncMs = 60_000
    type(p, 'lost by the node')
    body(p).delete(0, 3)
    await network.settle()
    expect(p.unsaved).toBe(2)
    const before = body(p).toString()
    node.crash()
    expect(node.must(id).doc.getText('text').toString()).toBe('durable ')
    type(p, ' and typed meanwhile')
    node.fsyncMs = 0
    await network.settle()
    timers.fire()
    await network.settle()
    expect(body(p).toString()).toBe(`${before} and typed meanwhile`)
    expect(node.must(id).doc.getText('text').toString()).toBe(`${before} and typed meanwhile`)
    expect(p.state).toMatchObject({ generation: 2, refused: undefined })
    expect(p.unsaved).toBe(0)
    type(p, '!')
    await network.settle()
    expect(p.unsaved).toBe(0)
  })

  it('is not given twice what it had stored before the acknowledgement was lost', async () => {
    const { node, id, network, timers, page } = setUp()
    const p = page()
    await network.settle()
    type(p, 'once')
    // Let the node store it, then lose the acknowledgement.
    const session = [...node.must(id).sessions.values()][0]!
    const send = session.port!.send.bind(session.port)
    session.port!.send = (f) => (typeof f === 'string' && f.includes('"ack"') ? undefined : send(f))
    node.forgetSessions = true
    await network.settle()
    network.cut()
    node.crash()
    await network.settle()
    timers.fire()
    await network.settle()
    expect(body(p).toString()).toBe('once')
    expect(node.must(id).doc.getText('text').toString()).toBe('once')
    expect(p.unsaved).toBe(0)
  })

  it('F13: no schedule of typing, cuts, crashes and late fsyncs loses a character or doubles one', async () => {
    const seed = Number(process.env.SEED ?? Date.now() % 1e9)
    const random = seededRandom(seed)
    const rounds = Number(process.env.ROUNDS ?? 40)
    for (let round = 0; round < rounds; round++) {
      const about = `seed ${seed} round ${round}`
      const disk: (() => void)[] = []
      const flush = (most: number) => disk.splice(0, most).forEach((store) => store())
      const { node, id, network, timers, page } = setUp({ disk: (store) => disk.push(store) })
      const pages = [page(), page()]
      const typed: string[] = []
      const saved = new Set<string>()
      // What a page shows as saved at this moment must be there after any crash.
      const settle = async () => {
        await network.settle()
        for (const p of pages) if (p.unsaved === 0) ownWords(p, typed).forEach((word) => saved.add(word))
      }
      const crash = () => {
        node.crash()
        disk.length = 0
        const stored = node.must(id).doc.getText('text').toString()
        for (const word of saved) expect(stored, `${about}: ${word} was shown as saved`).toContain(word)
      }
      const recover = async () => {
        for (let i = 0; i < 8; i++) {
          timers.fire()
          await settle()
          flush(Infinity)
          await settle()
        }
      }
      await settle()
      flush(Infinity)
      await settle()
      for (let step = 0; step < 80; step++) {
        const p = pages[step % 2]!
        const r = random()
        if (r < 0.5 && p.editable) {
          const word = `<${round}.${step}>`
          typed.push(word)
          type(p, word, wordBoundary(body(p).toString(), random))
        } else if (r < 0.67) await settle()
        else if (r < 0.78) {
          flush(random() < 0.5 ? 3 : Infinity)
          if (random() < 0.5) await settle()
        } else if (r < 0.82) network.cut()
        else if (r < 0.86) crash()
        else if (r < 0.9) node.forgetSessions = random() < 0.5
        else timers.fire()
      }
      await recover()
      expect(saved.size, `${about}: all is shown as saved in the end`).toBe(typed.length)
      crash()
      await recover()
      const text = node.must(id).doc.getText('text').toString()
      for (const p of pages) {
        expect(body(p).toString(), about).toBe(text)
        expect(p.unsaved, about).toBe(0)
      }
      for (const word of typed) expect(text.split(word).length, `${about}: ${word} once`).toBe(2)
      for (const p of pages) p.destroy()
    }
  })
})

describe('refusals', () => {
  it('keeps what a full disk refused, says so, and sends it when there is room', async () => {
    const { node, id, network, timers, page } = setUp()
    const p = page()
    await network.settle()
    node.refuse = { code: 'full', message: 'The disk is full.' }
    type(p, 'a')
    await network.settle()
    type(p, 'b')
    await network.settle()
    expect(p.state.refused).toEqual({ code: 'full', message: 'The disk is full.' })
    expect(p.unsaved).toBe(2)
    timers.fire()
    await network.settle()
    expect(p.state.refused?.code).toBe('full')
    node.refuse = undefined
    timers.fire()
    await network.settle()
    expect(p.state.refused).toBeUndefined()
    expect(p.unsaved).toBe(0)
    expect(node.must(id).doc.getText('text').toString()).toBe('ab')
  })

  it('starts a new session when node and page disagree, and issues again what was not taken', async () => {
    const { node, id, network, timers, page } = setUp()
    const p = page()
    await network.settle()
    type(p, 'taken ')
    await network.settle()
    const client = p.doc.clientID
    node.refuse = { code: 'bad_request', message: 'It starts at the wrong clock.' }
    type(p, 'refused ')
    await network.settle()
    type(p, 'typed since')
    expect(p.state.refused?.code).toBe('bad_request')
    expect(p.unsaved).toBe(2)
    node.refuse = undefined
    timers.fire(200)
    await network.settle()
    expect(p.doc.clientID).not.toBe(client)
    expect(p.state.refused).toBeUndefined()
    expect(p.unsaved).toBe(0)
    expect(node.must(id).doc.getText('text').toString()).toBe('taken refused typed since')
  })

  it('stops when the role no longer allows it, and keeps the text', async () => {
    const { node, network, timers, page } = setUp()
    const p = page()
    await network.settle()
    node.refuse = { code: 'read_only', message: 'You may read this document but not change it.' }
    type(p, 'mine')
    await network.settle()
    timers.fire()
    await network.settle()
    expect(p.state.refused?.code).toBe('read_only')
    expect(body(p).toString()).toBe('mine')
    expect(p.unsaved).toBe(1)
  })

  it('never edits under an id that Yjs changed', async () => {
    const { node, id, network, timers, page } = setUp()
    const p = page()
    await network.settle()
    const client = p.doc.clientID
    type(p, 'mine ')
    await network.settle()
    // Somebody else writes under this session's id.
    const thief = new Y.Doc()
    Y.applyUpdate(thief, Y.encodeStateAsUpdate(p.doc))
    thief.clientID = client
    const before = Y.encodeStateVector(thief)
    thief.getText('text').insert(0, 'theirs ')
    Y.applyUpdate(node.must(id).doc, Y.encodeStateAsUpdate(thief, before))
    const session = [...node.must(id).sessions.values()][0]!
    node.docs.get(id)!.sessions.delete(session.id)
    const frame = Y.encodeStateAsUpdate(thief, before)
    session.port!.send(new Uint8Array([0, 2, frame.length, ...frame]))
    await network.settle()
    type(p, 'typed at once ')
    expect(p.unsaved).toBe(1)
    timers.fire()
    await network.settle()
    expect(p.doc.clientID).not.toBe(client)
    const text = node.must(id).doc.getText('text').toString()
    expect(text).toContain('typed at once ')
    expect(text).toContain('theirs ')
    expect(body(p).toString()).toBe(text)
    expect(p.unsaved).toBe(0)
  })

  it('asks for a new connection after a frame that it cannot read', async () => {
    const { node, id, network, timers, page } = setUp()
    const p = page()
    await network.settle()
    const port = [...node.must(id).sessions.values()][0]!.port!
    port.send(new Uint8Array([0, 2, 200]))
    await network.settle()
    timers.fire()
    await network.settle()
    expect(p.state.connection).toBe('open')
    expect(encodeAwarenessUpdate(p.awareness!, [p.doc.clientID]).length).toBeGreaterThan(0)
  })
})

/** Words that a page typed itself: only for these does its status speak. */
function ownWords(p: Provider, typed: string[]): string[] {
  const even = p === made.at(-2)
  const shown = body(p).toString()
  return typed.filter(
    (word) => (Number(/\.(\d+)>/.exec(word)![1]) % 2 === 0) === even && shown.includes(word),
  )
}

/** A place between two words, so that each word stays whole. */
function wordBoundary(text: string, random: () => number): number {
  const places = [0, ...[...text.matchAll(/>/g)].map((m) => m.index + 1)]
  return places[Math.floor(random() * places.length)]!
}
