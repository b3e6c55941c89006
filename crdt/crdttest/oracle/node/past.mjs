// What shared types were at a snapshot. crdt's side is in execute_past.go.
import * as Y from 'yjs'
import { dump, plain } from './dump.mjs'

// past shows what a type was. Yjs splits runs where a snapshot ends within them
// only to show texts, so one is shown first.
export function past(doc, rootTypes, type, at) {
  const text = rootTypes.find((t) => t instanceof Y.Text)
  if (!at || !text) return ''
  return doc.transact(() => {
    text.toDelta(at)
    return dumpAt(type, at)
  }, 'cleanup')
}

// dumpAt writes down a value and, of shared types, what they were.
function dumpAt(v, at) {
  if (!(v instanceof Y.AbstractType)) return dump(v)
  if (v instanceof Y.Text) return `Text${keysAt(v, at)}`
  if (v instanceof Y.Map) return `Map${keysAt(v, at)}`
  const keys = v instanceof Y.XmlElement ? keysAt(v, at) : ''
  return `List${keys}[${Y.typeListToArraySnapshot(v, at).map((e) => dumpAt(e, at))}]`
}

function keysAt(type, at) {
  const all = Y.typeMapGetAllSnapshot(type, at)
  // What was collected shows as undefined.
  const keys = Object.keys(all).filter((k) => all[k] !== undefined)
  for (const k of keys) {
    if (!Object.is(Y.typeMapGetSnapshot(type, k, at), all[k])) throw new Error(`two values of ${k}`)
  }
  return `{${keys.sort().map((k) => `${plain(k)}:${dumpAt(all[k], at)}`)}}`
}
