// Edits: one operation on one shared type. Types and positions are given as
// numbers that are reduced to what exists, so that a program stays valid when
// parts of it are left out.
import * as Y from 'yjs'
import './markers.mjs'
import { copy } from './copy.mjs'
import { subdocsIn } from './subdoc.mjs'
import { toAttributes, toValue } from './values.mjs'

// edit does op on one of the types below the given roots. caret.at is where
// the replica's last edit ended.
export function edit(rootTypes, op, caret) {
  const [family, run] = edits[op.k]
  let targets = find(rootTypes, family)
  if (op.in) targets = targets.filter((type) => !rootTypes.includes(type))
  if (targets.length > 0) run(targets[(op.t ?? 0) % targets.length], op, caret, rootTypes)
}

// Positions with a meaning of their own.
const atEnd = -1
const atCaret = -2

// place returns an index at which to insert.
function place(length, op, caret) {
  const i = op.i ?? 0
  if (i === atEnd) return length
  if (i === atCaret) return Math.min(caret.at, length)
  return i % (length + 1)
}

// insertAt returns an index at which to insert so many units, and moves the
// caret behind them.
function insertAt(length, op, caret, units) {
  const at = place(length, op, caret)
  caret.at = at + units
  return at
}

// range returns a non-empty range, or null for an empty type. At the end and
// the caret it is what stands before them.
function range(length, op, caret) {
  if (length === 0) return null
  const max = op.m ?? length
  if ((op.i ?? 0) < 0) {
    const end = Math.max(1, place(length, op, caret))
    const n = 1 + ((op.n ?? 0) % Math.min(end, max))
    return [(caret.at = end - n), n]
  }
  const start = op.i ?? 0
  caret.at = start % length
  return [caret.at, 1 + ((op.n ?? 0) % Math.min(length - caret.at, max))]
}

function deleteRange(type, op, caret) {
  const r = range(type.length, op, caret)
  if (r) type.delete(...r)
}

function insertValues(type, op, caret) {
  type.insert(insertAt(type.length, op, caret, op.v.length), values(op))
}

const values = (op) => op.v.map(toValue)

// copyInto puts a copy of one of the types into another.
function copyInto(into, op, caret, rootTypes) {
  const copied = copy(allTypes(rootTypes), op, allTypes)
  if (copied === null) return
  if (into instanceof Y.Map) into.set(op.key, copied)
  else if (into instanceof Y.Text) into.insertEmbed(insertAt(into.length, op, caret, 1), copied, {})
  else into.insert(insertAt(into.length, op, caret, 1), [copied])
}

// scatter calls insert at many places all over a type, and remove at some.
function scatter(type, op, insert, remove) {
  let x = op.i ?? 0
  for (let n = 0; n < op.n; n++) {
    x = (x * 1103 + 12345) % 65536
    if (x % 4 === 0 && type.length > 0) remove(x % type.length)
    else insert(x % (type.length + 1), n)
  }
}

function scatterText(t, op) {
  const attributes = () => (op.a ? toAttributes(op.a) : undefined)
  scatter(
    t,
    op,
    (at) => t.insert(at, op.s, attributes()),
    (at) => t.delete(at, 1),
  )
}

function scatterValues(t, op) {
  scatter(
    t,
    op,
    (at, n) => t.insert(at, [n]),
    (at) => t.delete(at, 1),
  )
}

function scatterKeys(t, op) {
  for (let n = 0, x = op.i ?? 0; n < op.n; n++) {
    x = (x * 1103 + 12345) % 65536
    if (x % 4 === 0) t.delete(`k${x % 300}`)
    else t.set(`k${x % 300}`, n)
  }
}

// drop deletes a type from the one that it is in.
function drop(from, op) {
  const list = children(from)
  const { at } = list[(op.n ?? 0) % list.length]
  if (from instanceof Y.Map) from.delete(at)
  else from.delete(at, 1)
}

function chosenSubdoc(type, op) {
  const list = subdocsIn(type)
  return list[(op.n ?? 0) % list.length]
}

const edits = {
  'text.insert': ['text', (t, op, caret) => t.insert(insertAt(t.length, op, caret, op.s.length), op.s)],
  'text.insert formatted': [
    'text',
    (t, op, caret) => t.insert(insertAt(t.length, op, caret, op.s.length), op.s, toAttributes(op.a)),
  ],
  'text.embed': [
    'text',
    (t, op, caret) => t.insertEmbed(insertAt(t.length, op, caret, 1), toValue(op.v[0]), toAttributes(op.a)),
  ],
  'text.repeat': [
    'text',
    (t, op, caret) => t.insert(insertAt(t.length, op, caret, op.s.length * op.n), op.s.repeat(op.n)),
  ],
  'text.scatter': ['text', scatterText],
  'text.delete': ['text', deleteRange],
  'text.format': [
    'text',
    (t, op, caret) => {
      const r = range(t.length, op, caret)
      if (r) t.format(...r, toAttributes(op.a))
    },
  ],
  'text.delta': ['text', (t, op) => t.applyDelta(delta(t.length, op.d))],
  'text.set attribute': ['text', (t, op) => t.setAttribute(op.key, toValue(op.v[0]))],
  'text.remove attribute': ['text', (t, op) => t.removeAttribute(op.key)],
  'array.insert': ['array', insertValues],
  'array.push': ['array', (t, op) => t.push(values(op))],
  'array.scatter': ['array', scatterValues],
  'array.delete': ['array', deleteRange],
  'map.set': ['map', (t, op) => t.set(op.key, toValue(op.v[0]))],
  'map.delete': ['map', (t, op) => t.delete(op.key)],
  'map.scatter': ['map', scatterKeys],
  'map.clear': ['map', (t) => t.clear()],
  'xml.insert': ['xml', insertValues],
  'xml.insert after': [
    'xml',
    (t, op) => {
      const i = (op.i ?? 0) % (t.length + 1)
      const ref = i > 0 ? t.get(i - 1) : null
      t.insertAfter(ref instanceof Y.AbstractType ? ref : null, values(op))
    },
  ],
  'xml.delete': ['xml', deleteRange],
  'xml.set attribute': ['element', (t, op) => t.setAttribute(op.key, toValue(op.v[0]))],
  'xml.remove attribute': ['element', (t, op) => t.removeAttribute(op.key)],
  copy: ['any', copyInto],
  drop: ['holder', drop],
  'subdoc.load': ['subdocs', (t, op) => chosenSubdoc(t, op).load()],
  'subdoc.destroy': ['subdocs', (t, op) => chosenSubdoc(t, op).destroy()],
}

// delta reduces the lengths in a delta to what a text of this length has.
function delta(length, parts) {
  const ops = []
  for (const part of parts) {
    const attributes = part.a ? toAttributes(part.a) : undefined
    if (part.k === 'insert') {
      ops.push({ insert: toValue(part.v), attributes })
      continue
    }
    const n = (part.n ?? 0) % (length + 1)
    if (n === 0) continue
    length -= n
    ops.push(part.k === 'retain' ? { retain: n, attributes } : { delete: n })
  }
  return ops
}

// find returns the live types of a family, parents before children.
function find(rootTypes, family) {
  const found = []
  const visit = (type) => {
    if (families[family](type)) found.push(type)
    for (const child of children(type)) visit(child.type)
  }
  rootTypes.forEach(visit)
  return found
}

// children returns the types that are directly inside a type, each with its
// index or key.
function children(type) {
  const list = []
  const add = (v, at) => {
    if (v instanceof Y.AbstractType) list.push({ type: v, at })
  }
  if (type instanceof Y.Text) {
    let at = 0
    for (const { insert } of type.toDelta()) {
      add(insert, at)
      at += typeof insert === 'string' ? insert.length : 1
    }
  } else if (type instanceof Y.Map) {
    for (const key of [...type.keys()].sort()) add(type.get(key), key)
  } else {
    type.toArray().forEach(add)
  }
  return list
}

// holders returns the types with others inside, with those.
export const holders = (rootTypes) => find(rootTypes, 'holder').map((type) => ({ type, inside: children(type) }))

// fragments returns all live XML fragments and elements.
export const fragments = (rootTypes) => find(rootTypes, 'xml')

// allTypes returns all live types below the given roots.
export const allTypes = (rootTypes) => find(rootTypes, 'any')

const families = {
  any: () => true,
  text: (v) => v instanceof Y.Text,
  array: (v) => v instanceof Y.Array,
  map: (v) => v instanceof Y.Map,
  xml: (v) => v instanceof Y.XmlFragment,
  element: (v) => v instanceof Y.XmlElement,
  holder: (v) => children(v).length > 0,
  subdocs: (v) => subdocsIn(v).length > 0,
}
