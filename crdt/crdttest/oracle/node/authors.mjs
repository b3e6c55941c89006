// Who wrote what, read from the items, because Yjs has no function for it.
// crdt's side is in execute_authors.go.
import * as Y from 'yjs'

// authors tells who wrote a range of a type's children, and who set its keys.
export function authors(type, choice) {
  const from = type instanceof Y.Map ? 0 : choice(0) % (type.length + 1)
  const to = type instanceof Y.Map ? 0 : from + (choice(2) % (type.length - from + 1))
  const runs = []
  let index = 0
  for (let item = type._start; item !== null; item = item.right) {
    if (item.deleted || !item.countable) continue
    const start = Math.max(index, from)
    const end = Math.min(index + item.length, to)
    if (start < end) add(runs, start, end - start, item.id.client, item.id.clock + start - index)
    index += item.length
  }
  const keys = [...type._map]
    .filter(([, item]) => !item.deleted)
    .map(([key, item]) => `${key} ${item.id.client}:${item.id.clock + item.length - 1}`)
  return [...runs.map((r) => r.join(' ')), ...keys.sort()].join('\n')
}

function add(runs, index, n, client, clock) {
  const last = runs.at(-1)
  if (last && last[2] === client && last[3] + last[1] === clock) last[1] += n
  else runs.push([index, n, client, clock])
}
