// Writes down what a document shows, in a form that Go writes down too.
import * as Y from 'yjs'

// dump returns a shared type or plain value as text: the order of the keys of
// maps and attributes is left out, everything else is in.
export function dump(v) {
  if (v instanceof Y.XmlText) return `XmlText${attributes(v.getAttributes())}${delta(v)}`
  if (v instanceof Y.Text) return `Text${attributes(v.getAttributes())}${delta(v)}`
  if (v instanceof Y.Array) return `Array${v.length}[${v.toArray().map(dump).join(',')}]`
  if (v instanceof Y.XmlHook) return `Hook ${quote(v.hookName)}${entries(v)}`
  if (v instanceof Y.Map) return `Map${entries(v)}`
  if (v instanceof Y.XmlElement) {
    return `Element ${quote(v.nodeName)}${attributes(v.getAttributes())}${v.length}[${v.toArray().map(dump).join(',')}]`
  }
  if (v instanceof Y.XmlFragment) return `Fragment${v.length}[${v.toArray().map(dump).join(',')}]`
  if (v instanceof Y.Doc) return `Doc(${quote(v.guid)},${v.autoLoad},${v.gc},${dump(v.meta ?? undefined)})`
  return plain(v)
}

// plain returns a plain value as text, for both dump and toJSON results.
export function plain(v, sorted = false) {
  switch (typeof v) {
    case 'undefined':
      return 'undefined'
    case 'boolean':
      return String(v)
    case 'number':
      return `#${float64Hex(v)}`
    case 'bigint':
      return `${v}n`
    case 'string':
      return quote(v)
  }
  if (v === null) return 'null'
  if (v instanceof Uint8Array) return `x${Buffer.from(v).toString('hex')}`
  if (Array.isArray(v)) return `[${v.map((e) => plain(e, sorted)).join(',')}]`
  if (v instanceof Y.Doc) return '{}'
  const keys = Object.keys(v)
  if (sorted) keys.sort()
  return `{${keys.map((k) => `${quote(k)}:${plain(v[k], sorted)}`).join(',')}}`
}

function entries(map) {
  const keys = [...map.keys()].sort()
  return `${map.size}{${keys.map((k) => `${quote(k)}:${dump(map.get(k))}`).join(',')}}`
}

function attributes(object) {
  const keys = Object.keys(object).sort()
  return `{${keys.map((k) => `${quote(k)}:${dump(object[k])}`).join(',')}}`
}

function delta(text) {
  const ops = text.toDelta()
  const all = `${text.length}[${runs(ops)}]`
  // Other values in a text count, but are in no delta.
  if (ops.reduce((n, op) => n + unitsOf(op), 0) !== text.length) return all
  const from = Math.floor(text.length / 3)
  return `${all}[${runs(range(ops, from, from + Math.floor(text.length / 2)))}]`
}

const runs = (ops) => ops.map((op) => dump(op.insert) + (op.attributes ? attributes(op.attributes) : '')).join(',')

const unitsOf = ({ insert }) => (typeof insert === 'string' ? insert.length : 1)

// range returns what of a delta is between two units, half a pair as U+FFFD.
function range(ops, from, to) {
  const parts = []
  let at = 0
  for (const op of ops) {
    const [start, end] = [Math.max(from - at, 0), Math.min(to - at, unitsOf(op))]
    at += unitsOf(op)
    if (start >= end) continue
    // Only what is cut: an embed may be half a pair, too.
    const whole = start === 0 && end === unitsOf(op)
    parts.push({ ...op, insert: whole ? op.insert : op.insert.slice(start, end).toWellFormed() })
  }
  return parts
}

const quote = (s) => JSON.stringify(s)

const view = new DataView(new ArrayBuffer(8))
function float64Hex(f) {
  view.setFloat64(0, f)
  return view.getBigUint64(0).toString(16)
}
