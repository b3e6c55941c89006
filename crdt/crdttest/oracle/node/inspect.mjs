// Tells what a decoded update holds, as crdt's Inspect does.
import * as Y from 'yjs'

export function inspect({ structs, ds }) {
  const runs = []
  const names = new Map()
  const name = (id) => {
    if (id instanceof Y.ID) names.set(id.client, Math.max(names.get(id.client) ?? 0, id.clock + 1))
  }
  let count = 0
  for (const s of structs) {
    if (s instanceof Y.Skip) continue
    count++
    runs.push([s.id.client, s.id.clock, s.id.clock + s.length])
    name(s.origin)
    name(s.rightOrigin)
    name(s.parent)
  }
  const deletes = []
  for (const [client, ranges] of ds.clients) {
    for (const { clock, len } of ranges) {
      deletes.push([client, clock, clock + len])
      name(new Y.ID(client, clock + len - 1))
    }
  }
  const lines = [
    `structs ${count}: ${print(join(runs))}`,
    `deletes: ${print(join(deletes))}`,
    `names: ${[...names]
      .sort((a, b) => a[0] - b[0])
      .map(([client, clock]) => `${client}<${clock}`)
      .join(' ')}`,
  ]
  return lines.join('\n')
}

// join sorts ranges and joins those that touch or overlap.
function join(ranges) {
  ranges.sort((a, b) => a[0] - b[0] || a[1] - b[1])
  const joined = []
  for (const [client, from, to] of ranges) {
    const last = joined.at(-1)
    if (last && last[0] === client && last[2] >= from) last[2] = Math.max(last[2], to)
    else joined.push([client, from, to])
  }
  return joined
}

const print = (ranges) => ranges.map(([client, from, to]) => `${client}[${from},${to})`).join(' ')
