// Undoing, and the hooks around transactions, written down. crdt's side is in
// execute_undo.go.
import * as Y from 'yjs'
import { allTypes, holders } from './edit.mjs'

// What an UndoManager is made with, as bits.
const neverDelete = 1 // types are not deleted by undoing
const remoteMap = 2
const localOnly = 4
const originA = 8
const originB = 16
const everything = 32 // the scope is the document
const around = 64 // the scope is a type with others inside,
const inside = 128 // or one of those

export class Undo {
  constructor(replica) {
    this.replica = replica
    this.reset()
  }

  // reset forgets all managers, because the document was opened anew.
  reset() {
    this.managers = []
    this.count = 0
    this.seen = []
  }

  // open starts a manager: n says how, p are its scope, i is the timeout.
  open({ n = 0, p }) {
    const { doc } = this.replica
    const types = allTypes(this.replica.definedRoots())
    if (types.length === 0) return
    const [timeout, ...picks] = p
    const scope = n & everything ? doc : (this.nested(n, picks) ?? picks.map((i) => types[i % types.length]))
    const options = { captureTimeout: timeout % 1000, ignoreRemoteMapChanges: (n & remoteMap) > 0 }
    const origins = new Set(n & originA || !(n & originB) ? [null] : [])
    if (n & originB) origins.add('b')
    options.trackedOrigins = origins
    if (n & neverDelete) options.deleteFilter = (item) => !(item.content instanceof Y.ContentType) || item.length % 2 === 0
    if (n & localOnly) options.captureTransaction = (tr) => tr.local
    const um = new Y.UndoManager(scope, options)
    const id = this.count++
    const note = (what) => (e) => {
      if (what === 'added') e.stackItem.meta.set('at', this.count + e.stackItem.insertions.clients.size)
      this.seen.push(
        `undo ${id}: ${what} ${e.type} ${set(e.stackItem.insertions)} ${set(e.stackItem.deletions)} ${e.stackItem.meta.get('at')} ${types.map((t) => (e.changedParentTypes.has(t) ? 1 : 0)).join('')}`,
      )
    }
    for (const what of ['added', 'updated', 'popped']) um.on(`stack-item-${what}`, note(what))
    um.on('stack-cleared', (e) => this.seen.push(`undo ${id}: cleared ${e.undoStackCleared} ${e.redoStackCleared}`))
    this.managers.push(um)
  }

  // nested returns a scope around or inside another type, if there is one.
  nested(n, picks) {
    const all = holders(this.replica.definedRoots())
    if (!(n & (around | inside)) || all.length === 0) return null
    const holder = all[picks[0] % all.length]
    const child = holder.inside[picks[1 % picks.length] % holder.inside.length]
    return [...(n & around ? [holder.type] : []), ...(n & inside ? [child.type] : [])]
  }

  // act does something with a manager: n says what.
  act({ n = 0, p }) {
    if (this.managers.length === 0) return
    const um = this.managers[p[0] % this.managers.length]
    switch (n) {
      case 0:
        this.seen.push(`undone ${um.undo() !== null}`)
        break
      case 1:
        this.seen.push(`redone ${um.redo() !== null}`)
        break
      case 2:
        um.clear(p[1 % p.length] % 3 !== 0, p[1 % p.length] % 3 !== 1)
        break
      case 3:
        um.stopCapturing()
        break
      case 4: {
        const types = allTypes(this.replica.definedRoots())
        if (types.length > 0) um.addToScope(types[p[1 % p.length] % types.length])
        break
      }
      case 6:
        um.addTrackedOrigin([null, 'b'][p[1 % p.length] % 2])
        break
      case 7:
        um.removeTrackedOrigin([null, 'b'][p[1 % p.length] % 2])
        break
      case 5:
        um.destroy()
        this.managers.splice(this.managers.indexOf(um), 1)
        break
    }
  }

  write(out) {
    this.managers.forEach((um, i) => this.seen.push(`stacks ${i}: ${um.undoStack.length} ${um.redoStack.length}`))
    if (this.seen.length > 0) out.field('undo', this.seen.join('\n'))
    this.seen = []
  }
}

// Hooks write down what the hooks of a document are told, in order.
export class Hooks {
  constructor() {
    this.seen = []
  }

  watch(doc) {
    const note = (name) => (tr) => this.seen.push(`${name} ${describe(tr)}`)
    doc.on('beforeAllTransactions', () => this.seen.push('before all'))
    doc.on('beforeTransaction', note('before'))
    doc.on('beforeObserverCalls', note('observers'))
    doc.on('afterTransaction', note('after'))
    doc.on('afterTransactionCleanup', note('cleanup'))
    doc.on('update', () => this.seen.push('update'))
    doc.on('subdocs', ({ loaded, added, removed }) => this.seen.push(`subdocs ${guids(loaded)} ${guids(added)} ${guids(removed)}`))
    doc.on('afterAllTransactions', () => this.seen.push('after all'))
  }

  forget() {
    this.seen = []
  }

  write(out) {
    if (this.seen.length > 0) out.field('hooks', this.seen.join('\n'))
    this.seen = []
  }
}

const guids = (docs) => `[${[...docs].map((d) => d.guid).join(',')}]`

function describe(tr) {
  const origin = typeof tr.origin === 'string' ? tr.origin : tr.origin === null ? '' : 'other'
  return `${origin} ${tr.local} ${state(tr.beforeState)} ${state(tr.afterState)} ${set(tr.deleteSet)}`
}

const state = (sv) =>
  [...sv]
    .sort((a, b) => a[0] - b[0])
    .map(([client, clock]) => `${client}:${clock}`)
    .join(',')

// set writes a set of units, normalized.
function set(ds) {
  const parts = []
  for (const [client, ranges] of [...ds.clients].sort((a, b) => a[0] - b[0])) {
    let last = null
    for (const { clock, len } of [...ranges].sort((a, b) => a.clock - b.clock)) {
      if (last && last[1] >= clock) last[1] = Math.max(last[1], clock + len)
      else parts.push((last = [clock, clock + len, client]))
    }
  }
  return `{${parts.map(([from, to, client]) => `${client}[${from},${to})`).join(' ')}}`
}
