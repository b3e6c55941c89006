// Copies of types. crdt's side is in copy.go.
import * as Y from 'yjs'

const maxCopied = 60

// copy returns a copy of one of the types, or null for one that is too large or
// that Yjs would not copy as a whole.
export function copy(types, op, allBelow) {
  const source = types[(op.n ?? 0) % types.length]
  let size = 0
  for (const type of allBelow([source])) {
    size += 1 + (type instanceof Y.Map ? 0 : type.length) + keys(type).length
  }
  return size > maxCopied || !copyable(source) ? null : source.clone()
}

const keys = (type) => [...type._map.values()].filter((item) => !item.deleted)

// An embedded string becomes text when it is copied; Yjs has the halves of pairs
// in it at home, and U+FFFD elsewhere.
const isCut = (insert) => typeof insert === 'string' && !insert.isWellFormed()

function copyable(v) {
  if (!(v instanceof Y.AbstractType)) return !(v instanceof Y.Doc)
  if (v instanceof Y.Text) {
    return (
      keys(v).length === 0 &&
      v.toDelta().every(({ insert }) => insert !== null && !(insert instanceof Y.AbstractType) && !isCut(insert))
    )
  }
  if (v instanceof Y.Map) {
    return [...v.values()].every((e) => copyable(e) && !(v instanceof Y.XmlHook && e instanceof Y.AbstractType))
  }
  if (v instanceof Y.XmlElement) {
    const attributes = Object.values(v.getAttributes())
    if (attributes.some((e) => e instanceof Y.AbstractType || e instanceof Y.Doc)) return false
  }
  return v.toArray().every((e) => copyable(e) && e !== undefined && typeof e !== 'bigint')
}
