// Observers: what observe and observeDeep report, written down. crdt's side is
// in execute_watch.go.
import * as Y from 'yjs'
import { dump } from './dump.mjs'
import { allTypes, edit } from './edit.mjs'

// What a watch does, as bits.
const deep = 1
const deltas = 2

export class Watches {
  constructor(replica, { watch = 0, react = [] }) {
    this.replica = replica
    this.onRoots = watch
    this.react = react
    this.begin()
    this.reset()
  }

  // reset forgets all watches, because the document was opened anew.
  reset() {
    this.list = []
    this.count = 0
  }

  // begin starts a step.
  begin() {
    this.seen = []
    this.reactions = 0
  }

  // root watches a root type as the program says.
  root(type) {
    if (this.onRoots & 1) this.add(type, this.onRoots & 4 ? deltas : 0)
    if (this.onRoots & 2) this.add(type, deep | (this.onRoots & 4 ? deltas : 0))
  }

  add(type, how) {
    const id = this.count++
    const f = (event) => {
      const events = how & deep ? event : [event]
      this.seen.push(`watch ${id}: ${events.length}`)
      for (const e of events) this.seen.push(describe(e, how))
      // Not in an own observer: until those of all changed types were called,
      // Yjs may take indexes from markers that the transaction made wrong.
      if (how & deep && this.reactions < this.react.length) {
        const op = this.react[this.reactions++]
        const { doc, caret } = this.replica
        doc.transact(() => edit(this.replica.definedRoots(), op, caret))
      }
    }
    if (how & deep) type.observeDeep(f)
    else type.observe(f)
    this.list.push(() => (how & deep ? type.unobserveDeep(f) : type.unobserve(f)))
  }

  // some watches one of all live types.
  some({ p, n = 0 }) {
    const types = allTypes(this.replica.definedRoots())
    if (types.length > 0) this.add(types[p[0] % types.length], n)
  }

  // stop ends one of the watches.
  stop({ p }) {
    if (this.list.length > 0) this.list.splice(p[0] % this.list.length, 1)[0]()
  }

  write(out) {
    if (this.seen.length > 0) out.field('events', this.seen.join('\n'))
  }
}

function describe(event, how) {
  const subs = [...event.transaction.changed.get(event.target)]
  const parts = [
    `  ${kind(event.target)} in ${kind(event.currentTarget)}`,
    `path ${event.path.map((step) => JSON.stringify(step)).join('/')}`,
    `children ${subs.includes(null)}`,
    `changed ${subs.filter((s) => s !== null).map((s) => JSON.stringify(s))}`,
    `keys ${[...event.keys].map(([k, { action, oldValue }]) => `${JSON.stringify(k)}:${action}:${dump(oldValue)}`)}`,
  ]
  if (how & deltas) parts.push(`units ${units(event)}`, `delta ${event.changes.delta.map(part).join(',')}`)
  return parts.join(' ')
}

// units tells of units at the borders of what a transaction wrote and deleted
// whether it did so.
function units(event) {
  const { beforeState, afterState, deleteSet } = event.transaction
  const parts = []
  const tell = (client, clock) => {
    const struct = { id: { client, clock } }
    if (clock >= 0 && clock < (afterState.get(client) ?? 0)) {
      parts.push(`${client}:${clock} ${event.adds(struct)} ${event.deletes(struct)};`)
    }
  }
  for (const [client, after] of [...afterState].sort((a, b) => a[0] - b[0])) {
    const before = beforeState.get(client) ?? 0
    for (const clock of [0, before - 1, before, after - 1]) tell(client, clock)
  }
  for (const [client, ranges] of [...deleteSet.clients].sort((a, b) => a[0] - b[0])) {
    for (const { clock, len } of ranges) {
      tell(client, clock)
      tell(client, clock + len)
    }
  }
  return parts.join('')
}

function part({ insert, retain, delete: gone, attributes }) {
  let text
  if (retain !== undefined) text = `=${retain}`
  else if (gone !== undefined) text = `-${gone}`
  else if (Array.isArray(insert)) text = `+[${insert.map(dump).join(',')}]`
  else text = `+${dump(insert)}`
  if (attributes === undefined) return text
  const keys = Object.keys(attributes).sort()
  return `${text}{${keys.map((k) => `${JSON.stringify(k)}:${dump(attributes[k])}`)}}`
}

export function kind(type) {
  if (type instanceof Y.XmlText) return 'XmlText'
  if (type instanceof Y.Text) return 'Text'
  if (type instanceof Y.Array) return 'Array'
  if (type instanceof Y.XmlHook) return 'Hook'
  if (type instanceof Y.Map) return 'Map'
  if (type instanceof Y.XmlElement) return 'Element'
  return 'Fragment'
}
