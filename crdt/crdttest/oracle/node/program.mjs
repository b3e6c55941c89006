// Runs a program of steps on replicas and writes down what each step does.
// crdt's side of every rule here is in execute.go, observe.go and edit.go.
import * as Y from 'yjs'
import { plain, dump } from './dump.mjs'
import { edit, fragments } from './edit.mjs'
import * as format from './format2.mjs'
import { setTime } from './clock.mjs'
import { mark } from './mark.mjs'
import { withoutPlaces } from './markers.mjs'
import { watchPending } from './pending.mjs'
import { snap } from './snap.mjs'
import { Subdocs } from './subdoc.mjs'
import { Hooks, Undo } from './undo.mjs'
import { kind, Watches } from './watch.mjs'

// roots are the shared types at the top of each document, in the order in
// which edits find them.
const roots = [
  ['text', Y.Text],
  ['array', Y.Array],
  ['map', Y.Map],
  ['xml', Y.XmlFragment],
  ['element', Y.XmlElement],
  ['xmltext', Y.XmlText],
]

// rootsOf returns those of a program.
const rootsOf = ({ xmltext }) => (xmltext ? roots : roots.slice(0, -1))

export function runProgram({ program }, out) {
  const world = new World(program)
  for (const step of program.steps) {
    out.begin()
    world.run(step, out)
  }
}

class World {
  constructor(program) {
    this.log = [] // every update there ever was
    this.marks = [] // relative positions
    this.snaps = []
    this.roots = rootsOf(program)
    this.replicas = program.replicas.map((config) => new Replica(config, program.lazy ? [] : this.roots, this.log))
  }

  run(step, out) {
    const to = this.replicas[step.c]
    const from = this.replicas[step.f ?? 0]
    to.events = []
    to.watches.begin()
    to.by = step.origin ?? null
    if (step.at) setTime(step.at)
    this[step.k](step, to, from, out)
    to.observe(out)
  }

  edit(step, to) {
    to.doc.transact(() => {
      for (const op of step.ops) edit(to.definedRoots(), op, to.caret)
    }, step.origin ?? null)
  }

  deliver(step, to, from) {
    for (let i = 0; i < step.n; i++) {
      const update = this.next(to, from)
      if (update) to.apply(update, step.v2)
    }
  }

  skip(step, to, from) {
    this.next(to, from)
  }

  next(to, from) {
    const cursor = to.cursors.get(from) ?? 0
    if (cursor >= from.own.length) return null
    to.cursors.set(from, cursor + 1)
    return from.own[cursor]
  }

  old(step, to) {
    if (this.log.length > 0) to.apply(this.pick(step.p[0]), step.v2)
  }

  pick(p) {
    return this.log[p % this.log.length]
  }

  sync(step, to, from, out) {
    this.send(Y.encodeStateVector(to.doc), step, to, from, out)
  }

  part(step, to, from, out) {
    const third = this.replicas[step.p[0] % this.replicas.length]
    this.send(Y.encodeStateVector(third.doc), step, to, from, out)
  }

  cut(step, to, from, out) {
    this.send(cutStateVector(from.doc, step.p), step, to, from, out)
  }

  // send sends what a replica with the given state vector lacks.
  send(known, step, to, from, out) {
    const bytes = api(step).state(from.doc, known)
    out.field('sent', bytes)
    const update = new format.Update(bytes, step.v2)
    this.log.push(update)
    to.apply(update, step.v2)
  }

  merge(step, to, from, out) {
    if (this.log.length === 0) return
    this.docFree(api(step).merge(step.p.map((p) => this.pick(p).in(step.v2))), step, to, out)
  }

  diff(step, to, from, out) {
    if (this.log.length === 0) return
    const sv = cutStateVector(from.doc, step.p.slice(1))
    this.docFree(api(step).diff(this.pick(step.p[0]).in(step.v2), sv), step, to, out)
  }

  docFree(bytes, step, to, out) {
    out.field('made', bytes)
    format.look(bytes, step, out)
    const update = new format.Update(bytes, step.v2)
    this.log.push(update)
    if (step.n > 0) to.apply(update, step.v2)
  }

  raw(step, to) {
    const update = new format.Update(new Uint8Array(Buffer.from(step.s, 'hex')), step.raw2)
    this.log.push(update)
    if (step.n > 0) to.apply(update, step.v2)
  }

  reload(step, to) {
    to.reload(step.v2)
  }

  clone(step, to) {
    to.clone()
  }

  define(step, to) {
    to.define(this.roots[(step.t ?? 0) % this.roots.length])
  }

  setid(step, to) {
    to.id = to.doc.clientID = step.id
  }

  watch(step, to) {
    to.watches.some(step)
  }

  unwatch(step, to) {
    to.watches.stop(step)
  }

  undoopen(step, to) {
    to.undo.open(step)
  }

  undo(step, to) {
    to.undo.act(step)
  }

  // subdoc does operations without a transaction.
  subdoc(step, to) {
    for (const op of step.ops) edit(to.definedRoots(), op, to.caret)
  }

  mark(step, to, from, out) {
    mark(this.marks, step, to, from, out)
  }

  snap(step, to, from, out) {
    const { snaps, log } = this
    snap({ snaps, log, pick: (p) => this.pick(p) }, step, to, from, out)
  }

  converged(step, to, from, out) {
    const texts = this.replicas.map((r) => r.dump())
    out.field('converged', String(texts.every((t) => t === texts[0])))
  }
}

// api returns Yjs's functions for the format that a step is about.
const api = (step) => (step.v2 ? format.v2 : format.v1)

// cutStateVector returns a document's state vector with the clocks cut back:
// the i-th, in descending order of clients, by the i-th of cuts. No cuts leave
// it as it is.
function cutStateVector(doc, cuts) {
  if (cuts.length === 0) return Y.encodeStateVector(doc)
  const sv = [...Y.decodeStateVector(Y.encodeStateVector(doc))].sort((a, b) => b[0] - a[0])
  return Y.encodeStateVector(
    new Map(sv.map(([client, clock], i) => [client, cuts[i % cuts.length] % (clock + 1)])),
  )
}

class Replica {
  constructor(config, defined, log) {
    const { id, nogc, keep = 0 } = config
    this.keep = keep
    this.id = id
    this.gc = !nogc
    this.log = log
    this.own = [] // updates of local transactions, in order
    this.cursors = new Map() // replica -> how many of its own were delivered
    this.events = []
    this.caret = { at: 0 }
    this.defined = [...defined]
    this.watches = new Watches(this, config)
    this.undo = new Undo(this)
    this.hooks = config.hooks ? new Hooks() : null
    this.subdocs = new Subdocs()
    this.open()
    this.doc.clientID = id
  }

  open(fill = () => {}) {
    this.doc = new Y.Doc({ gc: this.gc, gcFilter: (item) => this.collects(item), guid: 'oracle' })
    watchPending(this.doc)
    fill()
    this.watches.reset()
    this.undo.reset()
    for (const type of this.definedRoots()) this.watches.root(type)
    this.hooks?.watch(this.doc)
    this.subdocs.watch(this.doc)
    this.doc.on('update', (bytes, origin, doc, transaction) => {
      const update = new format.Update(bytes, false)
      this.events.push({ update, local: transaction.local })
      this.log.push(update)
      if (transaction.local) this.own.push(update)
    })
    this.doc.on('updateV2', (bytes) => {
      this.log.at(-1).v2 = bytes
    })
  }

  // collects tells whether deleted content is not to be kept.
  collects(item) {
    const inText = this.defined[0] === roots[0] && Y.isParentOf(this.doc.getText('text'), item)
    return !((this.keep & 1 && inText) || (this.keep & 2 && item.id.client % 2 === 0))
  }

  // reload starts again from the encoded state, as after a restart.
  reload(v2) {
    const api = v2 ? format.v2 : format.v1
    const state = new format.Update(api.state(this.doc), v2)
    this.doc.destroy()
    this.hooks?.forget()
    this.open()
    this.watches.reactions = Infinity // there is no client id yet to edit under
    this.apply(state, v2)
    this.doc.clientID = this.id
  }

  // clone goes on with a copy of the document, in which no format marks are
  // deleted that are in the original: Yjs deletes some in what others made.
  clone() {
    const state = Y.encodeStateAsUpdateV2(this.doc)
    this.doc.destroy()
    this.hooks?.forget()
    this.open(() => {
      const makeLocal = (tr) => (tr.local = true)
      this.definedRoots()
      this.doc.on('beforeObserverCalls', makeLocal)
      Y.applyUpdateV2(this.doc, state)
      this.doc.off('beforeObserverCalls', makeLocal)
    })
    this.doc.clientID = this.id
  }

  define(root) {
    if (!this.defined.includes(root)) {
      this.defined.push(root)
      this.defined.sort((a, b) => roots.indexOf(a) - roots.indexOf(b))
      const type = this.doc.get(...root)
      withoutPlaces(type)
      this.watches.root(type)
      this.hooks?.forget() // defining some types is an empty transaction
    }
  }

  definedRoots() {
    return this.defined.map(([name, type]) => this.doc.get(name, type))
  }

  apply(update, v2) {
    const api = v2 ? format.v2 : format.v1
    api.apply(this.doc, update.in(v2), this.by)
    if (this.doc.clientID !== this.id) this.doc.clientID = this.id
  }

  dump() {
    return this.defined.map(([name], i) => `${name}=${dump(this.definedRoots()[i])}`).join('\n')
  }

  json() {
    const types = this.definedRoots()
    return this.defined.map(([name], i) => `${name}=${plain(types[i].toJSON(), true)}`).join('\n')
  }

  nodes() {
    const below = (xml) => [...xml.createTreeWalker(() => true)].map((node) => `${kind(node)} `).join('')
    return fragments(this.definedRoots()).map((xml) => `${below(xml)}\n`).join('')
  }

  observe(out) {
    for (const { update, local } of this.events) {
      out.field(local ? 'local update' : 'remote update', update.v1)
      out.field('the same in format 2', update.v2)
    }
    this.watches.write(out)
    this.undo.write(out)
    this.hooks?.write(out)
    this.subdocs.write(this.doc, out)
    out.field('state', Y.encodeStateAsUpdate(this.doc))
    out.field('state in format 2', Y.encodeStateAsUpdateV2(this.doc))
    out.field('state vector', Y.encodeStateVector(this.doc))
    const { pendingStructs, pendingDs } = this.doc.store
    out.field('pending', String(pendingStructs !== null || pendingDs !== null))
    out.field('contents', this.dump())
    out.field('json', this.json())
    out.field('nodes', this.nodes())
  }
}
