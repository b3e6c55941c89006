// Snapshots, taken and looked back at. crdt's side is in execute_snap.go.
import * as Y from 'yjs'
import { dump } from './dump.mjs'
import { authors } from './authors.mjs'
import { allTypes } from './edit.mjs'
import { past } from './past.mjs'

const kept = 8

// snap takes a snapshot of from and shows what to was at two of those that
// there are.
export function snap({ snaps, log, pick }, { p, n = 0 }, to, from, out) {
  const choice = (i) => p[i % p.length]
  let made = Y.snapshot(from.doc)
  out.field('snapshot', Y.encodeSnapshot(made))
  out.field('snapshot in format 2', Y.encodeSnapshotV2(made))
  const seen = snaps.map((other) => `equal ${Y.equalSnapshots(made, other)}`)
  if (n % 3 === 1) made = Y.decodeSnapshot(Y.encodeSnapshot(made))
  if (n % 3 === 2) made = Y.decodeSnapshotV2(Y.encodeSnapshotV2(made))
  snaps.push(made)
  snaps.splice(0, Math.max(0, snaps.length - kept))
  const [at, since] = [choice(0), choice(1)].map((i) => snaps[i % (snaps.length + 1)])
  const texts = allTypes(to.definedRoots()).filter((t) => t instanceof Y.Text)
  if (texts.length > 0) {
    const ops = texts[choice(2) % texts.length].toDelta(at, since, (type, id) => ({ type, user: id.client }))
    seen.push(ops.map(describe).join(','))
  }
  if (log.length > 0) {
    // Yjs has the function for format 2, but exports only the other.
    seen.push(`contains ${Y.snapshotContainsUpdate(made, pick(choice(3)).in(false))}`)
  }
  out.field('at snapshots', seen.join('\n'))
  const types = allTypes(to.definedRoots())
  if (types.length > 0) {
    out.field('authors', authors(types[choice(1) % types.length], choice))
    out.field('type at snapshot', past(to.doc, to.definedRoots(), types[choice(3) % types.length], at))
  }
  if (!at || to.gc) return
  const known = [...at.sv].every(([client, clock]) => clock <= Y.getState(to.doc.store, client))
  out.field('document at snapshot', known ? Y.encodeStateAsUpdate(Y.createDocFromSnapshot(to.doc, at)) : 'none')
}

function describe({ insert, attributes = {} }) {
  const { ychange, ...rest } = attributes
  const formats = Object.keys(rest).map((k) => ` ${JSON.stringify(k)}:${dump(rest[k])}`)
  return dump(insert) + formats.join('') + (ychange ? ` ${ychange.type} by ${ychange.user}` : '')
}
