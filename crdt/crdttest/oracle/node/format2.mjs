// Updates in both formats, and what can be done with them without a document.
// crdt's side is in format2.go.
import * as Y from 'yjs'
import { inspect } from './inspect.mjs'

// Update is an update in both formats. What was made in one is converted when
// the other is asked for.
export class Update {
  constructor(bytes, v2) {
    this[v2 ? 'v2' : 'v1'] = bytes
  }

  in(v2) {
    if (v2) return (this.v2 ??= Y.convertUpdateFormatV1ToV2(this.v1))
    return (this.v1 ??= Y.convertUpdateFormatV2ToV1(this.v2))
  }
}

export const v1 = {
  state: Y.encodeStateAsUpdate,
  apply: Y.applyUpdate,
  merge: Y.mergeUpdates,
  diff: Y.diffUpdate,
  sv: Y.encodeStateVectorFromUpdate,
  decode: Y.decodeUpdate,
  meta: Y.parseUpdateMeta,
  obscure: Y.obfuscateUpdate,
  toOther: Y.convertUpdateFormatV1ToV2,
  toItself: Y.convertUpdateFormatV2ToV1,
}

export const v2 = {
  state: Y.encodeStateAsUpdateV2,
  apply: Y.applyUpdateV2,
  merge: Y.mergeUpdatesV2,
  diff: Y.diffUpdateV2,
  sv: Y.encodeStateVectorFromUpdateV2,
  decode: Y.decodeUpdateV2,
  meta: Y.parseUpdateMetaV2,
  obscure: Y.obfuscateUpdateV2,
  toOther: Y.convertUpdateFormatV2ToV1,
  toItself: Y.convertUpdateFormatV1ToV2,
}

// look writes down what can be told of an update without a document.
export function look(update, step, out) {
  const api = step.v2 ? v2 : v1
  out.field('made: state vector', api.sv(update))
  out.field('made: contents', inspect(api.decode(update)))
  const { from, to } = api.meta(update)
  out.field('made: clocks', `${stateVector(from)} to ${stateVector(to)}`)
  const other = api.toOther(update)
  out.field('made: in the other format', other)
  out.field('made: and back', api.toItself(other))
  out.field(
    'made: obfuscated',
    api.obscure(update, {
      formatting: !(step.p[0] & 1),
      subdocs: !(step.p[0] & 2),
      yxml: !(step.p[0] & 4),
    }),
  )
}

const stateVector = (sv) => Buffer.from(Y.encodeStateVector(sv)).toString('hex')
