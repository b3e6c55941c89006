// Relative positions, made and looked up. crdt's side is in execute_mark.go.
import * as Y from 'yjs'
import { allTypes } from './edit.mjs'

const kept = 12

// mark makes a relative position in one of the types of to, and looks up those
// that there are in both replicas.
export function mark(marks, { p, s = '', n = 0 }, to, from, out) {
  const choice = (i) => p[i % p.length]
  const seen = []
  const types = allTypes(to.definedRoots())
  if (types.length > 0) {
    const type = types[choice(0) % types.length]
    const length = type instanceof Y.Map ? 0 : type.length
    let made = Y.createRelativePositionFromTypeIndex(type, choice(1) % (length + 1), n)
    const bytes = Y.encodeRelativePosition(made)
    const text = JSON.stringify(Y.relativePositionToJSON(made))
    seen.push(`mark ${Buffer.from(bytes).toString('hex')} ${text}`)
    for (const other of marks) seen.push(`equal ${Y.compareRelativePositions(made, other)}`)
    if (choice(2) % 3 === 1) made = Y.decodeRelativePosition(bytes)
    if (choice(2) % 3 === 2) made = Y.createRelativePositionFromJSON(JSON.parse(text))
    marks.push(made)
  }
  if (s) marks.push(Y.decodeRelativePosition(new Uint8Array(Buffer.from(s, 'hex'))))
  marks.splice(0, Math.max(0, marks.length - kept))
  for (const replica of [to, from]) {
    for (const m of marks) seen.push(`${resolve(replica, m, true)} ${resolve(replica, m, false)}`)
  }
  out.field('positions', seen.join('\n'))
}

function resolve(replica, position, follow) {
  const at = Y.createAbsolutePositionFromRelativePosition(position, replica.doc, follow)
  if (at === null) return 'null'
  const i = allTypes(replica.definedRoots()).indexOf(at.type)
  return `${name(at.type)}${i < 0 ? '' : `#${i}`}:${at.index}:${at.assoc}`
}

// The classes, those that extend others first.
const names = [
  [Y.XmlText, 'XmlText'],
  [Y.Text, 'Text'],
  [Y.Array, 'Array'],
  [Y.XmlHook, 'Hook'],
  [Y.Map, 'Map'],
  [Y.XmlElement, 'Element'],
  [Y.XmlFragment, 'Fragment'],
]

const name = (type) => names.find(([kind]) => type instanceof kind)?.[1] ?? 'root'
