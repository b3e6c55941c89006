// What a document tells of its subdocuments, written down. crdt's side is in
// execute_subdoc.go.
import * as Y from 'yjs'

export class Subdocs {
  watch(doc) {
    this.seen = []
    doc.on('subdocs', ({ loaded, added, removed }) =>
      this.seen.push(`loaded ${describeAll(loaded)} added ${describeAll(added)} removed ${describeAll(removed)}`),
    )
  }

  write(doc, out) {
    const entries = [...doc.getSubdocs()].map(describe).sort()
    if (this.seen.length + entries.length > 0) out.field('subdocuments', [...this.seen, ...entries].join('\n'))
    this.seen = []
  }
}

const describeAll = (docs) => `[${[...docs].map(describe).join(',')}]`

const describe = (doc) => `${doc.guid} ${doc.autoLoad} ${doc.shouldLoad}`

// subdocsIn returns the subdocuments that are directly inside an array or a map.
export function subdocsIn(type) {
  let list = []
  if (type instanceof Y.Array) list = type.toArray()
  else if (type instanceof Y.Map) list = [...type.keys()].sort().map((key) => type.get(key))
  return list.filter((v) => v instanceof Y.Doc)
}
