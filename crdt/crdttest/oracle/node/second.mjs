// A second voice beside Yjs: Yrs, its port to Rust, as npm's ywasm. It gets the
// updates that a run of ours made and tells what they come to.
import ywasm from 'ywasm'
import { plain } from './dump.mjs'

export function runSecond({ updates }, out) {
  const doc = new ywasm.YDoc({ clientID: 1 })
  const text = doc.getText('text')
  const array = doc.getArray('array')
  const map = doc.getMap('map')
  for (const { hex, v2 } of updates) {
    const update = new Uint8Array(Buffer.from(hex, 'hex'))
    if (v2) ywasm.applyUpdateV2(doc, update, null)
    else ywasm.applyUpdate(doc, update, null)
  }
  out.begin()
  out.field('text', text.toString())
  out.field('array', plain(array.toJson(), true))
  out.field('map', plain(map.toJson(), true))
  out.field('state vector', ywasm.encodeStateVector(doc))
  out.field('state', ywasm.encodeStateAsUpdate(doc))
  out.field('state in format 2', ywasm.encodeStateAsUpdateV2(doc))
  for (const held of [text, array, map, doc]) held.free()
}
