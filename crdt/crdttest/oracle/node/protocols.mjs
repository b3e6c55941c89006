// Runs y-protocols: presence (Awareness) with a pinned clock, and the frames
// of y-websocket.
import * as Y from 'yjs'
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import * as presence from 'y-protocols/awareness'
import * as auth from 'y-protocols/auth'
import * as sync from 'y-protocols/sync'
import { fireIntervals, setTime } from './clock.mjs'

const sorted = (ids) => [...ids].sort((a, b) => a - b)

// runPresence runs steps on several Awareness instances.
export function runPresence({ start, clients, steps }, out) {
  setTime(start)
  const docs = clients.map((id) => Object.assign(new Y.Doc(), { clientID: id }))
  const all = docs.map((doc) => new presence.Awareness(doc))
  try {
    for (const step of steps) {
      out.begin()
      setTime(step.at)
      runPresenceStep(all, step, out)
    }
  } finally {
    // An Awareness that is not destroyed keeps its timer, and so Node, alive.
    for (const a of all) a.destroy()
    for (const doc of docs) doc.destroy()
  }
}

function runPresenceStep(all, step, out) {
  const a = all[step.c]
  const seen = []
  const note = (kind) => (change) => {
    const { added, updated, removed } = change
    seen.push(`${kind} +${sorted(added)} ~${sorted(updated)} -${sorted(removed)}`)
  }
  const onChange = note('change')
  const onUpdate = note('update')
  a.on('change', onChange)
  a.on('update', onUpdate)
  switch (step.k) {
    case 'set':
      a.setLocalState(step.state === '' ? null : JSON.parse(step.state))
      break
    case 'apply':
      presence.applyAwarenessUpdate(a, new Uint8Array(Buffer.from(step.update, 'hex')), null)
      break
    case 'remove':
      presence.removeAwarenessStates(a, step.clients, null)
      break
    case 'tick':
      // Every instance's timer runs; only this one's effects are looked at.
      fireIntervals()
      break
  }
  a.off('change', onChange)
  a.off('update', onUpdate)
  out.field('events', seen.join('\n'))
  out.field('states', presence.encodeAwarenessUpdate(a, sorted(a.meta.keys())))
  out.field('here', sorted(a.getStates().keys()).join(','))
}

// runFrames writes each message with y-protocols, and reads frames with it.
export function runFrames({ messages }, out) {
  for (const { k, body, text } of messages) {
    out.begin()
    const bytes = new Uint8Array(Buffer.from(body ?? '', 'hex'))
    const encoder = encoding.createEncoder()
    switch (k) {
      case 'sync step 1':
      case 'sync step 2':
      case 'update': {
        encoding.writeVarUint(encoder, 0)
        const doc = new Y.Doc()
        if (k === 'update') {
          sync.writeUpdate(encoder, bytes)
        } else {
          Y.applyUpdate(doc, bytes)
          if (k === 'sync step 1') sync.writeSyncStep1(encoder, doc)
          else sync.writeSyncStep2(encoder, doc)
        }
        doc.destroy()
        break
      }
      case 'awareness':
        encoding.writeVarUint(encoder, 1)
        encoding.writeVarUint8Array(encoder, bytes)
        break
      case 'permission denied':
        encoding.writeVarUint(encoder, 2)
        auth.writePermissionDenied(encoder, text)
        break
      case 'query awareness':
        encoding.writeVarUint(encoder, 3)
        break
      case 'read':
        readFrame(bytes, out)
        continue
    }
    out.field('frame', encoding.toUint8Array(encoder))
  }
}

// readFrame lets y-protocols read a frame and writes down what it made of it.
function readFrame(frame, out) {
  const decoder = decoding.createDecoder(frame)
  const doc = new Y.Doc()
  const reply = encoding.createEncoder()
  const kind = decoding.readVarUint(decoder)
  if (kind === 0) {
    out.field('sync', String(sync.readSyncMessage(decoder, reply, doc, null)))
    out.field('reply', encoding.toUint8Array(reply))
    out.field('state', Y.encodeStateAsUpdate(doc))
  } else if (kind === 1) {
    out.field('awareness', decoding.readVarUint8Array(decoder))
  } else if (kind === 2) {
    auth.readAuthMessage(decoder, doc, (_, reason) => out.field('denied', reason))
  } else {
    out.field('kind', String(kind))
  }
  doc.destroy()
}
