// Turns the values of a program into JavaScript's. A value is {k, s, l, n}:
// its kind, a scalar as text, a list, and names.
import * as Y from 'yjs'

export function toValue(v) {
  const list = () => (v.l ?? []).map(toValue)
  switch (v.k) {
    case 'undefined':
      return undefined
    case 'null':
      return null
    case 'bool':
      return v.s === 'true'
    case 'number':
      return Number(v.s)
    case 'bigint':
      return BigInt(v.s)
    case 'string':
      return v.s ?? ''
    case 'bytes':
      return new Uint8Array(Buffer.from(v.s ?? '', 'hex'))
    case 'list':
      return list()
    case 'object': {
      const object = {}
      list().forEach((e, i) => (object[v.n[i]] = e))
      return object
    }
    case 'subdoc': {
      const flags = v.n ?? []
      const meta = list()[0] ?? null
      const [autoLoad, gc, shouldLoad] = [flags.includes('autoload'), !flags.includes('nogc'), !flags.includes('unloaded')]
      return new Y.Doc({ guid: v.s, autoLoad, gc, shouldLoad, meta })
    }
    case 'Text':
      return new Y.Text()
    case 'Array':
      return new Y.Array()
    case 'Map':
      return new Y.Map()
    case 'Fragment':
      return new Y.XmlFragment()
    case 'Element':
      return new Y.XmlElement(v.s)
    case 'XmlText':
      return new Y.XmlText()
    case 'Hook':
      return new Y.XmlHook(v.s)
    default:
      throw new Error(`value of kind ${v.k}`)
  }
}

export function toAttributes(attrs) {
  const object = {}
  for (const { k, v } of attrs ?? []) object[k] = toValue(v)
  return object
}
