// Yjs notes of what is pending one clock for each client that something waits
// for, and not all: what waits for less may be left lying when it waits no more,
// until another update comes. crdt leaves nothing lying (its README), so here
// Yjs is made to look again whenever there is something to set free.
import * as Y from 'yjs'

// watchPending makes a document look at what is pending after each update.
export function watchPending({ store }) {
  let pending = null
  Object.defineProperty(store, 'pendingStructs', {
    get: () => pending,
    set: (p) => {
      pending = p
      if (p) p.missing = new Missing(store, p)
    },
  })
}

// Missing is what Yjs goes through to decide whether to look again.
class Missing extends Map {
  constructor(store, pending) {
    super(pending.missing)
    this.free = () => waitsNoMore(store, pending.update)
  }

  *[Symbol.iterator]() {
    yield* super[Symbol.iterator]()
    if (this.free()) yield [0, -1] // a client of which more is known than that
  }
}

// waitsNoMore tells whether the first pending struct of a client could be
// integrated.
function waitsNoMore(store, update) {
  const seen = new Set()
  for (const struct of Y.decodeUpdateV2(update).structs) {
    const { client, clock } = struct.id
    if (struct instanceof Y.Skip || seen.has(client)) continue
    seen.add(client)
    const { origin, rightOrigin, parent } = struct
    const needs = [origin, rightOrigin, parent].filter((id) => id instanceof Y.ID && id.client !== client)
    if (clock <= Y.getState(store, client) && needs.every((id) => id.clock < Y.getState(store, id.client))) return true
  }
  return false
}
